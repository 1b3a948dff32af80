"""What a calculation works with: a folder, and parts that are kept so that a stopped run goes on."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voltran.envs.files import write_atomically
from voltran.evaluation.code_digest import Code
from voltran.evaluation.description import Describer, UntraceableError
from voltran.evaluation.files import digest_of
from voltran.evaluation.machine import elementary_functions
from voltran.evaluation.versions import computing

PARTS = "parts"


@dataclass(frozen=True)
class Working:
    """What a function gets besides its options.

    Attributes:
        folder: where pictures may be written, and nothing else.
        jobs: worker processes to use.
        say: shows a line of progress.
        parts: folder of finished parts, which several experiments may share; ``None`` keeps none.
        code: what computes: digests and versions that a part must share to be taken again.
        options: those of the experiment, as JSON.
    """

    folder: Path
    jobs: int
    say: Callable[[str], None]
    parts: Path | None = None
    code: dict[str, Any] | None = None
    options: Any = None

    def part(self, name: str, compute: Callable[[], Any], inputs: Any = None) -> Any:
        """Something that takes long: read if it is finished, computed and kept if not.

        Args:
            name: of the part.
            compute: gives what JSON can hold; it must depend on the inputs and the code alone.
            inputs: what decides the part, as JSON can hold it; all options of the experiment by default.

        Returns:
            What ``compute`` gives, as JSON gives it back.

        Raises:
            TypeError, ValueError: inputs or what ``compute`` gives are nothing that JSON can hold.
            VoltranError: the part cannot be written.
        """
        key = {"part": name, "inputs": self.options if inputs is None else inputs, "code": self.code}
        text = json.dumps(key, sort_keys=True, allow_nan=False)
        if self.parts is None or self.code is None:
            return json.loads(json.dumps(compute(), allow_nan=False))
        slug = re.sub(r"[^\w.-]+", "-", name)[:60]
        path = self.parts / f"{slug}-{digest_of(text.encode())[:16]}.json"
        found = self._kept(path, json.loads(text))
        if found is None:
            self.say(f"{name}: computing")
            found = {"key": key, "value": compute()}
            write_atomically(path, json.dumps(found, allow_nan=False).encode())
        return json.loads(json.dumps(found["value"]))

    def _kept(self, path: Path, key: Any) -> dict[str, Any] | None:
        """What a file holds, if it is this part."""
        if not path.exists():
            return None
        try:
            found = json.loads(path.read_bytes())
            if found["key"] == key and "value" in found:
                return dict(found)
        except (OSError, ValueError, LookupError, TypeError):
            pass
        self.say(f"{path}: is damaged, and computed again")
        return None


def code_of(function: Any) -> tuple[dict[str, Any] | None, str]:
    """What decides the results of a function, options aside.

    Returns:
        Digests and versions, and nothing; or nothing, and why nobody can tell whether another process has the same.
    """
    code = Code()
    try:
        Describer(code).refer(function)
    except UntraceableError as error:
        return None, str(error)
    if code.outdated:
        return None, f"module {min(code.outdated)}: its file has changed since Python loaded it; start Python again"
    versions = computing(code.libraries)
    return {"source": code.digest(), "versions": versions, "elementary_functions": elementary_functions()}, ""

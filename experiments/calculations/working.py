"""What a calculation works with: a folder, and parts that are kept so that a stopped run goes on."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
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
        options: those of the experiment, as JSON.
    """

    folder: Path
    jobs: int
    say: Callable[[str], None]
    parts: Path | None = None
    options: Any = None
    _codes: dict[str, dict[str, Any] | None] = field(default_factory=dict)

    def part(self, name: str, compute: Callable[[], Any], inputs: Any = None) -> Any:
        """Something that takes long: read if it is finished, computed and kept if not.

        It is computed again where the inputs have changed, or the code of ``compute``: its module, all that this
        imports, and the libraries behind. A :func:`functools.partial` of a function counts with the function's module,
        so that what takes long is best kept in a module that does nothing else.

        Args:
            name: of the part.
            compute: gives what JSON can hold; it must depend on the inputs and its code alone.
            inputs: what decides the part, as JSON can hold it; all options of the experiment by default.

        Returns:
            What ``compute`` gives, as JSON gives it back.

        Raises:
            TypeError, ValueError: inputs or what ``compute`` gives are nothing that JSON can hold.
            VoltranError: the part cannot be written.
        """
        code = self._code(compute)
        key = {"part": name, "inputs": self.options if inputs is None else inputs, "code": code}
        text = json.dumps(key, sort_keys=True, allow_nan=False)
        if self.parts is None or code is None:
            return json.loads(json.dumps(compute(), allow_nan=False))
        slug = re.sub(r"[^\w.-]+", "-", name)[:60]
        path = self.parts / f"{slug}-{digest_of(text.encode())[:16]}.json"
        found = self._kept(path, json.loads(text))
        if found is None:
            self.say(f"{name}: computing")
            value = json.loads(json.dumps(compute(), allow_nan=False))
            found = {"key": key, "value": value, "digest": _value_digest(value)}
            write_atomically(path, json.dumps(found, allow_nan=False).encode())
        return found["value"]

    def _code(self, compute: Callable[[], Any]) -> dict[str, Any] | None:
        """What decides what a function gives, but for its inputs; says so once where nobody can tell."""
        while isinstance(compute, partial):
            compute = compute.func
        module = str(compute.__module__)
        if module not in self._codes:
            self._codes[module], why = code_of(compute)
            if why:
                self.say(f"Finished parts are not kept: {why}")
        return self._codes[module]

    def _kept(self, path: Path, key: Any) -> dict[str, Any] | None:
        """What a file holds, if it is this part."""
        if not path.exists():
            return None
        try:
            found = json.loads(path.read_bytes())
            whole = found.get("digest") in (None, _value_digest(found["value"]))  # earlier ones have none
            if found["key"] == key and whole:
                return dict(found)
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
            pass
        self.say(f"{path}: is damaged, and computed again")
        return None


def _value_digest(value: Any) -> str:
    return digest_of(json.dumps(value).encode())


def code_of(function: Any) -> tuple[dict[str, Any] | None, str]:
    """What decides the results of a function, its inputs aside.

    Returns:
        Digests and versions, and nothing; or nothing, and why nobody can tell whether another process has the same.
    """
    code = Code()
    try:
        Describer(code).follow(function)
    except UntraceableError as error:
        return None, str(error)
    if code.outdated:
        return None, f"module {min(code.outdated)}: its file has changed since Python loaded it; start Python again"
    versions = computing(code.libraries)
    return {"source": code.digest(), "versions": versions, "elementary_functions": elementary_functions()}, ""

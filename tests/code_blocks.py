"""The code blocks of documents, and how they are run as a reader would run them.

A block begins with three backticks and its language. ``<!-- not run: REASON -->`` above it leaves it out. A block whose
first line is a comment with a file's name, such as ``# mine.yaml``, is that file; several of one name are its parts.
"""

import re
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from typer.testing import CliRunner

from tests.house import ROOT
from voltran.agents.zoo import policy_path
from voltran.cli.app import app
from voltran.train.run_config import training_names

FENCED = re.compile(
    r"(?:<!-- not run: (?P<reason>[^>]+) -->\n)?^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE
)
FILE = re.compile(r"# ([\w.-]+\.(?:py|yaml|csv))\n")
PYTHON, SHELL = ("python", "py"), ("sh", "bash", "console", "shell")
PROGRAM = "voltran"
SHORTER = {
    "dataset": ("--episodes", "1", "--jobs", "1"),
    "record": ("--set", "time.horizon_h=0.5"),
    "sweep": ("--quick",),
    "train": ("--set", "total_decisions=1", "--set", "evaluation_episodes=1"),
}
TESTED_APART = ("experiment", "experiments", "forecast")
POLICIES = {
    "runs/sharing_ppo/policy.safetensors": "sharing",
    "runs/brownout_ppo/bs/policy.safetensors": "brownout-bs",
    "runs/brownout_ppo/retailer/policy.safetensors": "brownout-retailer",
}


class Block(NamedTuple):
    """A block of code.

    Attributes:
        page: the document, relative to the repository.
        number: its place there, from 0 on.
        language: as written.
        text: its content.
        reason: why it is not run; empty where it is.
    """

    page: str
    number: int
    language: str
    text: str
    reason: str

    @property
    def file(self) -> str:
        """Name of the file that it is; empty where it is none."""
        found = FILE.match(self.text)
        return found[1] if found else ""

    @property
    def is_python(self) -> bool:
        """Whether it is a program, or a part of one."""
        return self.language in PYTHON

    @property
    def is_shell(self) -> bool:
        """Whether it is one or several commands."""
        return self.language in SHELL


def blocks(page: Path) -> list[Block]:
    """All blocks of a document, in their order."""
    name, text = page.relative_to(ROOT).as_posix(), page.read_text(encoding="utf-8")
    return [
        Block(name, number, found["language"], found["text"], found["reason"] or "")
        for number, found in enumerate(FENCED.finditer(text))
    ]


def lines(block: Block) -> list[str]:
    """The commands of a block of shell, one each."""
    return [line for line in block.text.replace("\\\n", " ").splitlines() if line.strip()]


def arguments_of(line: str) -> list[str] | None:
    """Arguments of a call of ``voltran``; None where a line calls something else."""
    words = shlex.split(line, comments=True)
    while words and re.fullmatch(r"\w+=.*", words[0]):  # set for this command only
        words = words[1:]
    return words[1:] if words[:1] == [PROGRAM] else None


def on_one_core(words: list[str]) -> list[str]:
    """A command that plays in this process, unless it says how many it wants."""
    parallel = words[0] in ("evaluate", "experiment", "sweep") and not {"--jobs", "--list"} & set(words)
    return [*words, "--jobs", "1"] if parallel else words


def rehearsed(words: list[str]) -> list[str]:
    """A command with as little as shows that it works; empty where other tests run it so.

    Those of experiments, and of configurations that ship, are in ``tests/test_targets.py`` and
    ``tests/experiments/test_quick.py``.
    """
    command = words[0]
    if command in ("experiment", "experiments", "forecast") or (
        command == "train" and Path(words[1]).stem in training_names()
    ):
        return []
    if command == "evaluate":
        words = [*words, "--seeds", "1", "--set", "time.horizon_h=0.5"]
    return on_one_core([*words, *SHORTER.get(command, ())])


def stand_ins() -> None:
    """Write files into the present folder that commands of documents name, which a reader would have by then."""
    for path, name in POLICIES.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(policy_path(name), path)
    Path("my.yaml").write_text("scenario: toy3\n", encoding="utf-8")


def run_page(page: Path) -> None:
    """Run the blocks of a page one after the other in the present folder: files are written, programs share names.

    Raises:
        AssertionError: a command failed.
        Exception: a program failed.
    """
    names: dict[str, object] = {"__name__": "page"}
    for block in blocks(page):
        if block.file:
            with Path(block.file).open("a", encoding="utf-8") as file:
                file.write(block.text)
        elif block.reason:
            continue
        elif block.is_shell:
            run_shell(block)
        elif block.is_python:
            exec(compile(block.text, f"{block.page}[{block.number}]", "exec"), names)


def run_shell(block: Block, change: Callable[[list[str]], list[str]] = on_one_core) -> None:
    """Run the commands of ``voltran`` in a block, within this process; ``tests/test_targets.py`` runs those of make.

    Args:
        block: the block.
        change: of a command's arguments before it runs; nothing is run where none are left.

    Raises:
        AssertionError: one failed, which shows what it said, or calls something else.
    """
    for line in lines(block):
        words = arguments_of(line)
        if words is None:
            assert re.match(r"(\w+=\S+ )?make \w", line), f"{block.page}: say above the block why it is not run: {line}"
            continue
        changed = change(words)
        told = CliRunner().invoke(app, changed, catch_exceptions=False) if changed else None
        assert told is None or told.exit_code == 0, f"{line}\n{told.output[-4000:]}"

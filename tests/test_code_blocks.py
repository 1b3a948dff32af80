"""Every program and every command that a document shows runs, or the document says why it is not run."""

import ast
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from typer import Exit
from typer.main import get_command

from docs.tools.generate import PAGES
from tests.code_blocks import Block, arguments_of, blocks, lines, rehearsed, run_page, run_shell, stand_ins
from tests.house import ROOT
from voltran.baselines import registry as controllers
from voltran.cli.app import app
from voltran.cli.dataset import DEFAULT
from voltran.envs import registry

# Read from top to bottom: what a block leaves, later ones use.
COURSES = [page for page in PAGES if page.parent.name == "tutorials" or page.stem == "tour"]
DOCUMENTS = [*PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
BLOCKS = [block for page in DOCUMENTS for block in blocks(page)]
APART = [block for block in BLOCKS if ROOT / block.page not in COURSES and not block.reason]


def named(chosen: list[Block]) -> list[object]:
    return [pytest.param(block, id=f"{block.page.removeprefix('docs/')}-{block.number}") for block in chosen]


@pytest.fixture
def own_names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """What a document registers, and the modules that it writes, are forgotten with it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(registry, "_SPECS", dict(registry._SPECS))
    monkeypatch.setattr(controllers, "CONTROLLERS", dict(controllers.CONTROLLERS))
    yield
    written = {path.stem for path in tmp_path.glob("*.py")}
    for name in written & set(sys.modules):
        del sys.modules[name]


@pytest.mark.parametrize("block", named([block for block in APART if block.is_python and block.page != "README.md"]))
@pytest.mark.usefixtures("own_names")
@pytest.mark.filterwarnings("ignore")
def test_programs_run(block: Block) -> None:
    """Those of the README run in ``tests/test_readme.py``."""
    exec(compile(block.text, "snippet", "exec"), {"__name__": "snippet"})


@pytest.mark.slow
@pytest.mark.parametrize("page", COURSES, ids=lambda page: page.stem)
@pytest.mark.usefixtures("own_names")
@pytest.mark.filterwarnings("ignore")
def test_courses_run_from_top_to_bottom(page: Path) -> None:
    run_page(page)


@pytest.mark.parametrize("page", COURSES, ids=lambda page: page.stem)
def test_programs_of_courses_compile(page: Path) -> None:
    found = [block for block in blocks(page) if block.is_python]
    assert found or page.stem == "reproduce_a_table"
    for block in found:
        ast.parse(block.text)


@pytest.mark.parametrize("block", named([block for block in BLOCKS if block.is_shell]))
def test_commands_are_understood(block: Block) -> None:
    """As far as that can be told without running them: there are such commands, options and numbers of arguments."""
    for words in filter(None, map(arguments_of, lines(block))):
        command: Any = get_command(app)
        while hasattr(command, "commands"):
            words = words if words[0] in command.commands else [DEFAULT, *words]
            command, words = command.commands[words[0]], words[1:]
        with suppress(Exit):  # of options that answer at once, such as --list
            command.make_context("voltran", words)


def test_what_is_not_run_says_why() -> None:
    for block in BLOCKS:
        assert not block.reason or len(block.reason.split()) > 3, f"{block.page}[{block.number}]: {block.reason}"


@pytest.mark.slow
@pytest.mark.parametrize("block", named([block for block in APART if block.is_shell]))
@pytest.mark.usefixtures("own_names")
def test_commands_run(block: Block) -> None:
    """With fewer and shorter episodes; on files like those that a reader would have by then."""
    stand_ins()
    run_shell(block, rehearsed)

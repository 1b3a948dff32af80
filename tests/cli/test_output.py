"""What commands print to be copied can be pasted: one line, as shells and our own parser read it."""

import ast
import io
import re
import shlex
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console
from typer.main import get_command

from tests.house import ROOMS, modules
from voltran.agents.checksums import bare_content
from voltran.agents.policy import load_policy
from voltran.agents.zoo import policy_path
from voltran.cli import demo
from voltran.cli.app import app
from voltran.cli.output import clipped, command, hand_over, say
from voltran.envs.errors import UncheckedFileWarning
from voltran.evaluation.controller_grammar import parse_entries

AWKWARD = ["runs/demo", "my runs/a,b=c+d", "it's/[bold]here[/]", "$HOME/`id`/x;y&z", "Größe\\x"]
COMMANDS = get_command(app)
# After the name of the program in prose: nothing that one would type.
PROSE = {"wrote", "import"}


def printed(write: str, width: int = 40) -> list[str]:
    console = Console(file=io.StringIO(), width=width, force_terminal=False)
    hand_over(console, write)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def parsed(line: str) -> dict[str, object]:
    """Parameters of a command, as our own parser reads a line that a shell has read."""
    program, name, *arguments = shlex.split(line, comments=True)
    assert program == "voltran"
    chosen = COMMANDS.commands[name]  # type: ignore[attr-defined]
    with chosen.make_context(name, arguments, resilient_parsing=False) as context:
        return dict(context.params)


@pytest.mark.parametrize("word", AWKWARD)
def test_a_command_stays_one_line_and_keeps_its_words(word: str) -> None:
    (line,) = printed(command("evaluate", "--out", word, "--controllers", "independent,static-v2g"))
    assert shlex.split(line) == ["voltran", "evaluate", "--out", word, "--controllers", "independent,static-v2g"]


@pytest.mark.parametrize("folder", AWKWARD)
def test_what_the_demonstration_proposes_runs(folder: str) -> None:
    lines = [line for proposed in demo.try_next(demo.DemoFolder(Path(folder))) for line in printed(proposed)]
    evaluations = [parsed(line) for line in lines if " evaluate " in line]
    assert [found["scenario"] for found in evaluations] == ["urban37-medium", "urban19-heavy"]
    for found in evaluations:
        ((policy,), (rule,)) = (entry.values() for entry in parse_entries(str(found["controllers"])))
        assert (policy.head, rule.head) == (str(Path(folder) / "policy.safetensors"), "rotating-sleep")
    assert parsed(lines[2])["config"] == "blackout_ppo"
    assert parsed(lines[3])["name"] == "outage"


def test_a_file_without_a_checksum_is_told_how_to_get_one(tmp_path: Path) -> None:
    path = tmp_path / "it's mine.safetensors"
    path.write_bytes(bare_content(policy_path("blackout").read_bytes()))
    with pytest.warns(UncheckedFileWarning) as warned:
        load_policy(path)
    line = str(warned[0].message).partition("run: ")[2]
    assert shlex.split(line) == ["voltran", "seal", str(path)]


def test_every_command_that_messages_name_exists() -> None:
    texts = [
        (path, node.value)
        for room in (*ROOMS, "voltran/cli")
        for path, source in modules(room)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    named = {(path, name) for path, text in texts for name in re.findall(r"\bvoltran ([a-z][\w-]*)", text)}
    assert len(named) > 20
    assert [each for each in named if each[1] not in {*COMMANDS.commands, *PROSE}] == []  # type: ignore[attr-defined]


@pytest.mark.parametrize("room", range(8, 60, 7))
def test_clipped_texts_end_after_a_word(room: int) -> None:
    text = "The best of a few simple rules, chosen with hindsight: each is tried"
    short = clipped(text, room)
    assert cell_len(short) <= room
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))
    assert short == text or text[len(short) - 1 :][:1] in " ,:;"


def test_prose_is_wrapped_at_words_and_shows_markup_as_it_is() -> None:
    console = Console(file=io.StringIO(), width=30)
    say(console, "one [bold]two[/] three four five six seven eight", indent=2)
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    assert len(lines) == 2
    assert all(line.startswith("  ") and cell_len(line) <= 30 for line in lines)
    assert "[bold]two[/]" in lines[0]


def test_every_command_has_help_within_the_window() -> None:
    from typer.testing import CliRunner

    for name in COMMANDS.commands:  # type: ignore[attr-defined]
        result = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "80", "TERMINAL_WIDTH": "80"})
        assert result.exit_code == 0
        assert max(map(cell_len, result.stdout.splitlines())) <= 80, name

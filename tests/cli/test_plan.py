"""``voltran plan``: what planners solve, on the command line."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from voltran.cli.app import app

BAD: dict[str, tuple[list[str], str]] = {
    "beyond the horizon": (
        ["toy3", "--decision", "16"],
        "decision = 16: the longest episode has the decisions 0 to 15",
    ),
    "beyond the end": (
        ["toy3", "--set", "battery.initial_soc=0.25", "--decision", "15"],
        "this episode has the decisions",
    ),
    "no program": (["toy3", "--controller", "independent"], "'independent' solves no program"),
    "several": (["toy3", "--controller", "msrc,msrc-fast"], "name one"),
    "unknown controller": (["toy3", "--controller", "mrsc"], "did you mean 'msrc'"),
    "another world": (["toy3", "--controller", "rolling-milp"], "rolling-milp"),
    "unknown scenario": (["toy4"], "toy4"),
    "unknown program": (["toy3", "--program", "dispatch"], "program = 'dispatch': msrc has modes"),
    "another ending": (["toy3", "--write", "FOLDER/plan.txt"], "no format of programs; end it in .mps or .lp"),
    "a folder": (["toy3", "--write", "FOLDER/folder.mps"], "cannot be written"),
    "no folder": (["toy3", "--write", "FOLDER/file/plan.lp"], "cannot be written"),
}


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, ["plan", *arguments])


def test_a_program_is_solved_beside_the_controller() -> None:
    result = run("toy3", "--decision", "1")
    assert result.exit_code == 0, result.output
    assert "modes: 54 variables, 12 of them whole" in result.stdout
    assert "HiGHS: optimal, cost " in result.stdout
    assert "Controller: cost " in result.stdout


@pytest.mark.parametrize(("ending", "mark"), [("mps", "* "), ("lp", "\\ ")])
def test_a_program_is_written_with_where_it_comes_from(ending: str, mark: str, tmp_path: Path) -> None:
    file = tmp_path / f"plan.{ending}"
    asked = ["--controller", "msrc:dispatch=exact", "--program", "dispatch", "--set", "users.speed_m_per_s=1"]
    result = run("toy3", *asked, "--seed", "7", "--write", str(file))
    assert result.exit_code == 0, result.output
    lines = file.read_text().splitlines()
    assert lines[0] == f"{mark}dispatch: scenario toy3, controller msrc:dispatch=exact, seed 7, decision 0"
    assert lines[1] == f"{mark}with users.speed_m_per_s=1"
    assert lines[2].startswith(f"{mark}made with voltran ")
    assert "share_user_0_site_" in file.read_text()


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_done_is_said_in_one_line(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder.mps").mkdir()
    (tmp_path / "file").write_text("kept")
    arguments, message = BAD[name]
    result = run(*(argument.replace("FOLDER", str(tmp_path)) for argument in arguments))
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert "Traceback" not in result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.mps"]
    assert (tmp_path / "file").read_text() == "kept"

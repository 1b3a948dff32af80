"""The README's examples run, and its commands are the ones that exist."""

import re
import subprocess
import sys

import pytest

from tests.house import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLE = "random_actions"
# named in the documentation, not shown
MORE_EXAMPLES = {
    "own_controller": r"TurnAbout: survives \d\.\d h\nrotating-sleep: survives \d\.\d h\nblackout: survives \d\.\d h\n",
    "uplink_trimsm": r"0\.\d\d Mbit/J with \d+\.\d of 20 base stations\n",
    "brownout_team": r"\d+ kWh bought at 0\.\d\d USD/kWh\n\d+\.\d of 24 h of service, welfare -?\d+ USD\n",
}
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def printed(example: str) -> str:
    command = [sys.executable, "-m", f"examples.{example}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_example_is_that_of_the_examples_folder_and_prints_the_number_that_stands_there() -> None:
    """Where the last digits of a machine differ, the last one that is printed may."""
    program = (ROOT / "examples" / f"{EXAMPLE}.py").read_text(encoding="utf-8").partition("\n\n")[2]
    assert re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL) == [program]
    (promised,) = re.findall(r"It prints `reward per site: (\d\.\d+)`", README)
    found = re.fullmatch(r"reward per site: (\d\.\d{3})\n", printed(EXAMPLE))
    assert found
    assert float(found[1]) == pytest.approx(float(promised), abs=0.002)


@pytest.mark.parametrize("name", MORE_EXAMPLES)
def test_examples_run(name: str) -> None:
    assert re.fullmatch(MORE_EXAMPLES[name], printed(name))


def test_readme_is_short_and_its_table_narrow() -> None:
    assert len(README.splitlines()) <= 150
    table = README.partition("<!-- results:begin -->")[2].partition("<!-- results:end -->")[0]
    assert {line.count("|") - 1 for line in table.splitlines() if line.startswith("|")} == {6}


def test_make_targets_named_in_the_documents_exist() -> None:
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^(?:\S+=\S+ )?make (\w+)|`make (\w+)", README + contributing, flags=re.MULTILINE))
    targets = set(re.findall(r"^(\w+):", MAKEFILE, flags=re.MULTILINE))
    names = {first or second for first, second in named}
    assert {"demo", "test"} <= names <= targets


def test_continuous_integration_runs_the_documented_test_command() -> None:
    assert "\nmake test " in README
    assert "\nmake test\n" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_relative_links_of_the_documents_lead_somewhere() -> None:
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        links = re.findall(r"\]\((?!https?:)([^)#]+)", (ROOT / name).read_text(encoding="utf-8"))
        assert [link for link in links if not (ROOT / link).exists()] == [], name

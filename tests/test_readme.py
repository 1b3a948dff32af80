"""The README's examples run, and its commands are the ones that exist."""

import re
import subprocess
import sys

import pytest

from tests.house import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
# in the order of the README, and what they print
EXAMPLES = {
    "random_actions": r"reward per site: -?\d+\.\d\d\n",
    "own_controller": r"TurnAbout: survives \d\.\d h\nrotating-sleep: survives \d\.\d h\nblackout: survives \d\.\d h\n",
    "uplink_trimsm": r"0\.\d\d Mbit/J with \d+\.\d of 20 base stations\n",
}
# named there, not shown
MORE_EXAMPLES = {
    "brownout_team": r"\d+ kWh bought at 0\.\d\d USD/kWh\n\d+\.\d of 24 h of service, welfare -?\d+ USD\n",
}
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def test_examples_are_those_in_the_examples_folder() -> None:
    shown = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    programs = [
        (ROOT / "examples" / f"{name}.py").read_text(encoding="utf-8").partition("\n\n")[2] for name in EXAMPLES
    ]
    assert programs == shown


@pytest.mark.parametrize("name", [*EXAMPLES, *MORE_EXAMPLES])
def test_examples_run(name: str) -> None:
    command = [sys.executable, "-m", f"examples.{name}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert re.fullmatch({**EXAMPLES, **MORE_EXAMPLES}[name], done.stdout)


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

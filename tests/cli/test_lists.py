"""Lists of what ships: a line each, all of one by its name, the same for programs as JSON."""

import json
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from typer.testing import CliRunner, Result

from voltran import baselines
from voltran.agents.zoo import policy_names, policy_path
from voltran.baselines.registry import entry_of
from voltran.cli.app import app
from voltran.envs.registry import make_world
from voltran.envs.scenario import scenario_names
from voltran.evaluation.controller_spec import make_controller
from voltran.evaluation.files import digest_of
from voltran.experiments.experiment import experiment_names

NAMES = {
    "scenarios": scenario_names(),
    "controllers": baselines.names(),
    "experiments": experiment_names(),
    "policies": policy_names(),
}
# What programs may rely on; keys may be added here, never taken away.
LISTED = {
    "scenarios": {"name", "world", "summary"},
    "controllers": {"name", "worlds", "summary"},
    "experiments": {"name", "kind", "summary"},
    "policies": {"name", "world", "role", "summary"},
}
MORE = {
    "scenarios": {"set", "keys"},
    "controllers": {"information", "declarations", "options"},
    "experiments": {"question", "description", "configuration"},
    "policies": {"file", "sha256", "metadata"},
}
KINDS = list(NAMES)


def run(*arguments: str, width: int = 80) -> Result:
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": str(width)})


def parsed(*arguments: str) -> Any:
    result = run(*arguments, "--json", width=40)  # a window's width changes nothing
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_list_has_a_line_for_each_that_fits(kind: str, width: int) -> None:
    result = run(kind, width=width)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert max(map(cell_len, lines)) <= width
    begun = [line.split()[0] for line in lines if line.startswith("  ")]
    assert sorted(begun) == sorted(NAMES[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_list_says_at_its_end_shows_one(kind: str) -> None:
    last = run(kind).stdout.splitlines()[-1].removeprefix("All of one: voltran ").split()
    assert run(*last).exit_code == 0


@pytest.mark.parametrize("kind", KINDS)
def test_json_has_the_keys_that_are_promised(kind: str) -> None:
    listed = parsed(kind)
    assert sorted(each["name"] for each in listed) == sorted(NAMES[kind])
    assert all(set(each) >= LISTED[kind] and each["summary"] for each in listed)
    whole = parsed(kind, NAMES[kind][0])
    assert set(whole) >= LISTED[kind] | MORE[kind]
    assert {key: whole[key] for key in LISTED[kind]} in [{key: each[key] for key in LISTED[kind]} for each in listed]


def test_a_scenario_shows_its_keys_and_which_it_gives_itself() -> None:
    found = parsed("scenarios", "urban19-heavy")
    assert found["keys"]["traffic"]["load_factor"] == 1.8
    assert found["set"] == ["traffic.load_factor"]
    assert found["keys"] == make_world("urban19-heavy").scenario.model_dump(mode="json")
    text = run("scenarios", "urban19-heavy").stdout
    assert "* traffic.load_factor" in text
    assert max(map(cell_len, text.splitlines())) <= 80


def test_a_scenario_of_ones_own_is_shown_by_its_path(tmp_path: Path) -> None:
    own = tmp_path / "mine.yaml"
    own.write_text("world: blackout_v0\ndescription: '[own] one'\nlayout: {n_sites: 7}\n", encoding="utf-8")
    found = parsed("scenarios", str(own))
    assert (found["name"], found["summary"], found["set"]) == ("mine", "[own] one", ["layout.n_sites"])
    assert "mine: [own] one" in run("scenarios", str(own)).stdout


@pytest.mark.parametrize("name", baselines.names())
def test_every_option_of_a_controller_is_shown_with_its_default_and_meaning(name: str) -> None:
    found = parsed("controllers", name)
    assert [option["name"] for option in found["options"]] == entry_of(name).options
    assert all(option["meaning"] for option in found["options"])
    given = {option["name"]: option["default"] for option in found["options"] if option["default"] is not None}
    make_controller(name, **given)  # what is shown is what it takes


def test_variants_show_what_they_set_differently() -> None:
    options = {option["name"]: option["default"] for option in parsed("controllers", "msrc-fast")["options"]}
    assert options["evaluations"] == 100
    assert "evaluations=100" in run("controllers", "msrc-fast").stdout


@pytest.mark.parametrize("name", policy_names())
def test_a_policy_shows_what_its_file_says(name: str) -> None:
    found = parsed("policies", name)
    assert found["sha256"] == digest_of(policy_path(name).read_bytes())
    assert found == {**parsed("policies", str(policy_path(name))), "name": name}
    text = run("policies", name).stdout
    assert found["sha256"] in text
    assert found["metadata"]["training"]["scenario"] in text


@pytest.mark.parametrize("name", experiment_names())
def test_an_experiment_says_what_it_asks(name: str) -> None:
    text = " ".join(run("experiments", name, width=200).stdout.split())
    found = parsed("experiments", name)
    assert found["question"] in text
    assert f"voltran experiment {name}" in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["scenarios", "urban19-medum"], "did you mean 'urban19-medium'"),
        (["controllers", "mrsc"], "did you mean 'msrc'"),
        (["experiments", "msrc_tabel2"], "did you mean 'msrc_table2'"),
        (["policies", "blackuot"], "did you mean 'blackout'"),
        (["policies", "gone.safetensors"], "no such file"),
        (["experiments", "gone.yaml"], "gone.yaml"),
    ],
)
def test_a_name_that_nobody_has_says_what_is_near(arguments: list[str], message: str) -> None:
    for more in ([], ["--json"]):
        result = run(*arguments, *more)
        assert (result.exit_code, result.stdout) == (2, "")
        assert message in result.stderr
        assert len(result.stderr.strip().splitlines()) == 1

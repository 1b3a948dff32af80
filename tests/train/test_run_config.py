"""Training configurations: shipped files, overrides, and what bad ones say."""

from pathlib import Path
from typing import Any

import pytest

from voltran.envs.errors import ScenarioError
from voltran.train.run_config import RunConfig, read_run_config, training_names


@pytest.mark.parametrize("name", training_names())
def test_every_shipped_configuration_is_valid(name: str) -> None:
    assert read_run_config(name, {}).total_decisions > 0


def test_there_are_the_two_documented_configurations() -> None:
    assert {"blackout_ppo", "demo"} <= set(training_names())


def test_overrides_win_over_the_file(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("scenario: toy3\nseed: 1\nscenario_overrides: {traffic.load_factor: [0.5, 1.8], a: {b: 1}}\n")
    overrides = {"seed": 2, "learning_rate": 1e-4, "scenario_overrides.traffic.load_factor": 1.0}
    config = read_run_config(path, overrides)
    assert (config.seed, config.learning_rate) == (2, 1e-4)
    assert config.scenario_overrides == {"traffic.load_factor": 1.0, "a.b": 1}


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"learning_rat": 1}, r"unknown key 'learning_rat' \(did you mean 'learning_rate'\?\)"),
        ({"n_worlds": 0}, "n_worlds = 0: .*greater than or equal to 1"),
        ({"learning_rate": "fast"}, "learning_rate = 'fast': the text 'fast' is no number; write one, without quotes"),
        ({"gamma": 1.5}, "gamma = 1.5: .*less than or equal to 1"),
        ({"gamma": float("nan")}, "gamma = nan"),
        ({"actor_widths": []}, "actor_widths = "),
        ({"activation": "gelu"}, "activation = 'gelu': Input should be 'tanh', 'silu' or 'relu'"),
        ({"world_options": {"reward": "team"}}, "world_options = .*reward stands beside world_options"),
        ({"scenario": ["toy3", "toy3"]}, "scenario = .*names a scenario twice; name each once, with a weight"),
        ({"scenario": {"toy3": 0}}, "scenario.*greater than 0"),
        ({"curriculum": [{"from_decision": 9}, {"from_decision": 9}]}, "curriculum: from_decision must grow"),
        ({"curriculum": [{"from_decision": 0}]}, "curriculum.0.from_decision = 0: .*greater than or equal to 1"),
    ],
)
def test_a_bad_value_names_field_value_and_remedy(tmp_path: Path, overrides: dict[str, Any], message: str) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("scenario: toy3\n")
    with pytest.raises(ScenarioError, match=message):
        read_run_config(path, overrides)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"- a\n- b\n", "expected a mapping of fields, found a list"),
        (b"", "expected a mapping of fields, found nothing"),
        (b"scenario: [", "not valid YAML"),
        (b"\xff\xfe\x00", "cannot be read .*save it as UTF-8"),
        (b"seed: 1\n", "scenario"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "broken.yaml"
    path.write_bytes(content)
    with pytest.raises(ScenarioError, match=rf"broken\.yaml.*({message})"):
        read_run_config(path, {})


def test_an_unknown_configuration_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        ScenarioError,
        match=r"unknown training configuration 'blackout': did you mean .*known ones: blackout_ppo, .*demo, ",
    ):
        read_run_config("blackout", {})
    with pytest.raises(ScenarioError, match=r"nowhere\.yaml: cannot be read \(No such file or directory\)"):
        read_run_config(tmp_path / "nowhere.yaml", {})


@pytest.mark.parametrize(
    ("written", "read"),
    [("soc", ("soc",)), (["default", "own:field"], ("default", "own:field")), ({"bs": "soc"}, {"bs": ("soc",)})],
)
def test_one_feature_needs_no_list(written: Any, read: Any) -> None:
    assert RunConfig(scenario="toy3", observe=written).observe == read

"""Worlds by the name of their scenario, and what evaluations set in them."""

from pathlib import Path
from typing import Any

import pytest

from voltran.envs.blackout.scenario import BlackoutScenario
from voltran.envs.errors import ScenarioError
from voltran.envs.registry import evaluation_overrides, make_world
from voltran.envs.scenario import scenario_names
from voltran.envs.world import World


@pytest.mark.parametrize("name", scenario_names())
def test_every_shipped_scenario_is_a_world_that_evaluations_play_to_the_horizon(name: str) -> None:
    """Some metrics run over the horizon, so that an evaluated episode may not end where survival does."""
    world = make_world(name, 2, evaluation_overrides(name))
    assert isinstance(world, World)
    assert (world.scenario.name, world.n_worlds) == (name, 2)
    if isinstance(world.scenario, BlackoutScenario):
        assert world.scenario.survival.end == "horizon"


def test_what_evaluations_set_is_a_copy() -> None:
    first = evaluation_overrides("toy3")
    assert first == {"survival.end": "horizon"}
    first["survival.end"] = "late"
    assert evaluation_overrides("toy3") == {"survival.end": "horizon"}


def test_evaluations_set_nothing_in_other_worlds(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("world: mine_v0\n")
    assert evaluation_overrides(path) == {}
    with pytest.raises(ScenarioError, match=r"mine\.yaml: world = 'mine_v0' is unknown; known worlds: blackout_v0"):
        make_world(path)
    with pytest.raises(ScenarioError, match="unknown scenario 'urban20'"):
        evaluation_overrides("urban20")


@pytest.mark.parametrize(
    ("options", "message"), [({"reward": "all"}, "reward = 'all'"), ({"rewrad": "team"}, "rewrad")]
)
def test_options_of_the_builder_are_checked(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        make_world("toy3", 1, **options)

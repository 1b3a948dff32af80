"""Worlds by the name of their scenario, and what evaluations set in them."""

from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import gymnasium
import pytest

from voltran.envs import registry
from voltran.envs.blackout import WORLD
from voltran.envs.blackout.scenario import BlackoutScenario
from voltran.envs.errors import ScenarioError
from voltran.envs.registry import evaluation_overrides, make_world, register_world, world_spec, world_specs
from voltran.envs.scenario import scenario_names
from voltran.envs.world import World

ODD_ID = replace(WORLD, name="odd_v0", gymnasium_id="no id!")
NUMBER = 3


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


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "my world"}, "world 'my world': a name is letters, digits and underscores"),
        ({"name": "mine_v0", "gymnasium_id": "no id!"}, "gymnasium_id = 'no id!': must be of the form"),
        ({"name": "mine_v0"}, "gymnasium_id = 'voltran/Blackout-v0' is another environment's"),
        ({"world": "elsewhere:World"}, "world 'blackout_v0' is registered already"),
    ],
)
def test_a_world_that_is_refused_is_not_known_afterwards(changes: dict[str, Any], message: str) -> None:
    spec = replace(world_spec("blackout_v0"), **changes)
    known, registered = world_specs(), set(gymnasium.registry)
    with pytest.raises(ScenarioError, match=message):
        register_world(spec)
    assert (world_specs(), set(gymnasium.registry)) == (known, registered)


def test_a_broken_package_leaves_the_other_worlds_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever an installed package offers, built-in worlds are found, and it is named where a world is not."""
    points = [
        EntryPoint("odd-id", f"{__name__}:ODD_ID", registry.ENTRY_POINTS),
        EntryPoint("number", f"{__name__}:NUMBER", registry.ENTRY_POINTS),
        EntryPoint("lost", "gone:WORLD", registry.ENTRY_POINTS),
    ]
    monkeypatch.setattr(registry, "entry_points", lambda group: points)
    monkeypatch.setattr(registry, "_BROKEN", {})
    registry._discover_installed.cache_clear()
    assert make_world("toy3").name == "blackout_v0"
    assert list(registry.broken_entry_points()) == ["odd-id", "number", "lost"]
    with pytest.raises(ScenarioError, match=r"'nobody_v0' is unknown.*entry point odd-id .*entry point number .*lost"):
        world_spec("nobody_v0")
    registry._discover_installed.cache_clear()

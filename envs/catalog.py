"""Finds the world that a scenario belongs to and builds it."""

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from voltran.envs.errors import ScenarioError
from voltran.envs.scenario import apply_overrides, read_scenario
from voltran.envs.world import World

# world name -> "module:function"; the function takes (raw scenario mapping, n_worlds, **options)
WORLDS: dict[str, str] = {
    "blackout_v0": "voltran.envs.blackout.world:build",
    "brownout_v0": "voltran.envs.brownout.world:build",
    "market_v0": "voltran.envs.market.world:build",
    "uplink_v0": "voltran.envs.uplink.world:build",
}

# What an evaluation sets unless told otherwise: episodes are played to the horizon, because some metrics run over it.
EVALUATION_OVERRIDES: dict[str, dict[str, Any]] = {
    "blackout_v0": {"survival.end": "horizon"},
    "brownout_v0": {"survival.end": "horizon"},
}


def evaluation_overrides(scenario: str | Path) -> dict[str, Any]:
    """Scenario keys, and their values, under which a scenario is evaluated.

    Raises:
        ScenarioError: unknown scenario.
    """
    return dict(EVALUATION_OVERRIDES.get(str(read_scenario(scenario).get("world")), {}))


def make_world(
    scenario: str | Path,
    n_worlds: int = 1,
    overrides: Mapping[str, Any] | None = None,
    **options: Any,
) -> World:
    """Build a batch of worlds from a scenario.

    Args:
        scenario: name of a shipped scenario, or path of a YAML file.
        n_worlds: batch size ``B``.
        overrides: dotted scenario keys and their values, for example ``{"radio.r_exp_m": 800}``.
        **options: what the world's builder takes, for example ``action_set="extended"``, ``reward="local"``.

    Raises:
        ScenarioError: unknown scenario, world or key, or a value out of range.
    """
    data = apply_overrides(read_scenario(scenario), overrides or {})
    name = data.get("world")
    if name not in WORLDS:
        raise ScenarioError(f"scenario {scenario}: world = {name!r} is unknown; known worlds: {', '.join(WORLDS)}")
    module, function = WORLDS[name].split(":")
    build: Callable[..., World] = getattr(import_module(module), function)
    return build(data, n_worlds, **options)

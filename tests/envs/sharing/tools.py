"""Worlds that the tests of the sharing world share."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tests.envs.episodes import started
from voltran.envs.registry import make_world
from voltran.envs.sharing.commands import SharingCommands
from voltran.envs.sharing.world import SharingWorld
from voltran.envs.world import Transition

SHORT = {"time.horizon_h": 6.0, "forecast.history_days": 2}
# Two infrastructures of three operators.
SMALL = {"network.infrastructures": 2, **SHORT}


def sharing_world(
    scenario: str = "sharing12", n_worlds: int = 1, overrides: Mapping[str, Any] | None = None, **options: Any
) -> SharingWorld:
    """A batch of worlds, at the start of episodes 0, 1, ..."""
    world = make_world(scenario, n_worlds, overrides, **options)
    assert isinstance(world, SharingWorld)
    return started(world)


def small(n_worlds: int = 1, overrides: Mapping[str, Any] | None = None, **options: Any) -> SharingWorld:
    """A batch of small worlds."""
    return sharing_world("sharing12", n_worlds, {**SMALL, **(overrides or {})}, **options)


def random_actions(world: SharingWorld, rng: np.random.Generator) -> dict[str, Any]:
    """Legal joint codes, each as likely as any other."""
    masks = world.action_masks()["operator"]
    return {"operator": np.where(masks, rng.random(masks.shape), -1.0).argmax(axis=-1)}


def told(world: SharingWorld, battery_sites: Any, charge_share: Any) -> Transition:
    """Step one world under commands."""
    commands = SharingCommands(np.array([battery_sites], dtype=bool), np.array([charge_share], dtype=np.float64))
    return world.step({"operator": commands})


def played(world: SharingWorld, seed: int = 0) -> SharingWorld:
    """A world after an episode of random actions."""
    rng = np.random.default_rng(seed)
    while world.episodes.running.all():
        world.step(random_actions(world, rng))
    return world

"""Worlds and commands that the tests of the uplink world share."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from tests.envs.episodes import started
from voltran.envs.registry import make_world
from voltran.envs.uplink.commands import UplinkCommands
from voltran.envs.uplink.world import UplinkWorld
from voltran.envs.world import Transition
from voltran.physics.arrays import BoolArray

# Everybody is there all day, so that tests can say who is served.
CONSTANT = {"traffic.source": "constant"}
SMALL = {"layout.n_ubs": 5, "ues.count": 4, "time.horizon_h": 3.0}


def uplink_world(
    scenario: str = "uplink20", n_worlds: int = 1, overrides: Mapping[str, Any] | None = None, **options: Any
) -> UplinkWorld:
    """A batch of uplink worlds, not yet reset."""
    world = make_world(scenario, n_worlds, overrides, **options)
    assert isinstance(world, UplinkWorld)
    return world


def strongest(world: UplinkWorld, servers: int = 1) -> BoolArray:
    """Association ``[B, M, K]`` of every UE with its strongest UBSs."""
    gain = np.stack([world.deployment(index).gain for index in range(world.n_worlds)])
    rank = np.argsort(np.argsort(-gain, axis=1), axis=1)
    return np.asarray(rank < servers)


def asked(association: BoolArray, power_mw: Any = None) -> dict[str, Any]:
    """Actions of explicit commands."""
    return {"ubs": UplinkCommands(association, power_mw)}


def random_codes(world: UplinkWorld, generator: np.random.Generator) -> dict[str, Any]:
    """Codes from the whole space, legal or not."""
    shape = (world.n_worlds, world.architecture.n_ubs, len(world.codec.sizes))
    codes = generator.integers(world.codec.sizes[0], size=shape)
    return {"ubs": codes if world.codec.form == "multi" else codes[..., 0]}


def play(world: UplinkWorld, seed: int = 0) -> list[Transition]:
    """A whole episode under random codes."""
    started(world, seed)
    generator = np.random.default_rng(seed)
    transitions: list[Transition] = []
    while not transitions or not transitions[-1].truncated.all():
        transitions.append(world.step(random_codes(world, generator)))
    return transitions

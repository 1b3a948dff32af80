"""Worlds and comparisons that the tests of the brownout world share."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tests.envs.blackout.tools import Actions, outage_world, over
from tests.envs.episodes import started
from voltran.envs.blackout.commands import mode_commands
from voltran.envs.blackout.world import BlackoutWorld
from voltran.envs.brownout.commands import BrownoutCommands
from voltran.envs.brownout.world import BrownoutWorld
from voltran.envs.registry import make_world, world_spec
from voltran.envs.retail.actions import RetailerCommands
from voltran.envs.scenario import apply_overrides, read_scenario
from voltran.envs.world import Transition

# Few sites and users, small batteries and many vehicles: much happens in few, cheap steps.
SMALL: dict[str, Any] = {
    "layout.n_sites": 7,
    "users.count": 60,
    "users.speed_m_per_s": 1.0,
    "battery.capacity_kwh": 4.0,
    "vehicles.arrivals_per_day": 6,
    "time.horizon_h": 2,
    "time.physics_step_s": 180.0,
    "survival.end": "horizon",
}
ROLLING = {"grid.schedule": "rolling", "grid.feeders": 3, "grid.turn_h": 0.75, "grid.feeder_limit_kw": 8.0}
NOBODY: dict[str, Any] = {"retail.retailers": []}
PERIOD_H = 0.25


def brownout_world(n_worlds: int = 1, overrides: Mapping[str, Any] | None = None, **options: Any) -> BrownoutWorld:
    """A small batch, not yet reset."""
    world = make_world("urban19-brownout-medium", n_worlds, {**SMALL, **(overrides or {})}, **options)
    assert isinstance(world, BrownoutWorld)
    return world


def blackout_twin(n_worlds: int = 1, overrides: Mapping[str, Any] | None = None, **options: Any) -> BlackoutWorld:
    """The outage world on the same small scenario."""
    return outage_world("urban19-medium", n_worlds, {**SMALL, **(overrides or {})}, **options)


def random_actions(world: BrownoutWorld, generator: np.random.Generator) -> Actions:
    """Legal joint codes of sites and prices from the ladder for retailers, uniformly."""
    masks = world.action_masks()
    return {role: np.argmax(generator.random(mask.shape) * mask, axis=-1) for role, mask in masks.items()}


def play_randomly(world: BrownoutWorld, generator: np.random.Generator, steps: int) -> list[Transition]:
    """Transitions of so many random decisions, or fewer if the episode ends."""
    transitions: list[Transition] = []
    while len(transitions) < steps and not (transitions and over(transitions[-1])):
        transitions.append(world.step(random_actions(world, generator)))
    return transitions


# --- the brownout of toy3: constant loads and generation, worked out by hand ----------------------------------------

NORMAL_KW, SLEEP_KW = 4.0, 0.4  # power of a site, see configs/scenarios/toy3.yaml
CHARGE_KW = 5.0  # limit of the battery


def constant(capacity_kw: float, unit_cost_usd_per_mwh: float) -> dict[str, Any]:
    """A retailer that gives the same power at all times."""
    return {"source": "constant", "capacity_kw": capacity_kw, "unit_cost_usd_per_mwh": unit_cost_usd_per_mwh}


def toy_world(retailers: Sequence[Mapping[str, Any]], overrides: Mapping[str, Any] | None = None) -> BrownoutWorld:
    """The three sites of ``toy3``, in a brownout with these retailers, at the start of an episode."""
    data = apply_overrides(read_scenario("toy3"), {"survival.end": "horizon", **(overrides or {})})
    data |= {"world": "brownout_v0"}
    data.setdefault("retail", {})["retailers"] = list(retailers)
    world = world_spec("brownout_v0").build(data, 1, {})
    assert isinstance(world, BrownoutWorld)
    return started(world)


def toy_actions(world: BrownoutWorld, price: Sequence[float] = (), modes: Sequence[int] = (0, 0, 0)) -> Actions:
    """Plain commands for sites, which then buy all they can, and prices for retailers."""
    sites = mode_commands(world.constants, np.array([modes]), command_set="free")
    actions: Actions = {"bs": sites}
    if len(price):
        actions["retailer"] = RetailerCommands(np.array([price], np.float64), np.zeros((1, len(price))))
    return actions


def purchases(world: BrownoutWorld, buy: Sequence[float], accepted_price: Sequence[float]) -> BrownoutCommands:
    """Commands for sites in normal mode that say what to buy."""
    sites = mode_commands(world.constants, np.zeros((1, world.constants.n_sites), np.int64), command_set="free")
    return BrownoutCommands(sites, np.array([buy]), np.array([accepted_price]))

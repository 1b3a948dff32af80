"""Worlds and actions that the tests of the market world share."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium import spaces

from tests.envs.episodes import started
from voltran.envs.market.commands import MarketCommands
from voltran.envs.market.world import MarketWorld
from voltran.envs.registry import make_world
from voltran.envs.retail.actions import RetailerCommands
from voltran.envs.world import Role

# An hour before noon, so that wind and sun both count; loads are 0.3 and 0.6 kW.
SHORT = {"time.horizon_h": 2.0, "retail.weather.start_hour": 11.0}
NO_RETAILERS: dict[str, Any] = {"retail.retailers": [], "retail.home_retailer": None}
TWO_SITES = {
    "sites": [{"fixed_kw": 0.6, "fixed_share": 0.0, "battery_kwh": 2.0}, {"fixed_kw": 1.2, "fixed_share": 0.0}],
    "load.utilisation": 0.5,
    "retail.home_retailer": [0, 1],
    "retail.retailers": [
        {"source": "constant", "capacity_kw": 1.0, "unit_cost_usd_per_mwh": 60},
        {"source": "constant", "capacity_kw": 0.5, "unit_cost_usd_per_mwh": 280},
    ],
    **SHORT,
}


def market_world(
    scenario: str = "market4", n_worlds: int = 1, overrides: Mapping[str, Any] | None = None, **options: Any
) -> MarketWorld:
    """A batch of market worlds, not yet reset."""
    world = make_world(scenario, n_worlds, overrides, **options)
    assert isinstance(world, MarketWorld)
    return world


def tiny(**changes: Any) -> MarketWorld:
    """A started world of two sites, the first with a battery, and two retailers that always have 1 and 0.5 kW."""
    return started(market_world(overrides={**TWO_SITES, **{key.replace("__", "."): v for key, v in changes.items()}}))


def asked(
    world: MarketWorld, requested: Any, price: Any = 0.1, battery: Any = 0.0, accepted: Any = 9.0
) -> dict[str, Any]:
    """Actions of explicit commands, the same in all worlds."""
    sites, retailers = (world.n_worlds, world.constants.n_sites), (world.n_worlds, world.constants.n_retailers)

    def filled(value: Any, shape: tuple[int, int]) -> Any:
        return np.broadcast_to(np.asarray(value, np.float64), shape).copy()

    commands = MarketCommands(filled(requested, sites), filled(accepted, sites), filled(battery, sites))
    if not world.constants.n_retailers:
        return {"bs": commands}
    return {"bs": commands, "retailer": RetailerCommands(filled(price, retailers), np.zeros(retailers))}


def random_actions(world: MarketWorld, generator: np.random.Generator) -> dict[str, Any]:
    """Actions from the whole space of every role, legal or not."""
    return {role.name: _drawn(role, world.n_worlds, generator) for role in world.roles}


def _drawn(role: Role, n_worlds: int, generator: np.random.Generator) -> Any:
    space = role.action_space
    if isinstance(space, spaces.Box):
        return generator.uniform(-1.0, 1.0, (n_worlds, role.count, *space.shape))
    if isinstance(space, spaces.MultiDiscrete):
        return generator.integers(space.nvec, size=(n_worlds, role.count, len(space.nvec)))
    return generator.integers(space.n, size=(n_worlds, role.count))

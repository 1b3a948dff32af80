"""Small episodes of markets for the tests of their controllers."""

from typing import Any

import numpy as np

from voltran import baselines
from voltran.baselines.market.foresight_problem import ForesightProblem, Storage
from voltran.envs.market.world import MarketWorld
from voltran.envs.registry import make_world
from voltran.envs.retail.constants import RetailConstants
from voltran.envs.retail.scenario import Retail, Retailer
from voltran.envs.team import Team


def draw_episode(seed: int, *, periods: int = 4, n_sites: int = 3, **changed: Any) -> ForesightProblem:
    """A random episode of two retailers, often short of power, with two batteries of different sizes.

    Args:
        seed: of the draw.
        periods, n_sites: sizes.
        **changed: ``per_pair``, or fields of ``Retail``.
    """
    rng = np.random.default_rng(seed)
    per_pair = changed.pop("per_pair", False)
    retailers = [Retailer(capacity_kw=1.0, unit_cost_usd_per_mwh=cost) for cost in (60.0, 280.0)]
    storage = Storage(
        site=np.array([0, 2])[: n_sites - 1],
        low_kwh=np.array([0.1, 0.2])[: n_sites - 1],
        high_kwh=np.array([1.0, 2.0])[: n_sites - 1],
        start_kwh=np.array([0.5, 0.2])[: n_sites - 1],
        charge_limit_kw=np.array([0.6, 1.0])[: n_sites - 1],
        discharge_limit_kw=np.array([0.8, 0.7])[: n_sites - 1],
        charge_efficiency=0.9,
        discharge_efficiency=0.8,
    )
    return ForesightProblem(
        constants=RetailConstants(Retail(retailers=tuple(retailers), **changed), n_sites),
        load_kw=rng.uniform(0.1, 1.4, (periods, n_sites)),
        available_kw=rng.uniform(0.0, n_sites, (periods, 2)) * rng.choice([0.0, 0.4, 1.0], (periods, 2)),
        storage=storage,
        period_h=0.5,
        wear_usd_per_kwh=0.05,
        per_pair=per_pair,
    )


def market(scenario: str = "market4", n_worlds: int = 1, hours: float = 6.0, **overrides: Any) -> MarketWorld:
    """A market world with a short day; overrides have ``__`` for dots."""
    dotted = {key.replace("__", "."): value for key, value in overrides.items()}
    world = make_world(scenario, n_worlds, {"time.horizon_h": hours, **dotted})
    assert isinstance(world, MarketWorld)
    world.reset(list(range(1, n_worlds + 1)))
    return world


def play(world: MarketWorld, controller: Any) -> dict[str, Any]:
    """Metrics of an episode that is played to its end."""
    world.reset(list(range(1, world.n_worlds + 1)))
    controller.reset(world)
    over = False
    while not over:
        over = bool(world.step(controller.act(world)).truncated.all())
    return world.kpis()


def team(sites: str, retailers: str, **options: Any) -> Team:
    """A team of sites without options and retailers with some."""
    return Team({"bs": baselines.make(sites), "retailer": baselines.make(retailers, **options)})


def asked(name: str, world: Any, **options: Any) -> dict[str, Any]:
    """What a controller chooses at the start of an episode."""
    controller = baselines.make(name, **options)
    controller.reset(world)
    return controller.act(world)

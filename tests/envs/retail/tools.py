"""Retailers that the tests share."""

from typing import Any

from voltran.envs.retail.constants import RetailConstants
from voltran.envs.retail.market import RetailMarket
from voltran.envs.retail.scenario import Retail

PERIOD_H = 0.25
WIND: dict[str, Any] = {"source": "wind", "capacity_kw": 4.0, "unit_cost_usd_per_mwh": 53}
SOLAR: dict[str, Any] = {"source": "solar", "capacity_kw": 2.0, "unit_cost_usd_per_mwh": 113}
STEADY: dict[str, Any] = {"source": "constant", "capacity_kw": 1.5, "unit_cost_usd_per_mwh": 280}


def retail(*retailers: dict[str, Any], **terms: Any) -> Retail:
    """A scenario's section."""
    return Retail.model_validate({"retailers": retailers, **terms})


def market(section: Retail, n_sites: int = 3, n_worlds: int = 1, periods: int = 96, seed: int = 0) -> RetailMarket:
    """A market at the start of episodes with consecutive seeds."""
    built = RetailMarket(RetailConstants(section, n_sites), n_worlds, periods, PERIOD_H)
    for world in range(n_worlds):
        built.load(world, built.draw(seed + world))
        built.begin(world)
    return built

"""The best that all could have reached together in an episode of the market, and how far from it an episode was."""

from collections.abc import Mapping

from voltran.baselines.market.optimum import social_optimum
from voltran.envs.market.world import MarketWorld
from voltran.envs.world_spec import Bound, Metrics

# Below this efficiency its inverse says nothing: trade has hardly helped, or has done harm.
LEAST_EFFICIENCY = 0.1
# Where the optimum is hardly better than no trade, relative to what it is, nothing can be had.
SMALL_SHARE = 1e-6


def best_welfare(world: MarketWorld) -> dict[str, float]:
    """Upper bound of an episode's welfare, ``welfare_optimum_usd``."""
    return {"welfare_optimum_usd": social_optimum(world).bound_usd}


def compare_welfare(metrics: Metrics, best: Mapping[str, float]) -> dict[str, float | None]:
    """Metrics that compare an episode's welfare with the best.

    Returns:
        ``welfare_gap_usd``, ``efficiency`` (what trade added to welfare as a share of what it could have added; None
        where that is nothing) and ``price_of_anarchy``, its inverse (None up to 0.1).
    """
    optimum, welfare, autarky = best["welfare_optimum_usd"], metrics["welfare_usd"], metrics["welfare_autarky_usd"]
    assert welfare is not None
    assert autarky is not None
    possible = optimum - autarky
    efficiency = (welfare - autarky) / possible if possible > SMALL_SHARE * max(abs(optimum), 1.0) else None
    return {
        "welfare_gap_usd": optimum - welfare,
        "efficiency": efficiency,
        "price_of_anarchy": None if efficiency is None or efficiency <= LEAST_EFFICIENCY else 1.0 / efficiency,
    }


WELFARE = Bound(best_welfare, compare_welfare)

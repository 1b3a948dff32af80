"""What the best of all could have reached in an episode, in worlds for which that can be computed."""

import json
from collections.abc import Mapping
from typing import Any

from voltran.envs.market.world import MarketWorld
from voltran.envs.world import World

# Full names of the worlds' modules, and of the modules that compute their bounds.
BOUND_MODULES: dict[str, frozenset[str]] = {"voltran.envs.market.world": frozenset({__name__})}

# Below this efficiency its inverse says nothing: trade has hardly helped, or has done harm.
LEAST_EFFICIENCY = 0.1
# Where the optimum is hardly better than no trade, relative to what it is, nothing can be had.
SMALL_SHARE = 1e-6

_OPTIMA: dict[tuple[str, int, int], float] = {}  # of settings, seeds and lengths met in this process


def bound_metrics(
    world: World, content: Mapping[str, Any], seed: int, metrics: Mapping[str, float | None]
) -> dict[str, float | None]:
    """Metrics that compare an episode with its bound; none for worlds without one.

    Args:
        world: has played the episode, alone.
        content: everything that sets its setting apart from others, as JSON takes it.
        seed: of the episode.
        metrics: of the episode.

    Returns:
        ``welfare_optimum_usd``, ``welfare_gap_usd``, ``efficiency`` (what trade added to welfare as a share of what it
        could have added; None where that is nothing) and ``price_of_anarchy``, its inverse (None up to 0.1).
    """
    if not isinstance(world, MarketWorld):
        return {}
    welfare, autarky = metrics["welfare_usd"], metrics["welfare_autarky_usd"]
    assert welfare is not None
    assert autarky is not None
    optimum = _optimum_usd(world, content, seed)
    possible = optimum - autarky
    efficiency = (welfare - autarky) / possible if possible > SMALL_SHARE * max(abs(optimum), 1.0) else None
    return {
        "welfare_optimum_usd": optimum,
        "welfare_gap_usd": optimum - welfare,
        "efficiency": efficiency,
        "price_of_anarchy": None if efficiency is None or efficiency <= LEAST_EFFICIENCY else 1.0 / efficiency,
    }


def _optimum_usd(world: MarketWorld, content: Mapping[str, Any], seed: int) -> float:
    """Upper bound of welfare; computed once for all controllers that one process plays."""
    from voltran.baselines.market.optimum import social_optimum

    key = (json.dumps(content, sort_keys=True), seed, world.max_decisions)
    if key not in _OPTIMA:
        _OPTIMA[key] = social_optimum(world).bound_usd
    return _OPTIMA[key]

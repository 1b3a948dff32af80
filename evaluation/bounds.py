"""What the best of all could have reached in an episode, in worlds for which that can be computed."""

import json
from collections.abc import Mapping
from typing import Any

from voltran.baselines.solve import SolverError
from voltran.envs.world import World
from voltran.envs.world_spec import Bound, WorldSpec
from voltran.evaluation.metrics import FAILED_BOUND

_BEST: dict[tuple[str, int, int], Mapping[str, float]] = {}  # of settings, seeds and lengths met in this process


def bound_metrics(
    spec: WorldSpec, world: World, content: Mapping[str, Any], seed: int, metrics: Mapping[str, float | None]
) -> dict[str, float | None]:
    """Metrics that compare an episode with its bound; none for worlds without one.

    Args:
        spec: declaration of the world.
        world: has played the episode, alone.
        content: everything that sets its setting apart from others, as JSON takes it.
        seed: of the episode.
        metrics: of the episode.

    Returns:
        The bound, computed once for all controllers that one process plays, and what it compares; nothing but
        ``failed_bounds`` where a solver fails, as a bound that is not proven is none.
    """
    bound: Bound | None = spec.load("bound")
    if bound is None:
        return {}
    key = (json.dumps(content, sort_keys=True), seed, world.max_decisions)
    if key not in _BEST:
        try:
            _BEST[key] = bound.compute(world)
        except SolverError:
            return {FAILED_BOUND: 1.0}
    return {FAILED_BOUND: 0.0, **_BEST[key], **bound.compare(metrics, _BEST[key])}

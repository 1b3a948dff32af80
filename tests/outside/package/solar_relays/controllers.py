"""A rule, and a controller that plans by a mixed-integer program. Neither derives from anything."""

from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp


class Thrifty:
    """Full power while the battery is well filled, half while it is not empty."""

    name = "thrifty"
    information = "local"

    def __init__(self, full_above: float = 0.6, half_above: float = 0.25) -> None:
        self.full_above, self.half_above = full_above, half_above

    def reset(self, world: Any) -> None:
        """Nothing to forget."""

    def act(self, world: Any) -> dict[str, Any]:
        """The highest level that rule and mask allow."""
        wanted = (world.soc > self.half_above).astype(np.int64) + (world.soc > self.full_above)
        allowed = world.action_masks()["relay"]
        level = np.where(allowed, np.arange(3), 0).max(axis=-1)
        return {"relay": np.minimum(wanted, level)}


class PlansAhead:
    """Plans the next hours as if the sun stayed as it is: one level per relay and hour, by HiGHS.

    Args:
        hours: how far ahead.
    """

    name = "plans-ahead"
    information = "local"

    def __init__(self, hours: int = 4) -> None:
        self.hours = hours

    def reset(self, world: Any) -> None:
        """Nothing to forget."""

    def act(self, world: Any) -> dict[str, Any]:
        """The first hour of the best plan of every relay, as far as it is allowed."""
        soc, sun_kw, allowed = world.soc, world.sun_kw, world.action_masks()["relay"]
        levels = np.zeros(soc.shape, dtype=np.int64)
        for index in np.ndindex(soc.shape):
            levels[index] = self._plan(world, soc[index] * world.scenario.battery_kwh, sun_kw[index])
        return {"relay": np.where(np.take_along_axis(allowed, levels[..., None], axis=-1)[..., 0], levels, 0)}

    def _plan(self, world: Any, stored_kwh: float, sun_kw: float) -> int:
        """Most data in ``hours``: binaries per hour and level, so that what is used never exceeds what there is."""
        use_kwh, later = np.tile(world.load_kw, self.hours), np.tril(np.ones((self.hours, self.hours)))
        one_level = np.kron(np.eye(self.hours), np.ones(3))
        used = np.repeat(later, 3, axis=1) * use_kwh
        there = stored_kwh + sun_kw * np.arange(1, self.hours + 1)
        plan = milp(
            -np.tile(world.rate_mbps, self.hours),
            constraints=[LinearConstraint(one_level, 1, 1), LinearConstraint(used, -np.inf, there)],
            integrality=np.ones(3 * self.hours),
            bounds=Bounds(0, 1),
        )
        return int(np.argmax(plan.x[:3])) if plan.success else 0

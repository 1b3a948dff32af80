"""The plan that always exists: all sites on the grid, and no more charging than the battery's limits ask for."""

import numpy as np

from voltran.baselines.collective.evaluation import Decisions
from voltran.baselines.collective.problem import SharingProblem
from voltran.physics.arrays import FloatArray


def cautious_decisions(problem: SharingProblem) -> Decisions:
    """Decisions that exceed no limit of a problem; the battery serves sites only where the grid cannot.

    Args:
        problem: one infrastructure.
    """
    grid, solar, direct, served, unserved = np.zeros((5, problem.periods))
    stored_kwh, battery = problem.stored_kwh, problem.battery
    for t in range(problem.periods):
        lacking_kwh = max(problem.least_kwh[t] - stored_kwh, 0.0) / battery.charge_efficiency
        grid[t], solar[t] = _charging(problem, t, lacking_kwh)
        stored_kwh += battery.charge_efficiency * (grid[t] + solar[t])
        total_kwh = problem.total_kwh[t]
        direct[t] = min(problem.solar_kwh[t] - solar[t], total_kwh) if problem.solar_direct else 0.0
        if problem.scarce[t]:
            missing_kwh = max(total_kwh - problem.grid_limit_kwh[t] - direct[t], 0.0)
            usable_kwh = max(stored_kwh - problem.least_kwh[t], 0.0) * battery.discharge_efficiency
            idle = problem.exclusive and solar[t] > 0.0
            served[t] = 0.0 if idle else min(missing_kwh, usable_kwh, problem.discharge_limit_kwh)
            unserved[t] = missing_kwh - served[t]
            stored_kwh -= served[t] / battery.discharge_efficiency
    return Decisions(
        battery_sites=np.zeros(problem.demand_kwh.shape, dtype=bool),
        grid_charge_kwh=grid,
        solar_charge_kwh=solar,
        solar_direct_kwh=direct,
        served_kwh=served,
        unserved_kwh=unserved[:, None] * shares_of_demand(problem),
    )


def shares_of_demand(problem: SharingProblem) -> FloatArray:
    """``[T, n]`` each site's share of a slot's demand; nobody's where there is none."""
    total_kwh = problem.total_kwh[:, None]
    return np.divide(problem.demand_kwh, total_kwh, out=np.zeros_like(problem.demand_kwh), where=total_kwh > 0.0)


def _charging(problem: SharingProblem, t: int, lacking_kwh: float) -> tuple[float, float]:
    """Charging from the grid and from the panels, these first, where a source suffices or both may charge."""
    room_kwh, sun_kwh = float(problem.grid_room_kwh[t]), float(problem.idle_solar_kwh[t])
    lacking_kwh = min(lacking_kwh, problem.charge_limit_kwh)
    solar = min(sun_kwh, lacking_kwh)
    if problem.single_source and solar < lacking_kwh and room_kwh > sun_kwh:
        return min(room_kwh, lacking_kwh), 0.0
    return (0.0 if problem.single_source else min(room_kwh, lacking_kwh - solar)), solar

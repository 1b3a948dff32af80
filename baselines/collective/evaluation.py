"""What decisions of a plan come to: flows, energy and costs, without any solver."""

from typing import NamedTuple

import numpy as np

from voltran.baselines.collective.problem import SharingProblem
from voltran.physics.arrays import BoolArray, FloatArray

# Of the capacity: what solvers leave of a limit, added up over a plan.
TOLERANCE = 1e-6


class Decisions(NamedTuple):
    """What a plan decides.

    Attributes:
        battery_sites: ``[T, n]`` d, True where the battery serves a site. In scarce slots ``served_kwh`` counts.
        grid_charge_kwh, solar_charge_kwh: ``[T]`` E^GB and E^RB, at the battery's terminals.
        solar_direct_kwh: ``[T]`` from the panels to sites on the grid.
        served_kwh: ``[T]`` what the battery gives to the sites.
        unserved_kwh: ``[T, n]`` demand that nobody serves.
    """

    battery_sites: BoolArray
    grid_charge_kwh: FloatArray
    solar_charge_kwh: FloatArray
    solar_direct_kwh: FloatArray
    served_kwh: FloatArray
    unserved_kwh: FloatArray


class Account(NamedTuple):
    """What decisions come to.

    Attributes:
        purchases_kwh: ``[T]`` from the grid, charging included.
        stored_kwh: ``[T + 1]`` energy in the cells, the beginning first.
        energy_eur, wear_eur, lost_load_eur, refill_eur, switching_eur: the costs.
        violation_kwh: most by which any limit is exceeded; see :data:`TOLERANCE`.
    """

    purchases_kwh: FloatArray
    stored_kwh: FloatArray
    energy_eur: float
    wear_eur: float
    lost_load_eur: float
    refill_eur: float
    switching_eur: float
    violation_kwh: float

    @property
    def cost_eur(self) -> float:
        """All costs."""
        return self.energy_eur + self.wear_eur + self.lost_load_eur + self.refill_eur + self.switching_eur


def evaluate(problem: SharingProblem, decisions: Decisions) -> Account:
    """Flows and costs of decisions.

    Source: [CG] Eq. 1, [CG] Eq. 2, [CG] Eq. 3 and [CG] Eq. 4 with losses, the sum of [CG] Eq. 5's changes, and the
    purchases of [CG] Eq. 7.

    Args:
        problem: one infrastructure.
        decisions: for all of its slots.
    """
    battery = problem.battery
    charge_kwh = decisions.grid_charge_kwh + decisions.solar_charge_kwh
    change_kwh = battery.charge_efficiency * charge_kwh - decisions.served_kwh / battery.discharge_efficiency
    stored_kwh = problem.stored_kwh + np.concatenate([[0.0], np.cumsum(change_kwh)])
    load_kwh = (
        problem.total_kwh - decisions.served_kwh - decisions.solar_direct_kwh - decisions.unserved_kwh.sum(axis=1)
    )
    purchases_kwh = load_kwh + decisions.grid_charge_kwh
    return Account(
        purchases_kwh=purchases_kwh,
        stored_kwh=stored_kwh,
        energy_eur=float(problem.price_eur_per_kwh @ purchases_kwh),
        wear_eur=float(problem.wear_eur * np.abs(np.diff(stored_kwh)).sum() / battery.capacity_kwh),
        lost_load_eur=float(problem.lost_load_eur_per_kwh * decisions.unserved_kwh.sum()),
        refill_eur=max(problem.final_kwh - float(stored_kwh[-1]), 0.0) * (problem.refill_eur_per_kwh or 0.0),
        switching_eur=problem.switching_eur * _switches(problem, decisions.battery_sites),
        violation_kwh=max(_violations(problem, decisions, stored_kwh[1:], load_kwh)),
    )


def is_feasible(problem: SharingProblem, account: Account) -> bool:
    """Whether decisions exceed no limit by more than solvers do."""
    return account.violation_kwh <= TOLERANCE * problem.battery.capacity_kwh


def _switches(problem: SharingProblem, battery_sites: BoolArray) -> int:
    """Changes of source between slots in which every site has one."""
    free = ~problem.scarce
    changed = (battery_sites[1:] != battery_sites[:-1])[free[1:] & free[:-1]].sum()
    if problem.before is not None and free[0]:
        changed += (battery_sites[0] != problem.before).sum()
    return int(changed)


def _ahead_of_sites(problem: SharingProblem, decisions: Decisions) -> FloatArray:
    """``[T]`` what panels charge although sites on the grid could take it, where these come first."""
    if not (problem.solar_direct and problem.solar_first):
        return np.zeros(problem.periods)
    left_kwh = np.maximum(problem.solar_kwh - (problem.total_kwh - decisions.served_kwh), 0.0)
    return np.asarray(np.where(problem.scarce, 0.0, decisions.solar_charge_kwh - left_kwh))


def _violations(
    problem: SharingProblem, decisions: Decisions, stored_kwh: FloatArray, load_kwh: FloatArray
) -> list[float]:
    """By how much each kind of limit is exceeded at most."""
    free, none = ~problem.scarce, np.zeros(problem.periods)
    grid, solar, direct = decisions.grid_charge_kwh, decisions.solar_charge_kwh, decisions.solar_direct_kwh
    chosen_kwh = np.where(decisions.battery_sites, problem.demand_kwh, 0.0).sum(axis=1)
    net_kwh = grid + solar - decisions.served_kwh
    excesses = [
        *(-part for part in (grid, solar, direct, decisions.served_kwh, decisions.unserved_kwh, load_kwh)),
        grid - np.minimum(problem.grid_room_kwh, problem.charge_limit_kwh),
        grid + load_kwh - problem.grid_limit_kwh,
        solar + direct - problem.solar_kwh,
        none if problem.solar_direct else direct,
        _ahead_of_sites(problem, decisions),
        np.abs(decisions.served_kwh - chosen_kwh)[free],
        decisions.unserved_kwh[free],
        decisions.unserved_kwh - problem.demand_kwh,
        net_kwh - problem.charge_limit_kwh,
        -problem.discharge_limit_kwh - net_kwh,
        problem.least_kwh - stored_kwh,
        stored_kwh - problem.most_kwh,
        np.minimum(grid, solar) if problem.single_source else none,
        np.minimum(grid + solar, decisions.served_kwh) if problem.exclusive else none,
    ]
    return [max(float(np.max(excess)), 0.0) if np.size(excess) else 0.0 for excess in excesses]

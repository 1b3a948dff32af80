"""The social optimum of the market world: what nobody can exceed, and what one can do without knowing the future."""

import numpy as np

from voltran.baselines.dpa import Allocation, solve
from voltran.baselines.market.dpa_controller import allocation_problem
from voltran.baselines.market.foresight import TOLERANCE, Plan, plan_ahead
from voltran.baselines.market.foresight_problem import ForesightProblem, Storage
from voltran.envs.market.world import MarketWorld


def social_optimum(world: MarketWorld, index: int = 0, tolerance: float = TOLERANCE) -> Plan:
    """The plan of most welfare for an episode, with all of it known; transfers do not count.

    Args:
        world: has been reset; how far it has been played does not matter.
        index: which episode of the batch.
        tolerance: largest gap between the plan's welfare and the bound, as a share of what is at stake.

    Raises:
        SolverError: the program could not be solved.
    """
    return plan_ahead(foresight_problem(world, index), tolerance)


def foresight_problem(world: MarketWorld, index: int = 0) -> ForesightProblem:
    """What nobody can change about an episode, from its first period on.

    Args:
        world: has been reset.
        index: which episode of the batch.
    """
    constants, batteries, periods = world.constants, world.constants.batteries, world.max_decisions
    site = np.flatnonzero(constants.has_battery)
    capacity_kwh = batteries.capacity_kwh[site]
    return ForesightProblem(
        constants=constants.retail,
        load_kw=world.load_series_kw[index, :periods],
        available_kw=world.market.available_kw[index, :periods],
        storage=Storage(
            site=site,
            low_kwh=batteries.soc_min * capacity_kwh,
            high_kwh=batteries.soc_max * capacity_kwh,
            start_kwh=constants.initial_soc[site] * capacity_kwh,
            charge_limit_kw=batteries.charge_limit_kw[site],
            discharge_limit_kw=batteries.discharge_limit_kw[site],
            charge_efficiency=batteries.charge_efficiency,
            discharge_efficiency=batteries.discharge_efficiency,
        ),
        period_h=constants.period_h,
        wear_usd_per_kwh=constants.scenario.battery.wear_usd_per_kwh,
        per_pair=constants.scenario.reward.utility == "pair",
    )


def myopic_optimum(world: MarketWorld, index: int = 0) -> Allocation:
    """The best allocation of the coming period alone: batteries give what is missing, and nothing is stored.

    Args:
        world: has been reset and is not over.
        index: which episode of the batch.
    """
    return solve(
        allocation_problem(
            world.market.constants,
            world.market.available_at(world.decision)[index],
            world.demand_kw[index],
            world.discharge_room_kw[index],
            "welfare",
        )
    )

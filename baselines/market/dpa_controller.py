"""Distributed power allocation as a controller: retailers post what power is worth, sites take what is theirs.

Source: [DPA]; the posted price, the timing and the charging of batteries are ours.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, model_validator

from voltran.baselines.dpa import Allocation, AllocationProblem, solve
from voltran.baselines.dpa.allocation import filled
from voltran.baselines.market.expectation import ROLE as RETAILER
from voltran.baselines.market.expectation import available_kw, marginal_cost, posted, retail_world
from voltran.baselines.market.site_rules import ROLE as SITE
from voltran.baselines.market.site_rules import purchases
from voltran.baselines.solve import SolverError
from voltran.envs.controller import Information
from voltran.envs.market.commands import MarketCommands
from voltran.envs.market.world import MarketWorld
from voltran.envs.retail.actions import RetailerCommands
from voltran.envs.retail.constants import RetailConstants
from voltran.envs.retail.protocol import RetailWorld
from voltran.envs.scenario import Section, validated
from voltran.envs.world import World
from voltran.physics.arrays import FloatArray

# The solvers need something to weigh; a scenario may say that worth or lost load count for nothing.
LEAST_WEIGHT = 1e-6
# Solvers come near limits only so far: power within a milliwatt of none, or of the whole load, is just that.
SMALL_KW = 1e-6


class DpaSettings(Section, strict=True):
    """Settings of the allocation.

    Attributes:
        utility: "paper" maximises [DPA] Eq. 12, with a logarithm per pair, surcharges as costs and eta_2 = eta_1;
            "welfare" what the world calls welfare, with a logarithm per site and surcharges as transfers.
        method: of ``voltran.baselines.dpa.solve``; "dual_gradient", the paper's own, knows the paper's utility only.
        charge: whether what the allocation leaves charges batteries; the paper only discharges them.
        max_iterations: of the method; None for its own limit.
    """

    utility: Literal["paper", "welfare"] = "paper"
    method: Literal["interior_point", "newton", "dual_gradient"] = "interior_point"
    charge: Literal["on", "off"] = "on"
    max_iterations: Annotated[int, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _method_knows_utility(self) -> "DpaSettings":
        if self.method == "dual_gradient" and self.utility != "paper":
            raise ValueError(
                "method = 'dual_gradient' knows utility = 'paper' only; choose 'interior_point' or 'newton'"
            )
        return self


class Dpa:
    """Retailers and sites that follow the elastic allocation of what sites need and retailers have now.

    Retailers post marginal cost of generation and the worth of their capacity, as prices that would lead sites to the
    allocation; they hold for the next period, for which the present one is the best guess. Sites ask for the power that
    they are allocated, and their batteries give the rest. It plays both roles, or either.

    Where a solver fails, sites get what their batteries cannot give, from the cheapest retailers first and at what it
    costs, and that is counted.

    Args:
        **settings: fields of :class:`DpaSettings`.

    Raises:
        ScenarioError: a setting that is unknown or out of range.
    """

    name = "dpa"
    information: Information = "global"

    def __init__(self, **settings: Any) -> None:
        self.settings = validated(DpaSettings, settings, f"controller {self.name}")
        self._done: list[Allocation] = []
        self._failed = 0

    def reset(self, world: World) -> None:
        """Forget counts.

        Raises:
            ScenarioError: the world has no retailers.
        """
        retail_world(world, self.name)
        self._done, self._failed = [], 0

    def act(self, world: World) -> dict[str, RetailerCommands | MarketCommands]:
        """Prices for all retailers, and in the market world orders for all sites."""
        retail = retail_world(world, self.name)
        allocations = [self._allocate(retail, index) for index in range(retail.n_worlds)]
        self._done += allocations
        chosen: dict[str, RetailerCommands | MarketCommands] = {}
        if isinstance(world, MarketWorld):
            chosen[SITE] = self._orders(world, allocations)
        if retail.market.constants.n_retailers:
            chosen[RETAILER] = self._prices(retail.market.constants, allocations)
        return chosen

    def counters(self) -> Mapping[str, float]:
        """Failed solvers; per decision iterations, and the share of allocations that stopped short of the optimum."""
        if not self._done:
            return {}
        return {
            "failed_solves": float(self._failed),
            "allocation_iterations": float(np.mean([allocation.iterations for allocation in self._done])),
            "not_converged": float(np.mean([allocation.status != "optimal" for allocation in self._done])),
        }

    def _allocate(self, world: RetailWorld, index: int) -> Allocation:
        demand_kw, battery_kw = world.demand_kw[index], world.discharge_room_kw[index]
        problem = allocation_problem(
            world.market.constants, available_kw(world)[index], demand_kw, battery_kw, self.settings.utility
        )
        limits = {} if self.settings.max_iterations is None else {"max_iterations": self.settings.max_iterations}
        try:
            return solve(problem, self.settings.method, **limits)
        except SolverError:
            self._failed += 1
            return filled(problem)

    def _prices(self, constants: RetailConstants, allocations: list[Allocation]) -> RetailerCommands:
        capacity_price = np.stack([allocation.capacity_price for allocation in allocations])
        usd = constants.retail.satisfaction_usd_per_h if self.settings.utility == "paper" else 1.0
        sold_kw = np.stack([allocation.power_kw for allocation in allocations])
        return posted(constants, marginal_cost(constants, sold_kw) + capacity_price / max(usd, LEAST_WEIGHT))

    def _orders(self, market: MarketWorld, allocations: list[Allocation]) -> MarketCommands:
        sold_kw = np.stack([allocation.power_kw for allocation in allocations])
        demand_kw = market.demand_kw
        power_kw = _without_traces(sold_kw.sum(axis=2), demand_kw)
        charge_kw = np.zeros_like(power_kw)
        if self.settings.charge == "on":
            room_kw = np.where(power_kw == demand_kw, market.charge_room_kw, 0.0)
            left_kw = (available_kw(market) - sold_kw.sum(axis=1)).sum(axis=1)
            charge_kw = _without_traces(room_kw * _share(left_kw, room_kw.sum(axis=1))[:, None], room_kw)
        battery_kw = np.where(charge_kw > 0.0, -charge_kw, market.discharge_room_kw)
        return purchases(market, power_kw + charge_kw, battery_kw)


def allocation_problem(
    constants: RetailConstants,
    available: FloatArray,
    demand: FloatArray,
    battery: FloatArray,
    utility: Literal["paper", "welfare"],
) -> AllocationProblem:
    """The elastic allocation of one period, in which sites take at least what their batteries cannot give.

    Args:
        constants: constants of the retailers.
        available: ``[I]`` generation, kW.
        demand: ``[M]`` loads, kW.
        battery: ``[M]`` what batteries can give, kW.
        utility: see :class:`DpaSettings`.
    """
    retail, contracts = constants.retail, constants.contracts
    worth = max(retail.satisfaction_usd_per_h, LEAST_WEIGHT)
    return AllocationProblem(
        generation_kw=available,
        demand_kw=demand,
        least_kw=np.maximum(demand - battery, 0.0),
        unit_cost=constants.unit_cost,
        subscriber=contracts.subscriber,
        access=contracts.access,
        quadratic=constants.is_quadratic,
        priority=retail.priority if utility == "paper" else 1.0,
        satisfaction_weight=worth,
        cost_weight=worth if utility == "paper" else 1.0,
        reference_kw=retail.reference_kw,
        value_of_lost_load=max(retail.value_of_lost_load_usd_per_kwh, LEAST_WEIGHT),
        satisfaction="pair" if utility == "paper" else "site",
        cost_scope=retail.cost_scope,
    )


def _without_traces(power_kw: FloatArray, most_kw: FloatArray) -> FloatArray:
    """Powers, but none where there are traces of it, and all where traces are missing."""
    power_kw = np.where(power_kw < most_kw - SMALL_KW, power_kw, most_kw)
    return np.where(power_kw > SMALL_KW, power_kw, 0.0)


def _share(left_kw: FloatArray, wanted_kw: FloatArray) -> FloatArray:
    """How much of what is wanted there is, at most all."""
    return np.asarray(
        np.clip(np.divide(left_kw, wanted_kw, out=np.ones_like(left_kw), where=wanted_kw > 0.0), 0.0, 1.0)
    )

"""Who takes part in the dual gradient method, and what they know.

Retailers know their own capacity and cost, what sites request at most, and the coordination parameters that sites
broadcast; sites know their own needs and what they are allocated. Nobody sees more, and only messages pass between.
"""

from typing import Literal

import numpy as np
from pydantic import Field, PositiveFloat

from voltran.baselines.dpa.problem import AllocationProblem
from voltran.baselines.dpa.response import PairTerms, respond, sensitivity
from voltran.envs.errors import ScenarioError
from voltran.envs.scenario import Section
from voltran.physics.arrays import BoolArray, FloatArray

StepSetting = PositiveFloat | tuple[PositiveFloat, ...]


class DualGradientSettings(Section):
    """Settings of the dual gradient method.

    Attributes:
        z1: step of capacity prices, [DPA] Eq. 27; one for all, or one for each retailer.
        z2: step of sites without battery, [DPA] Eq. 28; one for all, or one for each site, as the next two.
        z3: step at the upper end of sites with battery, [DPA] Eq. 29.
        z4: step at their lower end, [DPA] Eq. 30.
        scaling: what steps are counted in. "none": USD/kWh per kW, as printed; they have to be found by trial. "safe":
            the longest steps that are known not to overshoot, for each price by itself. "local": the same for how power
            responds just now, which is faster and may overshoot.
        momentum: whether Nesterov's is added.
        tolerance: largest primal residual and gap of an optimum.
        max_iterations: rounds at most.
        keep_prices: whether the prices of all rounds are kept.
    """

    z1: StepSetting = 1.0
    z2: StepSetting = 1.0
    z3: StepSetting = 1.0
    z4: StepSetting = 1.0
    scaling: Literal["none", "safe", "local"] = "safe"
    momentum: bool = False
    tolerance: float = Field(default=1e-4, gt=0.0, lt=1.0)
    max_iterations: int = Field(default=10_000, ge=1)
    keep_prices: bool = False


class MovingPrice:
    """Prices that descend along their slope, within their range.

    Attributes:
        value: where they are.
        tried: where they are tried next; ahead of ``value`` where there is momentum.
        turned_back: whether the last step went back, and by how much; summed over everybody it decides on restarts.
    """

    def __init__(self, size: int, lowest: float, highest: FloatArray | float) -> None:
        self.value = np.zeros(size)
        self.tried = np.zeros(size)
        self.turned_back = 0.0
        self._before = np.zeros(size)
        self._lowest, self._highest = lowest, highest

    def descend(self, slope: FloatArray, step: FloatArray) -> None:
        """One step against the slope from where they were tried. Source: [DPA] Eq. 26, descended along its gradient."""
        self._before = self.value
        self.value = np.clip(self.tried - step * slope, self._lowest, self._highest)
        self.turned_back = float(((self.tried - self.value) * (self.value - self._before)).sum())

    def look_ahead(self, share: float) -> None:
        """Try them further on by a share of the last change."""
        self.tried = np.clip(self.value + share * (self.value - self._before), self._lowest, self._highest)


class Retailer:
    """One retailer: it answers coordination parameters with power, and prices its capacity."""

    def __init__(self, terms: PairTerms, index: int, capacity_kw: float) -> None:
        own = terms._replace(coefficient=terms.coefficient[:, index], box_kw=terms.box_kw[:, index])
        self._terms, self._capacity_kw = own, capacity_kw
        self.price = MovingPrice(1, 0.0, np.inf)

    def allocate(self, balance_price: FloatArray) -> FloatArray:
        """``[site]`` power for each site, kW. Source: [DPA] Eq. 19, [DPA] Eq. 21."""
        return respond(self._terms, self.price.tried - balance_price)

    def update_price(self, allocated_kw: FloatArray, step: float) -> None:
        """The price climbs where more is allocated than there is. Source: [DPA] Eq. 27."""
        self.price.descend(np.array([self._capacity_kw - allocated_kw.sum()]), np.array([step]))


class Sites:
    """All sites, as rows that do not see each other.

    Where sites may go short, their parameters stop at the price of lost load: there a site rather goes without.

    Attributes:
        parameters: sigma of sites without battery, mu_1 and mu_2 of those with one; zero for the others.
    """

    def __init__(self, problem: AllocationProblem) -> None:
        self._least_kw, self._demand_kw = problem.least_kw, problem.demand_kw
        self._battery = self._least_kw < self._demand_kw
        size, highest = self._demand_kw.size, problem.lost_load_price
        self._constant = MovingPrice(size, -np.inf, highest)
        self._most = MovingPrice(size, 0.0, np.inf)
        self._least = MovingPrice(size, 0.0, highest)
        self.parameters = [self._constant, self._most, self._least]

    def balance_price(self) -> FloatArray:
        """``[site]`` nu, what sites broadcast: sigma, or mu_2 - mu_1."""
        return np.where(self._battery, self._least.tried - self._most.tried, self._constant.tried)

    def coordinate(self, received_kw: FloatArray, steps: "Steps", eased: FloatArray) -> None:
        """Ask for more where too little arrives, and for less where too much does.

        Source: [DPA] Eq. 28, [DPA] Eq. 29, [DPA] Eq. 30.

        Args:
            received_kw: ``[site]`` power that retailers allocate.
            steps: how far to go.
            eased: ``[site, retailer]`` how power responds to price.
        """
        z2, z3, z4 = steps.of_sites(eased)
        without, with_battery = np.where(self._battery, 0.0, 1.0), np.where(self._battery, 1.0, 0.0)
        self._constant.descend(without * (received_kw - self._demand_kw), z2)
        self._most.descend(with_battery * (self._demand_kw - received_kw), z3)
        self._least.descend(with_battery * (received_kw - self._least_kw), z4)


class Steps:
    """Lengths of steps.

    Attributes:
        most_eased: ``[site, retailer]`` the most that power can respond to price, kW per USD/kWh.
    """

    def __init__(self, problem: AllocationProblem, terms: PairTerms, settings: DualGradientSettings) -> None:
        sites, retailers = problem.access.shape
        self._scaled = settings.scaling != "none"
        self._z1 = _one_each("z1", settings.z1, retailers)
        self._of_sites = [_one_each(name, getattr(settings, name), sites) for name in ("z2", "z3", "z4")]
        self._open = terms.box_kw > 0.0
        self.most_eased = sensitivity(terms, terms.box_kw)

    def of_retailer(self, index: int, eased: FloatArray) -> float:
        """z_1 of one retailer.

        Args:
            index: which.
            eased: ``[site]`` how power responds to its price.
        """
        return float(self._z1[index] * self._unit(eased, self._open[:, index], 0).item())

    def of_sites(self, eased: FloatArray) -> list[FloatArray]:
        """z_2, z_3 and z_4, each ``[site]``.

        Args:
            eased: ``[site, retailer]`` how power responds to price.
        """
        unit = self._unit(eased, self._open, 1)
        return [steps * unit for steps in self._of_sites]

    def _unit(self, eased: FloatArray, open_: BoolArray, axis: int) -> FloatArray:
        """The step that is 1. Every pair feels two prices, each of which may move power by half of what is amiss."""
        if not self._scaled:
            return np.ones(1)
        total = np.where(open_, eased, 0.0).sum(axis=axis)
        total = np.asarray(total)
        # Prices that move no power may take any step; they only have to arrive somewhere.
        return np.asarray(np.divide(0.5, total, out=np.ones_like(total), where=total > 0.0))


def _one_each(name: str, setting: float | tuple[float, ...], size: int) -> FloatArray:
    if isinstance(setting, tuple) and len(setting) != size:
        raise ScenarioError(f"{name} has {len(setting)} steps: must be one for all, or {size}")
    return np.broadcast_to(np.asarray(setting, dtype=np.float64), (size,))

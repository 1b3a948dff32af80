"""The problem of [DPA]: who gets how much power from which retailer."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Self, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from voltran.envs.errors import ScenarioError
from voltran.physics.arrays import BoolArray, FloatArray
from voltran.physics.market import cost_factor
from voltran.physics.ordering import SAME
from voltran.physics.units import WATTS_PER_KILOWATT

SatisfactionOf = Literal["pair", "site"]
CostScope = Literal["pair", "retailer"]

# eta_1 = eta_2 of [DPA], Section V-1; alpha there
PAPER_WEIGHT = 1.7045
PAPER_PRIORITY = 0.4


@dataclass(frozen=True, eq=False)
class AllocationProblem:
    """Maximise utility over allocations within capacities and demands.

    Source: [DPA] Eq. 12 with [DPA] Eq. 4, [DPA] Eq. 7, [DPA] Eq. 8, [DPA] Eq. 9, [DPA] Eq. 10, [DPA] Eq. 11.

    A site without battery has ``least_kw`` equal to ``demand_kw``. In elastic problems, those with a value of lost
    load, sites may go short; then there always is a solution.

    Attributes:
        generation_kw: ``[retailer]`` capacities g.
        demand_kw: ``[site]`` P, of which no site takes more.
        least_kw: ``[site]`` P_min, what sites need at least.
        unit_cost: ``[retailer]`` c of [DPA] Eq. 2: USD/kWh where costs are linear, USD/kWh per kW where they are
            quadratic.
        subscriber: ``[site, retailer]`` whether the retailer is the site's home retailer.
        access: ``[site, retailer]`` whether the site can buy from the retailer.
        quadratic: whether costs are.
        priority: alpha of [DPA] Eq. 3; at 1, which the paper leaves out, nobody pays a surcharge.
        satisfaction_weight: eta_1, USD/h.
        cost_weight: eta_2.
        reference_kw: p_0 of the logarithm ln(1 + p / p_0); a watt counts power as the paper prints it.
        value_of_lost_load: USD/kWh of what a site lacks of ``least_kw``; None has every site served, as in the paper.
        priority_weight: ``[site]`` factor on the value of lost load; 1 where not given.
        satisfaction: whether the logarithm is taken of every pair's power, as in Eq. 4, or of a site's total.
        cost_scope: whether quadratic costs are those of each pair's power, as in Eq. 4, or of a retailer's total. There
            a unit for others weighs as much as the root of their cost factor, so that both agree on a single site.

    Raises:
        ScenarioError: shapes that do not agree, numbers that are not finite or out of range.
    """

    generation_kw: FloatArray
    demand_kw: FloatArray
    least_kw: FloatArray
    unit_cost: FloatArray
    subscriber: BoolArray
    access: BoolArray
    quadratic: bool = False
    priority: float = PAPER_PRIORITY
    satisfaction_weight: float = PAPER_WEIGHT
    cost_weight: float = PAPER_WEIGHT
    reference_kw: float = 1.0
    value_of_lost_load: float | None = 3.0
    priority_weight: FloatArray = field(default_factory=lambda: np.ones(0))
    satisfaction: SatisfactionOf = "pair"
    cost_scope: CostScope = "pair"

    def __post_init__(self) -> None:
        sites, retailers = np.size(self.demand_kw), np.size(self.generation_kw)
        if np.size(self.priority_weight) == 0:
            object.__setattr__(self, "priority_weight", np.ones(sites))
        shapes = dict.fromkeys(("generation_kw", "unit_cost"), (retailers,))
        shapes |= dict.fromkeys(("demand_kw", "least_kw", "priority_weight"), (sites,))
        for name, shape in shapes.items():
            self._settle(name, _checked(name, getattr(self, name), shape))
        for name in ("subscriber", "access"):
            self._settle(name, _shaped(name, np.asarray(getattr(self, name), dtype=np.bool_), (sites, retailers)))
        self._check_ranges()
        # A battery that could give as much as rounding does is none.
        band_kw = self.demand_kw - self.least_kw
        self._settle("least_kw", np.where(band_kw > SAME * self.demand_kw, self.least_kw, self.demand_kw))

    @classmethod
    def from_watts(
        cls,
        generation_w: ArrayLike,
        demand_w: ArrayLike,
        unit_cost_usd_per_mwh: ArrayLike,
        home: Sequence[int],
        battery_w: ArrayLike = 0.0,
        access: ArrayLike | None = None,
        **others: Any,
    ) -> Self:
        """A problem in the paper's units.

        Args:
            generation_w: ``[retailer]`` capacities.
            demand_w: ``[site]`` demands.
            unit_cost_usd_per_mwh: ``[retailer]``; where costs are quadratic, USD/MWh per kW.
            home: ``[site]`` index of each site's home retailer.
            battery_w: ``[site]`` or one for all, what batteries can give for the demand.
            access: ``[site, retailer]``; everywhere where not given.
            **others: attributes of the problem.

        Raises:
            ScenarioError: as for the class; a home retailer that does not exist.
        """
        demand = np.asarray(demand_w, dtype=np.float64) / WATTS_PER_KILOWATT
        generation = np.asarray(generation_w, dtype=np.float64) / WATTS_PER_KILOWATT
        if wrong := [index for index in home if not 0 <= index < generation.size]:
            raise ScenarioError(f"home = {wrong[0]}: must be one of the {generation.size} retailers, counted from 0")
        subscriber = np.asarray(home, dtype=np.int64)[:, None] == np.arange(generation.size)
        return cls(
            generation_kw=generation,
            demand_kw=demand,
            least_kw=np.maximum(demand - np.asarray(battery_w, dtype=np.float64) / WATTS_PER_KILOWATT, 0.0),
            unit_cost=np.asarray(unit_cost_usd_per_mwh, dtype=np.float64) / WATTS_PER_KILOWATT,
            subscriber=subscriber,
            access=np.ones_like(subscriber) if access is None else np.asarray(access, dtype=np.bool_),
            **others,
        )

    @property
    def cost_coefficient(self) -> FloatArray:
        """``[site, retailer]`` factor on power, or on its square: eta_2 c (2 - o). Source: [DPA] Eq. 4."""
        return np.asarray(self.cost_weight * self.unit_cost * cost_factor(self.subscriber, self.priority))

    @property
    def lost_load_price(self) -> FloatArray:
        """``[site]`` USD/kWh of what a site lacks; infinite where it must not lack anything."""
        value = np.inf if self.value_of_lost_load is None else self.value_of_lost_load
        return np.asarray(value * self.priority_weight)

    @property
    def box_kw(self) -> FloatArray:
        """``[site, retailer]`` the most that a pair can exchange. Source: [DPA] Eq. 9, [DPA] Eq. 10, [DPA] Eq. 11."""
        return np.where(self.access, np.minimum(self.generation_kw, self.demand_kw[:, None]), 0.0)

    @property
    def shared_costs(self) -> bool:
        """Whether what one site takes from a retailer makes the others' power dearer."""
        return self.quadratic and self.cost_scope == "retailer"

    def _settle(self, name: str, array: NDArray[Any]) -> None:
        array = array.copy()
        array.setflags(write=False)
        object.__setattr__(self, name, array)

    def _check_ranges(self) -> None:
        above = np.flatnonzero(self.least_kw > self.demand_kw)
        if above.size:
            m = int(above[0])
            raise ScenarioError(
                f"least_kw of site {m} = {self.least_kw[m]:g}: must not exceed its demand_kw = {self.demand_kw[m]:g}"
            )
        if not 0.0 <= self.priority <= 1.0:
            raise ScenarioError(f"priority = {self.priority}: must be between 0 and 1")
        if not (np.isfinite(self.cost_weight) and self.cost_weight >= 0.0):
            raise ScenarioError(f"cost_weight = {self.cost_weight}: must be finite and not negative")
        for name in ("satisfaction_weight", "reference_kw", "value_of_lost_load"):
            value = getattr(self, name)
            if value is not None and not (np.isfinite(value) and value > 0.0):
                raise ScenarioError(f"{name} = {value}: must be finite and above 0")
        if not (self.priority_weight > 0.0).all():
            raise ScenarioError(f"priority_weight = {self.priority_weight.tolist()}: all must be above 0")
        for name, kind in (("satisfaction", SatisfactionOf), ("cost_scope", CostScope)):
            if getattr(self, name) not in get_args(kind):
                raise ScenarioError(f"{name} = {getattr(self, name)!r}: must be one of {', '.join(get_args(kind))}")


def _checked(name: str, value: ArrayLike, shape: tuple[int, ...]) -> FloatArray:
    array = _shaped(name, np.asarray(value, dtype=np.float64), shape)
    wrong = np.flatnonzero(~(np.isfinite(array) & (array >= 0.0)))
    if wrong.size:
        raise ScenarioError(f"{name}[{wrong[0]}] = {array[wrong[0]]}: must be finite and not negative")
    return array


def _shaped(name: str, array: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    if array.shape != shape:
        raise ScenarioError(
            f"{name} has shape {array.shape}: must be {shape}, "
            "with as many sites as demand_kw and retailers as generation_kw"
        )
    return array

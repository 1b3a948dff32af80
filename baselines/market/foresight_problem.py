"""One episode of a market, all of it known in advance."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from voltran.envs.retail.constants import RetailConstants
from voltran.physics.arrays import FloatArray, IntArray


class Storage(NamedTuple):
    """Batteries; arrays ``[battery]``.

    Attributes:
        site: where each is.
        low_kwh, high_kwh, start_kwh: energy in its cells, at least, at most and at the beginning.
        charge_limit_kw, discharge_limit_kw: at its terminals.
        charge_efficiency, discharge_efficiency: of all of them.
    """

    site: IntArray
    low_kwh: FloatArray
    high_kwh: FloatArray
    start_kwh: FloatArray
    charge_limit_kw: FloatArray
    discharge_limit_kw: FloatArray
    charge_efficiency: float
    discharge_efficiency: float


@dataclass(frozen=True, eq=False)
class ForesightProblem:
    """What nobody can change about an episode.

    Attributes:
        constants: the retailers' constants.
        load_kw: ``[T, M]``.
        available_kw: ``[T, I]`` generation that can be sold.
        storage: the batteries.
        period_h: length of a period.
        wear_usd_per_kwh: what charging or discharging a battery costs.
        per_pair: whether the worth of power counts every sale by itself, as in the paper, or a site's total.
    """

    constants: RetailConstants
    load_kw: FloatArray
    available_kw: FloatArray
    storage: Storage
    period_h: float
    wear_usd_per_kwh: float
    per_pair: bool = False

    @cached_property
    def shared_costs(self) -> bool:
        """Whether quadratic costs are those of a retailer's total."""
        return self.constants.is_quadratic and self.constants.retail.cost_scope == "retailer"

    @cached_property
    def group(self) -> IntArray:
        """``[M]`` sites of one number are interchangeable: welfare does not tell which of them buys from whom."""
        if self.per_pair or (self.constants.is_quadratic and not self.shared_costs):
            return np.arange(self.constants.n_sites)
        return np.unique(self.constants.contracts.access, axis=0, return_inverse=True)[1].reshape(-1)

    @cached_property
    def links(self) -> tuple[IntArray, IntArray]:
        """Group and retailer of every pair that can trade, two arrays ``[link]``."""
        access = np.zeros((int(self.group.max(initial=-1)) + 1, self.constants.n_retailers), dtype=bool)
        access[self.group] = self.constants.contracts.access
        group, retailer = np.nonzero(access)
        return group, retailer

    @cached_property
    def worth_site(self) -> IntArray:
        """``[unit]`` sites of what has its worth by itself: every site, or every pair."""
        return self.links[0] if self.per_pair else np.arange(self.constants.n_sites)

    @cached_property
    def cost_unit(self) -> IntArray:
        """``[link]`` which generation has its cost by itself: every retailer's, or every pair's."""
        return self.links[1] if self.shared_costs else np.arange(self.links[1].size)

    @cached_property
    def cost_retailer(self) -> IntArray:
        """``[unit]`` retailers of what has its cost by itself."""
        return np.arange(self.constants.n_retailers) if self.shared_costs else self.links[1]

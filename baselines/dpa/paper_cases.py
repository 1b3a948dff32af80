"""The cases of [DPA] Section V as problems: three modes of operation, and a day of public data.

The paper leaves units open, and they decide everything. A regime says what a unit of power and of cost is; what every
regime gives is compared in the experiments ``dpa_fig2`` and ``dpa_fig3``.
"""

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from voltran.baselines.dpa.problem import AllocationProblem
from voltran.envs.errors import ScenarioError
from voltran.physics.arrays import BoolArray, FloatArray
from voltran.physics.power import utilisation_power_kw
from voltran.physics.units import WATTS_PER_KILOWATT

RegimeName = Literal["A", "B", "C", "D"]
AccessName = Literal["full", "fig3"]

# [DPA] Section V-1: macro sites 1 and 3, micro sites 2 and 4; the first two subscribe to retailer 1 (wind), the others
# to retailer 2 (PV); sites 2 and 3 have a battery, of which 0.5 W are used.
FIXED_W = (1350.0, 144.6, 1350.0, 144.6)
HOME = (0, 0, 1, 1)
BATTERY_W = (0.0, 0.5, 0.5, 0.0)
COST_USD_PER_MWH = (60.0, 280.0)
FILE_MBIT, CAPACITY_MBPS = 4.0, 20.0

# [DPA] Section V-2: per provider a macro and a micro site with battery, and one of each without.
PUBLIC_FIXED_W = 2 * (1350.0, 144.6, 1350.0, 144.6)
PUBLIC_HOME = (0, 0, 0, 0, 1, 1, 1, 1)
PUBLIC_BATTERY_W = 2 * (2000.0, 2000.0, 0.0, 0.0)
PUBLIC_COST_USD_PER_MWH = (53.0, 113.0)
# Wind falls and PV grows over the case; reconstructed as straight lines over the day.
PUBLIC_GENERATION_W = ((4320.0, 1620.0), (1296.0, 2268.0))
# The paper shows London's load as a figure only. Reconstructed: a synthetic day, one point per hour from midnight.
PUBLIC_LOAD = (
    0.55, 0.40, 0.28, 0.20, 0.16, 0.15, 0.18, 0.27, 0.38, 0.46, 0.52, 0.57,
    0.60, 0.62, 0.63, 0.65, 0.68, 0.73, 0.80, 0.88, 0.95, 1.00, 0.90, 0.72,
)  # fmt: skip
PEAK_LOAD, MODERATE_LOAD = 0.6, 0.3
PEAK_SHARE, MODERATE_SHARE, LOW_SHARE = 1.0, 0.25, 0.5


class Mode(NamedTuple):
    """A mode of operation.

    Attributes:
        fixed_share: q of [DPA] Eq. 1.
        generation_w: of both retailers.
        highest_arrival_rate: of files per second, where the paper's figures end.
    """

    fixed_share: float
    generation_w: tuple[float, float]
    highest_arrival_rate: float


class Regime(NamedTuple):
    """What the printed numbers may count.

    Attributes:
        title: for tables.
        reference_kw: unit of power, p_0.
        linear, quadratic: the unit of cost over USD/MWh per that unit of power, with either cost model.
    """

    title: str
    reference_kw: float
    linear: float
    quadratic: float


MODES = {1: Mode(1.0, (1000.0, 2000.0), 5.0), 2: Mode(0.3, (600.0, 1400.0), 2.5), 3: Mode(0.1, (180.0, 387.0), 0.5)}
REGIMES: dict[RegimeName, Regime] = {
    "A": Regime("p in W, c = 60 and 280", 1e-3, 1e6, 1e9),
    "B": Regime("p in W, c = 0.06 and 0.28", 1e-3, 1e3, 1e6),
    "C": Regime("p in W, c = 6e-5 and 2.8e-4", 1e-3, 1.0, 1e3),
    "D": Regime("p in kW, c = 0.06 and 0.28", 1.0, 1.0, 1.0),
}
ACCESS: dict[AccessName, BoolArray] = {
    "full": np.ones((4, 2), dtype=np.bool_),
    # Retailer 1 does not serve site 3: what [DPA] Fig. 3 shows, and the text does not say.
    "fig3": np.array([[True, True], [True, True], [False, True], [True, True]]),
}


def utilisation_of(arrival_rate: float) -> float:
    """rho / C where files arrive at so many per second, on average. Source: [DPA] Eq. 1 and Section V-1.

    Args:
        arrival_rate: files per second at a site.

    Raises:
        ScenarioError: a rate beyond a site's capacity.
    """
    utilisation = arrival_rate * FILE_MBIT / CAPACITY_MBPS
    if not 0.0 <= utilisation <= 1.0:
        highest = CAPACITY_MBPS / FILE_MBIT
        raise ScenarioError(f"arrival_rate = {arrival_rate}: must be between 0 and {highest:g} files/s")
    return utilisation


def paper_demand_w(mode: int, arrival_rate: float | None = None, utilisation: FloatArray | None = None) -> FloatArray:
    """``[site]`` demands of the four sites, W. Source: [DPA] Eq. 1 and Section V-1.

    Args:
        mode: 1 to 3.
        arrival_rate: files per second at every site; where the paper's figure ends by default.
        utilisation: ``[site]`` that of each site, in the place of the one that the rate gives.

    Raises:
        ScenarioError: an unknown mode, or a rate beyond the sites' capacity.
    """
    case = _mode(mode)
    if utilisation is None:
        rate = case.highest_arrival_rate if arrival_rate is None else arrival_rate
        utilisation = np.array(utilisation_of(rate))
    return _demand_w(np.array(FIXED_W), utilisation, case.fixed_share)


def paper_problem(
    mode: int,
    *,
    quadratic: bool = False,
    arrival_rate: float | None = None,
    utilisation: FloatArray | None = None,
    regime: RegimeName = "D",
    access: AccessName = "full",
    battery_w: Sequence[float] = BATTERY_W,
    **others: Any,
) -> AllocationProblem:
    """One point of [DPA] Fig. 2 (linear costs) or 3 (quadratic); every site is served, unless told otherwise.

    Args:
        mode: 1 to 3.
        quadratic: whether costs are.
        arrival_rate, utilisation: see :func:`paper_demand_w`.
        regime: units.
        access: who may buy where.
        battery_w: ``[site]`` what batteries can give, which is at most the demand.
        **others: attributes of the problem.

    Raises:
        ScenarioError: an unknown mode, or a rate beyond the sites' capacity.
    """
    units = REGIMES[regime]
    scale = units.quadratic if quadratic else units.linear
    return AllocationProblem.from_watts(
        _mode(mode).generation_w,
        paper_demand_w(mode, arrival_rate, utilisation),
        scale * np.array(COST_USD_PER_MWH),
        HOME,
        battery_w,
        ACCESS[access],
        **{"quadratic": quadratic, "reference_kw": units.reference_kw, "value_of_lost_load": None} | others,
    )


def public_problem(hour: int, traditional: bool = False, **others: Any) -> AllocationProblem:
    """One hour of the case of [DPA] Figs. 5 and 6, reconstructed.

    Args:
        hour: 0 to 23.
        traditional: sites with battery use all that it can give, and take only the rest.
        **others: attributes of the problem.

    Raises:
        ScenarioError: no such hour.
    """
    if hour not in range(len(PUBLIC_LOAD)):
        raise ScenarioError(f"hour = {hour}: must be between 0 and {len(PUBLIC_LOAD) - 1}")
    return day_problem(PUBLIC_LOAD[hour], public_generation_w(hour), traditional, **others)


def public_generation_w(hour: int) -> FloatArray:
    """``[retailer]`` capacities of the reconstructed day, W: straight lines between the paper's two values.

    Args:
        hour: 0 to 23.
    """
    first, last = np.array(PUBLIC_GENERATION_W)
    return np.asarray(first + (last - first) * hour / (len(PUBLIC_LOAD) - 1))


def day_problem(
    load: float,
    generation_w: FloatArray,
    traditional: bool = False,
    battery_w: Sequence[float] = PUBLIC_BATTERY_W,
    fixed_share: float | None = None,
    home: Sequence[int] = PUBLIC_HOME,
    **others: Any,
) -> AllocationProblem:
    """The eight sites of [DPA] Fig. 6 under any load and generation.

    Args:
        load: rho / C of all sites, a share.
        generation_w: ``[retailer]`` capacities of wind and PV, W.
        traditional: sites with battery use all that it can give, and take only the rest.
        battery_w: ``[site]`` what batteries can give.
        fixed_share: q of [DPA] Eq. 1; by default that of the paper's mode for this load.
        home: ``[site]`` index of each site's home retailer.
        **others: attributes of the problem.
    """
    usual = PEAK_SHARE if load >= PEAK_LOAD else MODERATE_SHARE if load >= MODERATE_LOAD else LOW_SHARE
    share = usual if fixed_share is None else fixed_share
    demand_w = _demand_w(np.array(PUBLIC_FIXED_W), np.array(load), share)
    given_w = np.minimum(battery_w, demand_w)
    return AllocationProblem.from_watts(
        generation_w,
        demand_w - given_w if traditional else demand_w,
        PUBLIC_COST_USD_PER_MWH,
        home,
        0.0 if traditional else given_w,
        **{"quadratic": True, "value_of_lost_load": None} | others,
    )


def _demand_w(fixed_w: FloatArray, utilisation: FloatArray, fixed_share: float) -> FloatArray:
    demand_kw = utilisation_power_kw(fixed_w / WATTS_PER_KILOWATT, utilisation, np.array(fixed_share))
    return WATTS_PER_KILOWATT * demand_kw


def _mode(mode: int) -> Mode:
    if mode not in MODES:
        raise ScenarioError(f"mode = {mode}: must be one of {', '.join(map(str, MODES))}")
    return MODES[mode]

"""One reading of what [DPA] leaves open, and the paper's figures under it."""

from dataclasses import fields
from functools import partial
from typing import Any, Literal, NamedTuple

import numpy as np

from voltran.baselines.dpa import AllocationProblem
from voltran.baselines.dpa.paper_cases import (
    BATTERY_W,
    LOW_SHARE,
    MODERATE_LOAD,
    MODERATE_SHARE,
    MODES,
    PEAK_LOAD,
    PEAK_SHARE,
    PUBLIC_BATTERY_W,
    PUBLIC_HOME,
    PUBLIC_LOAD,
    REGIMES,
    AccessName,
    RegimeName,
    day_problem,
    paper_problem,
    public_generation_w,
)
from voltran.baselines.dpa.problem import PAPER_PRIORITY, PAPER_WEIGHT, CostScope, SatisfactionOf
from voltran.envs import domains
from voltran.envs.scenario import Section
from voltran.experiments.allocations.study_results import Curve
from voltran.experiments.allocations.study_run import solved_curve
from voltran.physics.arrays import FloatArray

HOURS = range(len(PUBLIC_LOAD))
NOON_SHIFT_H = 9


class Reading(Section):
    """What is assumed; the defaults are those of all other experiments.

    Attributes:
        regime: units.
        access: who may buy where, in the modes.
        surcharge: who pays more: "others", all but subscribers; "everybody", as o = 0.4 stands for all pairs; or
            "proof", cost times 1 - o as in the proof of Proposition 1, where subscribers pay nothing.
        priority: alpha.
        satisfaction_weight, cost_weight: eta_1 and eta_2.
        satisfaction, cost_scope, value_of_lost_load: as in :class:`voltran.baselines.dpa.AllocationProblem`.
        battery_w: of sites with one, in the modes.
        load: of the day.
        load_factor: on it.
        generation: of the day, between the two values that the paper gives.
        low_share, moderate_share: q at low and moderate load.
        day_battery_w: of sites with one, over the day.
        swapped: whether the first provider is at home with PV, over the day.
    """

    regime: RegimeName = "D"
    access: AccessName = "full"
    surcharge: Literal["others", "everybody", "proof"] = "others"
    priority: domains.Share = PAPER_PRIORITY
    satisfaction_weight: domains.PositiveWeight = PAPER_WEIGHT
    cost_weight: domains.Weight = PAPER_WEIGHT
    satisfaction: SatisfactionOf = "pair"
    cost_scope: CostScope = "pair"
    value_of_lost_load: domains.PositiveWeight | None = None
    battery_w: domains.PositivePowerW = max(BATTERY_W)
    load: Literal["reconstructed", "flat", "noon"] = "reconstructed"
    load_factor: domains.Share = 1.0
    generation: Literal["lines", "step", "mean"] = "lines"
    low_share: domains.Share = LOW_SHARE
    moderate_share: domains.Share = MODERATE_SHARE
    day_battery_w: domains.PositivePowerW = max(PUBLIC_BATTERY_W)
    swapped: bool = False


class FreeForSubscribers(AllocationProblem):
    """The problem with costs times 1 - o, the factor in the proof of Proposition 1 of [DPA]."""

    @property
    def cost_coefficient(self) -> FloatArray:
        """``[site, retailer]`` factor on power, or on its square; nothing for subscribers."""
        return np.asarray(self.cost_weight * self.unit_cost * np.where(self.subscriber, 0.0, 1.0 - self.priority))


class Figures(NamedTuple):
    """Figs. 2 to 4 as a curve per mode, and both schemes of Fig. 6."""

    linear: list[Curve]
    quadratic: list[Curve]
    day: list[Curve]


def figures(reading: Reading, points: int) -> Figures:
    """Solve all problems of the paper under one reading.

    Args:
        reading: what is assumed.
        points: arrival rates per mode.

    Raises:
        VoltranError: a problem has no solution under it.
    """
    return Figures(_modes(reading, False, points), _modes(reading, True, points), _day(reading))


def _modes(reading: Reading, quadratic: bool, points: int) -> list[Curve]:
    make = partial(paper_problem, quadratic=quadratic, regime=reading.regime, access=reading.access)
    battery_w = [reading.battery_w if has else 0.0 for has in BATTERY_W]
    curves = []
    for mode, case in MODES.items():
        rates = np.linspace(0.0, case.highest_arrival_rate, points).tolist()
        problems = [make(mode, arrival_rate=rate, battery_w=battery_w, **_attributes(reading)) for rate in rates]
        curves.append(solved_curve(reading.regime, mode, rates, [_priced(reading, problem) for problem in problems]))
    return curves


def _day(reading: Reading) -> list[Curve]:
    curves, loads = [], _loads(reading)
    battery_w = [reading.day_battery_w if has else 0.0 for has in PUBLIC_BATTERY_W]
    home = [1 - index for index in PUBLIC_HOME] if reading.swapped else PUBLIC_HOME
    units, attributes = REGIMES[reading.regime], _attributes(reading)
    # The unit of costs goes into their weight.
    attributes |= {"reference_kw": units.reference_kw, "cost_weight": units.quadratic * attributes["cost_weight"]}
    for scheme in ("proposed", "traditional"):
        problems = [
            day_problem(
                load,
                _generation_w(reading, hour),
                scheme == "traditional",
                battery_w,
                _fixed_share(reading, load),
                home,
                **attributes,
            )
            for hour, load in enumerate(loads)
        ]
        curves.append(solved_curve(scheme, 0, list(map(float, HOURS)), [_priced(reading, one) for one in problems]))
    return curves


def _attributes(reading: Reading) -> dict[str, Any]:
    everybody = reading.surcharge == "everybody"
    return {
        "priority": 1.0 if everybody else reading.priority,
        "cost_weight": reading.cost_weight * (2.0 - reading.priority if everybody else 1.0),
        "satisfaction_weight": reading.satisfaction_weight,
        "satisfaction": reading.satisfaction,
        "cost_scope": reading.cost_scope,
        "value_of_lost_load": reading.value_of_lost_load,
    }


def _priced(reading: Reading, problem: AllocationProblem) -> AllocationProblem:
    if reading.surcharge != "proof":
        return problem
    return FreeForSubscribers(**{one.name: getattr(problem, one.name) for one in fields(problem)})


def _loads(reading: Reading) -> list[float]:
    load = np.array(PUBLIC_LOAD)
    if reading.load == "flat":
        load = np.full_like(load, load.mean())
    elif reading.load == "noon":
        load = np.roll(load, -NOON_SHIFT_H)
    return [float(each) for each in reading.load_factor * load]


def _generation_w(reading: Reading, hour: int) -> FloatArray:
    last = len(PUBLIC_LOAD) - 1
    if reading.generation == "step":
        return public_generation_w(0 if hour <= last // 2 else last)
    if reading.generation == "mean":
        return np.asarray(0.5 * (public_generation_w(0) + public_generation_w(last)))
    return public_generation_w(hour)


def _fixed_share(reading: Reading, load: float) -> float:
    if load >= PEAK_LOAD:
        return PEAK_SHARE
    return reading.moderate_share if load >= MODERATE_LOAD else reading.low_share

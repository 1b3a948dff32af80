"""Files that arrive one by one in the place of their mean: how far allocation and satisfaction spread."""

from collections.abc import Sequence
from typing import Annotated, NamedTuple

import numpy as np
from pydantic import Field, NonNegativeInt, PositiveInt

from voltran.baselines.dpa import solve
from voltran.baselines.dpa.paper_cases import (
    CAPACITY_MBPS,
    FILE_MBIT,
    FIXED_W,
    MODES,
    RegimeName,
    paper_problem,
    utilisation_of,
)
from voltran.baselines.dpa.utility import worth
from voltran.envs import domains
from voltran.envs.file_arrivals import draw_utilisation
from voltran.envs.scenario import Section
from voltran.experiments.calculations.findings import Chart, Findings, Series, Table
from voltran.experiments.calculations.working import Working
from voltran.physics.arrays import FloatArray
from voltran.physics.file_arrivals import utilisation_spread
from voltran.physics.units import WATTS_PER_KILOWATT

# In mode 1 a site draws the same whatever its traffic.
DEPENDENT = tuple(mode for mode, case in MODES.items() if case.fixed_share < 1.0)
VALUE_OF_LOST_LOAD = 3.0
SLOTS_S = (10.0, 60.0, 900.0, 3600.0)
PERCENT = 100.0
# Less is rounding of the solver.
SHORT_W = 0.01


class ArrivalSpread(Section):
    """What to draw, and how often.

    Attributes:
        regime: units; see :mod:`voltran.baselines.dpa.paper_cases`.
        quadratic: whether costs are.
        of_highest: arrival rates, as shares of the highest of each mode.
        slots_s: for how long power is allocated at a time.
        draws: slots of each length.
        seed: of the draws.
    """

    regime: RegimeName = "D"
    quadratic: bool = True
    of_highest: Annotated[tuple[domains.Share, ...], Field(min_length=1)] = (0.5, 1.0)
    slots_s: Annotated[tuple[Annotated[float, domains.between(0.1, 1e5)], ...], Field(min_length=1)] = SLOTS_S
    draws: PositiveInt = 100
    seed: NonNegativeInt = 0


class Outcome(NamedTuple):
    """An allocation at one load: demand ``[site]``, W, satisfaction, USD/h, and what all sites lack, W."""

    demand_w: FloatArray
    satisfaction: float
    unserved_w: float


class Spread(NamedTuple):
    """One mode at one rate in slots of one length: at the mean load, and over draws."""

    mode: int
    rate: float
    slot_s: float
    utilisation: FloatArray
    mean: Outcome
    drawn: Sequence[Outcome]

    def satisfactions(self) -> FloatArray:
        """``[draw]`` USD/h."""
        return np.array([outcome.satisfaction for outcome in self.drawn])


def arrival_spread(options: ArrivalSpread, working: Working) -> Findings:
    """Allocate in many slots whose files arrive at random, beside one with their mean.

    Args:
        options: what to draw.
        working: where progress is said.
    """
    found = []
    for mode in DEPENDENT:
        for share in options.of_highest:
            rate = share * MODES[mode].highest_arrival_rate
            found += [_spread(options, mode, rate, slot_s) for slot_s in options.slots_s]
        working.say(f"mode {mode} solved")
    return Findings(charts=(_chart(found),), tables=(_table(found),), values=_values(found))


def _spread(options: ArrivalSpread, mode: int, rate: float, slot_s: float) -> Spread:
    mean = utilisation_of(rate)
    expected = np.full((options.draws, len(FIXED_W)), mean)
    drawn = draw_utilisation(expected, FILE_MBIT, CAPACITY_MBPS, slot_s, options.seed)
    outcomes = [_outcome(options, mode, row) for row in drawn]
    return Spread(mode, rate, slot_s, drawn, _outcome(options, mode, expected[0]), outcomes)


def _outcome(options: ArrivalSpread, mode: int, utilisation: FloatArray) -> Outcome:
    """Sites may go short: the paper's mode 3 has just enough for the mean."""
    problem = paper_problem(
        mode,
        quadratic=options.quadratic,
        utilisation=utilisation,
        regime=options.regime,
        value_of_lost_load=VALUE_OF_LOST_LOAD,
    )
    found = solve(problem)
    return Outcome(
        demand_w=WATTS_PER_KILOWATT * problem.demand_kw,
        satisfaction=float(worth(problem, found.power_kw).sum()),
        unserved_w=WATTS_PER_KILOWATT * float(found.unserved_kw.sum()),
    )


def _table(found: Sequence[Spread]) -> Table:
    rows = []
    for spread in found:
        mean = utilisation_of(spread.rate)
        demand_w = np.array([outcome.demand_w.sum() for outcome in spread.drawn])
        satisfied = spread.satisfactions()
        closed = float(utilisation_spread(np.array(mean), FILE_MBIT, CAPACITY_MBPS, spread.slot_s))
        rows.append(
            (
                str(spread.mode),
                f"{spread.rate:g}",
                f"{spread.slot_s:g}",
                f"{mean:.3f}",
                f"{spread.utilisation.mean():.3f} ± {spread.utilisation.std():.4f}",
                f"{closed:.4f}",
                f"{spread.mean.demand_w.sum():.1f}",
                f"{demand_w.mean():.1f} ± {demand_w.std():.1f}",
                f"{spread.mean.satisfaction:.4f}",
                f"{satisfied.mean():.4f} ± {satisfied.std():.4f}",
                f"{_short_percent(spread):.0f}",
            )
        )
    columns = (
        "Mode",
        "Files per s",
        "Slot (s)",
        "Mean utilisation",
        "drawn",
        "± in closed form",
        "Demand at the mean (W)",
        "drawn",
        "Satisfaction at the mean (USD/h)",
        "drawn",
        "Slots short (%)",
    )
    note = (
        "Four sites; ± is the standard deviation over slots. In closed form the variance of work that arrives is the "
        "mean utilisation times a file's time of transmission over the length of the slot; near full load files wait, "
        "and the spread is another."
    )
    return Table(title="By rate and slot", columns=columns, rows=tuple(rows), keys=3, note=note)


def _chart(found: Sequence[Spread]) -> Chart:
    """Spread of satisfaction over the length of a slot, as a share of the value at the mean load."""
    series = []
    for mode, rate in dict.fromkeys((spread.mode, spread.rate) for spread in found):
        own = [spread for spread in found if (spread.mode, spread.rate) == (mode, rate)]
        lengths = tuple(f"{spread.slot_s:g}" for spread in own)
        series.append(Series(name=f"mode {mode}, {rate:g} files/s", x=lengths, y=tuple(map(_spread_percent, own))))
    return Chart(
        name="satisfaction-spread",
        title="Spread of satisfaction where files arrive one by one",
        x_label="Length of a slot (s)",
        y_label="Standard deviation (% of the mean load's)",
        series=tuple(series),
        from_zero=True,
    )


def _values(found: Sequence[Spread]) -> dict[str, float | None]:
    """The widest spread of satisfaction in the shortest and the longest slots, and how often power lacks in mode 3."""
    lengths = [spread.slot_s for spread in found]
    values: dict[str, float | None] = {}
    for end, slot_s in (("shortest", min(lengths)), ("longest", max(lengths))):
        own = [spread for spread in found if spread.slot_s == slot_s]
        values[f"slot_{end}_s"] = slot_s
        values[f"spread_{end}_percent"] = max(_spread_percent(spread) for spread in own)
        values[f"short_{end}_percent"] = max(_short_percent(spread) for spread in own if spread.mode == DEPENDENT[-1])
    return values


def _spread_percent(spread: Spread) -> float:
    return PERCENT * float(spread.satisfactions().std()) / spread.mean.satisfaction


def _short_percent(spread: Spread) -> float:
    """Share of slots in which some site lacks power."""
    return PERCENT * float(np.mean([outcome.unserved_w > SHORT_W for outcome in spread.drawn]))

"""How SLMDB climbs over its steps, and TriMSM over its moves, as curves. Source: [FDRAN] Fig. 8."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from pydantic import Field

from voltran.baselines.trimsm.matching import Order, QualityRule
from voltran.baselines.trimsm.power_control import optimise_power, steps_until
from voltran.baselines.trimsm.uplink_matching import match
from voltran.baselines.trimsm.uplink_settings import InnerControl, TriMsmSettings
from voltran.envs.scenario import Section
from voltran.experiments.calculations.findings import Chart, Claim, Findings, Series, Table
from voltran.experiments.calculations.working import Working
from voltran.experiments.uplink.drops import first_moment
from voltran.physics.arrays import FloatArray

LOW, HIGH = 10.0, 90.0  # percentiles
PAPER_STEPS, PAPER_SWAPS = 20, 55
NAMES: dict[InnerControl, str] = {"direct": "original", "eipc": "EIPC", "fipc": "FiPC", "qopc": "QoPC"}
Seeds = Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)]


class Case(Section):
    """One line of the pictures.

    Attributes:
        overrides: dotted keys of the scenario.
        inner: power control under which moves are weighed.
    """

    overrides: dict[str, Any] = Field(default_factory=dict)
    inner: InnerControl = "eipc"


class ConvergenceOptions(Section):
    """What to compute.

    Attributes:
        scenario: whose moments are looked into.
        cases: name to network and power control.
        seeds: of the drops.
        order, qos: of TriMSM.
        most_steps, most_moves: how far the curves are drawn.
        every: of the drawn moves, how many lie between two points.
    """

    scenario: str = "uplink20-drop"
    cases: Annotated[dict[str, Case], Field(min_length=1)]
    seeds: Seeds = (1000, 1001)
    order: Order = "first"
    qos: QualityRule = "elastic"
    most_steps: Annotated[int, Field(ge=1, le=200)] = 40
    most_moves: Annotated[int, Field(ge=1, le=200)] = 80
    every: Annotated[int, Field(ge=1, le=20)] = 4


class Curves(NamedTuple):
    """What came of one case; a list per drop.

    Attributes:
        climbs: energy efficiency over the steps of SLMDB, over that of the direct method.
        steps_1e3, steps_1e4: until it changed by less than these shares.
        searches: energy efficiency over the moves of TriMSM, over that at their end.
    """

    climbs: list[FloatArray]
    steps_1e3: list[int]
    steps_1e4: list[int]
    searches: list[FloatArray]


def convergence(options: ConvergenceOptions, working: Working) -> Findings:
    """Curves of SLMDB and of TriMSM, as means over drops with their spread.

    Args:
        options: what to compute.
        working: where to keep what is finished.
    """
    found = {name: _curves(name, case, options, working) for name, case in options.cases.items()}
    return Findings(
        claims=_claims(options, found),
        charts=(
            _chart("slmdb", "SLMDB", "Outer step", found, lambda curves: curves.climbs, range(options.most_steps + 1)),
            _chart(
                "trimsm",
                "TriMSM",
                "Accepted moves",
                found,
                lambda curves: curves.searches,
                range(0, options.most_moves + 1, options.every),
            ),
        ),
        tables=(_table(found),),
        values={
            "steps_1e3": float(np.mean([np.mean(curves.steps_1e3) for curves in found.values()])),
            "most_moves": max(float(np.mean(_moves(curves))) for curves in found.values()),
            "least_moves": min(float(np.mean(_moves(curves))) for curves in found.values()),
        },
    )


def drop_curves(
    scenario: str, overrides: dict[str, Any], seed: int, inner: InnerControl, order: Order, qos: QualityRule
) -> dict[str, list[float]]:
    """One drop: energy efficiency in Mbit/J over moves and steps, and by the direct method.

    Args:
        scenario, overrides: of the network.
        seed: of the drop.
        inner: power control under which moves are weighed.
        order, qos: of TriMSM.
    """
    problem = first_moment(scenario, overrides, seed)
    report = match(problem, TriMsmSettings(inner=inner, order=order, qos=qos))
    slmdb = optimise_power(problem, report.association, "slmdb")
    direct = optimise_power(problem, report.association, "direct")
    return {
        "moves": list(report.values),
        "steps": slmdb.efficiencies.tolist(),
        "direct": direct.efficiencies[-1:].tolist(),
    }


def held(curves: Sequence[FloatArray], at: Sequence[int]) -> FloatArray:
    """Curves of different lengths at some steps, ``[curve, step]``; each keeps its last value."""
    return np.array([[curve[min(step, len(curve) - 1)] for step in at] for curve in curves])


def _curves(name: str, case: Case, options: ConvergenceOptions, working: Working) -> Curves:
    drops = []
    for seed in options.seeds:
        asked = (options.scenario, case.overrides, seed, case.inner, options.order, options.qos)
        drops.append(working.part(f"{name}, seed {seed}", partial(drop_curves, *asked), list(asked)))
    efficiencies = [np.array(drop["steps"]) for drop in drops]
    return Curves(
        climbs=[each / drop["direct"][0] for each, drop in zip(efficiencies, drops, strict=True)],
        steps_1e3=[steps_until(each, 1e-3) for each in efficiencies],
        steps_1e4=[steps_until(each, 1e-4) for each in efficiencies],
        searches=[np.array(drop["moves"]) / drop["moves"][-1] for drop in drops],
    )


def _moves(curves: Curves) -> list[int]:
    return [len(search) - 1 for search in curves.searches]


def _chart(
    file: str,
    title: str,
    x_label: str,
    found: dict[str, Curves],
    of: Callable[[Curves], list[FloatArray]],
    at: Sequence[int],
) -> Chart:
    series = []
    for name, curves in found.items():
        percent = 100.0 * held(of(curves), at)
        low, high = (tuple(np.percentile(percent, share, axis=0)) for share in (LOW, HIGH))
        mean = tuple(percent.mean(axis=0))
        series.append(Series(name=name, x=tuple(map(float, at)), y=mean, low=low, high=high))
    end = "of the direct method" if file == "slmdb" else "at the end"
    return Chart(
        name=file,
        title=f"Energy efficiency of {title}: mean and middle 80 % of the drops",
        x_label=x_label,
        y_label=f"Energy efficiency (% of that {end})",
        series=tuple(series),
    )


def _table(found: dict[str, Curves]) -> Table:
    rows = []
    for name, curves in found.items():
        cells: list[int | float | str] = [name, len(curves.climbs)]
        for counts in (curves.steps_1e3, curves.steps_1e4, _moves(curves)):
            low, high = np.percentile(counts, [LOW, HIGH])
            cells += [float(np.mean(counts)), f"{low:.0f} to {high:.0f}"]
        rows.append(tuple(cells))
    return Table(
        title="Steps and moves",
        columns=("Case", "Drops", "Steps to 1e-3", "middle 80 %", "to 1e-4", "middle 80 %", "Moves", "middle 80 %"),
        rows=tuple(rows),
    )


def _claims(options: ConvergenceOptions, found: dict[str, Curves]) -> tuple[Claim, ...]:
    steps = {name: float(np.mean(curves.steps_1e3)) for name, curves in found.items()}
    moves = {name: float(np.mean(_moves(curves))) for name, curves in found.items()}
    claims = [
        Claim.judged(
            "typically about 20 steps suffice to reach the point of 1e-3",
            f"about {PAPER_STEPS}",
            _said(steps),
            bool(np.median([*steps.values()]) <= 1.25 * PAPER_STEPS),
        ),
        Claim.judged(
            "at most 55 swaps on average in all cases",
            f"at most {PAPER_SWAPS}",
            _said(moves),
            max(moves.values()) <= PAPER_SWAPS,
        ),
    ]
    return (*claims, *_order_claims(options, steps, moves))


def _order_claims(options: ConvergenceOptions, steps: dict[str, float], moves: dict[str, float]) -> list[Claim]:
    """What the paper says of the power controls inside, where all four were played on the same network."""
    plain = next(iter(options.cases.values())).overrides
    named = {case.inner: name for name, case in options.cases.items() if case.overrides == plain}
    if named.keys() != NAMES.keys():
        return []
    fast: list[Literal["direct", "eipc"]] = ["direct", "eipc"]
    most_fast = max(moves[named[inner]] for inner in fast)
    by_steps = {NAMES[inner]: steps[name] for inner, name in named.items()}
    by_moves = {NAMES[inner]: moves[name] for inner, name in named.items()}
    return [
        Claim.judged(
            "the original converges in the fewest steps, FiPC in the most",
            "original, ..., FiPC",
            _said(by_steps),
            by_steps["original"] == min(by_steps.values()) and by_steps["FiPC"] == max(by_steps.values()),
        ),
        Claim.judged(
            "EIPC and the original need the fewest swaps, FiPC more and QoPC most",
            "original, EIPC < FiPC < QoPC",
            _said(by_moves),
            most_fast < by_moves["FiPC"] < by_moves["QoPC"],
        ),
    ]


def _said(values: dict[str, float]) -> str:
    return "; ".join(f"{name} {value:.0f}" for name, value in values.items())

"""Iterations and times of every method on the paper's own cases, beside what the paper reports of its method."""

import os
import time
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NamedTuple

from pydantic import Field, PositiveInt

from voltran.baselines.dpa import AllocationProblem, solve
from voltran.baselines.dpa.paper_cases import MODES, PUBLIC_LOAD, RegimeName, paper_problem, public_problem
from voltran.envs.scenario import Section
from voltran.evaluation.machine import processor
from voltran.experiments.calculations.findings import Cell, Chart, Claim, Findings, Series, Table
from voltran.experiments.calculations.working import Working

# [DPA] Section V-3
PAPER_ITERATIONS, PAPER_S = 3, 0.05
LANDMARKS = (3, 10, 30, 100, 300, 1000, 3000)
MS = 1e3
PRINTED = "dual gradient, best fixed step"
METHODS: dict[str, dict[str, Any]] = {
    "dual gradient": {"method": "dual_gradient"},
    "with momentum": {"method": "dual_gradient", "momentum": True},
    "Newton": {"method": "newton"},
    "interior point": {"method": "interior_point"},
}


class MethodTimes(Section):
    """What to solve, and how often.

    Attributes:
        regimes: units of the paper's three modes; see :mod:`voltran.baselines.dpa.paper_cases`.
        hours: of the reconstructed day.
        most_rounds: of the dual gradient.
        fixed_steps: one step for all prices, as the paper has it, USD/kWh per kW; the best one is shown.
        tolerance: largest residual and gap, the same for all methods.
        repeats: of which the median time is shown.
    """

    regimes: Annotated[tuple[RegimeName, ...], Field(min_length=1)] = ("A", "B", "C", "D")
    hours: Annotated[tuple[int, ...], Field(min_length=1)] = tuple(range(len(PUBLIC_LOAD)))
    most_rounds: PositiveInt = 3000
    fixed_steps: Annotated[tuple[float, ...], Field(min_length=1)] = (
        0.03,
        0.1,
        0.3,
        1.0,
        10.0,
        1e2,
        1e3,
        1e4,
        1e5,
        1e6,
        1e7,
        1e8,
    )
    tolerance: Annotated[float, Field(gt=0.0, lt=1.0)] = 1e-4
    repeats: PositiveInt = 5


class Run(NamedTuple):
    """How a method fared: whether it converged, after how many iterations and how much CPU time, s."""

    solved: bool
    iterations: int
    cpu_s: float


class Case(NamedTuple):
    """One problem: leading cells of its row, and the runs of all methods."""

    keys: tuple[str, ...]
    runs: Mapping[str, Run]


def method_times(options: MethodTimes, working: Working) -> Findings:
    """Count and time every method on the paper's modes in every regime, and on the reconstructed day.

    Args:
        options: what to solve.
        working: where progress is said.
    """
    load = _load_now()
    figures = [
        Case((regime, "quadratic" if quadratic else "linear", str(mode)), _runs(problem, options))
        for regime in options.regimes
        for quadratic in (False, True)
        for mode in MODES
        for problem in [paper_problem(mode, quadratic=quadratic, regime=regime)]
    ]
    working.say(f"{len(figures)} problems of Figs. 2 and 3 solved")
    day = [
        Case(
            ("traditional" if traditional else "proposed", f"{hour}"), _runs(public_problem(hour, traditional), options)
        )
        for traditional in (False, True)
        for hour in options.hours
    ]
    cases = [*figures, *day]
    return Findings(
        tables=(_figure_table(figures, options, load), _day_table(day)),
        charts=(_chart(cases, options),),
        claims=tuple(_claims(cases, day)),
        values=_values(cases),
    )


def _runs(problem: AllocationProblem, options: MethodTimes) -> dict[str, Run]:
    shared = {"tolerance": options.tolerance}
    rounds = shared | {"max_iterations": options.most_rounds}
    tried = [
        _run(problem, 1, method="dual_gradient", scaling="none", z1=step, z2=step, z3=step, z4=step, **rounds)
        for step in options.fixed_steps
    ]
    return {PRINTED: min(tried, key=lambda run: (not run.solved, run.iterations))} | {
        name: _run(problem, options.repeats, **how, **(rounds if how["method"] == "dual_gradient" else shared))
        for name, how in METHODS.items()
    }


def _run(problem: AllocationProblem, repeats: int, **how: Any) -> Run:
    seconds = []
    for _ in range(repeats):
        began = time.process_time()
        found = solve(problem, **how)
        seconds.append(time.process_time() - began)
    return Run(found.status == "optimal", found.iterations, sorted(seconds)[len(seconds) // 2])


def _figure_table(cases: Sequence[Case], options: MethodTimes, load: str) -> Table:
    steps = options.fixed_steps
    note = (
        f"Iterations, and median CPU time in ms in brackets, at the highest arrival rate; > is where a method had not "
        f"come to a residual and gap of {options.tolerance:g} within {options.most_rounds} rounds. The paper has "
        f"{PAPER_ITERATIONS} iterations in all modes. *{PRINTED}* is the paper's method as printed, with the best of "
        f"{len(steps)} steps from {min(steps):g} to {max(steps):g} USD/kWh per kW; in *dual gradient* steps are as "
        f"long as is known not to overshoot. One thread of {processor() or 'an unknown processor'}, {load}."
    )
    names = list(cases[0].runs)
    rows = tuple((*case.keys, *(_shown(case.runs[name]) for name in names)) for case in cases)
    columns = ("Regime", "Costs", "Mode", *names)
    return Table(title="Figs. 2 and 3: four sites", columns=columns, rows=rows, keys=3, note=note)


def _day_table(cases: Sequence[Case]) -> Table:
    """A row per scheme and method, over all hours."""
    rows: list[tuple[Cell, ...]] = []
    for scheme in dict.fromkeys(case.keys[0] for case in cases):
        for name in cases[0].runs:
            runs = [case.runs[name] for case in cases if case.keys[0] == scheme]
            counts = [run.iterations for run in runs if run.solved]
            span = f"{min(counts)} to {max(counts)}" if counts else None
            solved = f"{len(counts)} of {len(runs)}"
            rows.append((scheme, name, solved, span, MS * max(run.cpu_s for run in runs)))
    note = f"The paper says about {MS * PAPER_S:g} ms for both schemes, on a laptop of 2015."
    columns = ("Scheme", "Method", "Hours solved", "Iterations", "Longest CPU time (ms)")
    return Table(title="Fig. 6: eight sites, hour by hour", columns=columns, rows=tuple(rows), keys=2, note=note)


def _chart(cases: Sequence[Case], options: MethodTimes) -> Chart:
    landmarks = [count for count in LANDMARKS if count <= options.most_rounds]
    series = tuple(
        Series(
            name=name,
            x=tuple(str(count) for count in landmarks),
            y=tuple(_solved_within(cases, name, count) for count in landmarks),
        )
        for name in cases[0].runs
    )
    return Chart(
        name="solved-within",
        title="Problems of the paper that are solved within so many iterations",
        x_label="Iterations",
        y_label="Share of problems (%)",
        series=series,
        from_zero=True,
    )


def _solved_within(cases: Sequence[Case], name: str, count: int) -> float:
    solved = sum(case.runs[name].solved and case.runs[name].iterations <= count for case in cases)
    return 100.0 * solved / len(cases)


def _claims(cases: Sequence[Case], day: Sequence[Case]) -> list[Claim]:
    claims = []
    for name in cases[0].runs:
        within = sum(case.runs[name].solved and case.runs[name].iterations <= PAPER_ITERATIONS for case in cases)
        found, holds = f"{within} of {len(cases)} problems", within == len(cases)
        text = f"{name}: three iterations are enough"
        claims.append(Claim.judged(text, "Section V-3, three modes", found, holds))
    for name in cases[0].runs:
        runs = [case.runs[name] for case in day]
        within = sum(run.solved and run.cpu_s <= PAPER_S for run in runs)
        found, holds = f"{within} of {len(runs)} hours", within == len(runs)
        claims.append(Claim.judged(f"{name}: both schemes take about 0.05 s", "Section V-3", found, holds))
    return claims


def _values(cases: Sequence[Case]) -> dict[str, float | None]:
    values: dict[str, float | None] = {"cases": float(len(cases))}
    for key, name in zip(("fixed", "dual", "momentum", "newton", "interior"), cases[0].runs, strict=True):
        runs = [case.runs[name] for case in cases]
        solved = [run for run in runs if run.solved]
        values |= {
            f"solved_{key}": float(len(solved)),
            f"in_three_{key}": float(sum(run.iterations <= PAPER_ITERATIONS for run in solved)),
            f"most_{key}": float(max((run.iterations for run in solved), default=0)) if solved else None,
            f"slowest_{key}_ms": MS * max((run.cpu_s for run in solved), default=0.0) if solved else None,
        }
    return values


def _shown(run: Run) -> str:
    return f"{'' if run.solved else '>'}{run.iterations} ({MS * run.cpu_s:.3g})"


def _load_now() -> str:
    """The load of the machine, where its system tells."""
    if not hasattr(os, "getloadavg"):
        return "with an unknown load beside"
    return f"{os.cpu_count()} of them with a load average of {os.getloadavg()[0]:.1f} at the start"

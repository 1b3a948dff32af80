"""Carries out a study: solves its problems, looks for what the paper says, and writes the report."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import track

from voltran.baselines.dpa import Allocation, AllocationProblem, solve
from voltran.baselines.dpa.paper_cases import MODES, day_problem, paper_problem
from voltran.baselines.dpa.utility import site_utility
from voltran.envs.errors import MissingExtraError, VoltranError
from voltran.evaluation.evaluation import RESULTS_FILE
from voltran.evaluation.files import write_text
from voltran.evaluation.report import TABLE_FILE
from voltran.evaluation.versions import versions
from voltran.experiments.allocations.own_day import OwnDay, read_day
from voltran.experiments.allocations.paper_claims import findings
from voltran.experiments.allocations.study import Study
from voltran.experiments.allocations.study_plots import write_study_plots
from voltran.experiments.allocations.study_report import study_chapter
from voltran.experiments.allocations.study_results import Curve, StudyResults, study_text
from voltran.physics.arrays import FloatArray
from voltran.physics.units import WATTS_PER_KILOWATT

# Powers are published to a tenth of a milliwatt, and utilities to as many digits of USD/h.
DIGITS = 4
QUICK_POINTS = 3


def quick_study(study: Study) -> Study:
    """The study at few arrival rates."""
    return study.model_copy(update={"points": QUICK_POINTS})


def run_study(name: str, study: Study, out: Path, console: Console) -> Path:
    """Carry out a study and write ``results.json``, ``table.md`` and pictures; it takes seconds.

    Args:
        name: of the study.
        study: what to solve, and what to look for.
        out: folder to write to.
        console: where to show progress.

    Returns:
        The report.

    Raises:
        VoltranError: ``out`` cannot be written, or a problem was not solved.
    """
    total = 2 if study.over == "day" else len(study.regimes) * len(MODES)
    curves = list(track(_curves(study), description=name, total=total, console=console))
    results = StudyResults(versions=versions(), curves=curves, findings=findings(study.claims, curves))
    write_text(out / RESULTS_FILE, study_text(results))
    with suppress(MissingExtraError):
        write_study_plots(study, results, out)
    write_text(out / TABLE_FILE, study_chapter(study, results, out))
    return out / TABLE_FILE


def _curves(study: Study) -> Iterator[Curve]:
    if study.over == "day":
        yield from _day_curves(study.day or OwnDay())
        return
    for regime in study.regimes:
        for mode, case in MODES.items():
            rates = np.linspace(0.0, case.highest_arrival_rate, study.points).tolist()
            problems = [
                paper_problem(mode, quadratic=study.quadratic, arrival_rate=rate, regime=regime, access=study.access)
                for rate in rates
            ]
            yield solved_curve(regime, mode, rates, problems)


def _day_curves(own: OwnDay) -> Iterator[Curve]:
    day = read_day(own)
    for name in ("proposed", "traditional"):
        problems = [
            day_problem(float(load), generation_w, name == "traditional", value_of_lost_load=own.value_of_lost_load)
            for load, generation_w in zip(day.load, day.generation_w, strict=True)
        ]
        yield solved_curve(name, 0, day.at_h, problems)


def solved_curve(name: str, mode: int, at: list[float], problems: list[AllocationProblem]) -> Curve:
    """Solve problems over one axis.

    Args:
        name: regime or scheme.
        mode: of operation; 0 over a day.
        at: arrival rates, files per second, or hours.
        problems: one for each.

    Raises:
        VoltranError: a problem has no solution, or was not solved.
    """
    solved = [solve(problem) for problem in problems]
    if short := [place for place, found in zip(at, solved, strict=True) if found.status == "infeasible"]:
        raise VoltranError(
            f"hour {short[0]:g}, {name}: generation and batteries are too little for all sites; set "
            "day.value_of_lost_load (USD/kWh) to let sites go short, or give more generation"
        )
    if unsolved := [place for place, allocation in zip(at, solved, strict=True) if allocation.status != "optimal"]:
        raise VoltranError(f"mode {mode}, {name}: the problem at {unsolved[0]:g} was not solved; report this")
    return Curve(
        name=name,
        mode=mode,
        at=at,
        power_w=[_watts(allocation.power_kw) for allocation in solved],
        battery_w=[
            _watts(problem.demand_kw - allocation.power_kw.sum(axis=1) - allocation.unserved_kw)
            for problem, allocation in zip(problems, solved, strict=True)
        ],
        utility=[
            _rounded(site_utility(problem, allocation.power_kw) - _lost(problem, allocation))
            for problem, allocation in zip(problems, solved, strict=True)
        ],
        demand_w=[_watts(problem.demand_kw) for problem in problems],
        generation_w=[_watts(problem.generation_kw) for problem in problems],
        gap=[float(f"{allocation.gap:.1e}") for allocation in solved],
    )


def _lost(problem: AllocationProblem, allocation: Allocation) -> FloatArray:
    """``[site]`` value of what sites lack, USD/h, where they may."""
    if problem.value_of_lost_load is None:
        return np.zeros(problem.demand_kw.size)
    return np.asarray(problem.lost_load_price * allocation.unserved_kw)


def _watts(power_kw: FloatArray) -> Any:
    return _rounded(WATTS_PER_KILOWATT * power_kw)


def _rounded(values: FloatArray) -> Any:
    # Nothing is left of the sign of zero.
    return (np.round(values, DIGITS) + 0.0).tolist()

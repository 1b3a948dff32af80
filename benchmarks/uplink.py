"""TriMSM in the uplink: sweeps of candidates, whole runs, power control, and what the simple power controls lose."""

from collections.abc import Sequence
from functools import cache
from statistics import mean
from typing import Any, NamedTuple

import numpy as np

from benchmarks.measure import Aim, Section, Stopwatch, Timing, number, timed
from voltran.baselines.trimsm.matching import Report, apply_move
from voltran.baselines.trimsm.moves import Limits, legal_moves
from voltran.baselines.trimsm.peers import recp
from voltran.baselines.trimsm.power_control import optimise_power
from voltran.baselines.trimsm.uplink_evaluator import uplink_evaluator
from voltran.baselines.trimsm.uplink_matching import match
from voltran.baselines.trimsm.uplink_settings import TriMsmSettings
from voltran.envs.registry import make_world
from voltran.envs.uplink.problem import UplinkProblem, evaluate
from voltran.envs.uplink.world import UplinkWorld
from voltran.physics.uplink_control import eipc_power_mw

SCENARIO = "uplink20-drop"
# UEs, UBSs
SIZES = ((8, 20), (10, 20), (20, 20), (20, 40))
SEEDS = range(500, 524)
# What [FDRAN] Section VII-D prints for EIPC beside the original algorithm: times faster, loss of efficiency.
PAPER_SPEED_UP, PAPER_LOSS = 47.5, 0.0161


class Run(NamedTuple):
    """One run of TriMSM: its matching, its energy efficiency after the final power control, and UEs left short."""

    report: Report
    efficiency: float
    violations: int


def matching(quick: bool) -> Section:
    """Times of a sweep and of its candidates, of TriMSM + EIPC, and of the final power control."""
    seeds = SEEDS[: 1 if quick else len(SEEDS)]
    section = Section(
        "Uplink: TriMSM + EIPC",
        f"Drops of {SCENARIO} (seeds {seeds[0]} to {seeds[-1]}, K UEs and M UBSs, means over drops, CPU time). "
        "*Sweep* weighs all moves from RECP's association, listing them included; *recomputed* is the same candidates "
        "one by one through `evaluate`. *Run* is the whole algorithm: RECP, sweeps until no move is acceptable, and "
        "`direct` once.",
        ["K/M", "candidates", "sweep, ms", "recomputed : sweep", "run, ms", "moves", "with blocks, ms", "`direct`, ms"],
    )
    for n_ues, n_ubs in SIZES[: 1 if quick else len(SIZES)]:
        problems = [_problem(n_ues, n_ubs, seed) for seed in seeds]
        sweeps = [_sweep(problem) for problem in problems]
        count, sweep, again = (mean(values) for values in zip(*sweeps, strict=True))
        runs, watch = _timed_runs(problems, {})
        _, with_blocks = _timed_runs(problems, {"block_moves": "on"})
        direct = mean(_direct(problem, run).cpu_s for problem, run in zip(problems, runs, strict=True))
        run_s = watch.cpu_s / watch.calls
        figures = (1e3 * sweep, again / sweep, 1e3 * run_s, mean(run.report.moves for run in runs))
        others = (1e3 * with_blocks.cpu_s / with_blocks.calls, 1e3 * direct)
        section.rows.append([f"{n_ues}/{n_ubs}", f"{count:.0f}", *map(number, (*figures, *others))])
    size = f"K/M = {n_ues}/{n_ubs}"
    section.aims = [
        Aim(f"sweep of all moves, {size}", 1e3 * sweep, 25.0, "ms", True),
        Aim(f"TriMSM + EIPC, {size}, mean", run_s, 0.15, "s", True),
        Aim(f"`direct`, {size}", 1e3 * direct, 30.0, "ms", True),
    ]
    return section


def variants(quick: bool) -> Section:
    """The original algorithm beside those with simple power controls inside."""
    seeds = SEEDS[: 1 if quick else len(SEEDS)]
    section = Section(
        "Uplink: power control inside TriMSM",
        f"The same {len(seeds)} drops, K/M = 8/20, CPU time. The original algorithm has the optimal power control "
        "inside (`direct`, where the paper has SLMDB); *times faster* and *beside it* compare with it in the same "
        f"order of moves, of which *first* is the paper's. The paper has EIPC {PAPER_SPEED_UP} times faster at a loss "
        f"of {PAPER_LOSS:.2%}. Efficiency is that after the final power control; *short* counts UEs below their "
        "minimum rates in all drops.",
        ["order", "inside", "CPU, s", "times faster", "efficiency, Mbit/J", "beside it", "moves", "short"],
    )
    problems = [_problem(8, 20, seed) for seed in seeds]
    for order in ("first", "batch"):
        original, reference = _timed_runs(problems, {"inner": "direct", "order": order})
        best = _mean_efficiency(original)
        for inner in ("direct", "eipc", "qopc", "fipc"):
            runs, watch = original, reference
            if inner != "direct":
                runs, watch = _timed_runs(problems, {"inner": inner, "order": order})
            speed_up, gain = reference.cpu_s / watch.cpu_s, _mean_efficiency(runs) / best - 1.0
            figures = map(number, (watch.cpu_s / watch.calls, speed_up, _mean_efficiency(runs)))
            moves, short = mean(run.report.moves for run in runs), sum(run.violations for run in runs)
            section.rows.append([order, f"`{inner}`", *figures, f"{gain:+.2%}", number(moves), str(short)])
            if (order, inner) == ("first", "eipc"):
                section.aims = [
                    Aim("TriMSM + EIPC, times faster than the original", speed_up, PAPER_SPEED_UP, "x", False),
                    Aim("TriMSM + EIPC, efficiency lost by it", -100.0 * gain, 2.5, "%", True),
                ]
    return section


@cache
def _world(n_ues: int, n_ubs: int) -> UplinkWorld:
    world = make_world(SCENARIO, overrides={"ues.count": n_ues, "layout.n_ubs": n_ubs})
    assert isinstance(world, UplinkWorld)
    return world


def _problem(n_ues: int, n_ubs: int, seed: int) -> UplinkProblem:
    world = _world(n_ues, n_ubs)
    world.reset([seed])
    return world.problem(0)


def _sweep(problem: UplinkProblem) -> tuple[int, float, float]:
    """Number of moves from RECP's association; CPU time of weighing them together, and each by itself."""
    start, evaluator = recp(problem), uplink_evaluator(problem, "eipc")
    limits = Limits((1, problem.ubs_per_ue), (0, problem.ues_per_ubs), np.ones(problem.gain.shape, dtype=bool))
    evaluator.load(start)
    moves = legal_moves(start, limits)

    def recompute() -> None:
        for index in range(len(moves.client)):
            association = start.copy()
            apply_move(association, moves, index)
            power_mw = eipc_power_mw(problem.gain, np.asarray(association.any(axis=1)), problem.radio.power_max_mw)
            evaluate(problem, association, power_mw)

    together = timed(lambda: evaluator.evaluate(legal_moves(start, limits)), 3)
    return len(moves.client), together.cpu_s, timed(recompute, 1).cpu_s


def _timed_runs(problems: Sequence[UplinkProblem], changed: dict[str, Any]) -> tuple[list[Run], Stopwatch]:
    """A run on every problem; one of a tiny network before, which may compile kernels, is not counted."""
    settings = TriMsmSettings(**changed)
    _run(_problem(3, 6, SEEDS[0]), settings)
    watch, runs = Stopwatch(), []
    for problem in problems:
        with watch:
            runs.append(_run(problem, settings))
    return runs, watch


def _run(problem: UplinkProblem, settings: TriMsmSettings) -> Run:
    report = match(problem, settings)
    power_mw = optimise_power(problem, report.association, settings.final).power_mw
    outcome = evaluate(problem, report.association, power_mw)
    return Run(report, outcome.efficiency, outcome.violations)


def _mean_efficiency(runs: Sequence[Run]) -> float:
    return mean(run.efficiency for run in runs)


def _direct(problem: UplinkProblem, run: Run) -> Timing:
    return timed(lambda: optimise_power(problem, run.report.association, "direct"), 3)

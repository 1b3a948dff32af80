"""How near the world's dispatch comes to the optimum of [MSRC] Eq. 27, and what each costs to compute."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from benchmarks.measure import Section, Stopwatch, number
from voltran.baselines import make
from voltran.baselines.msrc.dispatch import (
    Dispatch,
    dispatch_program,
    exact_dispatch,
    world_dispatch,
)
from voltran.baselines.msrc.dispatch_program import AssociationRule
from voltran.envs.blackout.commands import SiteCommands
from voltran.envs.blackout.world import BlackoutWorld
from voltran.envs.registry import make_world

LOADS = ("medium", "heavy")
PROGRAMS: tuple[tuple[AssociationRule, int], ...] = (("fixed", 2), ("fixed", 6), ("split", 2), ("split", 6))
Case = tuple[BlackoutWorld, SiteCommands]


def dispatch(quick: bool) -> Section:
    """Utility, traffic, size and time of the world's dispatch and of the exact ones."""
    section = Section(
        "Dispatch",
        "Stage 2 of MSRC for 19 sites and 1000 users in the second plans of `rotating-sleep`: the world's own "
        "association and scheduler beside the linear program, its association fixed to the world's or free to split "
        "users, with 2 or 6 chords per user. Utility is the value of Eq. 27 as a share of the best "
        "found, mean and worst over the episodes; traffic is the share of the demand that is served.",
        ["load", "dispatch", "utility, mean", "worst", "traffic", "power, kW", "variables", "rows", "CPU, ms"],
    )
    for load in LOADS:
        cases = [_case(load, seed) for seed in range(2 if quick else 10)]
        found = {"world": _measured(world_dispatch, cases)}
        size = {"world": ["", ""]}
        for rule, segments in PROGRAMS:
            name = f"exact, {rule}, {segments} chords"
            found[name] = _measured(_exactly(rule, segments), cases)
            program = dispatch_program(*cases[0], 0, segments, rule).model
            size[name] = [f"{count:,}".replace(",", " ") for count in program.rows.shape[::-1]]
        best = np.max([[result.utility for result in results] for results, _ in found.values()], axis=0)
        for name, (results, watch) in found.items():
            section.rows.append([load, name, *_quality(results, best), *size[name], _time(watch)])
    return section


def _case(load: str, seed: int) -> Case:
    world, rule = make_world(f"urban19-{load}"), make("rotating-sleep")
    assert isinstance(world, BlackoutWorld)
    world.reset([seed])
    rule.reset(world)
    world.step(rule.act(world))
    return world, rule.act(world)["bs"]


def _exactly(rule: AssociationRule, segments: int) -> Callable[[BlackoutWorld, SiteCommands], Dispatch]:
    return lambda world, commands: exact_dispatch(world, commands, segments=segments, association=rule)


def _measured(
    solve: Callable[[BlackoutWorld, SiteCommands], Dispatch], cases: list[Case]
) -> tuple[list[Dispatch], Stopwatch]:
    """What a dispatch makes of each case, and its time; the first call, which may compile kernels, is not counted."""
    solve(*cases[0])
    watch, results = Stopwatch(), []
    for case in cases:
        with watch:
            results.append(solve(*case))
    return results, watch


def _quality(results: list[Dispatch], best: NDArray[np.float64]) -> list[str]:
    shares = np.array([result.utility for result in results]) / best
    traffic = np.mean([result.served_share for result in results])
    power_kw = np.mean([result.power_kw.sum() for result in results])
    return [f"{100 * shares.mean():.3f} %", f"{100 * shares.min():.3f} %", f"{100 * traffic:.1f} %", number(power_kw)]


def _time(watch: Stopwatch) -> str:
    return f"{number(1e3 * watch.cpu_s / watch.calls)} (wall {number(1e3 * watch.wall_s / watch.calls)})"

"""Plans of shared batteries: time, gaps and savings at 1200 sites, and what noise in the last digits changes."""

import os
import resource
import time
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from benchmarks.measure import Aim, Section, number
from voltran.baselines.collective.plan import Plan, plan_all
from voltran.baselines.collective.problem import SharingProblem
from voltran.baselines.collective.world_problems import day_problem
from voltran.envs.registry import make_world
from voltran.envs.sharing.world import SharingWorld

SCENARIO, SEED, DAY, JOBS = "sharing400", 500, 2, 2
GAP, NOISE = 1e-3, 1e-13
# On two cores, one plan of a day for all.
AIM_S = 60.0
SMALL_GAP = 1e-4
# Title of a program, what a problem has differently, and the gap.
VARIANTS: tuple[tuple[str, dict[str, Any], float], ...] = (
    ("as in sharing_v0", {}, GAP),
    ("no panels to sites", {"solar_direct": False, "solar_first": False}, GAP),
    ("one source of charging", {"single_source": True}, GAP),
    ("charge or serve", {"exclusive": True}, GAP),
    ("gap 1e-4", {}, SMALL_GAP),
)


class Planned(NamedTuple):
    """Plans of all infrastructures, and the time that they took together."""

    problems: list[SharingProblem]
    plans: list[Plan]
    wall_s: float
    cpu_s: float

    @property
    def cost_eur(self) -> float:
        """Of all."""
        return sum(plan.cost_eur for plan in self.plans)

    @property
    def alone_eur(self) -> float:
        """What the grid alone would cost."""
        return sum(float(problem.price_eur_per_kwh @ problem.total_kwh) for problem in self.problems)

    @property
    def gap_of_saving(self) -> float:
        """How much more could be saved at most, relative to what is saved."""
        return (self.cost_eur - sum(plan.bound_eur for plan in self.plans)) / (self.alone_eur - self.cost_eur)


def sharing_plans(quick: bool) -> Section:
    """One plan of a day for every infrastructure of a region."""
    count = 4 if quick else 400
    section = Section(
        "Sharing: one plan of a day",
        f"{count} infrastructures of three sites each, a quarter of them for variants ({SCENARIO}, seed {SEED}, day "
        f"{DAY}, 96 slots, all known), each a program by itself, until a gap of {GAP:g} of its cost, on {JOBS} "
        f"processes, whose start counts; {os.cpu_count()} processors. *Gap of saving* is what is left of the saving "
        "over the grid alone.",
        [
            "program", "programs", "wall, s", "CPU each, s", "slowest, s", "worst gap", "gap of saving", "saving",
            "optimal",
        ],
    )  # fmt: skip
    problems = _problems(count)
    for name, changes, gap in VARIANTS:
        some = problems if not section.rows else problems[: -(-count // 4)]
        found = _planned([replace(problem, **changes) for problem in some], gap)
        optimal = np.mean([plan.status == "optimal" for plan in found.plans])
        section.rows.append([
            name, str(len(some)), number(found.wall_s), number(found.cpu_s / len(some)),
            number(max(plan.wall_s for plan in found.plans)), f"{max(plan.gap for plan in found.plans):.1e}",
            f"{found.gap_of_saving:.1e}", f"{1.0 - found.cost_eur / found.alone_eur:.2%}", f"{optimal:.1%}",
        ])  # fmt: skip
        if not quick and len(section.rows) == 1:
            title = f"one plan of {count} infrastructures, CPU time of each of {JOBS} processes"
            section.aims.append(Aim(title, found.cpu_s / JOBS, AIM_S, "s", True))
    return section


def sharing_noise(quick: bool) -> Section:
    """The same plans with noise on all that is known."""
    count = 4 if quick else 50
    section = Section(
        "Sharing: noise in the last digits",
        f"The same programs of {count} infrastructures, with relative noise of {NOISE:g} on demands, prices and "
        "panels. Plans within the gap are as good as each other, and a solver may take another one. *Sources* are "
        "choices of a site in a slot, *charging* slots in which the grid charges more or less by 1 % of the limit.",
        ["gap", "sources that differ", "charging that differs", "cost changes by at most"],
    )
    problems, generator = _problems(count), np.random.default_rng(SEED)
    for gap in (GAP,) if quick else (GAP, SMALL_GAP):
        calm, noisy = (_planned(each, gap) for each in (problems, [_noisy(p, generator) for p in problems]))
        pairs = list(zip(calm.plans, noisy.plans, strict=True))
        sources = np.mean([one.battery_sites != other.battery_sites for one, other in pairs])
        apart = [np.abs(one.grid_charge_kwh - other.grid_charge_kwh) for one, other in pairs]
        charging = np.mean([each > 0.01 * problems[0].charge_limit_kwh for each in apart])
        change = max(abs(one.cost_eur - other.cost_eur) / one.cost_eur for one, other in pairs)
        section.rows.append([f"{gap:g}", f"{sources:.2%}", f"{charging:.2%}", f"{change:.1e}"])
    return section


def _problems(count: int) -> list[SharingProblem]:
    """A day in the middle of the week, which ends as full as it begins."""
    overrides = {"network.infrastructures": count, "time.horizon_h": 24.0 * (DAY + 1)}
    world = make_world(SCENARIO, 1, overrides)
    assert isinstance(world, SharingWorld)
    world.reset([SEED])
    return [day_problem(world, 0, index, DAY) for index in range(count)]


def _planned(problems: list[SharingProblem], gap: float) -> Planned:
    before, start = _children_s(), time.perf_counter()
    plans = plan_all(problems, JOBS, gap=gap)
    wall_s = time.perf_counter() - start
    return Planned(problems, plans, wall_s, _children_s() - before)


def _children_s() -> float:
    """CPU time of processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _noisy(problem: SharingProblem, generator: np.random.Generator) -> SharingProblem:
    changed: dict[str, Any] = {}
    for name in ("demand_kwh", "price_eur_per_kwh", "solar_kwh"):
        values = getattr(problem, name)
        changed[name] = values * (1.0 + NOISE * generator.uniform(-1.0, 1.0, values.shape))
    return replace(problem, **changed)

"""MSRC's Stage 1: what a forecast adds to the time of a decision."""

from statistics import median
from typing import Any

from benchmarks.measure import Aim, Section, Stopwatch, number
from voltran.baselines import make
from voltran.baselines.msrc.forecasts import forecast_of
from voltran.baselines.msrc.planner import Planner
from voltran.baselines.msrc.settings import PlannerSettings
from voltran.envs.blackout.world import BlackoutWorld
from voltran.envs.registry import make_world

FORECASTS = ("none", "expected", "perfect")
WORLDS: dict[str, dict[str, Any]] = {
    "demand stands still": {},
    "demand drawn anew in each period": {"traffic.redraw_period_s": 900.0},
}
SEED, DECISIONS = 500, 8
MOST_RATIO = 1.3


def forecasts(quick: bool) -> Section:
    """Decisions with each forecast, in the same moments of the same episodes."""
    section = Section(
        "Planning: forecasts",
        "Whole decisions of Stage 1 with the budget of `msrc` (300 evaluations at 19 live sites), and the forecast in "
        f"it, in {DECISIONS} decisions of an episode at medium load (seed {SEED}) that `rotating-sleep` plays. "
        "Where demand is drawn anew, user groups are formed in every decision, once more for expected demand.",
        ["world", "forecast", "decision, ms, median", "forecast, ms, median", "of a decision without one, median"],
    )
    for title, overrides in WORLDS.items():
        times = _decisions(overrides, 2 if quick else DECISIONS)
        for name, watches in times.items():
            decision, forecast = ([watch.cpu_s for watch in part] for part in watches)
            pairs = zip(decision, [watch.cpu_s for watch in times["none"][0]], strict=True)
            ratio = median(one / other for one, other in pairs)
            figures = [number(1e3 * median(decision)), number(1e3 * median(forecast)), number(ratio)]
            section.rows.append([title, name, *figures])
            if name == "expected":
                section.aims.append(
                    Aim(f"decision with expected traffic and vehicles, {title}", ratio, MOST_RATIO, "x", True)
                )
    return section


def _decisions(overrides: dict[str, Any], count: int) -> dict[str, tuple[list[Stopwatch], list[Stopwatch]]]:
    """Times of decisions, and of forecasts alone, by the forecast; without the first ones, which compile."""
    world = make_world("urban19-medium", overrides=overrides)
    assert isinstance(world, BlackoutWorld)
    world.reset([SEED])
    player = make("rotating-sleep")
    player.reset(world)
    planners = {name: Planner(world, 0, PlannerSettings(forecast=name)) for name in FORECASTS}
    times: dict[str, tuple[list[Stopwatch], list[Stopwatch]]] = {name: ([], []) for name in FORECASTS}
    for decision in range(count + 1):
        for name, planner in planners.items():
            whole, part, settings = Stopwatch(), Stopwatch(), planner.settings
            with part:
                forecast_of(settings)(world, 0, settings.horizon_h)
            with whole:
                planner.plan()
            if decision > 0:
                times[name][0].append(whole)
                times[name][1].append(part)
        world.step(player.act(world))
    return times

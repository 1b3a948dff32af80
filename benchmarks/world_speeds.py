"""Decisions per second of worlds, under random legal actions."""

from collections.abc import Sequence
from typing import Any

from benchmarks.measure import Section, Stopwatch, number
from voltran.baselines.rules import Random
from voltran.envs.registry import make_world

Case = tuple[str, int]  # scenario, worlds
RETAIL: tuple[Case, ...] = (
    ("urban19-medium", 32),
    ("urban19-brownout-medium", 32),
    ("market8", 32),
    ("market8", 1),
    ("market40", 32),
)
SHARING: tuple[Case, ...] = (("sharing12", 32), ("sharing12", 1), ("sharing12-rolling", 32), ("sharing400", 1))
DECISIONS = 48
COLUMNS = ["scenario", "worlds", "agents per world", "decisions/s"]
HOW = (
    "Agents' decisions of all roles per CPU second, under random legal actions; observations and masks are asked for "
    "at every decision, drawing the actions does not count."
)


def retail_worlds(quick: bool) -> Section:
    """The worlds with retailers, beside the outage without."""
    section = Section("Worlds with retailers", f"{HOW} `urban19-medium` is the outage without retailers.", COLUMNS)
    section.rows += _speeds(RETAIL[1:4] if quick else RETAIL, quick)
    return section


def sharing_worlds(quick: bool) -> Section:
    """Worlds of operators that share batteries."""
    section = Section("Sharing: decisions of agents", HOW, COLUMNS)
    section.rows += _speeds(SHARING[1:3] if quick else SHARING, quick)
    return section


def _speeds(cases: Sequence[Case], quick: bool) -> list[list[str]]:
    rows, decisions = [], 4 if quick else DECISIONS
    for scenario, n_worlds in cases:
        world, player = make_world(scenario, n_worlds, **_long(scenario)), Random()
        world.reset(list(range(n_worlds)))
        world.step(player.act(world))  # what is compiled or loaded is so now
        watch = Stopwatch()
        for _ in range(decisions):
            actions = player.act(world)
            with watch:
                world.step(actions)
                world.observations()
                world.action_masks()
        agents = sum(role.count for role in world.roles)
        speed = decisions * n_worlds * agents / watch.cpu_s
        rows.append([f"`{scenario}`", str(n_worlds), str(agents), number(speed)])
    return rows


def _long(scenario: str) -> dict[str, Any]:
    """Outages go on after they are lost, so that all worlds have the same number of decisions."""
    return {"overrides": {"survival.end": "horizon"}} if scenario.startswith("urban") else {}

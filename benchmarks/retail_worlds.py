"""Decisions per second of the worlds with retailers, beside the outage without."""

from benchmarks.measure import Section, Stopwatch, number
from voltran.baselines.rules import Random
from voltran.envs.registry import make_world

# scenario, worlds
CASES = (
    ("urban19-medium", 32),
    ("urban19-brownout-medium", 32),
    ("market8", 32),
    ("market8", 1),
    ("market40", 32),
)
DECISIONS = 48


def retail_worlds(quick: bool) -> Section:
    """Agents' decisions per CPU second under random legal actions."""
    section = Section(
        "Worlds with retailers",
        "Agents' decisions of all roles per CPU second, under random legal actions; observations and masks are asked "
        "for at every decision, drawing the actions does not count. `urban19-medium` is the outage without retailers.",
        ["scenario", "worlds", "agents per world", "decisions/s"],
    )
    for scenario, n_worlds in CASES[1:4] if quick else CASES:
        world, player = make_world(scenario, n_worlds, **_long(scenario)), Random()
        world.reset(list(range(n_worlds)))
        world.step(player.act(world))  # what is compiled or loaded is so now
        watch = Stopwatch()
        decisions = 4 if quick else DECISIONS
        for _ in range(decisions):
            actions = player.act(world)
            with watch:
                world.step(actions)
                world.observations()
                world.action_masks()
        agents = sum(role.count for role in world.roles)
        speed = decisions * n_worlds * agents / watch.cpu_s
        section.rows.append([f"`{scenario}`", str(n_worlds), str(agents), number(speed)])
    return section


def _long(scenario: str) -> dict[str, dict[str, str]]:
    """Outages go on after they are lost, so that all worlds have the same number of decisions."""
    return {} if scenario.startswith("market") else {"overrides": {"survival.end": "horizon"}}

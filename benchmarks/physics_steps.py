"""Physics steps, with the radio recomputed and not: one world and batches, and networks of several sizes."""

from benchmarks.measure import Aim, Section, Timing, number, timed
from voltran.baselines import make
from voltran.envs.blackout.commands import SiteCommands, mode_commands
from voltran.envs.blackout.constants import BlackoutConstants
from voltran.envs.blackout.power_imports import NoImports
from voltran.envs.blackout.simulation import Simulation
from voltran.envs.blackout.world import BlackoutWorld
from voltran.envs.registry import make_world

BATCHES = (1, 32)
PLANS = ("independent", "rotating-sleep")
SIZES = ("urban7-medium", "urban19-medium", "urban37-medium", "urban61-medium")
# Decision periods measured per episode: short enough that batteries last.
PERIODS = 6


def batch_sizes(quick: bool) -> Section:
    """Cost of a physics step at medium load with 19 sites."""
    section = Section(
        "Physics steps",
        "CPU time of one physics step of one world, urban19-medium, in the modes that the named controller chooses.",
        ["plan", "worlds", "fresh, µs", "cached, µs", "fresh : cached"],
    )
    for plan in PLANS:
        for n_worlds in BATCHES:
            fresh, cached = (_step_time("urban19-medium", plan, n_worlds, cache, quick) for cache in (False, True))
            ratio = number(fresh.cpu_s / cached.cpu_s)
            section.rows.append([plan, str(n_worlds), _us(fresh), _us(cached), ratio])
            if n_worlds == BATCHES[-1] and plan == PLANS[0]:
                section.aims.append(Aim("fresh physics step, 32 worlds", 1e6 * fresh.cpu_s, 400.0, "µs", True))
                section.aims.append(Aim("cached physics step, 32 worlds", 1e6 * cached.cpu_s, 15.0, "µs", True))
    return section


def network_sizes(quick: bool) -> Section:
    """Cost of a physics step per site in small and large networks of the same user density."""
    section = Section(
        "Cost per site",
        "The same per site, 8 worlds, `independent`; users grow with the sites. Flat is the aim.",
        ["scenario", "sites", "users", "fresh, µs per site", "cached, µs per site"],
    )
    fresh_of_size = {}
    for scenario in SIZES:
        constants, _ = _settled(scenario, "independent", 1)
        times = [_step_time(scenario, "independent", 8, cache, quick) for cache in (False, True)]
        fresh, cached = (time.per(constants.n_sites) for time in times)
        fresh_of_size[constants.n_sites] = fresh.cpu_s
        section.rows.append([scenario, str(constants.n_sites), str(constants.n_users), _us(fresh), _us(cached)])
    growth = fresh_of_size[61] / fresh_of_size[19]
    section.aims.append(Aim("fresh cost per site, 61 sites : 19 sites", growth, 1.25, "", True))
    return section


def _step_time(scenario: str, plan: str, n_worlds: int, cache: bool, quick: bool) -> Timing:
    constants, commands = _settled(scenario, plan, n_worlds)
    simulation = Simulation(constants, n_worlds, cache, trace_sites=False, imports=NoImports())
    simulation.load({index: simulation.draw(index) for index in range(n_worlds)})
    simulation.begin(range(n_worlds))
    simulation.run_period(commands)  # from here on the commands stay the same, so that nothing needs the radio anew
    steps = constants.steps_per_decision * n_worlds
    return timed(lambda: simulation.run_period(commands), 3 if quick else PERIODS).per(steps)


def _settled(scenario: str, plan: str, n_worlds: int) -> tuple[BlackoutConstants, SiteCommands]:
    """The scenario's constants, and the commands that a controller gives at the start, as they come into force."""
    world, controller = make_world(scenario, n_worlds), make(plan)
    assert isinstance(world, BlackoutWorld)
    world.reset(range(n_worlds))
    controller.reset(world)
    world.step(controller.act(world))
    return world.constants, mode_commands(world.constants, world.mode, command_set="free")


def _us(timing: Timing) -> str:
    return f"{number(1e6 * timing.cpu_s)} (wall {number(1e6 * timing.wall_s)})"

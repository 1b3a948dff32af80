"""How long each controller takes to decide for all sites at once."""

from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measure import Section, Stopwatch, number
from voltran.baselines import make, names
from voltran.envs.controller import Controller, world_options_of
from voltran.envs.registry import make_world
from voltran.train.ppo import Run
from voltran.train.run_config import read_run_config

SCENARIO = "urban19-medium"


def controllers(quick: bool) -> Section:
    """Mean time of `act` for one joint decision."""
    section = Section(
        "Controllers",
        f"Time of one joint decision of 19 sites ({SCENARIO}, one world). `ppo` is a network of the shipped size; how "
        "well it is trained does not matter here.",
        ["controller", "CPU, ms", "wall, ms"],
    )
    players: dict[str, Controller] = {name: make(name) for name in names("blackout_v0")}
    with TemporaryDirectory() as folder:
        players["ppo"] = Run(read_run_config("blackout_ppo", {"n_worlds": 1}), Path(folder)).policy()
    for name, controller in players.items():
        watch = _decide(controller, 2 if quick else 60)
        means = (1e3 * watch.cpu_s / watch.calls, 1e3 * watch.wall_s / watch.calls)
        section.rows.append([f"`{name}`", *(number(mean) for mean in means)])
    return section


def _decide(controller: Controller, decisions: int) -> Stopwatch:
    # A learned policy says which form of actions it needs.
    world = make_world(SCENARIO, **world_options_of(controller))
    world.reset([0])
    controller.reset(world)
    controller.act(world)
    watch = Stopwatch()
    for seed in range(1, decisions + 1):
        with watch:
            actions = controller.act(world)
        transition = world.step(actions)
        if transition.terminated[0] or transition.truncated[0]:
            world.reset([seed])
            controller.reset(world)
    return watch

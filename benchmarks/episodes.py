"""Whole episodes: resets, one episode from seed to metrics, evaluation."""

from benchmarks.measure import Aim, Section, number, timed
from voltran.baselines import make
from voltran.envs.registry import make_world
from voltran.evaluation.controller_spec import parse_controllers
from voltran.evaluation.evaluation import evaluate

SCENARIO = "urban19-medium"
SEEDS = range(20)


def episodes(quick: bool) -> Section:
    """What a user waits for who plays `independent` at medium load."""
    repeats = 5 if quick else 20
    world, controller = make_world(SCENARIO), make("independent")
    seeds = iter(range(10_000))

    def play() -> None:
        world.reset([next(seeds)])
        controller.reset(world)
        over = False
        while not over:
            transition = world.step(controller.act(world))
            over = bool(transition.terminated[0] or transition.truncated[0])
        world.kpis()

    build = timed(lambda: make_world(SCENARIO), repeats)
    reset = timed(lambda: world.reset([next(seeds)]), repeats)
    episode = timed(play, repeats)
    shown = SEEDS[: 4 if quick else len(SEEDS)]
    evaluation = timed(lambda: evaluate(SCENARIO, parse_controllers("independent"), shown), 1 if quick else 3)
    section = Section(
        "Episodes",
        f"{SCENARIO} under `independent`; the episode ends as the scenario says, the evaluation plays every episode to "
        "the horizon and builds a world for each.",
        ["figure", "CPU", "wall"],
    )
    section.rows = [
        ["building a world, ms", number(1e3 * build.cpu_s), number(1e3 * build.wall_s)],
        ["reset, ms", number(1e3 * reset.cpu_s), number(1e3 * reset.wall_s)],
        ["a whole episode with its reset and metrics, s", number(episode.cpu_s), number(episode.wall_s)],
        ["evaluation, episodes/s", *(number(rate) for rate in evaluation.rates(len(shown)))],
    ]
    section.aims = [Aim("whole episode of `independent`, medium load", episode.cpu_s, 0.1, "s", True)]
    return section

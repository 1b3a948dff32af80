"""A small evaluation while training runs, on episodes that neither training nor the published results ever use."""

import numpy as np

from voltran.envs.controller import Controller
from voltran.envs.seeds import TRAINING_SEEDS
from voltran.envs.world import World


def evaluate_held_out(controller: Controller, world: World) -> dict[str, float]:
    """Play one episode per world of the batch, on seeds above all training and evaluation seeds.

    Args:
        controller: who plays.
        world: the batch; its episodes are lost.

    Returns:
        Metric name -> mean over the episodes.
    """
    seeds = [TRAINING_SEEDS.stop + index for index in range(world.n_worlds)]
    world.reset(seeds)
    controller.reset(world)
    pending = np.ones(world.n_worlds, bool)
    finished: dict[str, list[float]] = {}
    while pending.any():
        transition = world.step(controller.act(world))
        over = transition.terminated | transition.truncated
        if not over.any():
            continue
        for name, values in world.kpis().items():
            finished.setdefault(name, []).extend(values[over & pending].tolist())
        pending &= ~over
        world.reset(seeds, over)  # worlds are stepped together, so those that are done play on, uncounted
    return {name: float(np.mean(values)) for name, values in finished.items()}

"""Episodes as replays show them, for the tests of all worlds."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from voltran.envs.replay.checked import CheckedReplay
from voltran.envs.replay.stage import Moment, Stage, Things
from voltran.envs.world import World

Actions = Mapping[str, Any]


def watched(world: Any, act: Callable[[], Actions], steps: int = 10_000, index: int = 0) -> tuple[Stage, list[Moment]]:
    """Stage and moments of one world of a batch that has been started; every moment is known to fit the stage."""
    replay = CheckedReplay(world, world.spec, index)
    moments = [replay.moment()]
    over = False
    while not over and len(moments) <= steps:
        actions = act()
        replay.ask(actions)
        transition = world.step(actions)
        moments.append(replay.moment(transition))
        over = bool((transition.terminated | transition.truncated)[index])
    return replay.stage, moments


def random_actions(world: World, generator: np.random.Generator) -> Actions:
    """Legal actions of all roles, each as likely as any other; of worlds whose codes are single numbers."""
    masks = world.action_masks()
    return {role: np.argmax(generator.random(mask.shape) * mask, axis=-1) for role, mask in masks.items()}


def quantity(moments: list[Moment], things: str, key: str) -> Any:
    """A quantity after each decision, ``[T, n]``."""
    return np.stack([moment.quantities[things][key] for moment in moments[1:]])


def strip(moments: list[Moment], key: str) -> Any:
    """A strip after each decision, ``[T]``."""
    return np.array([moment.strips[key] for moment in moments[1:]])


def things_of(stage: Stage, key: str) -> Things:
    """The things of a kind."""
    return next(things for things in stage.things if things.key == key)


def titles(stage: Stage, moment: Moment, key: str) -> list[str]:
    """States of things in words."""
    states = things_of(stage, key).states
    return [states[code].title for code in moment.states[key]]

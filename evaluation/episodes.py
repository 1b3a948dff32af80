"""One episode of one controller."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from voltran.envs.controller import Controller, counters_of, declarations_of, information_of, name_of
from voltran.envs.errors import VoltranError
from voltran.envs.world import World
from voltran.evaluation.bounds import bound_metrics
from voltran.evaluation.controller_spec import ControllerSpec
from voltran.evaluation.episode_key import EpisodeKey
from voltran.evaluation.setting import Setting

Trace = dict[str, NDArray[Any]]

_DECIDED: set[str] = set()  # controllers that have decided in this process


@dataclass(frozen=True)
class Task:
    """One episode to play.

    Attributes:
        setting: where.
        controller: by whom.
        seed: of the episode.
        with_trace: whether to keep its time series.
        key: what decides it, but for the seed; it is stored under that.
    """

    setting: Setting
    controller: ControllerSpec
    seed: int
    with_trace: bool
    key: EpisodeKey


class Episode(BaseModel):
    """What one episode gave.

    Attributes:
        seed: its seed.
        information, declarations: what the controller says of itself.
        kpis: metric name to value, ``None`` where the episode has none.
        decisions: decisions taken.
        wall_s: wall time of the whole episode.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    seed: int
    information: str
    declarations: dict[str, str]
    kpis: dict[str, float | None]
    decisions: int
    wall_s: float


@dataclass(frozen=True)
class Played:
    """A finished episode, with its time series where asked for."""

    task: Task
    episode: Episode
    trace: Trace | None


def play(task: Task) -> Played:
    """Play one episode from its seed to its end.

    Raises:
        VoltranError: a metric that is infinite, or a counter that takes a metric's name.
    """
    start = time.perf_counter()
    world, controller = _begin(task)
    decision_ms = _warm(task, _run(world, controller))
    kpis = {key: _number(key, value[0]) for key, value in world.kpis().items()}
    kpis["decision_ms"] = float(np.median(decision_ms))
    kpis["decision_p95_ms"] = float(np.percentile(decision_ms, 95))
    kpis |= _counted(controller, kpis)
    wall_s = time.perf_counter() - start
    kpis |= bound_metrics(task.setting.spec, world, task.key.situation, task.seed, kpis)
    episode = Episode(
        seed=task.seed,
        information=information_of(controller),
        declarations=declarations_of(controller),
        kpis=kpis,
        decisions=len(decision_ms),
        wall_s=wall_s,
    )
    return Played(task, episode, world.trace() if task.with_trace else None)


def _begin(task: Task) -> tuple[World, Controller]:
    controller = task.controller.builder()
    world = task.setting.build_world(controller)
    world.reset([task.seed])
    controller.reset(world)
    return world, controller


def _warm(task: Task, decision_ms: list[float]) -> list[float]:
    """The times of an episode; a controller's first episode in a process is timed again if it has one decision only.

    A controller's first decision may load or compile functions. Among many it does not change the median.
    """
    if len(decision_ms) > 1 or task.controller.label in _DECIDED:
        return decision_ms
    _DECIDED.add(task.controller.label)
    return _run(*_begin(task))


def _run(world: World, controller: Controller) -> list[float]:
    decision_ms = []
    over = False
    while not over:
        start = time.perf_counter()
        actions = controller.act(world)
        decision_ms.append(1000.0 * (time.perf_counter() - start))
        transition = world.step(actions)
        over = bool(transition.terminated[0] | transition.truncated[0])
    return decision_ms


def _counted(controller: Controller, kpis: Mapping[str, float | None]) -> dict[str, float | None]:
    """What a controller counted of its own work, if it counts; it may not speak for the world."""
    counters = counters_of(controller)
    if taken := sorted(counters.keys() & kpis.keys()):
        raise VoltranError(f"controller {name_of(controller)}: counter {taken[0]!r} is a metric already; rename it")
    return {key: _number(key, value) for key, value in counters.items()}


def _number(key: str, value: Any) -> float | None:
    """A metric's value; NaN says that the episode has none, such as the mean price where nothing was bought."""
    number = float(value)
    if math.isinf(number):
        raise VoltranError(f"metric {key} = {number}: is not finite; correct the scenario or the world that gives it")
    return None if math.isnan(number) else number

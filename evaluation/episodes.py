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
from voltran.evaluation.replay.recorder import Recorder
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
        with_recording: whether to record it, so that it can be watched.
    """

    setting: Setting
    controller: ControllerSpec
    seed: int
    with_trace: bool
    key: EpisodeKey
    with_recording: bool = False


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
    """A finished episode, with its time series and its recording where asked for."""

    task: Task
    episode: Episode
    trace: Trace | None
    recording: bytes | None = None


def play(task: Task) -> Played:
    """Play one episode from its seed to its end.

    Raises:
        VoltranError: a metric that is infinite, or a counter that takes a metric's name.
        PartError: it is to be recorded, and the world's replay fails.
    """
    start = time.perf_counter()
    world, controller = _begin(task)
    recorder = Recorder(task.setting.spec, world) if task.with_recording else None
    decision_ms = _warm(task, _run(world, controller, recorder))
    kpis = {key: _number(key, value[0]) for key, value in world.kpis().items()}
    kpis["decision_ms"] = float(np.median(decision_ms))
    kpis["decision_p95_ms"] = float(np.percentile(decision_ms, 95))
    kpis |= _counted(controller, kpis)
    wall_s = time.perf_counter() - start - (recorder.spent_s if recorder else 0.0)
    kpis |= bound_metrics(task.setting.spec, world, task.key.situation, task.seed, kpis)
    episode = Episode(
        seed=task.seed,
        information=information_of(controller),
        declarations=declarations_of(controller),
        kpis=kpis,
        decisions=len(decision_ms),
        wall_s=wall_s,
    )
    recording = recorder.content(kpis, **_said(task, episode)) if recorder else None
    return Played(task, episode, world.trace() if task.with_trace else None, recording)


def _said(task: Task, episode: Episode) -> dict[str, Any]:
    """What a recording says of an episode beside what is seen."""
    return {
        "label": task.controller.label,
        "information": episode.information,
        "world": task.setting.world,
        "scenario": task.setting.scenario,
        "seed": task.seed,
    }


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


def _run(world: World, controller: Controller, recorder: Recorder | None = None) -> list[float]:
    decision_ms = []
    over = False
    while not over:
        start = time.perf_counter()
        actions = controller.act(world)
        decision_ms.append(1000.0 * (time.perf_counter() - start))
        if recorder is not None:
            recorder.ask(actions)
        transition = world.step(actions)
        if recorder is not None:
            recorder.note(transition)
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

"""One episode of one controller, and the store that keeps finished ones."""

import hashlib
import io
import json
import math
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from voltran.envs.catalog import WORLDS
from voltran.envs.controller import Controller
from voltran.envs.errors import VoltranError
from voltran.envs.files import write_atomically
from voltran.envs.scenario import apply_overrides, read_scenario
from voltran.envs.world import World
from voltran.train.bounds import BOUND_MODULES, bound_metrics
from voltran.train.files import write_json
from voltran.train.references import ControllerSpec
from voltran.train.sources import source_digest

Trace = dict[str, NDArray[Any]]

_DECIDED: set[str] = set()  # controllers that have decided in this process


@dataclass(frozen=True)
class Setting:
    """The situation that all controllers are put into.

    Attributes:
        scenario: scenario name or path of a YAML file.
        overrides: dotted scenario keys and their values.
        options: options of the world's builder.
        build_world: ``make_world`` or a stand-in with the same signature; picklable.
    """

    scenario: str
    overrides: Mapping[str, Any]
    options: Mapping[str, Any]
    build_world: Callable[..., World]

    def world(self, controller: Controller) -> World:
        """Build a world with one episode; a learned policy says which form of actions it needs."""
        needed: Mapping[str, Any] = getattr(controller, "world_options", {})
        return self.build_world(self.scenario, 1, self.overrides, **{**needed, **self.options})

    @cached_property
    def content(self) -> dict[str, Any]:
        """Everything that sets this setting apart from others."""
        return {"scenario": apply_overrides(read_scenario(self.scenario), self.overrides), "options": self.options}

    @property
    def module(self) -> str:
        """Full name of the module that the world is written in; empty for a world that is not listed."""
        return WORLDS.get(str(self.content["scenario"].get("world")), "").partition(":")[0]


@dataclass(frozen=True)
class Task:
    """One episode to play."""

    setting: Setting
    controller: ControllerSpec
    seed: int
    with_trace: bool


class Episode(BaseModel):
    """What one episode gave.

    Attributes:
        seed: its seed.
        information, commands, price_policy: what the controller says of itself.
        kpis: metric name to value, ``None`` where the episode has none.
        decisions: decisions taken.
        wall_s: wall time of the whole episode.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    seed: int
    information: str
    commands: str
    price_policy: str
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
    """Play one episode from its seed to its end."""
    start = time.perf_counter()
    world, controller = _begin(task)
    decision_ms = _warm(task, _run(world, controller))
    kpis = {key: _finite(value[0]) for key, value in world.kpis().items()}
    kpis["decision_ms"] = float(np.median(decision_ms))
    kpis["decision_p95_ms"] = float(np.percentile(decision_ms, 95))
    kpis |= _counted(controller, kpis)
    wall_s = time.perf_counter() - start
    kpis |= bound_metrics(world, task.setting.content, task.seed, kpis)
    episode = Episode(
        seed=task.seed,
        information=controller.information,
        commands=controller.commands,
        price_policy=controller.price_policy,
        kpis=kpis,
        decisions=len(decision_ms),
        wall_s=wall_s,
    )
    return Played(task, episode, world.trace() if task.with_trace else None)


class EpisodeStore:
    """Finished episodes as small files, so that a killed run loses none.

    An episode's file is named by everything that decides it: scenario with overrides, seed, controller with options or
    policy digest, and the code that world, controller and bound import. Whatever changes, the file is simply not found
    and the episode is played.

    Args:
        folder: where the files lie; ``None`` keeps nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def load(self, task: Task) -> Episode | None:
        """A stored episode; ``None`` if there is none, or it is damaged, or its time series is missing."""
        if self.folder is None or (task.with_trace and not self._path(task, ".npz").exists()):
            return None
        try:
            return Episode.model_validate_json(self._path(task, ".json").read_bytes())
        except (OSError, ValidationError):
            return None

    def save(self, played: Played) -> None:
        """Store an episode, its time series first: an episode that is there is complete.

        Raises:
            VoltranError: the disk is full or the folder cannot be written.
        """
        if self.folder is None:
            return
        if played.trace is not None:
            stream = io.BytesIO()
            arrays: dict[str, Any] = dict(played.trace)
            np.savez_compressed(stream, **arrays)
            write_atomically(self._path(played.task, ".npz"), stream.getvalue())
        write_json(self._path(played.task, ".json"), played.episode.model_dump(mode="json"))

    def trace_path(self, task: Task) -> Path | None:
        """Where the time series of an episode lies, if it is kept."""
        return self._path(task, ".npz") if self.folder is not None and task.with_trace else None

    def _path(self, task: Task, suffix: str) -> Path:
        assert self.folder is not None
        module = task.setting.module
        content = task.setting.content | {
            "controller": task.controller.identity,
            "seed": task.seed,
            "code": source_digest(task.controller.modules | {module} | BOUND_MODULES.get(module, frozenset())),
        }
        digest = hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:16]
        name = re.sub(r"[^A-Za-z0-9.=-]+", "-", task.controller.label)
        return self.folder / f"{name}-{task.seed}-{digest}{suffix}"


def _begin(task: Task) -> tuple[World, Controller]:
    controller = task.controller.builder()
    world = task.setting.world(controller)
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
    counters: Mapping[str, float] = getattr(controller, "counters", dict)()
    if taken := sorted(counters.keys() & kpis.keys()):
        raise VoltranError(f"controller {controller.name}: counter {taken[0]!r} is a metric already; rename it")
    return {key: _finite(value) for key, value in counters.items()}


def _finite(value: Any) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None

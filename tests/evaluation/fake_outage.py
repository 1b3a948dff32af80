"""A fake outage with every metric of the real one, and controllers that succeed, fail or die on demand.

Worker processes import this module by name, so everything here can be pickled.
"""

import math
import os
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.envs.fake_world import FakeWorld
from voltran.envs.blackout.metric_table import METRICS
from voltran.envs.controller import Controller, Information
from voltran.envs.errors import ScenarioError
from voltran.envs.metric import SHARE
from voltran.envs.scenario import Scenario
from voltran.envs.world import World
from voltran.envs.world_spec import WorldSpec
from voltran.evaluation.controller_spec import ControllerSpec
from voltran.physics.arrays import BoolArray, FloatArray

KPI_KEYS = [metric.key for metric in METRICS]


class FakeOutage(FakeWorld):
    """The fake world, reporting all metrics of ``blackout_v0``; odd seeds have no value for ``ev_utilisation``."""

    action_set = "paper"

    def kpis(self, worlds: BoolArray | None = None) -> dict[str, FloatArray]:
        """Numbers that depend on the seed and on what was played."""
        noise = self._noise(self.roles[0]).mean(axis=1)
        played = self.drained_kwh.mean(axis=1)
        values = {key: 0.1 * index + noise + played for index, key in enumerate(KPI_KEYS)}
        shares = [metric.key for metric in METRICS if metric.bounds == SHARE]
        values |= {key: values[key] / (1.0 + values[key]) for key in shares}
        values["survival_h"] = 0.25 * self.decision + noise
        values["censored"] = (self.decision >= self.max_decisions).astype(float)
        values["ev_utilisation"] = np.where(self.seeds % 2, np.nan, noise)
        return {key: np.where(True if worlds is None else worlds, value, np.nan) for key, value in values.items()}

    def trace(self, world: int = 0) -> dict[str, NDArray[Any]]:
        """Time series with the keys of ``blackout_v0``."""
        soc = np.array(self.history) / 10.0
        shares = np.repeat(soc.mean(axis=1)[:, None], 4, axis=1)
        return {"time_h": np.arange(len(soc)) * 0.25, "soc": soc, "alive": soc > 0.0, "availability": shares}


class FakeController:
    """Every agent plays the same code until the battery cannot."""

    information: Information = "local"
    declarations: Mapping[str, str] = {"commands": "free", "price": "flat"}

    def __init__(self, name: str, code: int) -> None:
        self.name = name
        self.code = code

    def reset(self, world: World) -> None:
        """Remember nothing."""

    def act(self, world: World) -> dict[str, Any]:
        """The code where it is legal, otherwise nothing."""
        masks = world.action_masks()["bs"]
        return {"bs": np.where(masks[..., self.code], self.code, 0)}


class FailingController(FakeController):
    """Raises on one seed, or kills its process, once an episode is under way."""

    def __init__(self, name: str, seed: int, *, dies: bool = False) -> None:
        super().__init__(name, 0)
        self.seed = seed
        self.dies = dies

    def act(self, world: World) -> dict[str, Any]:
        """Fail on the chosen seed."""
        if isinstance(world, FakeOutage) and world.seeds[0] == self.seed:
            if self.dies:
                os._exit(3)
            raise ZeroDivisionError("no sites left")
        return super().act(world)


class PlanningController(FakeController):
    """Counts its decisions and says so under names of its choice."""

    def __init__(self, name: str, code: int, keys: tuple[str, ...]) -> None:
        super().__init__(name, code)
        self.keys = keys
        self.decisions = 0

    def reset(self, world: World) -> None:
        """Count from zero."""
        self.decisions = 0

    def act(self, world: World) -> dict[str, Any]:
        """Count, and play."""
        self.decisions += 1
        return super().act(world)

    def counters(self) -> dict[str, float]:
        """The first name has the count, the others have nothing to say."""
        return {key: self.decisions if key == self.keys[0] else math.nan for key in self.keys}


class CountingController(FakeController):
    """Notes every reset in a file, to count episodes across processes and runs."""

    def __init__(self, name: str, code: int, log: Path) -> None:
        super().__init__(name, code)
        self.log = log

    def act(self, world: World) -> dict[str, Any]:
        """Note the first decision of every episode."""
        if isinstance(world, FakeOutage) and world.decision[0] == 0:
            with self.log.open("a") as stream:
                stream.write(f"{self.name} {world.seeds[0]}\n")
        return super().act(world)


class SlowController(CountingController):
    """Takes its time for every decision."""

    def act(self, world: World) -> dict[str, Any]:
        """Wait, and play."""
        time.sleep(0.05)
        return super().act(world)


def slow() -> Controller:
    """A slow controller that notes nothing."""
    return SlowController("slow", 1, Path(os.devnull))


class FakeScenario(Scenario):
    """Scenario of the fake outage, which knows one override."""

    max_decisions: int = 12


def build_fake_outage(scenario: FakeScenario, n_worlds: int, action_set: str = "paper") -> FakeOutage:
    """The fake outage of a scenario, with an option that it only remembers."""
    world = FakeOutage(n_worlds, roles=("bs",), max_decisions=scenario.max_decisions)
    world.action_set = action_set
    world.scenario = scenario.model_copy(update={"description": "A [fake] outage."})
    return world


FAKE = WorldSpec(
    name="fake_v0",
    gymnasium_id="voltran/Fake-v0",
    summary="a fake outage",
    world=build_fake_outage,
    scenario=FakeScenario,
    default_scenario="fake.yaml",
    metrics=METRICS,
    training_metric="survival_h",
    pictures="voltran.evaluation.pictures.outage:pictures",
)


def make_fake_baseline(name: str, **options: Any) -> Controller:
    """Stand-in for ``voltran.baselines.make``: ``idle`` and ``busy``, with ``code`` as option."""
    codes = {"idle": 0, "busy": 2}
    if name not in codes:
        raise ScenarioError(f"unknown controller {name!r}; known: {', '.join(codes)}")
    if unknown := set(options) - {"code"}:
        raise ScenarioError(f"controller {name}: unknown option {sorted(unknown)[0]!r}; known: code")
    return FakeController(name, options.get("code", codes[name]))


def spec(label: str, builder: Callable[..., Controller], *args: Any, **kwargs: Any) -> ControllerSpec:
    """A controller for an evaluation."""
    shown = [str(value) for value in (*args, *kwargs.values())]
    return ControllerSpec(label, partial(builder, label, *args, **kwargs), {"name": label, "args": shown})


def idle_and_busy() -> list[ControllerSpec]:
    """Two controllers that differ."""
    return [spec("idle", FakeController, 0), spec("busy", FakeController, 2)]

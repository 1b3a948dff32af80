"""Records an episode while it plays, in the process that plays it."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import ceil
from typing import Any

import voltran
from voltran.envs.errors import PartError
from voltran.envs.replay.checked import CheckedReplay
from voltran.envs.replay.stage import Moment, Stage
from voltran.envs.world import Transition, World
from voltran.envs.world_spec import WorldSpec
from voltran.evaluation.metrics import TIMING_KEYS, in_order
from voltran.evaluation.replay.document import Kpi, Recording, recording_bytes

REMEDY = "correct it, or evaluate without a replay (--no-replay, replay_seed=None)"

# Numbers in a recording: four of them make a page below 5 MB.
MOST_NUMBERS = 1_200_000


class Recorder:
    """Looks at one world of its own and changes nothing in it.

    Args:
        spec: declaration of the world.
        world: a batch of one, at the start of its episode.

    Attributes:
        spent_s: wall time that recording took.

    Raises:
        PartError: the world's replay fails, or says what it must not.
    """

    def __init__(self, spec: WorldSpec, world: World) -> None:
        self.spent_s = 0.0
        with self._recording():
            self._replay = CheckedReplay(world, spec)
            self._moments: list[Moment] = [self._replay.moment()]
        self._every = _every(self._replay.stage, world.max_decisions)
        self._done = 0

    def ask(self, actions: Mapping[str, Any]) -> None:
        """Take note of what is asked for, right before the step."""
        with self._recording():
            self._replay.ask(actions)

    def note(self, transition: Transition) -> None:
        """Take note of how everything stands after the step, or after every few where there is much to show."""
        self._done += 1
        over = bool(transition.terminated[0] | transition.truncated[0])
        if over or self._done % self._every == 0:
            with self._recording():
                self._moments.append(self._replay.moment(transition))

    def content(self, metrics: Mapping[str, float | None], **said: Any) -> bytes:
        """The recording as a file.

        Args:
            metrics: key -> value, of the episode.
            said: what else a :class:`Recording` says of the episode.
        """
        kpis = _kpis(metrics, said["world"])
        return recording_bytes(
            Recording(
                version=voltran.__version__,
                stage=self._replay.stage,
                moments=self._moments,
                kpis=kpis,
                every=self._every,
                **said,
            )
        )

    @contextmanager
    def _recording(self) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        except PartError as error:
            raise PartError(f"{error}; {REMEDY}") from error
        finally:
            self.spent_s += time.perf_counter() - start


def _every(stage: Stage, decisions: int) -> int:
    """Decisions from one moment to the next, so that an episode of so many is not too large for a page."""
    of_a_moment = sum(len(things.xy_m) * (1 + len(things.quantities)) for things in stage.things)
    return max(ceil(of_a_moment * decisions / MOST_NUMBERS), 1)


def _kpis(metrics: Mapping[str, float | None], world: str) -> list[Kpi]:
    """What short tables show, or all where that is nothing; wall times differ from run to run, and stay out."""
    declared = [metric for metric in in_order(set(metrics), world) if metric.key not in TIMING_KEYS]
    chosen = [metric for metric in declared if metric.headline] or declared
    values = {key: value for key, value in metrics.items() if value is not None}
    return [
        Kpi(
            key=metric.key,
            title=metric.title,
            unit=metric.unit,
            value=values[metric.key] * metric.scale if metric.key in values else None,
            digits=metric.digits,
            better=metric.better,
        )
        for metric in chosen
    ]

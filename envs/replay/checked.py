"""A world's replay, held to its rules: whatever is wrong with it, a message says whose it is and what is wrong."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from voltran.envs.errors import ActionError, PartError, VoltranError
from voltran.envs.replay.base import replay_of
from voltran.envs.replay.rules import require_moment, require_stage
from voltran.envs.replay.stage import Moment, Stage
from voltran.envs.world import Transition, World
from voltran.envs.world_spec import WorldSpec


class CheckedReplay:
    """What there is to see of one world, once it is known to fit.

    Args:
        world: a batch.
        spec: its declaration.
        index: which of its worlds; it has been reset.

    Attributes:
        stage: everything that can be seen.

    Raises:
        PartError: the replay fails, or says what it must not; as in all methods.
    """

    def __init__(self, world: World, spec: WorldSpec, index: int = 0) -> None:
        self._whose = f"replay of {spec.name}"
        with self._named():
            self._replay = replay_of(world, spec, index)
            self.stage: Stage = self._replay.stage
            require_stage(self.stage, self._whose)

    def ask(self, actions: Mapping[str, Any]) -> None:
        """Take note of what is asked for, right before the step.

        Raises:
            ActionError: an action that the step would refuse, too.
        """
        with self._named():
            self._replay.ask(actions)

    def moment(self, transition: Transition | None = None) -> Moment:
        """How everything stands now; see :meth:`voltran.envs.replay.base.WorldReplay.moment`."""
        with self._named():
            moment = self._replay.moment(transition)
            require_moment(self.stage, moment, self._whose)
            return moment

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except (ActionError, PartError):
            raise
        except VoltranError as error:
            raise PartError(f"{self._whose}: {error}") from error
        except Exception as error:  # a world of the user's may raise anything
            raise PartError(f"{self._whose}: {type(error).__name__}: {error}") from error

"""The replay of a world that declares none: its agents, what they get, and the metrics that are known so far."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from voltran.envs.base import BatchedWorld
from voltran.envs.metric import NUMBER, Metric
from voltran.envs.replay.base import WorldReplay, places_m
from voltran.envs.replay.stage import Moment, Quantity, Stage, State, Things
from voltran.envs.world import Role, Transition
from voltran.physics.arrays import FloatArray

REWARD = Quantity("reward", "Reward", "", 3)
APART_M = 100.0
MOST_METRICS = 12  # where none is for short tables
STATE = State("Plays", "first", "circle")


class PlainReplay(WorldReplay):
    """What every world has; see :class:`~voltran.envs.replay.base.WorldReplay`.

    Agents stand on rings, role beside role. Actions are shown as they were given, and of metrics those of short tables.
    """

    def __init__(self, world: Any, index: int = 0) -> None:
        super().__init__(world, index)
        declared = [metric for metric in getattr(world.spec, "metrics", ()) if not metric.key.endswith(NUMBER)]
        headline = [metric for metric in declared if metric.headline]
        self._metrics: list[Metric] = headline or declared[:MOST_METRICS]

    @property
    def stage(self) -> Stage:
        """The agents of all roles, and a strip for each metric."""
        rewards = [Quantity(f"reward_{role.name}", f"Mean reward of {role.name}", "", 3) for role in self.world.roles]
        metrics = [Quantity(f"metric_{each.key}", each.title, each.unit, each.digits) for each in self._metrics]
        return Stage(things=self._agents(), links=(), strips=[*rewards, *metrics], measured=False)

    def moment(self, transition: Transition | None = None) -> Moment:
        """See :class:`~voltran.envs.replay.base.WorldReplay`."""
        world = self.world
        rewards = {role.name: self._rewards(role, transition) for role in world.roles}
        means = {f"reward_{name}": _mean(values) for name, values in rewards.items()}
        return Moment(
            time_h=self._hours(),
            states={role.name: np.zeros(role.count, dtype=np.int64) for role in world.roles},
            quantities={name: {"reward": values} for name, values in rewards.items()},
            texts={role.name: {"action": self._actions(role)} for role in world.roles},
            links={},
            strips={**means, **self._known()},
        )

    def ask(self, actions: Mapping[str, Any]) -> None:
        """Take note of the actions alone: nothing more is asked of the world than what all have."""
        self.asked = actions

    def _agents(self) -> list[Things]:
        things, right_m = [], 0.0
        for role in self.world.roles:
            xy_m = places_m(role.count, APART_M)
            xy_m[:, 0] += right_m - xy_m[:, 0].min()
            right_m = float(xy_m[:, 0].max()) + 2.0 * APART_M
            names, texts = role.agent_ids, {"action": "Action"}
            things.append(Things(role.name, role.name, xy_m, [STATE], names, None, [REWARD], texts))
        return things

    def _rewards(self, role: Role, transition: Transition | None) -> FloatArray:
        if transition is None:
            return np.full(role.count, np.nan)
        return np.asarray(transition.rewards[role.name][self.index], dtype=np.float64)

    def _actions(self, role: Role) -> list[str]:
        actions = self.asked.get(role.name)
        if not isinstance(actions, np.ndarray):  # nothing yet, or commands that only the world understands
            return [""] * role.count
        return [np.array2string(action, precision=3, separator=", ") for action in actions[self.index]]

    def _known(self) -> dict[str, float]:
        """Metrics of the episode so far, in shown units; none before the first step."""
        keys = [metric.key for metric in self._metrics]
        if self.world.decision[self.index] == 0:
            return dict.fromkeys((f"metric_{key}" for key in keys), np.nan)
        kpis = self.world.kpis(np.arange(self.world.n_worlds) == self.index)
        nothing = np.full(self.world.n_worlds, np.nan)
        return {
            f"metric_{each.key}": float(kpis.get(each.key, nothing)[self.index]) * each.scale for each in self._metrics
        }

    def _hours(self) -> float:
        """Time since the start; a world that has no times of its own counts its decisions."""
        done = int(self.world.decision[self.index])
        if not isinstance(self.world, BatchedWorld):
            return float(done)
        now_h, start_h = (self.world._time_h(self.world._rows(rows) + 1)[-1] for rows in (done, 0))
        return float(now_h - start_h)


def _mean(values: FloatArray) -> float:
    return float(values.mean()) if len(values) else np.nan

"""What happens besides learning: progress bar, records for TensorBoard, evaluations, checkpoints, entropy schedule."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import torch
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from stable_baselines3.common.callbacks import BaseCallback

from voltran.envs.errors import VoltranError
from voltran.envs.faces.vector import VectorFace
from voltran.envs.metric import Metric

SHOWN_EPISODES = 100  # episodes behind the mean in the bar


def progress_bar(is_shown: bool = True) -> Progress:
    """Bar with the fields that :class:`ProgressBar` fills in."""
    return Progress(
        TextColumn("[bold]{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.completed:,.0f} decisions"),
        TextColumn("{task.fields[speed]}/s"),
        TextColumn("{task.fields[metric]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        disable=not is_shown,
    )


class ProgressBar(BaseCallback):
    """Shows decisions, decisions per second and a metric, the mean of the last 100 episodes.

    Args:
        bar: a started :func:`progress_bar`.
        total_decisions: length of the run.
        metric: shown.
        title: what stands before the bar.
    """

    def __init__(self, bar: Progress, total_decisions: int, metric: Metric, title: str = "training") -> None:
        super().__init__()
        self._bar = bar
        self._total_decisions = total_decisions
        self._title = title
        self._task: TaskID | None = None
        self._values: deque[float] = deque(maxlen=SHOWN_EPISODES)
        self._metric = metric

    def _on_training_start(self) -> None:
        if self._task is None:  # a role that learns in turns starts often
            self._task = self._bar.add_task(
                self._title, total=self._total_decisions, completed=self.num_timesteps, speed="-", metric=""
            )
            self._first_decision = self.num_timesteps

    def _on_step(self) -> bool:
        assert self._task is not None
        self._values.extend(kpis[self._metric.key] for kpis in _finished(self.locals) if self._metric.key in kpis)
        elapsed_s = self._bar.tasks[self._task].elapsed or 0.0
        speed = (self.num_timesteps - self._first_decision) / elapsed_s if elapsed_s > 0.0 else 0.0
        mean = self._metric.number(float(np.mean(self._values))) if self._values else "-"
        text = f"{self._metric.title.lower()} {mean} {self._metric.unit}".rstrip()
        self._bar.update(self._task, completed=self.num_timesteps, speed=f"{speed:,.0f}", metric=text)
        return True


class KpiLogger(BaseCallback):
    """Records the mean KPIs of the episodes that ended during each rollout as ``kpi/<name>``."""

    def __init__(self) -> None:
        super().__init__()
        self._episodes: list[Mapping[str, float]] = []

    def _on_rollout_start(self) -> None:
        self._episodes = []

    def _on_step(self) -> bool:
        self._episodes += _finished(self.locals)
        return True

    def _on_rollout_end(self) -> None:
        for name in self._episodes[0] if self._episodes else ():
            self.logger.record(f"kpi/{name}", float(np.mean([kpis[name] for kpis in self._episodes])))
        self.logger.record("kpi/episodes", len(self._episodes))


class TransitionLogger(BaseCallback):
    """Records the means over each rollout of what the worlds report every decision as ``world/<name>``.

    Such are components of the reward, and the shares of repaired and projected actions.

    Args:
        faces: gives the batches being trained in; each counts as much as it has worlds.
    """

    def __init__(self, faces: Callable[[], Sequence[VectorFace]]) -> None:
        super().__init__()
        self._faces = faces
        self._sums: dict[str, float] = {}
        self._steps = 0

    def _on_rollout_start(self) -> None:
        self._sums, self._steps = {}, 0

    def _on_step(self) -> bool:
        faces = self._faces()
        n_worlds = sum(face.world.n_worlds for face in faces)
        self._steps += 1
        for face in faces:
            transition, share = face.last_transition, face.world.n_worlds / n_worlds
            infos = {**transition.episode_infos, **transition.agent_infos.get(face.role.name, {})}
            for name, values in infos.items():
                self._sums[name] = self._sums.get(name, 0.0) + share * float(np.mean(values))
        return True

    def _on_rollout_end(self) -> None:
        for name, total in self._sums.items():
            self.logger.record(f"world/{name}", total / self._steps)


class BeforeRollouts(BaseCallback):
    """Calls a function before every rollout.

    Args:
        action: what to call, with the number of decisions so far.
    """

    def __init__(self, action: Callable[[int], None]) -> None:
        super().__init__()
        self._action = action

    def _on_rollout_start(self) -> None:
        self._action(self.num_timesteps)

    def _on_step(self) -> bool:
        return True


class EntropySchedule(BaseCallback):
    """Moves the entropy coefficient linearly over the run.

    Args:
        start: coefficient at decision 0.
        end: coefficient at the last decision.
        total_decisions: length of the run.
    """

    def __init__(self, start: float, end: float, total_decisions: int) -> None:
        super().__init__()
        self._start = start
        self._end = end
        self._total_decisions = total_decisions

    def _on_rollout_start(self) -> None:
        done = min(self.num_timesteps / self._total_decisions, 1.0)
        self.model.ent_coef = self._start + (self._end - self._start) * done  # type: ignore[attr-defined]

    def _on_step(self) -> bool:
        return True


def require_finite(network: torch.nn.Module, decisions: int) -> None:
    """Raise unless all weights are finite.

    Raises:
        VoltranError: names the weights and the remedy.
    """
    for name, value in network.named_parameters():
        if not bool(torch.isfinite(value).all()):
            raise VoltranError(
                f"training diverged: {name} is not finite after {decisions:,} decisions; lower learning_rate or "
                "max_grad_norm and train again; the last checkpoint is from before"
            )


def _finished(variables: Mapping[str, object]) -> list[Mapping[str, float]]:
    """KPIs of the episodes that ended in the latest step."""
    dones, infos = np.asarray(variables["dones"]), variables["infos"]
    assert isinstance(infos, list | tuple)
    return [infos[row]["kpis"] for row in np.flatnonzero(dones) if "kpis" in infos[row]]

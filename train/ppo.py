"""Proximal policy optimisation with masked actions and one network for all agents of a role.

The worlds are stepped together in this process and give one row per agent, so that a rollout of 16 decisions of 32
worlds with 19 agents is 9728 rows for Stable-Baselines3. A run leaves in its folder::

    policy.safetensors   the policy after the latest checkpoint; plays anywhere, see voltran.agents.policy
    checkpoint.pt        what --resume needs, see voltran.train.checkpoints
    config.yaml          every setting of the run, those included that the configuration left to the world
    evaluations.csv      metrics on episodes that are never trained on
    tensorboard/         losses, returns, KPIs of training (kpi/) and evaluation (eval/), reports of the worlds (world/)

Where several roles learn, each has a folder of its own with its policy and its records. The roles take turns, one
rollout each, in the order of the world's roles. In the worlds of one role the others are played by samples from their
policies as they are when the rollout begins.
"""

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from voltran.envs.errors import MissingExtraError, ScenarioError

try:
    import torch
    from stable_baselines3.common.callbacks import BaseCallback
    from torch.distributions import Distribution
except ModuleNotFoundError as error:
    raise MissingExtraError(f"training needs the package {error.name}: pip install 'voltran[train]'") from error

from voltran.agents.policy import LearnedPolicy
from voltran.agents.roles import find_role
from voltran.envs.claims import claimed, is_occupied
from voltran.envs.file_names import file_name
from voltran.envs.files import write_atomically
from voltran.envs.scenario import require_unchanged
from voltran.envs.team import Team
from voltran.envs.world import World
from voltran.train.callbacks import ProgressBar, progress_bar
from voltran.train.checkpoints import read_checkpoint, restore_checkpoint, save_checkpoint
from voltran.train.league import PastPolicies
from voltran.train.learner import POLICY_FILE, Learner
from voltran.train.opponents import (
    SAMPLE_SEEDS,
    Opponents,
    OpponentSource,
    build_opponents,
    check_compatible,
    frozen,
    require_players,
)
from voltran.train.run_config import CHANGEABLE_ON_RESUME, RunConfig, read_run_config
from voltran.train.training_evaluation import EvaluationLog, evaluate_held_out, weighted_mean
from voltran.train.training_worlds import (
    build_worlds,
    completed,
    require_alike,
    spec_of,
    split,
    training_metric,
)

CHECKPOINT_FILE = "checkpoint.pt"
CONFIG_FILE = "config.yaml"
EVALUATIONS_FILE = "evaluations.csv"

__all__ = ["CHECKPOINT_FILE", "CONFIG_FILE", "EVALUATIONS_FILE", "POLICY_FILE", "Run", "train"]


def train(
    config: str | Path,
    overrides: Mapping[str, Any] | None = None,
    out: str | Path | None = None,
    resume: bool = False,
    *,
    shows_progress: bool = True,
) -> Path:
    """Train a policy, or one for each role that learns.

    Args:
        config: path of a training configuration, or the name of a shipped one.
        overrides: dotted keys of the configuration and their values.
        out: folder of the run; default ``runs/<stem of the configuration>``.
        resume: continue the run in that folder from its latest checkpoint.
        shows_progress: whether to draw a bar.

    Returns:
        The policy file; where several roles may learn, the folder in which each has its own.

    Raises:
        ScenarioError: unknown or ill-typed configuration, a folder in use, or a resumed run with other settings.
        FileFormatError: a checkpoint or policy file that is missing, corrupt, truncated or of another version.
        VoltranError: training diverged, or a file cannot be written.
    """
    settings = read_run_config(config, overrides or {})
    folder = run_folder(config, out)
    require_no_file(folder)
    with claimed(folder), _single_threaded_torch():
        if not resume:
            require_unused(folder)
        run = Run(settings, folder)
        if resume:
            run.restore()
        return run.learn(shows_progress=shows_progress)


def run_folder(config: str | Path, out: str | Path | None) -> Path:
    """Folder of a run: the one that was named, or ``runs/<stem of the configuration>``."""
    return Path(out) if out is not None else Path("runs") / file_name(Path(str(config)).stem)


class Run:
    """A run: its learners, the past policies, and its files.

    Args:
        settings: of the run, completed or not.
        folder: where the files go; nothing is written before :meth:`learn`.

    Raises:
        ScenarioError: an unknown role, one that nobody plays or that both learns and is played, one with continuous
            actions, an opponent that does not fit the worlds, or scenarios that are not alike.
    """

    def __init__(self, settings: RunConfig, folder: Path) -> None:
        self.settings = completed(settings)
        self.folder = folder
        self.spec = spec_of(self.settings)
        self.past = PastPolicies(self.settings.league)
        self._log = EvaluationLog(folder / EVALUATIONS_FILE)
        worlds = require_alike(self.settings)
        require_players(worlds[0], self.settings.learning_roles, self.settings.opponents)
        for world in worlds:
            check_compatible(world, build_opponents(self.settings.opponents))
        self.learners = self._build_learners(worlds)

    @property
    def decisions(self) -> int:
        """Decisions so far, of all roles that learn."""
        return sum(learner.model.num_timesteps for learner in self.learners.values())

    def restore(self) -> None:
        """Continue from the folder's checkpoint.

        Raises:
            FileFormatError: there is none, or it does not fit.
            ScenarioError: it is that of a run with other settings.
        """
        checkpoint = self.folder / CHECKPOINT_FILE
        stored, content = read_checkpoint(checkpoint)
        require_unchanged(stored, self.settings, CHANGEABLE_ON_RESUME, checkpoint)
        restore_checkpoint(checkpoint, content, self.learners, self.past)
        self._log.restore(self.decisions)

    def learn(self, *, shows_progress: bool = True) -> Path:
        """Train up to ``total_decisions`` and return the policy file, or the folder where roles have their own.

        The first checkpoint is written before anything else, so that a run can be continued whenever it is stopped.
        """
        if self.decisions == 0:
            self._save_checkpoint()
        content = self.settings.model_dump(mode="json")
        write_atomically(self.folder / CONFIG_FILE, yaml.safe_dump(content, sort_keys=False).encode())
        callbacks = {role: learner.callbacks() for role, learner in self.learners.items()}
        for learner in self.learners.values():
            learner.start_records()
        metric = training_metric(self.spec)
        with progress_bar(shows_progress) as bar:
            for role, learner in self.learners.items():
                title = "training" if self.settings.roles is None else role
                callbacks[role].append(ProgressBar(bar, learner.settings.total_decisions, metric, title))
            while self.decisions < self.settings.total_decisions:
                before = self.decisions
                self._play_round(callbacks)
                self._end_round(before)
        self._finish()
        return self.folder if self.settings.roles is not None else self.folder / POLICY_FILE

    def team(self) -> Team:
        """The policies as they are now, and the opponents, as one controller."""
        learned = {role: learner.policy() for role, learner in self.learners.items()}
        return Team({**learned, **build_opponents(self.settings.opponents)})

    def policy(self) -> LearnedPolicy:
        """The policy of the first role that learns, as it is now, as a controller."""
        return next(iter(self.learners.values())).policy()

    def _build_learners(self, worlds: list[World]) -> dict[str, Learner]:
        """In the order of the world's roles."""
        settings = self.settings
        roles = [role.name for role in worlds[0].roles if role.name in settings.learning_roles]
        rows = {role: _rollout_rows(settings.settings_of(role), worlds) for role in roles}
        rounds = math.ceil(settings.total_decisions / sum(rows.values()))
        decisions = {role: rounds * rows[role] for role in roles} if len(roles) > 1 else {}
        return {
            role: Learner(
                settings.settings_of(role).model_copy(
                    update={"total_decisions": decisions.get(role, settings.total_decisions)}
                ),
                self.folder if settings.roles is None else self.folder / file_name(role),
                self.spec,
                worlds,
                partial(self._opponents_of, role) if len(worlds[0].roles) > 1 else None,
            )
            for role in roles
        }

    def _opponents_of(self, role: str, batch: int) -> Opponents:
        """Who plays the other roles in a batch of worlds in which a role learns."""
        learning: dict[str, OpponentSource] = {
            other: partial(self._learning_opponent, other) for other in self.settings.learning_roles if other != role
        }
        controllers = build_opponents(self.settings.opponents)
        playing = {other: frozen(controller) for other, controller in controllers.items()}
        return Opponents({**learning, **playing}, self.settings.settings_of(role).seed, batch)

    def _learning_opponent(self, role: str, generator: np.random.Generator) -> LearnedPolicy:
        """A role that learns elsewhere, as it plays while another learns."""
        weights = self.past.draw(role, generator)
        seed = int(generator.integers(SAMPLE_SEEDS))
        return self.learners[role].policy(weights=weights, deterministic=False, seed=seed)

    def _play_round(self, callbacks: Mapping[str, list[BaseCallback]]) -> None:
        """One rollout of every role, and what is learnt from it."""
        stage = self.settings.stage_at(self.decisions)
        for role, learner in self.learners.items():
            learner.enter(stage)
            learner.learn_rollout(callbacks[role])

    def _end_round(self, before: int) -> None:
        """Do what is due after so many decisions.

        Args:
            before: decisions at the beginning of the round.
        """
        settings, now = self.settings, self.decisions
        if settings.league and now // settings.league.every > before // settings.league.every:
            for role, learner in self.learners.items():
                self.past.keep(role, learner.network.arrays())
        if now >= settings.total_decisions:
            return  # the end of the run does all the rest
        if now // settings.checkpoint_every > before // settings.checkpoint_every:
            self._save()
        if settings.evaluate_every and now // settings.evaluate_every > before // settings.evaluate_every:
            self._evaluate()

    def _finish(self) -> None:
        self._save()
        if self.settings.evaluate_every:
            self._evaluate()
        for learner in self.learners.values():
            learner.end_records()

    def _save(self) -> None:
        for learner in self.learners.values():
            learner.save()
        self._save_checkpoint()

    def _save_checkpoint(self) -> None:
        save_checkpoint(self.folder / CHECKPOINT_FILE, self.learners, self.past, self.settings)

    def _evaluate(self) -> None:
        """In the scenarios that the curriculum, where there is one, leads to."""
        last = len(self.settings.curriculum)
        scenarios, _ = self.settings.scenarios(last)
        worlds = build_worlds(self.settings, self.settings.evaluation_episodes, last)
        each = {
            scenario: evaluate_held_out(self.team(), world) for scenario, world in zip(scenarios, worlds, strict=True)
        }
        metrics = weighted_mean(each, scenarios)
        self._log.add(self.decisions, metrics)
        for learner in self.learners.values():
            learner.record_evaluation(metrics)


def _rollout_rows(settings: RunConfig, worlds: list[World]) -> int:
    """Rows of a role's first rollouts; the first of the worlds are those of the first stage's scenarios."""
    counts = split(settings.n_worlds, settings.scenarios(0)[0]).values()
    agents = (find_role(world, str(settings.role)).count for world in worlds)
    return settings.n_steps * sum(n_worlds * count for n_worlds, count in zip(counts, agents, strict=False))


def require_no_file(folder: Path) -> None:
    """Raise where a run cannot have its folder.

    Raises:
        ScenarioError: it is a file.
    """
    if folder.is_file():
        raise ScenarioError(f"out = {folder}: is a file; choose a folder with --out")


def require_unused(folder: Path) -> None:
    """Raise unless a run may begin in a folder.

    Raises:
        ScenarioError: it holds something.
    """
    if (folder / CONFIG_FILE).is_file() and not (folder / CHECKPOINT_FILE).is_file():
        raise ScenarioError(
            f"out = {folder}: holds a run that stopped before its first checkpoint, so there is nothing to continue; "
            "remove the folder, or choose another one with --out"
        )
    if folder.is_dir() and is_occupied(folder):
        raise ScenarioError(
            f"out = {folder}: already holds files; continue that run with --resume, or choose another folder with --out"
        )


@contextmanager
def _single_threaded_torch() -> Iterator[None]:
    """One thread and no validation of distributions: with small networks both cost far more than they give."""
    threads = torch.get_num_threads()
    validates = Distribution._validate_args
    torch.set_num_threads(1)
    Distribution.set_default_validate_args(False)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        Distribution.set_default_validate_args(validates)

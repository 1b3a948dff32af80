"""Runs in which several roles learn, each with its own policy, network and worlds.

The roles take turns, one rollout each, in the order of the world's roles. In the worlds of one role the others are
played by samples from their policies as they are when the rollout begins. A run leaves in its folder::

    ROLE/policy.safetensors   the role's policy after the latest checkpoint
    ROLE/tensorboard/         its losses, returns and KPIs; evaluations play the policies of all roles together
    checkpoint.pt             what --resume needs, for all roles
    config.yaml               every hyper-parameter of the run
"""

import math
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from stable_baselines3.common.callbacks import BaseCallback

from voltran.agents.policy import LearnedPolicy, find_role
from voltran.envs.files import write_atomically
from voltran.envs.team import Team
from voltran.envs.world import World
from voltran.train.callbacks import ProgressBar, progress_bar
from voltran.train.checkpoints import restore_joint_checkpoint, save_joint_checkpoint
from voltran.train.joint_config import JointConfig
from voltran.train.league import PastPolicies
from voltran.train.learner import CHECKPOINT_FILE, CONFIG_FILE, Learner, build_world, linear
from voltran.train.opponents import (
    SAMPLE_SEEDS,
    Opponents,
    OpponentSource,
    build_opponents,
    check_compatible,
    frozen,
    require_players,
)
from voltran.train.training_evaluation import evaluate_held_out


class JointRun:
    """A run in which several roles learn.

    Args:
        settings: every hyper-parameter.
        folder: where the files go; nothing is written before :meth:`learn`.

    Raises:
        ScenarioError: an unknown role, one that nobody plays or that both learns and is played, one with continuous
            actions, or an opponent that does not fit the worlds.
    """

    def __init__(self, settings: JointConfig, folder: Path) -> None:
        self.settings = settings
        self.folder = folder
        self.past = PastPolicies(settings.league)
        world = build_world(settings, 1)
        require_players(world, settings.roles, settings.opponents)
        check_compatible(world, build_opponents(settings.opponents))
        self._checkpoint = folder / CHECKPOINT_FILE
        rows = {role.name: self._rollout_rows(world, role.name) for role in world.roles if role.name in settings.roles}
        self.rounds = math.ceil(settings.total_decisions / sum(rows.values()))
        self.learners = {role: self._learner(role, self.rounds * count) for role, count in rows.items()}

    @property
    def decisions(self) -> int:
        """Decisions so far, of all roles that learn."""
        return sum(learner.model.num_timesteps for learner in self.learners.values())

    def restore(self, content: Mapping[str, Any]) -> None:
        """Continue from the content of the folder's checkpoint.

        Raises:
            FileFormatError: it does not fit.
        """
        restore_joint_checkpoint(self._checkpoint, content, self.learners, self.past)

    def learn(self, *, is_resumed: bool) -> Path:
        """Train up to ``total_decisions`` and return the run's folder."""
        content = self.settings.model_dump(mode="json", exclude={"role"})
        write_atomically(self.folder / CONFIG_FILE, yaml.safe_dump(content, sort_keys=False).encode())
        callbacks = {role: learner.callbacks() for role, learner in self.learners.items()}
        for learner in self.learners.values():
            learner.start_records()
        with progress_bar() as bar:
            for role, learner in self.learners.items():
                callbacks[role].append(ProgressBar(bar, learner.settings.total_decisions, title=role))
            while self.decisions < self.settings.total_decisions:
                before = self.decisions
                self._play_round(callbacks)
                self._end_round(before)
        self._finish()
        return self.folder

    def team(self) -> Team:
        """The policies as they are now, and the opponents, as one controller."""
        learned = {role: learner.policy() for role, learner in self.learners.items()}
        return Team({**learned, **build_opponents(self.settings.opponents)})

    def _rollout_rows(self, world: World, role: str) -> int:
        settings = self.settings.settings_of(role)
        return settings.n_worlds * settings.n_steps * find_role(world, role).count

    def _learner(self, role: str, total_decisions: int) -> Learner:
        settings = self.settings.settings_of(role).model_copy(update={"total_decisions": total_decisions})
        sources: dict[str, OpponentSource] = {
            other: partial(self._opponent, other) for other in self.settings.roles if other != role
        }
        controllers = build_opponents(self.settings.opponents)
        sources.update({other: frozen(controller) for other, controller in controllers.items()})
        learner = Learner(settings, self.folder / role, Opponents(sources, settings.seed) if sources else None)
        rate = linear(settings.learning_rate, settings.final_learning_rate)
        # what Stable-Baselines3 calls progress is that of the turn, which it takes for the whole run
        learner.model.lr_schedule = lambda _: rate(max(0.0, 1.0 - learner.model.num_timesteps / total_decisions))
        return learner

    def _opponent(self, role: str, generator: np.random.Generator) -> LearnedPolicy:
        """A role that learns elsewhere, as it plays while another learns."""
        weights = self.past.draw(role, generator)
        seed = int(generator.integers(SAMPLE_SEEDS))
        return self.learners[role].policy(weights=weights, deterministic=False, seed=seed)

    def _play_round(self, callbacks: Mapping[str, list[BaseCallback]]) -> None:
        """One rollout of every role, and what is learnt from it."""
        for role, learner in self.learners.items():
            learner.model.learn(1, callback=callbacks[role], reset_num_timesteps=False)
            learner.require_finite()

    def _end_round(self, before: int) -> None:
        """Do what is due after so many decisions.

        Args:
            before: decisions at the beginning of the round.
        """
        settings, now = self.settings, self.decisions
        if settings.league and now // settings.league.every > before // settings.league.every:
            for role, learner in self.learners.items():
                self.past.keep(role, learner.network.arrays())
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
        save_joint_checkpoint(self._checkpoint, self.learners, self.past, self.settings)

    def _evaluate(self) -> None:
        metrics = evaluate_held_out(self.team(), build_world(self.settings, self.settings.evaluation_episodes))
        for learner in self.learners.values():
            learner.record_evaluation(metrics)

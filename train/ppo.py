"""Proximal policy optimisation with masked actions and one network for all agents of a role.

The worlds are stepped together in this process and give one row per agent, so that a rollout of 32 decisions of 32
worlds with 19 sites is 19 456 rows for Stable-Baselines3. A run leaves in its folder::

    policy.safetensors   the policy after the latest checkpoint; plays anywhere, see voltran.agents.policy
    checkpoint.pt        what --resume needs, see voltran.train.checkpoints
    config.yaml          every hyper-parameter of the run
    tensorboard/         losses, returns, KPIs of training (kpi/) and evaluation (eval/), reward components (world/)

Where several roles learn, each has a folder of its own with its policy and its records, see voltran.train.joint.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from voltran.envs.errors import MissingExtraError, ScenarioError

try:
    import torch
    from sb3_contrib import MaskablePPO
    from stable_baselines3.common.callbacks import BaseCallback
    from torch.distributions import Distribution
except ModuleNotFoundError as error:
    raise MissingExtraError(f"training needs the package {error.name}: pip install 'voltran[train]'") from error

from voltran.agents.policy import LearnedPolicy
from voltran.envs.files import write_atomically
from voltran.envs.team import Team
from voltran.train.callbacks import DivergenceGuard, Every, ProgressBar, progress_bar
from voltran.train.checkpoints import read_checkpoint, restore_checkpoint, save_checkpoint
from voltran.train.joint import JointRun
from voltran.train.joint_config import JointConfig, read_run_config
from voltran.train.learner import CHECKPOINT_FILE, CONFIG_FILE, POLICY_FILE, Learner, build_world
from voltran.train.opponents import Opponents, build_opponents, check_compatible, frozen
from voltran.train.training_config import TrainingConfig, require_same_run
from voltran.train.training_evaluation import evaluate_held_out

__all__ = ["CHECKPOINT_FILE", "CONFIG_FILE", "POLICY_FILE", "Run", "train"]


def train(
    config: str | Path,
    overrides: Mapping[str, Any] | None = None,
    out: str | Path | None = None,
    resume: bool = False,
) -> Path:
    """Train a policy, or one for each role that learns.

    Args:
        config: path of a training configuration, or the name of a shipped one.
        overrides: dotted keys of the configuration and their values.
        out: folder of the run; default ``runs/<stem of the configuration>``.
        resume: continue the run in that folder from its latest checkpoint.

    Returns:
        The policy file; where several roles may learn, the folder in which each has its own.

    Raises:
        ScenarioError: unknown or ill-typed configuration, a folder in use, or a resumed run with other settings.
        FileFormatError: a checkpoint or policy file that is missing, corrupt, truncated or of another version.
        VoltranError: training diverged, or a file cannot be written.
    """
    settings = read_run_config(config, overrides or {})
    folder = Path(out) if out is not None else Path("runs") / Path(str(config)).stem
    checkpoint = folder / CHECKPOINT_FILE
    content: Mapping[str, Any] | None = None
    if resume:
        stored, content = read_checkpoint(checkpoint, type(settings))
        require_same_run(stored, settings, checkpoint)
    else:
        _require_unused(folder)
    with _single_threaded_torch():
        run = JointRun(settings, folder) if isinstance(settings, JointConfig) else Run(settings, folder)
        if content is not None:
            run.restore(content)
        return run.learn(is_resumed=resume)


class Run:
    """A run in which one role learns: worlds, learner and files.

    Args:
        settings: every hyper-parameter.
        folder: where the files go; nothing is written before :meth:`learn`.

    Raises:
        ScenarioError: a role that nobody plays, or an opponent that does not fit the worlds.
    """

    def __init__(self, settings: TrainingConfig, folder: Path) -> None:
        self.settings = settings
        self.folder = folder
        self._checkpoint = folder / CHECKPOINT_FILE
        controllers = build_opponents(settings.opponents)
        sources = {role: frozen(controller) for role, controller in controllers.items()}
        self.learner = Learner(settings, folder, Opponents(sources, settings.seed) if sources else None)
        if controllers:
            check_compatible(build_world(settings, 1), controllers)
        self.face = self.learner.face
        self.model: MaskablePPO = self.learner.model

    def restore(self, content: Mapping[str, Any]) -> None:
        """Continue from the content of the folder's checkpoint.

        Raises:
            FileFormatError: it does not fit.
        """
        restore_checkpoint(self._checkpoint, content, self.model, self.face)

    def learn(self, *, is_resumed: bool) -> Path:
        """Train up to ``total_decisions`` and return the policy file."""
        settings = self.settings
        write_atomically(
            self.folder / CONFIG_FILE, yaml.safe_dump(settings.model_dump(mode="json"), sort_keys=False).encode()
        )
        self.learner.start_records()
        remaining = settings.total_decisions - self.model.num_timesteps
        with progress_bar() as bar:
            if remaining > 0:
                callbacks = [*self._callbacks(), ProgressBar(bar, settings.total_decisions)]
                self.model.learn(remaining, callback=callbacks, reset_num_timesteps=not is_resumed)
        self._finish()
        return self.folder / POLICY_FILE

    def policy(self) -> LearnedPolicy:
        """The policy as it is now, as a controller."""
        return self.learner.policy()

    def _callbacks(self) -> list[BaseCallback]:
        settings = self.settings
        callbacks = [
            DivergenceGuard(),
            *self.learner.callbacks(),
            Every(settings.checkpoint_every, lambda _: self._save()),
        ]
        if settings.evaluate_every:
            callbacks.append(Every(settings.evaluate_every, lambda _: self._evaluate()))
        return callbacks

    def _finish(self) -> None:
        self.learner.require_finite()
        self._save()
        if self.settings.evaluate_every:
            self._evaluate()
        self.learner.end_records()

    def _save(self) -> None:
        self.learner.save()
        save_checkpoint(self._checkpoint, self.model, self.face, self.settings)

    def _evaluate(self) -> None:
        players = {self.settings.role: self.policy(), **build_opponents(self.settings.opponents)}
        world = build_world(self.settings, self.settings.evaluation_episodes)
        self.learner.record_evaluation(evaluate_held_out(Team(players), world))


def _require_unused(folder: Path) -> None:
    if folder.is_file():
        raise ScenarioError(f"out = {folder}: is a file; choose a folder with --out")
    if folder.is_dir() and any(folder.iterdir()):
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

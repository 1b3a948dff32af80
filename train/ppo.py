"""Proximal policy optimisation with masked actions and one network for all agents of a role.

The worlds are stepped together in this process and give one row per agent, so that a rollout of 32 decisions of 32
worlds with 19 sites is 19 456 rows for Stable-Baselines3. A run leaves in its folder::

    policy.safetensors   the policy after the latest checkpoint; plays anywhere, see voltran.agents.policy
    checkpoint.pt        what --resume needs, see voltran.train.checkpoints
    config.yaml          every hyper-parameter of the run
    tensorboard/         losses, returns, KPIs of training (kpi/) and evaluation (eval/), reward components (world/)
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from voltran.envs.errors import MissingExtraError, ScenarioError

try:
    import torch
    from sb3_contrib import MaskablePPO
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.logger import configure
    from torch.distributions import Distribution
except ModuleNotFoundError as error:
    raise MissingExtraError(f"training needs the package {error.name}: pip install 'voltran[train]'") from error

from voltran.agents.networks import SharedActorCritic
from voltran.agents.policy import LearnedPolicy, PolicyMetadata, action_sizes, find_role, read_policy, save_policy
from voltran.envs.catalog import make_world
from voltran.envs.faces.vector import VectorFace
from voltran.envs.files import write_atomically
from voltran.envs.world import World
from voltran.train.callbacks import (
    DivergenceGuard,
    EntropySchedule,
    Every,
    KpiLogger,
    ProgressBar,
    TransitionLogger,
    progress_bar,
    require_finite,
)
from voltran.train.checkpoints import read_checkpoint, restore_checkpoint, save_checkpoint
from voltran.train.held_out import evaluate_held_out
from voltran.train.training_config import TrainingConfig, read_training_config, require_same_run

POLICY_FILE = "policy.safetensors"
CHECKPOINT_FILE = "checkpoint.pt"
CONFIG_FILE = "config.yaml"


def train(
    config: str | Path,
    overrides: Mapping[str, Any] | None = None,
    out: str | Path | None = None,
    resume: bool = False,
) -> Path:
    """Train a policy.

    Args:
        config: path of a training configuration, or the name of a shipped one.
        overrides: dotted keys of the configuration and their values.
        out: folder of the run; default ``runs/<stem of the configuration>``.
        resume: continue the run in that folder from its latest checkpoint.

    Returns:
        The policy file.

    Raises:
        ScenarioError: unknown or ill-typed configuration, a folder in use, or a resumed run with other settings.
        FileFormatError: a checkpoint or policy file that is missing, corrupt, truncated or of another version.
        VoltranError: training diverged, or a file cannot be written.
    """
    settings = read_training_config(config, overrides or {})
    folder = Path(out) if out is not None else Path("runs") / Path(str(config)).stem
    checkpoint = folder / CHECKPOINT_FILE
    content: Mapping[str, Any] | None = None
    if resume:
        stored, content = read_checkpoint(checkpoint)
        require_same_run(stored, settings, checkpoint)
    else:
        _require_unused(folder)
    with _single_threaded_torch():
        run = Run(settings, folder)
        if content is not None:
            restore_checkpoint(checkpoint, content, run.model, run.face)
        return run.learn(is_resumed=resume)


class Run:
    """One training run: worlds, learner and files.

    Args:
        settings: every hyper-parameter.
        folder: where the files go; nothing is written before :meth:`learn`.
    """

    def __init__(self, settings: TrainingConfig, folder: Path) -> None:
        self.settings = settings
        self.folder = folder
        self.world = build_world(settings, settings.n_worlds)
        self.action_sizes = action_sizes(find_role(self.world, settings.role))
        self.face = VectorFace(self.world, settings.role, settings.seed)
        self.model = build_model(settings, self.face)

    def learn(self, *, is_resumed: bool) -> Path:
        """Train up to ``total_decisions`` and return the policy file."""
        settings = self.settings
        write_atomically(
            self.folder / CONFIG_FILE, yaml.safe_dump(settings.model_dump(mode="json"), sort_keys=False).encode()
        )
        self.model.set_logger(configure(str(self.folder / "tensorboard"), ["tensorboard"]))
        remaining = settings.total_decisions - self.model.num_timesteps
        with progress_bar() as bar:
            if remaining > 0:
                callbacks = [*self._callbacks(), ProgressBar(bar, settings.total_decisions)]
                self.model.learn(remaining, callback=callbacks, reset_num_timesteps=not is_resumed)
        self._finish()
        return self.folder / POLICY_FILE

    def policy(self) -> LearnedPolicy:
        """The policy as it is now, as a controller."""
        return LearnedPolicy(self._metadata(), self.network.arrays(), name="ppo")

    @property
    def network(self) -> SharedActorCritic:
        """The network being trained."""
        assert isinstance(self.model.policy, SharedActorCritic)
        return self.model.policy

    def _callbacks(self) -> list[BaseCallback]:
        settings = self.settings
        callbacks: list[BaseCallback] = [
            DivergenceGuard(),
            KpiLogger(),
            TransitionLogger(self.face),
            Every(settings.checkpoint_every, lambda _: self._save()),
        ]
        if settings.evaluate_every:
            callbacks.append(Every(settings.evaluate_every, lambda _: self._evaluate()))
        if settings.final_entropy_coefficient is not None:
            start, end = settings.entropy_coefficient, settings.final_entropy_coefficient
            callbacks.append(EntropySchedule(start, end, settings.total_decisions))
        return callbacks

    def _finish(self) -> None:
        require_finite(self.network, self.model.num_timesteps)
        self._save()
        if self.settings.evaluate_every:
            self._evaluate()
        self.model.logger.dump(self.model.num_timesteps)
        self.model.logger.close()

    def _save(self) -> None:
        save_policy(self.folder / POLICY_FILE, self.network.arrays(), self._metadata())
        save_checkpoint(self.folder / CHECKPOINT_FILE, self.model, self.face, self.settings)

    def _evaluate(self) -> None:
        world = build_world(self.settings, self.settings.evaluation_episodes)
        for name, value in evaluate_held_out(self.policy(), world).items():
            self.model.logger.record(f"eval/{name}", value)

    def _metadata(self) -> PolicyMetadata:
        return PolicyMetadata(
            world=self.world.name,
            role=self.settings.role,
            observation_version=str(getattr(self.world, "observation_version", "unversioned")),
            action_version=str(getattr(self.world, "action_version", "unversioned")),
            action_set=self.settings.action_set,
            action_form=self.settings.action_form,
            price_policy="dynamic" if self.settings.action_set else "none",
            action_sizes=self.action_sizes,
            network=self.network.description,
            deterministic=self.settings.deterministic,
            training={**self.settings.model_dump(mode="json"), "decisions": self.model.num_timesteps},
        )


def build_world(settings: TrainingConfig, n_worlds: int) -> World:
    """A batch of the worlds to learn in."""
    return make_world(
        settings.scenario,
        n_worlds,
        settings.scenario_overrides,
        action_form=settings.action_form,
        reward=settings.reward,
        **({"action_set": settings.action_set} if settings.action_set else {}),
        **settings.world_options,
    )


def build_model(settings: TrainingConfig, face: VectorFace) -> MaskablePPO:
    """The learner, with fresh weights or those of ``initial_policy``."""
    if settings.device == "cuda" and not torch.cuda.is_available():
        raise ScenarioError("device = 'cuda': PyTorch finds no CUDA device here; choose device=cpu or device=auto")
    model = MaskablePPO(
        SharedActorCritic,
        face,
        learning_rate=_linear(settings.learning_rate, settings.final_learning_rate),
        n_steps=settings.n_steps,
        batch_size=equal_batches(settings.n_steps * face.num_envs, settings.batch_size),
        n_epochs=settings.n_epochs,
        gamma=settings.gamma,
        gae_lambda=settings.gae_lambda,
        clip_range=settings.clip,
        ent_coef=settings.entropy_coefficient,
        vf_coef=settings.value_coefficient,
        max_grad_norm=settings.max_grad_norm,
        target_kl=settings.target_kl,
        policy_kwargs={
            "actor_widths": settings.actor_widths,
            "critic_widths": settings.critic_widths,
            "activation": settings.activation,
            "initial_bias": settings.initial_bias,
        },
        seed=settings.seed,
        device=settings.device,
    )
    if settings.initial_policy is not None:
        _, arrays = read_policy(settings.initial_policy)
        assert isinstance(model.policy, SharedActorCritic)
        model.policy.load_arrays(arrays)
    return model


def equal_batches(rollout_rows: int, batch_size: int) -> int:
    """Batch size nearest to the wanted one, or above it, that divides the rollout into equal batches."""
    count = max(1, round(rollout_rows / batch_size))
    while rollout_rows % count:
        count -= 1
    return rollout_rows // count


def _linear(start: float, end: float | None) -> Callable[[float], float]:
    final = start if end is None else end
    return lambda remaining: final + (start - final) * remaining


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

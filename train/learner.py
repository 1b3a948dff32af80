"""One role that learns: its worlds, its network, and the policy files that come of them."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from sb3_contrib import MaskablePPO
from sb3_contrib.common.maskable.buffers import MaskableRolloutBuffer
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import configure

from voltran.agents.networks import SharedActorCritic
from voltran.agents.policy import (
    LearnedPolicy,
    PolicyMetadata,
    check_fits,
    read_policy,
    role_versions,
    save_policy,
)
from voltran.agents.roles import action_sizes, find_role
from voltran.envs.controller import information_from
from voltran.envs.errors import ScenarioError
from voltran.envs.seeds import short_seed
from voltran.envs.world import World
from voltran.envs.world_spec import WorldSpec
from voltran.train.callbacks import BeforeRollouts, EntropySchedule, KpiLogger, TransitionLogger, require_finite
from voltran.train.mixed_face import Face, parts_of
from voltran.train.opponents import Opponents
from voltran.train.run_config import RunConfig
from voltran.train.training_worlds import build_face, needed_options

POLICY_FILE = "policy.safetensors"
LOG_FOLDER = "tensorboard"


class Learner:
    """Worlds, network and optimiser of one role.

    Args:
        settings: of the role, completed.
        folder: for the policy and the records for TensorBoard; nothing is written before it is asked for.
        spec: declaration of the worlds.
        worlds: one of each scenario that the role learns in.
        opponents: makes who plays the worlds' other roles in the batch of a scenario, given its number; None where
            there are none.

    Raises:
        ScenarioError: a role that the worlds lack, that nobody plays, or whose actions are continuous.
    """

    def __init__(
        self,
        settings: RunConfig,
        folder: Path,
        spec: WorldSpec,
        worlds: Sequence[World],
        opponents: Callable[[int], Opponents] | None = None,
    ) -> None:
        self.settings = settings
        self.folder = folder
        self.stage = 0
        self._spec, self._worlds = spec, tuple(worlds)
        self.role = find_role(worlds[0], str(settings.role))
        self.action_sizes = action_sizes(self.role)
        self._make_opponents = opponents
        self._options = needed_options(settings, worlds[0])
        self.face = self._build_face(0)
        self.model = build_model(settings, self.face)
        rate = linear(settings.learning_rate, settings.final_learning_rate)
        # What Stable-Baselines3 calls progress is that of a rollout, which it takes for the whole run. The last rollout
        # may go beyond the run's end, the rate never below zero.
        self.model.lr_schedule = lambda _: max(0.0, rate(1.0 - self.model.num_timesteps / settings.total_decisions))

    @property
    def parts(self) -> tuple[tuple[World, Opponents | None], ...]:
        """The batches that the role learns in now, and who plays the other roles there."""
        worlds = [part.world for part in parts_of(self.face)]
        return tuple(zip(worlds, self._opponents, strict=True))

    def enter(self, stage: int) -> None:
        """Go on in the worlds of a stage of the curriculum, with new episodes; nothing where they are those of now."""
        if stage == self.stage:
            return
        self.face, self.stage = self._build_face(stage), stage
        use_face(self.model, self.settings, self.face)

    def learn_rollout(self, callbacks: list[BaseCallback]) -> None:
        """Play a rollout and learn from it.

        Raises:
            VoltranError: training diverged.
        """
        self.model.learn(1, callback=callbacks, reset_num_timesteps=False)
        require_finite(self.network, self.model.num_timesteps)

    @property
    def network(self) -> SharedActorCritic:
        """The network being trained."""
        assert isinstance(self.model.policy, SharedActorCritic)
        return self.model.policy

    def policy(
        self,
        *,
        weights: Mapping[str, NDArray[np.float32]] | None = None,
        deterministic: bool | None = None,
        seed: int = 0,
    ) -> LearnedPolicy:
        """The policy as a controller.

        Args:
            weights: other weights than those of now.
            deterministic: the likeliest actions, or samples; by default as the configuration says.
            seed: of the samples.
        """
        arrays = self.network.arrays() if weights is None else weights
        return LearnedPolicy(self.metadata(), arrays, name="ppo", deterministic=deterministic, seed=seed)

    def metadata(self) -> PolicyMetadata:
        """What the policy file says about the policy."""
        world, role = self._worlds[0], self.role.name
        observation_version, action_version = role_versions(world, role)
        declared = self._spec.load("declarations")
        return PolicyMetadata(
            world=world.name,
            role=role,
            observation_version=observation_version,
            action_version=action_version,
            action_form="multi" if isinstance(self.role.action_space, spaces.MultiDiscrete) else "joint",
            world_options=self._options,
            declarations=declared(world, role) if declared else {},
            action_sizes=self.action_sizes,
            network=self.network.description,
            deterministic=self.settings.deterministic,
            information=information_from(self.role),
            meaning=dict(self.role.meaning),
            scenarios=tuple(one.scenario.model_dump(mode="json") for one in self._worlds),
            training={**self.settings.model_dump(mode="json"), "decisions": self.model.num_timesteps},
        )

    def save(self) -> Path:
        """Write the policy file and return its path."""
        return save_policy(self.folder / POLICY_FILE, self.network.arrays(), self.metadata())

    def start_records(self) -> None:
        """Begin to record for TensorBoard."""
        self.model.set_logger(configure(str(self.folder / LOG_FOLDER), ["tensorboard"]))

    def record_evaluation(self, metrics: Mapping[str, float]) -> None:
        """Record the metrics of an evaluation; they are written with the next records of training."""
        for name, value in metrics.items():
            self.model.logger.record(f"eval/{name}", value)

    def end_records(self) -> None:
        """Write what has not been written."""
        self.model.logger.dump(self.model.num_timesteps)
        self.model.logger.close()

    def callbacks(self) -> list[BaseCallback]:
        """What happens during rollouts, whoever else learns."""
        callbacks: list[BaseCallback] = [KpiLogger(), TransitionLogger(lambda: parts_of(self.face))]
        if self._make_opponents is not None:
            callbacks.append(BeforeRollouts(self._begin_opponents))
        settings = self.settings
        if settings.final_entropy_coefficient is not None:
            start, end = settings.entropy_coefficient, settings.final_entropy_coefficient
            callbacks.append(EntropySchedule(start, end, settings.total_decisions))
        return callbacks

    def _begin_opponents(self, decisions: int) -> None:
        for world, opponents in self.parts:
            if opponents is not None:
                opponents.begin(world, decisions)

    def _build_face(self, stage: int) -> Face:
        numbers = range(len(self.settings.scenarios(stage)[0]))
        make = self._make_opponents
        self._opponents = [make(number) if make else None for number in numbers]
        return build_face(self.settings, stage, self._opponents)


def build_model(settings: RunConfig, face: Face) -> MaskablePPO:
    """The learner, with fresh weights or those of ``initial_policy``."""
    if settings.device == "cuda" and not torch.cuda.is_available():
        raise ScenarioError("device = 'cuda': PyTorch finds no CUDA device here; choose device=cpu or device=auto")
    model = MaskablePPO(
        SharedActorCritic,
        face,
        learning_rate=linear(settings.learning_rate, settings.final_learning_rate),
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
        seed=short_seed(settings.seed),
        device=settings.device,
    )
    if settings.initial_policy is not None:
        metadata, arrays = read_policy(settings.initial_policy)
        check_fits(metadata, parts_of(face)[0].world, str(settings.initial_policy))
        assert isinstance(model.policy, SharedActorCritic)
        model.policy.load_arrays(arrays)
    return model


def use_face(model: MaskablePPO, settings: RunConfig, face: Face) -> None:
    """Let a model go on with other worlds, of which there may be more or fewer rows; the next rollout resets them."""
    if face.num_envs != model.n_envs:
        model.n_envs = face.num_envs
        model.batch_size = equal_batches(settings.n_steps * face.num_envs, settings.batch_size)
        model.rollout_buffer = MaskableRolloutBuffer(
            settings.n_steps,
            face.observation_space,
            face.action_space,
            model.device,
            gamma=settings.gamma,
            gae_lambda=settings.gae_lambda,
            n_envs=face.num_envs,
        )
    model.set_env(face)


def equal_batches(rollout_rows: int, batch_size: int) -> int:
    """Batch size nearest to the wanted one, or above it, that divides the rollout into equal batches."""
    count = max(1, round(rollout_rows / batch_size))
    while rollout_rows % count:
        count -= 1
    return rollout_rows // count


def linear(start: float, end: float | None) -> Callable[[float], float]:
    """From start to end by the share of training that is left; constant where the end is None."""
    final = start if end is None else end
    return lambda remaining: final + (start - final) * remaining

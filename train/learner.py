"""One role that learns: its worlds, its network, and the policy files that come of them."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from sb3_contrib import MaskablePPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import configure

from voltran.agents.networks import SharedActorCritic
from voltran.agents.policy import (
    LearnedPolicy,
    PolicyMetadata,
    action_sizes,
    check_fits,
    find_role,
    read_policy,
    role_versions,
    save_policy,
)
from voltran.envs.controller import information_from
from voltran.envs.errors import ScenarioError
from voltran.envs.faces.vector import VectorFace
from voltran.envs.registry import make_world
from voltran.envs.seeds import short_seed
from voltran.envs.world import World
from voltran.train.callbacks import BeforeRollouts, EntropySchedule, KpiLogger, TransitionLogger, require_finite
from voltran.train.opponents import Opponents, require_players
from voltran.train.training_config import TrainingConfig

POLICY_FILE = "policy.safetensors"
CHECKPOINT_FILE = "checkpoint.pt"
CONFIG_FILE = "config.yaml"
LOG_FOLDER = "tensorboard"


class Learner:
    """Worlds, network and optimiser of one role.

    Args:
        settings: every hyper-parameter.
        folder: for the policy and the records for TensorBoard; nothing is written before it is asked for.
        opponents: who plays the worlds' other roles; None where there are none.

    Raises:
        ScenarioError: a role that the worlds lack, that nobody plays, or whose actions are continuous.
    """

    def __init__(self, settings: TrainingConfig, folder: Path, opponents: Opponents | None = None) -> None:
        self.settings = settings
        self.folder = folder
        self.opponents = opponents
        self.world = build_world(settings, settings.n_worlds)
        self.role = find_role(self.world, settings.role)
        require_players(self.world, [settings.role], opponents.roles if opponents else [])
        self.action_sizes = action_sizes(self.role)
        self.face = VectorFace(self.world, settings.role, settings.seed, others=opponents)
        self.model = build_model(settings, self.face)

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
        settings = self.settings
        plays_sites = len(self.world.roles) == 1 or settings.role == self.world.roles[0].name
        action_set = settings.action_set if plays_sites else None
        observation_version, action_version = role_versions(self.world, settings.role)
        return PolicyMetadata(
            world=self.world.name,
            role=settings.role,
            observation_version=observation_version,
            action_version=action_version,
            action_set=action_set,
            action_form="multi" if isinstance(self.role.action_space, spaces.MultiDiscrete) else "joint",
            world_options=None if plays_sites else {},
            price_policy="dynamic" if action_set else "none",
            action_sizes=self.action_sizes,
            network=self.network.description,
            deterministic=settings.deterministic,
            information=information_from(self.role),
            meaning=dict(self.role.meaning),
            scenario=self.world.scenario.model_dump(mode="json"),
            training={**settings.model_dump(mode="json"), "decisions": self.model.num_timesteps},
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

    def require_finite(self) -> None:
        """Raise a VoltranError unless all weights are finite."""
        require_finite(self.network, self.model.num_timesteps)

    def callbacks(self) -> list[BaseCallback]:
        """What happens during rollouts, whoever else learns."""
        callbacks: list[BaseCallback] = [KpiLogger(), TransitionLogger(self.face)]
        if self.opponents is not None:
            opponents = self.opponents
            callbacks.append(BeforeRollouts(lambda decisions: opponents.begin(self.world, decisions)))
        settings = self.settings
        if settings.final_entropy_coefficient is not None:
            start, end = settings.entropy_coefficient, settings.final_entropy_coefficient
            callbacks.append(EntropySchedule(start, end, settings.total_decisions))
        return callbacks


def build_world(settings: TrainingConfig, n_worlds: int) -> World:
    """A batch of the worlds to learn in."""
    options = {name: getattr(settings, name) for name in ("action_set", "action_form", "reward")}
    given = {name: value for name, value in options.items() if value is not None}
    return make_world(settings.scenario, n_worlds, settings.scenario_overrides, **given, **settings.world_options)


def build_model(settings: TrainingConfig, face: VectorFace) -> MaskablePPO:
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
        check_fits(metadata, face.world, str(settings.initial_policy))
        assert isinstance(model.policy, SharedActorCritic)
        model.policy.load_arrays(arrays)
    return model


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

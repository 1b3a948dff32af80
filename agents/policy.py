"""Learned policies: one file each, and a controller that plays it in a world of any number of agents.

A policy file is in the safetensors format: weights plus a JSON header, loaded without pickle. It says for which world,
role, observation version and action version it was trained, and refuses any other.
"""

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from voltran import __version__
from voltran.agents.actor import Actor, ActorDescription
from voltran.agents.roles import action_sizes, find_role, likeliest
from voltran.agents.weight_files import read_weights, save_weights
from voltran.envs.controller import Information
from voltran.envs.errors import FileFormatError, ScenarioError
from voltran.envs.scenario import Section
from voltran.envs.seeds import checked_seed
from voltran.envs.world import World
from voltran.physics.arrays import BoolArray, Float32Array, IntArray

HEADER_KEY = "voltran_policy"


class PolicyMetadata(Section):
    """What a policy file says about itself.

    Attributes:
        format_version: version of this header.
        world: versioned name of the world it was trained in.
        role: role whose agents it plays.
        observation_version: meaning and order of the observation's features.
        action_version: meaning and order of the action codes.
        action_form: ``joint`` (Discrete) or ``multi`` (MultiDiscrete).
        world_options: options of ``make_world`` that give the role these observations and actions.
        declarations: what result tables show of it, see ``Controller``.
        action_sizes: number of codes per action dimension; one entry in the joint form.
        network: shape of the actor; its ``outputs`` is the sum of ``action_sizes``.
        deterministic: how it plays unless told otherwise: the likeliest actions, or samples.
        training: configuration of the training, for the record.
        information: what it sees of the network, see ``Controller``.
        meaning: what its inputs and action codes mean, see ``Role.meaning``.
        scenarios: those it was trained on, for the record: all of each.
        voltran_version: version that wrote the file.
    """

    format_version: Literal[3] = 3
    world: str
    role: str
    observation_version: str
    action_version: str
    action_form: Literal["joint", "multi"]
    world_options: dict[str, Any]
    declarations: dict[str, str] = Field(default_factory=dict)
    action_sizes: tuple[int, ...]
    network: ActorDescription
    deterministic: bool = True
    training: dict[str, Any] = Field(default_factory=dict)
    information: Information
    meaning: dict[str, Any]
    scenarios: tuple[dict[str, Any], ...]
    voltran_version: str = __version__


class LearnedPolicy:
    """A controller that plays one role with a learned network.

    Args:
        metadata: what the network was trained for.
        arrays: weights, see ``Actor``.
        name: as shown in result tables.
        deterministic: the likeliest legal action of each agent, or a sample from the legal ones; by default what the
            metadata say.
        seed: of the samples; every episode starts from it, so that results do not depend on the order of episodes.

    Raises:
        FileFormatError: weights that do not fit the metadata.
        ScenarioError: a seed that is none.
    """

    def __init__(
        self,
        metadata: PolicyMetadata,
        arrays: Mapping[str, NDArray[Any]],
        *,
        name: str,
        deterministic: bool | None = None,
        seed: int = 0,
    ) -> None:
        if sum(metadata.action_sizes) != metadata.network.outputs:
            raise FileFormatError(
                f"action_sizes = {metadata.action_sizes} do not add up to network.outputs = {metadata.network.outputs}"
            )
        self.name = name
        self.information: Information = metadata.information
        self.declarations = dict(metadata.declarations)
        self.metadata = metadata
        self.deterministic = metadata.deterministic if deterministic is None else deterministic
        self.follows_resets = self.deterministic
        self.batch_independent = self.deterministic  # samples come from one generator for all worlds
        self.seed = checked_seed(seed)
        self._actor = Actor(metadata.network, arrays)
        self._generator = np.random.default_rng(self.seed)

    @property
    def world_options(self) -> dict[str, Any]:
        """Options of ``make_world`` that give the world this policy's actions."""
        return dict(self.metadata.world_options)

    def reset(self, world: World) -> None:
        """Check that the world is of the kind the policy was trained for, and restart the samples.

        Raises:
            ScenarioError: another world, role, observation or action version, meaning, or size.
        """
        check_fits(self.metadata, world, self.name)
        self._generator = np.random.default_rng(self.seed)

    def act(self, world: World) -> dict[str, Any]:
        """Choose for all agents of the role in one forward pass: role -> codes ``[B, n]`` (joint), ``[B, n, k]``."""
        role = self.metadata.role
        observations = world.observations()[role]
        masks = world.action_masks()[role]
        batch = observations.shape[:2]
        codes = self.choose(observations.reshape(-1, observations.shape[2]), masks.reshape(-1, masks.shape[2]))
        return {role: codes.reshape(batch if self.metadata.action_form == "joint" else (*batch, -1))}

    def choose(self, observations: Float32Array, masks: BoolArray) -> IntArray:
        """Choose for rows of agents.

        Args:
            observations: ``[rows, F]``.
            masks: ``[rows, A]``; True is legal.

        Returns:
            Action codes ``[rows, k]``, one per action dimension.
        """
        scores = self._actor.logits(observations)
        if not self.deterministic:  # the largest of logit + Gumbel noise is a sample from the softmax
            scores = scores + self._generator.gumbel(size=scores.shape).astype(np.float32)
        return likeliest(scores, masks, self.metadata.action_sizes)


def check_fits(metadata: PolicyMetadata, world: World, name: str) -> None:
    """Raise unless the policy was trained for this kind of world.

    Raises:
        ScenarioError: names the field, what the policy has, what the world has, and the remedy.
    """
    _require(name, "world", metadata.world, world.name, "choose a scenario of the policy's world")
    role = find_role(world, metadata.role)
    observe = metadata.world_options.get("observe")
    same_features = f"build the world with observe={observe}" if observe else "build the world without observe"
    train_again = "train the policy again with this version of the world"
    retrain = f"{same_features}, or {train_again}" if observe else train_again
    observation_version, action_version = role_versions(world, role.name)
    options = " and ".join(f"{option}={value}" for option, value in metadata.world_options.items())
    same_actions = f"build the world with {options or 'the default actions of the role'}"
    _require(name, "action_version", metadata.action_version, action_version, same_actions)
    # The meaning first: it names what the versions only tell to differ.
    _require_meaning(name, metadata.meaning, role.meaning, same_features)
    _require(name, "observation_version", metadata.observation_version, observation_version, retrain)
    size = role.observation_space.shape[0]
    _require(name, "observation size", metadata.network.observation_size, size, retrain)
    _require(name, "action_sizes", metadata.action_sizes, action_sizes(role), same_actions)


def role_versions(world: World, role: str) -> tuple[str, str]:
    """Version of a role's observations and version of its actions: its own, or else the world's."""
    own = find_role(world, role)
    return own.observation_version or world.observation_version, own.action_version or world.action_version


def save_policy(path: str | Path, arrays: Mapping[str, Float32Array], metadata: PolicyMetadata) -> Path:
    """Write a policy file.

    Args:
        path: where to; by convention it ends in ``.safetensors``.
        arrays: weights, see ``Actor``; a critic (``critic.*``) may be among them, to train the policy further.
        metadata: what the network was trained for.

    Returns:
        The path.

    Raises:
        VoltranError: the file cannot be written; an earlier file stays as it was.
    """
    return save_weights(path, arrays, HEADER_KEY, metadata)


def read_policy(path: str | Path) -> tuple[PolicyMetadata, dict[str, Float32Array]]:
    """Read metadata and weights of a policy file.

    Raises:
        FileFormatError: no such file, or one that is corrupt, truncated, or not a policy.
    """
    return read_weights(path, HEADER_KEY, PolicyMetadata, "policy")


def load_policy(
    path: str | Path, *, name: str | None = None, deterministic: bool | None = None, seed: int = 0
) -> LearnedPolicy:
    """Load a policy file as a controller.

    Args:
        path: of the file.
        name: as shown in result tables; default: the file's stem.
        deterministic: the likeliest legal action of each agent, or a sample; by default as the policy was trained for.
        seed: of the samples.

    Raises:
        FileFormatError: no such file, or one that is corrupt, truncated, not a policy, or of another format version.
    """
    metadata, arrays = read_policy(path)
    try:
        return LearnedPolicy(metadata, arrays, name=name or Path(path).stem, deterministic=deterministic, seed=seed)
    except FileFormatError as error:
        raise FileFormatError(f"policy {path}: {error}") from error


def _require(policy: str, field: str, trained: object, expected: object, remedy: str) -> None:
    if trained != expected:
        raise ScenarioError(f"policy {policy}: {field} is {trained!r}, but the world's is {expected!r}; {remedy}")


def _require_meaning(policy: str, trained: Mapping[str, Any], present: Mapping[str, Any], same_features: str) -> None:
    """Raise unless inputs and action codes mean what they meant when the policy was trained."""
    for name in dict.fromkeys([*trained, *present]):
        before, now = trained.get(name), present.get(name)
        if before == now:
            continue
        field, remedy = name, "choose a scenario in which it is the same, or train the policy again on this one"
        if isinstance(before, list) and isinstance(now, list):
            if name == "features":
                if _whom_and_what(before) != _whom_and_what(now):
                    remedy = f"{same_features}, or train the policy again on this one"
                pairs = enumerate(zip_longest(before, now))
                field, before, now = next((f"features[{at}]", *pair) for at, pair in pairs if pair[0] != pair[1])
            elif sorted(map(str, before)) == sorted(map(str, now)):
                remedy = "the order counts: list them in the scenario in the policy's order, or train the policy again"
        _require(policy, field, before, now, remedy)


def _whom_and_what(features: Sequence[str]) -> list[str]:
    """What stands before the colon of lines such as "own alive: 1 x flag / 1 in [0, 1]"."""
    return [feature.partition(":")[0] for feature in features]

"""The worlds of a run: what a configuration leaves to them, how a batch is split, and that all are alike."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from voltran.agents.policy import role_versions
from voltran.agents.roles import find_role
from voltran.envs.errors import ScenarioError, VoltranError
from voltran.envs.faces.vector import OtherRoles, VectorFace
from voltran.envs.metric import Metric
from voltran.envs.references import is_reference
from voltran.envs.registry import make_world, spec_of_scenario
from voltran.envs.world import World
from voltran.envs.world_spec import WorldSpec
from voltran.evaluation.metrics import metric_of
from voltran.train.mixed_face import Face, MixedFace
from voltran.train.run_config import RunConfig


def spec_of(settings: RunConfig) -> WorldSpec:
    """Declaration of the world that all scenarios of a run are played in.

    Raises:
        ScenarioError: an unknown scenario, or scenarios of different worlds.
    """
    specs: dict[str, WorldSpec] = {}
    for stage in range(len(settings.curriculum) + 1):
        for scenario in settings.scenarios(stage)[0]:
            specs[scenario] = spec_of_scenario(scenario)
    first, *others = specs
    for other in others:
        if specs[other].name != specs[first].name:
            raise ScenarioError(
                f"scenario {other} is played in {specs[other].name}, but {first} in {specs[first].name}; "
                "train in scenarios of one world"
            )
    return specs[first]


def completed(settings: RunConfig) -> RunConfig:
    """The configuration with what it leaves to the world: who learns from what, in which scenarios, against whom.

    Raises:
        ScenarioError: an unknown scenario, option or role, or scenarios that differ in what agents observe or do.
    """
    spec = spec_of(settings)
    overrides = {**spec.training_overrides, **settings.scenario_overrides}
    options = {**spec.training_options, **settings.world_options}
    reward = settings.reward or spec.training_reward
    settings = settings.model_copy(update={"scenario_overrides": overrides, "world_options": options, "reward": reward})
    scenario = next(iter(settings.scenarios(0)[0]))
    roles = [role.name for role in make_world(scenario, 1, overrides, **settings.world_options).roles]
    if settings.roles is None and settings.role is None:
        settings = settings.model_copy(update={"role": roles[0]})
    opponents = {
        role: controller
        for role, controller in spec.default_opponents.items()
        if role in roles and role not in settings.learning_roles
    }
    return settings.model_copy(update={"opponents": {**opponents, **settings.opponents}})


def training_metric(spec: WorldSpec) -> Metric:
    """The metric that tells how far training has come."""
    declared = {metric.key: metric for metric in spec.metrics}
    return declared.get(spec.training_metric) or metric_of(spec.training_metric, spec.name)


def build_worlds(settings: RunConfig, n_worlds: int, stage: int = 0) -> list[World]:
    """A batch of each scenario of a stage, all of one size.

    Raises:
        ScenarioError: an unknown scenario, key, option or reward.
    """
    scenarios, overrides = settings.scenarios(stage)
    options = options_of(settings)
    return [make_world(scenario, n_worlds, overrides, **options) for scenario in scenarios]


def options_of(settings: RunConfig) -> dict[str, Any]:
    """What the worlds are built with."""
    reward: str | dict[str, str] | None = settings.reward
    if settings.reward is not None and settings.role is not None and is_reference(settings.reward):
        reward = {settings.role: settings.reward}  # one's own reward is the learning role's, whichever it is
    parts = {"reward": reward, "observe": settings.features or None}
    return {**{name: value for name, value in parts.items() if value is not None}, **settings.world_options}


def build_face(settings: RunConfig, stage: int, others: Sequence[OtherRoles | None]) -> Face:
    """The worlds of a stage, split among its scenarios, as what Stable-Baselines3 learns from.

    Args:
        settings: of the role that learns.
        stage: of the curriculum.
        others: for each scenario who plays the other roles in its worlds.

    Raises:
        ScenarioError: fewer worlds than scenarios, or worlds that cannot be built.
    """
    scenarios, overrides = settings.scenarios(stage)
    counts = split(settings.n_worlds, scenarios)
    options, seed = options_of(settings), stage_seed(settings.seed, stage)
    parts: list[VectorFace] = []
    first = 0
    for (scenario, count), players in zip(counts.items(), others, strict=True):
        world = make_world(scenario, count, overrides, **options)
        parts.append(VectorFace(world, str(settings.role), seed, others=players, first_world=first))
        first += count
    return parts[0] if len(parts) == 1 else MixedFace(parts)


def split(n_worlds: int, weights: Mapping[str, float]) -> dict[str, int]:
    """How many worlds of a batch each scenario gets: at least one, and else as near to its weight as can be.

    Raises:
        ScenarioError: fewer worlds than scenarios.
    """
    if n_worlds < len(weights):
        raise ScenarioError(f"n_worlds = {n_worlds}: below the {len(weights)} scenarios; every one needs a world")
    total, counts = sum(weights.values()), dict.fromkeys(weights, 1)
    for _ in range(n_worlds - len(weights)):  # the next world goes where most of a share is missing
        wanting = {name: n_worlds * weight / total - counts[name] for name, weight in weights.items()}
        counts[max(wanting, key=wanting.__getitem__)] += 1
    return counts


def stage_seed(seed: int, stage: int) -> int:
    """Seed of a stage's episodes: that of the run before the first, others after."""
    if stage == 0:
        return seed
    words = np.random.SeedSequence(seed, spawn_key=(stage,)).generate_state(2, np.uint64)
    return int(words[0])


def require_alike(settings: RunConfig) -> list[World]:
    """Build a world of every scenario of every stage, and make sure that one policy can learn in all of them.

    Returns:
        The worlds, each once.

    Raises:
        ScenarioError: names the scenario, what differs and how.
    """
    worlds: list[World] = []
    for stage in range(len(settings.curriculum) + 1):
        split(settings.n_worlds, settings.scenarios(stage)[0])
        worlds += build_worlds(settings, 1, stage)
    first = worlds[0]
    for world in worlds[1:]:
        for role in settings.learning_roles:
            expected, other = interface(first, role), interface(world, role)
            for name in dict.fromkeys([*expected, *other]):
                if expected.get(name) != other.get(name):
                    raise ScenarioError(
                        f"scenario {world.scenario.name}: {name} of role {role} is {other.get(name)}, but in "
                        f"{first.scenario.name} it is {expected.get(name)}; one policy learns only where it is the same"
                    )
    return worlds


def interface(world: World, role: str) -> dict[str, Any]:
    """What a policy of a role is tied to."""
    played = find_role(world, role)
    observation_version, action_version = role_versions(world, role)
    return {
        "world": world.name,
        **{f"meaning of {name}": value for name, value in played.meaning.items()},
        "observation_version": observation_version,
        "action_version": action_version,
        "observation size": played.observation_space.shape,
        "action space": played.action_space,
        "observation space": played.observation_space,
    }


def needed_options(settings: RunConfig, world: World) -> dict[str, Any]:
    """Options without which a role would be another: those that its policy asks for wherever it plays.

    Args:
        settings: of the role.
        world: as the settings build it.
    """
    scenarios, overrides = settings.scenarios(0)
    options = options_of(settings)
    role, needed = str(settings.role), {}
    for name, value in options.items():
        rest = {other: options[other] for other in options if other != name}
        try:
            other = make_world(next(iter(scenarios)), 1, overrides, **rest)
            is_free = interface(other, role) == interface(world, role)
        except VoltranError:  # nothing can be built, or nobody plays the role, without it
            is_free = False
        if not is_free:
            needed[name] = value
    return needed

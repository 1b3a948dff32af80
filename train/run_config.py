"""Training configurations: every setting of a run in one typed, flat, overridable YAML file."""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    field_validator,
    model_validator,
)

from voltran.agents.actor import Activation
from voltran.envs import domains
from voltran.envs.domains import NonNegative, Positive
from voltran.envs.errors import ScenarioError
from voltran.envs.scenario import Section, apply_overrides, validated
from voltran.envs.seeds import SEED_LIMIT
from voltran.envs.world_spec import MOST_WORLDS
from voltran.envs.yaml_files import named_text, parse_mapping, shipped_names


def _flattened(section: Any, prefix: str = "") -> Any:
    """Nested sections as dotted keys; a later key wins, so that command-line values replace those of the file."""
    if not isinstance(section, dict):
        return section
    result: dict[str, Any] = {}
    for key, value in section.items():
        if isinstance(value, dict):
            result.update(_flattened(value, f"{prefix}{key}."))
        else:
            result[f"{prefix}{key}"] = value
    return result


def _weighted(value: Any) -> Any:
    """A list of scenarios as one in which each weighs the same."""
    if not isinstance(value, list | tuple):
        return value
    names = [str(name) for name in value]
    if len(set(names)) < len(names):
        raise ValueError("names a scenario twice; name each once, with a weight as in {first: 2, second: 1}")
    return dict.fromkeys(names, 1.0)


def _filled(value: Any) -> Any:
    """Sections of which nothing stands after the colon as empty ones."""
    return {name: own or {} for name, own in value.items()} if isinstance(value, dict) else value


def _several(value: Any) -> Any:
    """One name as a list of one."""
    return (value,) if isinstance(value, str) else value


Share = Annotated[float, Field(ge=0.0, le=1.0)]
Decisions = Annotated[int, Field(ge=1, le=10**15)]
Widths = Annotated[tuple[Annotated[int, Field(ge=1, le=65_536)], ...], Field(min_length=1, max_length=100)]
Overrides = Annotated[dict[str, Any], BeforeValidator(_flattened)]
Features = Annotated[tuple[str, ...], BeforeValidator(_several)]
WeightedScenarios = Annotated[dict[str, Positive], Field(min_length=1)]
Scenarios = Annotated[str | WeightedScenarios, BeforeValidator(_weighted)]

FOLDER, KIND = "training", "training configuration"

# what a resumed run may change: nothing that would make the finished part of the run a different one
CHANGEABLE_ON_RESUME = frozenset(
    {"total_decisions", "checkpoint_every", "evaluate_every", "evaluation_episodes", "device"}
)


class Stage(Section):
    """One step of a curriculum.

    Attributes:
        from_decision: decisions of the run from which on it holds, at the next rollout.
        scenario: one or several, as in the configuration; None keeps those of the configuration.
        scenario_overrides: added to those of the configuration.
    """

    from_decision: Decisions
    scenario: Scenarios | None = None
    scenario_overrides: Overrides = Field(default_factory=dict)


class League(Section):
    """Learning against past policies as well as the latest ones.

    Attributes:
        size: past policies kept of each role; the oldest makes room.
        share: probability that an opponent plays a rollout with a past policy.
        every: decisions between two policies that are kept.
    """

    size: Annotated[int, Field(ge=1, le=10_000)] = 8
    share: Share = 0.3
    every: Decisions = 1_000_000


class LearningConfig(Section):
    """How one role learns; each of several roles may have its own values.

    Attributes:
        reward: what to learn from: a name that the world knows, or ``module:function``; None is the world's usual one.
        observe: features to learn from: names that the world knows, ``default`` for all of these, or
            ``module:attribute``; where there are several roles also role to such; None is the world's usual ones.
        n_worlds: worlds stepped together; each contributes one row per agent.
        n_steps: decision periods per rollout.
        batch_size: rows per gradient step; rounded so that equal batches cover the rollout.
        n_epochs: passes over each rollout.
        learning_rate: of Adam, at the start.
        final_learning_rate: at the end of the run, reached linearly; None keeps it constant.
        gamma: discount per decision.
        gae_lambda: of the generalised advantage estimate.
        clip: range of the probability ratio.
        entropy_coefficient: weight of the entropy bonus at the start.
        final_entropy_coefficient: at the end of the run, reached linearly; None keeps it constant.
        value_coefficient: weight of the value loss.
        max_grad_norm: gradients are scaled down to this norm.
        target_kl: ends the passes over a rollout early; None never does.
        actor_widths: hidden units of the actor.
        critic_widths: hidden units of the critic.
        activation: function between the layers.
        initial_bias: added to the logits at the start, one value per action code.
        initial_policy: policy file whose weights to start from.
        deterministic: how the policy plays unless told otherwise: likeliest actions, or samples.
        seed: of weights, exploration and episodes.
        device: where the network lives; the worlds are always on the CPU.
    """

    reward: str | None = None
    observe: Features | dict[str, Features] | None = None
    n_worlds: Annotated[int, Field(ge=1, le=MOST_WORLDS)] = 32
    n_steps: Annotated[int, Field(ge=1, le=100_000)] = 16
    batch_size: Annotated[int, Field(ge=1, le=10_000_000)] = 2048
    n_epochs: Annotated[int, Field(ge=1, le=1000)] = 3
    learning_rate: Positive = 7e-4
    final_learning_rate: NonNegative | None = 2e-5
    gamma: Share = 0.98
    gae_lambda: Share = 0.95
    clip: Positive = 0.2
    entropy_coefficient: NonNegative = 0.01
    final_entropy_coefficient: NonNegative | None = 0.0005
    value_coefficient: NonNegative = 0.5
    max_grad_norm: Positive = 0.5
    target_kl: Positive | None = None

    actor_widths: Widths = (128, 128)
    critic_widths: Widths = (128, 128)
    activation: Activation = "relu"
    initial_bias: tuple[Annotated[float, domains.between(-1e6, 1e6)], ...] = ()
    initial_policy: str | None = None

    deterministic: bool = False
    seed: Annotated[int, Field(ge=0, lt=SEED_LIMIT)] = 0
    device: Literal["cpu", "cuda", "auto"] = "cpu"


class RunConfig(LearningConfig):
    """One PPO run, in which one role learns or several; a *decision* is one agent's action for one decision period.

    Attributes:
        scenario: name of a shipped scenario, or path of a YAML file; or several, whose worlds are trained in side by
            side: a list, or a mapping of scenario to weight.
        scenario_overrides: dotted scenario keys and their values, for example ``traffic.load_factor: [0.5, 1.0, 1.8]``;
            the world may set some that are not named.
        curriculum: stages in the order of their decisions; before the first holds what stands beside it.
        role: role whose agents learn, sharing one network; None is the world's first.
        roles: role that learns -> its own values of fields, such as ``gamma``; where several learn, each has a network.
        league: learning of several roles against past policies; None always meets the latest ones.
        opponents: role -> controller, as on the command line, that plays it while the others learn; the world says who
            plays the roles that are not named.
        world_options: options that the worlds are built with; those that are not named are as the world likes them.
        total_decisions: length of the run, of all roles that learn; rounded up to whole rollouts.
        checkpoint_every: decisions between checkpoints.
        evaluate_every: decisions between evaluations on episodes that are never trained on; 0 for none.
        evaluation_episodes: episodes per evaluation and scenario.
    """

    scenario: Scenarios
    scenario_overrides: Overrides = Field(default_factory=dict)
    curriculum: tuple[Stage, ...] = ()
    role: str | None = None
    roles: Annotated[dict[str, dict[str, Any]], Field(min_length=1), BeforeValidator(_filled)] | None = None
    league: League | None = None
    opponents: dict[str, str] = Field(default_factory=dict)
    world_options: dict[str, Any] = Field(default_factory=dict)
    total_decisions: Decisions = 1_000_000
    checkpoint_every: Decisions = 500_000
    evaluate_every: Annotated[int, Field(ge=0, le=10**15)] = 100_000
    evaluation_episodes: Annotated[int, Field(ge=1, le=10_000)] = 16

    @field_validator("world_options")
    @classmethod
    def _options_have_their_place(cls, value: dict[str, Any]) -> dict[str, Any]:
        for name in ("reward", "observe"):
            if name in value:
                raise ValueError(f"{name} stands beside world_options, not in it")
        return value

    @model_validator(mode="after")
    def _consistent(self) -> "RunConfig":
        if self.role is not None and self.roles is not None:
            raise ValueError(f"role = {self.role!r} beside roles; name the roles that learn under roles only")
        if any(later.from_decision <= earlier.from_decision for earlier, later in pairwise(self.curriculum)):
            raise ValueError("curriculum: from_decision must grow from stage to stage")
        return self

    @property
    def learning_roles(self) -> tuple[str, ...]:
        """Names of the roles that learn, once the configuration has been completed."""
        return tuple(self.roles) if self.roles is not None else (str(self.role),)

    def stage_at(self, decisions: int) -> int:
        """Number of the curriculum's stage after so many decisions of the run; 0 before the first."""
        return sum(stage.from_decision <= decisions for stage in self.curriculum)

    def scenarios(self, stage: int) -> tuple[dict[str, float], dict[str, Any]]:
        """Scenario to weight, and the overrides of them all, in a stage."""
        entry = self.curriculum[stage - 1] if stage else None
        chosen = self.scenario if entry is None or entry.scenario is None else entry.scenario
        overrides = {**self.scenario_overrides, **(entry.scenario_overrides if entry else {})}
        return ({chosen: 1.0} if isinstance(chosen, str) else dict(chosen)), overrides

    @property
    def features(self) -> dict[str, list[str]]:
        """Role to features, of the roles that do not observe the world's usual ones."""
        given: dict[str, Any] = {}
        for role in self.roles or ([self.role] if self.role else []):
            own = (self.roles or {}).get(role, {}).get("observe", self.observe)
            given |= own if isinstance(own, dict) else {role: own}
        return {role: list(features) for role, features in given.items() if features is not None}

    def settings_of(self, role: str) -> "RunConfig":
        """The settings with which one of the roles learns.

        Raises:
            ScenarioError: a field that is unknown, that all roles have in common, or out of range.
        """
        if self.roles is None:
            return self if self.role == role else self.model_copy(update={"role": role})
        own = self.roles[role]
        own_fields = list(LearningConfig.model_fields)
        for name in own:
            if name not in own_fields and name in RunConfig.model_fields:
                raise ScenarioError(f"roles.{role}.{name}: all roles of a run share {name}; set it beside roles")
            if name not in own_fields:
                raise ScenarioError(f"roles.{role}: unknown key {name!r}; a role may set {', '.join(own_fields)}")
        common = self.model_dump(exclude={"roles", "league"})
        whole = {**common, **own, "role": role, "observe": self.features or None}
        return validated(RunConfig, whole, f"roles.{role}")


def training_names() -> list[str]:
    """Names of the training configurations that ship with the package."""
    return shipped_names(FOLDER)


def read_run_config(reference: str | Path, overrides: Mapping[str, Any]) -> RunConfig:
    """Read a training configuration.

    Args:
        reference: name of a shipped configuration, or path of a YAML file.
        overrides: dotted keys and their values, for example ``{"learning_rate": 1e-4}``, ``{"roles.NAME.gamma": 0.9}``
            or ``{"scenario_overrides.traffic.load_factor": 1.0}``.

    Raises:
        ScenarioError: no such configuration, unknown key, or a value out of range.
    """
    source = f"{KIND} {reference}"
    data = parse_mapping(named_text(FOLDER, reference, KIND), source)
    config = validated(RunConfig, apply_overrides(data, overrides), source)
    for role in config.roles or {}:
        config.settings_of(role)
    return config

"""Training configurations: every hyper-parameter of a run in one typed, flat, overridable YAML file."""

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, field_validator

from voltran.agents.actor import Activation
from voltran.envs.errors import ScenarioError
from voltran.envs.scenario import Section, apply_overrides, validated
from voltran.envs.seeds import SEED_LIMIT
from voltran.envs.yaml_files import parse_mapping, read_text

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Widths = Annotated[tuple[PositiveInt, ...], Field(min_length=1)]

# what a resumed run may change: nothing that would make the finished part of the run a different one
CHANGEABLE_ON_RESUME = frozenset(
    {"total_decisions", "checkpoint_every", "evaluate_every", "evaluation_episodes", "device"}
)


class TrainingConfig(Section):
    """One PPO run; a *decision* is one agent's action for one decision period.

    Attributes:
        scenario: name of a shipped scenario, or path of a YAML file.
        scenario_overrides: dotted scenario keys and their values, for example ``traffic.load_factor: [0.5, 1.0, 1.8]``.
        role: role whose agents learn, sharing one network.
        n_worlds: worlds stepped together; each contributes one row per agent.
        action_set: commands the agents may give; None in worlds that know one set only.
        action_form: one Discrete code per agent, or one code per action dimension; None in worlds without the choice.
        reward: which reward to learn from; None in worlds that know one only.
        world_options: further options of the world's builder.
        opponents: role -> controller, as on the command line, that plays it while the others learn.
        total_decisions: length of the run; rounded up to whole rollouts.
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
        checkpoint_every: decisions between checkpoints.
        evaluate_every: decisions between evaluations on episodes that are never trained on; 0 for none.
        evaluation_episodes: episodes per evaluation.
        device: where the network lives; the worlds are always on the CPU.
    """

    scenario: str
    scenario_overrides: dict[str, Any] = Field(default_factory=dict)
    role: str = "bs"
    n_worlds: PositiveInt = 32
    action_set: Literal["paper", "extended"] | None = "paper"
    action_form: Literal["joint", "multi"] | None = "joint"
    reward: Literal["team", "local", "mixed", "own", "welfare"] | None = "local"
    world_options: dict[str, Any] = Field(default_factory=dict)
    opponents: dict[str, str] = Field(default_factory=dict)

    total_decisions: PositiveInt = 20_000_000
    n_steps: PositiveInt = 32
    batch_size: PositiveInt = 9728
    n_epochs: PositiveInt = 3
    learning_rate: PositiveFloat = 3e-4
    final_learning_rate: NonNegativeFloat | None = 0.0
    gamma: Share = 0.99
    gae_lambda: Share = 0.95
    clip: PositiveFloat = 0.2
    entropy_coefficient: NonNegativeFloat = 0.01
    final_entropy_coefficient: NonNegativeFloat | None = None
    value_coefficient: NonNegativeFloat = 0.5
    max_grad_norm: PositiveFloat = 0.5
    target_kl: PositiveFloat | None = None

    actor_widths: Widths = (128, 128)
    critic_widths: Widths = (128, 128)
    activation: Activation = "relu"
    initial_bias: tuple[float, ...] = ()
    initial_policy: str | None = None

    deterministic: bool = True
    seed: Annotated[int, Field(ge=0, lt=SEED_LIMIT)] = 0
    checkpoint_every: PositiveInt = 1_000_000
    evaluate_every: NonNegativeInt = 0
    evaluation_episodes: PositiveInt = 8
    device: Literal["cpu", "cuda", "auto"] = "cpu"

    @field_validator("scenario_overrides")
    @classmethod
    def _dotted(cls, value: dict[str, Any]) -> dict[str, Any]:
        return _flattened(value)


def training_names() -> list[str]:
    """Names of the training configurations that ship with the package."""
    folder = resources.files("voltran.configs") / "training"
    return sorted(item.name.removesuffix(".yaml") for item in folder.iterdir() if item.name.endswith(".yaml"))


def read_training_config(reference: str | Path, overrides: Mapping[str, Any]) -> TrainingConfig:
    """Read a training configuration.

    Args:
        reference: name of a shipped configuration, or path of a YAML file.
        overrides: dotted keys and their values, for example ``{"learning_rate": 1e-4}`` or
            ``{"scenario_overrides.traffic.load_factor": 1.0}``.

    Raises:
        ScenarioError: no such configuration, unknown key, or a value out of range.
    """
    data, source = read_raw_config(reference, overrides)
    return validated(TrainingConfig, data, source)


def read_raw_config(reference: str | Path, overrides: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """Read a training configuration without looking at its fields.

    Args:
        reference: name of a shipped configuration, or path of a YAML file.
        overrides: dotted keys and their values.

    Returns:
        The mapping, and what to call it in messages.

    Raises:
        ScenarioError: no such configuration, or not a mapping.
    """
    source = f"training configuration {reference}"
    return apply_overrides(parse_mapping(_text(reference), source), overrides), source


def require_same_run(stored: TrainingConfig, requested: TrainingConfig, checkpoint: Path) -> None:
    """Raise unless the requested configuration continues the stored run.

    Raises:
        ScenarioError: names the first field that differs, both values, and the remedy.
    """
    for field in type(stored).model_fields:
        before, now = getattr(stored, field), getattr(requested, field)
        if before != now and field not in CHANGEABLE_ON_RESUME:
            raise ScenarioError(
                f"{field} = {now!r}: {checkpoint} was trained with {before!r}; a resumed run may change only "
                f"{', '.join(sorted(CHANGEABLE_ON_RESUME))} - put the old value back or train into another folder"
            )


def _text(reference: str | Path) -> str:
    if isinstance(reference, str) and not reference.endswith((".yaml", ".yml")):
        if reference not in training_names():
            raise ScenarioError(
                f"unknown training configuration {reference!r}: known ones: {', '.join(training_names())}; "
                "or give the path of a .yaml file"
            )
        return (resources.files("voltran.configs") / "training" / f"{reference}.yaml").read_text()
    return read_text(reference, f"training configuration {reference}")


def _flattened(section: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested sections as dotted keys; a later key wins, so that command-line values replace those of the file."""
    result: dict[str, Any] = {}
    for key, value in section.items():
        if isinstance(value, dict):
            result.update(_flattened(value, f"{prefix}{key}."))
        else:
            result[f"{prefix}{key}"] = value
    return result

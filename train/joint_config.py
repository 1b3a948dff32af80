"""Configurations of runs in which several roles learn, each its own policy."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field, PositiveInt, field_validator

from voltran.envs.errors import ScenarioError
from voltran.envs.scenario import Section, validated
from voltran.train.training_config import Share, TrainingConfig, read_raw_config

# what all roles of a run have in common: the worlds, and the run itself
COMMON_FIELDS = frozenset(
    {
        "scenario",
        "scenario_overrides",
        "role",
        "action_set",
        "action_form",
        "world_options",
        "opponents",
        "total_decisions",
        "checkpoint_every",
        "evaluate_every",
        "evaluation_episodes",
    }
)
OWN_FIELDS = [name for name in TrainingConfig.model_fields if name not in COMMON_FIELDS]


class League(Section):
    """Learning against past policies as well as the latest ones.

    Attributes:
        size: past policies kept of each role; the oldest makes room.
        share: probability that an opponent plays a rollout with a past policy.
        every: decisions between two policies that are kept.
    """

    size: PositiveInt = 8
    share: Share = 0.3
    every: PositiveInt = 1_000_000


class JointConfig(TrainingConfig):
    """One run in which several roles learn; decisions of the run are those of all roles that learn.

    Attributes:
        roles: role that learns -> its own values of fields, such as ``gamma``; the others are those of the run.
        league: learning against past policies; None always meets the latest ones.
    """

    roles: dict[str, dict[str, Any]] = Field(min_length=1)
    league: League | None = None

    @field_validator("roles", mode="before")
    @classmethod
    def _nothing_differs(cls, value: Any) -> Any:
        """A role with nothing after its colon."""
        return {role: own or {} for role, own in value.items()} if isinstance(value, dict) else value

    def settings_of(self, role: str) -> TrainingConfig:
        """All hyper-parameters of one role.

        Raises:
            ScenarioError: a field that is unknown, that all roles have in common, or out of range.
        """
        own = self.roles[role]
        for name in own:
            if name in COMMON_FIELDS:
                raise ScenarioError(f"roles.{role}.{name}: all roles of a run share {name}; set it beside roles")
            if name not in OWN_FIELDS:
                raise ScenarioError(f"roles.{role}: unknown key {name!r}; a role may set {', '.join(OWN_FIELDS)}")
        common = self.model_dump(include=set(TrainingConfig.model_fields))
        return validated(TrainingConfig, {**common, **own, "role": role}, f"roles.{role}")


def read_run_config(reference: str | Path, overrides: Mapping[str, Any]) -> TrainingConfig:
    """Read the configuration of any run: a :class:`JointConfig` if it has ``roles``.

    Args:
        reference: name of a shipped configuration, or path of a YAML file.
        overrides: dotted keys and their values, for example ``{"roles.retailer.gamma": 0.9}``.

    Raises:
        ScenarioError: no such configuration, unknown key, or a value out of range.
    """
    data, source = read_raw_config(reference, overrides)
    if "roles" not in data:
        return validated(TrainingConfig, data, source)
    if "role" in data:
        raise ScenarioError(
            f"{source}: role = {data['role']!r} beside roles; name the roles that learn under roles only"
        )
    config = validated(JointConfig, data, source)
    for role in config.roles:
        config.settings_of(role)
    return config

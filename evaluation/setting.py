"""The situation that all controllers of an evaluation are put into."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from voltran.envs.controller import Controller, name_of, world_options_of
from voltran.envs.errors import ScenarioError
from voltran.envs.registry import make_world, spec_of_scenario
from voltran.envs.scenario import apply_overrides, read_scenario
from voltran.envs.world import World
from voltran.envs.world_spec import WorldSpec


@dataclass(frozen=True)
class Setting:
    """The situation that all controllers are put into.

    Attributes:
        scenario: scenario name or path of a YAML file.
        overrides: dotted scenario keys and their values.
        options: options of the world's class.
    """

    scenario: str
    overrides: Mapping[str, Any]
    options: Mapping[str, Any]

    def build_world(self, controller: Controller, n_worlds: int = 1) -> World:
        """Build a batch of worlds; a learned policy says which form of actions it needs.

        Args:
            controller: who is to play.
            n_worlds: batch size.

        Raises:
            ScenarioError: an unknown scenario, key or option; an option that the controller alone asks for names it.
        """
        for option in world_options_of(controller):
            if option not in self.spec.options:
                raise ScenarioError(
                    f"controller {name_of(controller)}: its world_options name {option!r}, which {self.spec.name} has "
                    f"not; its options: {', '.join(self.spec.options) or 'none'}"
                )
        return make_world(self.scenario, n_worlds, self.overrides, **{**world_options_of(controller), **self.options})

    @cached_property
    def content(self) -> dict[str, Any]:
        """Everything that sets this setting apart from others."""
        return {"scenario": apply_overrides(read_scenario(self.scenario), self.overrides), "options": self.options}

    @cached_property
    def world(self) -> str:
        """The world, as the scenario names it."""
        return str(self.content["scenario"].get("world"))

    @cached_property
    def spec(self) -> WorldSpec:
        """Declaration of the world."""
        return spec_of_scenario(self.scenario)

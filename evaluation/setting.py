"""The situation that all controllers of an evaluation are put into."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from voltran.envs.controller import Controller, world_options_of
from voltran.envs.errors import ScenarioError
from voltran.envs.registry import make_world, world_spec
from voltran.envs.scenario import apply_overrides, read_scenario
from voltran.envs.world import World
from voltran.envs.world_spec import WorldSpec


@dataclass(frozen=True)
class Setting:
    """The situation that all controllers are put into.

    Attributes:
        scenario: scenario name or path of a YAML file.
        overrides: dotted scenario keys and their values.
        options: options of the world's builder.
        build_world: ``make_world`` or a stand-in with the same signature; picklable.
    """

    scenario: str
    overrides: Mapping[str, Any]
    options: Mapping[str, Any]
    build_world: Callable[..., World]

    def world(self, controller: Controller) -> World:
        """Build a world with one episode; a learned policy says which form of actions it needs."""
        needed = world_options_of(controller)
        return self.build_world(self.scenario, 1, self.overrides, **{**needed, **self.options})

    @cached_property
    def content(self) -> dict[str, Any]:
        """Everything that sets this setting apart from others."""
        return {"scenario": apply_overrides(read_scenario(self.scenario), self.overrides), "options": self.options}

    @cached_property
    def spec(self) -> WorldSpec | None:
        """Declaration of the world; None where a builder of one's own makes a world that nobody declares."""
        try:
            return world_spec(str(self.content["scenario"].get("world")))
        except ScenarioError:
            if self.build_world is make_world:
                raise
            return None

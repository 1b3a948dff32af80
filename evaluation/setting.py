"""The situation that all controllers of an evaluation are put into."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from voltran.envs.catalog import WORLDS
from voltran.envs.controller import Controller
from voltran.envs.scenario import apply_overrides, read_scenario
from voltran.envs.world import World


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
        needed: Mapping[str, Any] = getattr(controller, "world_options", {})
        return self.build_world(self.scenario, 1, self.overrides, **{**needed, **self.options})

    @cached_property
    def content(self) -> dict[str, Any]:
        """Everything that sets this setting apart from others."""
        return {"scenario": apply_overrides(read_scenario(self.scenario), self.overrides), "options": self.options}

    @property
    def module(self) -> str:
        """Full name of the module that the world is written in; empty for a world that is not listed."""
        return WORLDS.get(str(self.content["scenario"].get("world")), "").partition(":")[0]

"""How a controller meets the world of a data set: what can be known before anything is played."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from voltran.datasets.columns import Layout, layout_of
from voltran.datasets.datasheet import ControllerRecord, role_records
from voltran.envs.action_codes import action_codes
from voltran.envs.controller import (
    declarations_of,
    information_of,
    is_batch_independent,
    named_errors,
    world_options_of,
)
from voltran.envs.errors import ScenarioError
from voltran.envs.world import Role, World
from voltran.evaluation.controller_spec import ControllerSpec
from voltran.evaluation.setting import Setting


@dataclass(frozen=True)
class Introduction:
    """A controller and the world that it plays.

    Attributes:
        world: a batch of one.
        roles: those that are recorded.
        options: of the world, the controller's and the user's.
        layout: what is recorded.
        record: what the datasheet says of the controller.
        most_worlds: size of the largest batch that it can play; None where any will do.
    """

    world: World
    roles: list[Role]
    options: dict[str, Any]
    layout: Layout
    record: ControllerRecord
    most_worlds: int | None

    @cached_property
    def described(self) -> dict[str, Any]:
        """What controllers of one data set have in common."""
        roles = {name: record.model_dump(mode="json") for name, record in role_records(self.world, self.roles).items()}
        return {"options": {key: repr(value) for key, value in self.options.items()}, "roles": roles}


def introduce(setting: Setting, spec: ControllerSpec, seed: int, roles: Sequence[str]) -> Introduction:
    """Let a controller make one decision.

    Args:
        setting: where.
        spec: the controller.
        seed: of the episode.
        roles: names of those to record; empty for all.

    Raises:
        ScenarioError: an unknown scenario or role, or a controller that does not play this world.
        ActionError: commands that no action code stands for.
        PartError: a controller of the user's that raises.
    """
    controller = spec.builder()
    world = setting.build_world(controller)
    chosen = _roles(world, roles)
    world.reset([seed])
    with named_errors(f"controller {spec.label}"):
        controller.reset(world)
        actions = controller.act(world)
    classes = getattr(world, "command_classes", {})
    commanded = [name for name, action in actions.items() if isinstance(action, classes.get(name, ()))]
    transition = world.step(action_codes(world, actions))
    record = ControllerRecord(
        identity=spec.identity,
        information=information_of(controller),
        declarations=declarations_of(controller),
        gives_commands=commanded,
    )
    return Introduction(
        world=world,
        roles=chosen,
        options={**world_options_of(controller), **setting.options},
        layout=layout_of(world, transition, chosen),
        record=record,
        most_worlds=None if is_batch_independent(controller) else 1,
    )


def _roles(world: World, names: Sequence[str]) -> list[Role]:
    known = {role.name: role for role in world.roles}
    for name in names:
        if name not in known:
            raise ScenarioError(f"role = {name!r}: world {world.name} has no such role; its roles: {', '.join(known)}")
    return [role for role in world.roles if role.name in names or not names]

"""Teams: one controller per role, played together as one controller."""

from collections.abc import Mapping
from typing import Any

from voltran.envs.controller import (
    KNOWLEDGE,
    Controller,
    Information,
    counters_of,
    declarations_of,
    information_of,
    is_batch_independent,
    name_of,
    world_options_of,
)
from voltran.envs.errors import ScenarioError
from voltran.envs.world import World


class Team:
    """A controller made of one controller per role.

    A role that the world lacks is not asked for, so that a team with retailers also plays a world without any. A
    member may be able to play more than its role: only its role's actions are taken.

    Args:
        members: role -> who plays it; one controller may play several roles, and is then asked once.
        name: as shown in result tables; by default the members', as in ``bs=msrc+retailer=dpa``.

    Raises:
        ScenarioError: no members, or members that need worlds built in different ways.
    """

    def __init__(self, members: Mapping[str, Controller], *, name: str | None = None) -> None:
        if not members:
            raise ScenarioError("a team without members: name one controller per role, such as bs=msrc+retailer=dpa")
        self.members = dict(members)
        self.name = name or "+".join(f"{role}={name_of(member)}" for role, member in members.items())
        self.information: Information = max(map(information_of, members.values()), key=KNOWLEDGE.index)
        self.world_options = _merged_options(self.members)
        self.batch_independent = all(map(is_batch_independent, members.values()))

    @property
    def declarations(self) -> dict[str, str]:
        """What the members declare; of one key, the first that does."""
        declared: dict[str, str] = {}
        for member in self.members.values():
            declared = {**declarations_of(member), **declared}
        return declared

    def reset(self, world: World) -> None:
        """Forget the previous episode, all members.

        Raises:
            ScenarioError: a role of the world that nobody plays, or a member that does not fit the world.
        """
        for role in world.roles:
            if role.name not in self.members:
                raise ScenarioError(
                    f"team {self.name}: nobody plays role {role.name} of {world.name}; "
                    f"add a member for it, such as {self.name}+{role.name}=NAME"
                )
        for member in self._distinct(world):
            member.reset(world)

    def act(self, world: World) -> dict[str, Any]:
        """Choose for all roles of the world.

        Raises:
            ScenarioError: a member does not play its role.
        """
        chosen = {id(member): member.act(world) for member in self._distinct(world)}
        return {role: actions_for(role, member, chosen[id(member)]) for role, member in self._present(world).items()}

    def counters(self) -> dict[str, float]:
        """What the members counted; a name that several use has the role in front."""
        counted = {role: counters_of(member) for role, member in self.members.items()}
        names = [name for numbers in counted.values() for name in numbers]
        return {
            name if names.count(name) == 1 else f"{role}_{name}": number
            for role, numbers in counted.items()
            for name, number in numbers.items()
        }

    def _present(self, world: World) -> dict[str, Controller]:
        """Members whose role the world has."""
        known = {role.name for role in world.roles}
        return {role: member for role, member in self.members.items() if role in known}

    def _distinct(self, world: World) -> list[Controller]:
        """Each controller that plays once, however many roles it has."""
        return list({id(member): member for member in self._present(world).values()}.values())


def actions_for(role: str, member: Controller, chosen: object) -> Any:
    """One role's actions out of what a controller chose.

    Raises:
        ScenarioError: the controller does not play the role.
    """
    if not isinstance(chosen, Mapping):
        raise ScenarioError(
            f"controller {name_of(member)} was asked to play role {role}, but its act returned a "
            f"{type(chosen).__name__}; return role -> actions"
        )
    if role not in chosen:
        played = ", ".join(chosen) or "nothing"
        raise ScenarioError(
            f"controller {name_of(member)} was asked to play role {role}, but it plays {played}; "
            f"choose a controller that plays {role}"
        )
    return chosen[role]


def _merged_options(members: Mapping[str, Controller]) -> dict[str, Any]:
    """Options of the world's builder that all members together need."""
    merged: dict[str, Any] = {}
    wanted_by: dict[str, str] = {}
    for role, member in members.items():
        for option, value in world_options_of(member).items():
            if option in merged and merged[option] != value:
                raise ScenarioError(
                    f"team: {wanted_by[option]} needs {option}={merged[option]}, but {role}={name_of(member)} needs "
                    f"{option}={value}; choose members that play the same world"
                )
            merged[option] = value
            wanted_by[option] = f"{role}={name_of(member)}"
    return merged

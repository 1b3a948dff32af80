"""Teams: one controller per role, played together as one controller."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from voltran.envs.controller import (
    KNOWLEDGE,
    Controller,
    Information,
    counters_of,
    declarations_of,
    follows_resets,
    information_of,
    is_batch_independent,
    name_of,
    world_options_of,
)
from voltran.envs.errors import EpisodeError, ScenarioError
from voltran.envs.world import World


class Team:
    """A controller made of one controller per role.

    A role that the world lacks is not asked for, so that a team with retailers also plays a world without any. A
    member may be able to play more than its role: only its role's actions are taken. Options of the world that go by
    role, such as ``observe``, are joined role by role.

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
        self.world_options = _merged_options(self.members)
        self.batch_independent = all(map(is_batch_independent, members.values()))
        self.follows_resets = all(map(follows_resets, members.values()))
        self._half_reset = False

    @property
    def information(self) -> Information:
        """The most that any member knows; some can say it only once they have met the world."""
        return max(map(information_of, self.members.values()), key=KNOWLEDGE.index)

    @property
    def declarations(self) -> dict[str, str]:
        """What the members declare; of one key, the first that does."""
        declared: dict[str, str] = {}
        for member in self.members.values():
            declared = {**declarations_of(member), **declared}
        return declared

    def reset(self, world: World) -> None:
        """Forget the previous episode, all members.

        A controller cannot be asked beforehand whether it will play a world, nor be reset back: where one refuses,
        members before it have forgotten their episode already, and the team plays nothing until a reset works.

        Raises:
            ScenarioError: a role of the world that nobody plays, or a member that does not fit the world.
        """
        for role in world.roles:
            if role.name not in self.members:
                raise ScenarioError(
                    f"team {self.name}: nobody plays role {role.name} of {world.name}; "
                    f"add a member for it, such as {self.name}+{role.name}=NAME"
                )
        self._half_reset = True
        for member in self._distinct(world):
            member.reset(world)
        self._half_reset = False

    def act(self, world: World) -> dict[str, Any]:
        """Choose for all roles of the world.

        Raises:
            EpisodeError: the latest reset failed.
            ScenarioError: a member does not play its role.
        """
        if self._half_reset:
            raise EpisodeError(f"team {self.name}: its latest reset failed half-way; reset it on a world that all play")
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
        present = {role.name for role in world.roles}
        return {role: member for role, member in self.members.items() if role in present}

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


class _Need(NamedTuple):
    """A value that an option of the world's builder must have, and the member that needs it, as in ``bs=msrc``."""

    value: Any
    member: str


def _merged_options(members: Mapping[str, Controller]) -> dict[str, Any]:
    """Options of the world's builder that all members together need.

    Raises:
        ScenarioError: two members need different things.
    """
    needs: dict[str, dict[str, _Need]] = {}
    for role, member in members.items():
        others = {name for name, other in members.items() if other is not member}
        for option, value in world_options_of(member).items():
            for key, part in _parts(value, others).items():
                _add_need(needs.setdefault(option, {}), option, key, _Need(part, f"{role}={name_of(member)}"))
    return {
        option: parts[""].value if "" in parts else {key: need.value for key, need in parts.items()}
        for option, parts in needs.items()
    }


def _parts(value: Any, others: Collection[str]) -> Mapping[str, Any]:
    """An option's value by key, such as each role's in ``observe``; what is no mapping has the key "".

    What a member says of a role that somebody else plays does not count: it has learned beside another partner.
    """
    if not isinstance(value, Mapping):
        return {"": value}
    return {key: part for key, part in value.items() if key not in others}


def _add_need(needs: dict[str, _Need], option: str, key: str, added: _Need) -> None:
    """Join what one more member needs of an option to the needs of those before, key -> need."""
    for earlier, need in needs.items():
        if (earlier == key and need.value != added.value) or (earlier == "") != (key == ""):
            raise ScenarioError(
                f"team: {need.member} needs {_named(option, earlier)}={need.value}, but {added.member} needs "
                f"{_named(option, key)}={added.value}; choose members that play the same world"
            )
    needs[key] = added


def _named(option: str, key: str) -> str:
    return f"{option}.{key}" if key else option

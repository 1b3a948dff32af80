"""Plays a controller for some decisions, keeps copies of what it chose, and tells where two records differ."""

import copy
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from voltran.envs.checks.action_sampling import choose, mask_parts
from voltran.envs.checks.recording import difference
from voltran.envs.checks.report import ConformanceError, NotApplicable
from voltran.envs.controller import Controller, world_options_of
from voltran.envs.registry import make_world
from voltran.envs.world import Role, World

Chosen = dict[str, Any]
PLAYS = "plays_without_error"


@dataclass(frozen=True)
class Hooks:
    """What a rule does around the decisions of a play.

    Attributes:
        before_act: called with the world.
        after_act: called with the world and with what the controller returned, which has been copied.
    """

    before_act: Callable[[World], None] = lambda world: None
    after_act: Callable[[World, Mapping[str, Any]], None] = lambda world, chosen: None


@dataclass
class Trial:
    """The controller under test, and the worlds that it plays.

    Attributes:
        make: builds it.
        scenarios: names, or paths of files.
        seeds: of the episodes; two at least.
        decisions: played of each.
    """

    make: Callable[[], Controller]
    scenarios: Sequence[str]
    seeds: Sequence[int]
    decisions: int
    _worlds: dict[tuple[str, int], World] = field(default_factory=dict)
    _records: dict[tuple[str, int], list[Chosen]] = field(default_factory=dict)

    def world(self, scenario: str, n_worlds: int = 1) -> World:
        """A world that the controller can play, built once; whoever plays it resets it."""
        if (scenario, n_worlds) not in self._worlds:
            self._worlds[scenario, n_worlds] = make_world(scenario, n_worlds, **world_options_of(self.make()))
        return self._worlds[scenario, n_worlds]

    def record(self, scenario: str, seed: int) -> list[Chosen]:
        """What a fresh controller chooses in an episode, decision by decision."""
        if (scenario, seed) not in self._records:
            self._records[scenario, seed] = self.play(self.make(), scenario, [seed])
        return self._records[scenario, seed]

    def play(
        self,
        controller: Controller,
        scenario: str,
        seeds: Sequence[int],
        hooks: Hooks | None = None,
        decisions: int | None = None,
    ) -> list[Chosen]:
        """Play episodes, one per seed, side by side; roles that the controller leaves out act at random.

        Raises:
            ConformanceError: the controller raises an error, or the world does not take what it chooses.
        """
        hooks, world = hooks or Hooks(), self.world(scenario, len(seeds))
        world.reset(list(seeds))
        attempt(lambda: controller.reset(world), "reset", 0)
        record: list[Chosen] = []
        for decision in range(1, (decisions or self.decisions) + 1):
            hooks.before_act(world)
            chosen = acted(controller, world, decision)
            record.append(plain(chosen))
            actions = copy.deepcopy(dict(chosen)) | others(world, chosen, seeds, decision)
            hooks.after_act(world, chosen)
            transition = attempt(lambda taken=actions: world.step(taken), "the world's step", decision)  # type: ignore[misc]
            if (transition.terminated | transition.truncated).any():
                break
        return record

    def require_chance(self) -> None:
        """Make sure that the seed decides something; else whoever mixes episodes up cannot be told.

        Raises:
            NotApplicable: in no scenario.
        """
        if not any(map(self._has_chance, self.scenarios)):
            alike = f"the episodes of seeds {self.seeds[0]} and {self.seeds[1]} are the same"
            raise NotApplicable(f"{alike} in {', '.join(self.scenarios)}; name a scenario in which something is random")

    def _has_chance(self, scenario: str) -> bool:
        world = self.world(scenario, 2)
        world.reset(list(self.seeds[:2]))
        for decision in range(1, self.decisions + 1):
            if any((seen[0] != seen[1]).any() for seen in [world.state(), *world.observations().values()]):
                return True
            transition = world.step(others(world, {}, [self.seeds[0]] * 2, decision))
            if (transition.terminated | transition.truncated).any():
                break
        return False


def acted(controller: Controller, world: World, decision: int) -> Mapping[str, Any]:
    """What a controller chooses.

    Raises:
        ConformanceError: it raises an error, or does not choose for roles of the world.
    """
    chosen = attempt(lambda: controller.act(world), "act", decision)
    roles = [role.name for role in world.roles]
    if not isinstance(chosen, Mapping) or not set(chosen) & set(roles):
        got = list(chosen) if isinstance(chosen, Mapping) else f"a {type(chosen).__name__}"
        raise ConformanceError(PLAYS, f"role -> actions from act, for roles of {roles}; got {got}", step=decision)
    return {role: chosen[role] for role in roles if role in chosen}


def attempt(call: Callable[[], Any], what: str, decision: int) -> Any:
    """Call something that must not fail.

    Raises:
        ConformanceError: it did.
    """
    try:
        return call()
    except (Exception, SystemExit) as error:
        raise ConformanceError(
            PLAYS, f"no error from {what}; got {type(error).__name__}: {error}", step=decision
        ) from error


def others(world: World, chosen: Mapping[str, Any], seeds: Sequence[int], decision: int) -> Chosen:
    """Legal actions for the roles that a controller leaves out; each world's follow from its seed and the decision."""
    masks, actions = world.action_masks(), {}
    for number, role in enumerate(world.roles):
        if role.name in chosen:
            continue
        rows = []
        for row, seed in enumerate(seeds):
            generator = np.random.default_rng([seed, decision, number])
            rows.append([choose(role.action_space, masks[role.name][row, n], generator) for n in range(role.count)])
        actions[role.name] = np.array(rows)
    return actions


def plain(value: Any) -> Any:
    """A deep copy with mappings in place of objects, so that any two can be compared."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {item.name: plain(getattr(value, item.name)) for item in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return copy.deepcopy(value)


def row_of(value: Any, row: int, n_worlds: int) -> Any:
    """The part of one world in what was chosen for a batch, as if it had been chosen for it alone."""
    if isinstance(value, Mapping):
        return {key: row_of(item, row, n_worlds) for key, item in value.items()}
    if isinstance(value, list) and not (len(value) == n_worlds and not isinstance(value[0], Mapping)):
        return [row_of(item, row, n_worlds) for item in value]
    if isinstance(value, list):
        return value[row : row + 1]
    is_batch = isinstance(value, np.ndarray) and value.ndim > 0 and value.shape[0] == n_worlds
    return value[row : row + 1] if is_batch else value


def agent_of(value: Any, agent: int, count: int) -> Any:
    """The part of one agent in what was chosen for a role of a single world."""
    if isinstance(value, Mapping):
        return {key: agent_of(item, agent, count) for key, item in value.items()}
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return [agent_of(item, agent, count) for item in value]
    array = np.asarray(value)
    return array[:, agent] if array.ndim > 1 and array.shape[1] == count else value


def first_difference(left: Sequence[Chosen], right: Sequence[Chosen]) -> tuple[int, str] | None:
    """Decision, counted from 1, and place of the first difference; of records of unequal length, where both go on."""
    for decision, (one, other) in enumerate(zip(left, right, strict=False), start=1):
        if mismatch := difference(one, other, "actions"):
            return decision, mismatch
    return None


def require_same(rule: str, expected: str, left: Sequence[Chosen], right: Sequence[Chosen]) -> None:
    """Raise unless two records are the same.

    Raises:
        ConformanceError: names the decision and the place.
    """
    if first := first_difference(left, right):
        decision, place = first
        raise ConformanceError(rule, f"{expected}; {place}", step=decision)


def codes_of(role: Role, chosen: Any) -> Any:
    """Action codes ``[B, n]`` or ``[B, n, k]``; None for a role's continuous actions, and for commands of a world."""
    is_array = isinstance(chosen, np.ndarray) or (isinstance(chosen, list) and bool(chosen))
    parts = mask_parts(role.action_space, np.ones(role.mask_size, bool))
    return np.asarray(chosen) if is_array and parts is not None else None

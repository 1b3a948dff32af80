"""Rules about what a controller knows: no more than it says, as far as that can be tried out.

What "neighbours" and "aggregates" leave out depends on the world, and is not tried.
"""

import copy
from collections.abc import Mapping
from typing import Any

from voltran.envs.checks.playing import Hooks, Trial, acted, agent_of, attempt, plain
from voltran.envs.checks.recording import difference
from voltran.envs.checks.report import ConformanceError, NotApplicable
from voltran.envs.checks.watching import graft_future, watched, with_agents_of
from voltran.envs.controller import KNOWLEDGE, information_of
from voltran.envs.errors import VoltranError
from voltran.envs.world import Role, World

AGENTS_TRIED = 4


def local_means_own(trial: Trial) -> None:
    """One that says "local" chooses the same for an agent, whatever is true of the other agents only."""
    tried = 0
    for scenario in trial.scenarios:
        controller = trial.make()
        mine = _snapshot(trial, scenario, trial.seeds[0], 1)
        if (known := information_of(_after_reset(controller, trial.world(scenario)))) != "local":
            raise NotApplicable(f"it says {known!r}")
        theirs = _snapshot(trial, scenario, trial.seeds[1], trial.decisions)  # later, so that others differ surely
        world = trial.world(scenario)
        for role in _roles_apart(world):
            tried += sum(_try_agent(trial, world, role, agent, mine, theirs) for agent in _some(role))
    if not tried:
        raise NotApplicable("no agent has others of its kind that could be changed without changing what it may do")


def future_unknown(trial: Trial) -> None:
    """One that says less than "forecast" depends on nothing that is yet to come, and steps no copies of the world."""
    rule = "future_unknown"
    for scenario in trial.scenarios:
        world = trial.world(scenario)
        with watched(world) as watch:
            known = information_of(_after_reset(trial.make(), world, trial.seeds[0]))
            if KNOWLEDGE.index(known) >= KNOWLEDGE.index("forecast"):
                raise NotApplicable(f"it says {known!r}")
            _require_no_steps(trial, scenario, watch)
        now = len(trial.record(scenario, trial.seeds[0])) // 2
        snapshots = [_snapshot(trial, scenario, seed, now) for seed in trial.seeds[:2]]
        same, grafted, other = (copy.deepcopy(trial.world(scenario)) for _ in range(3))
        for each, snapshot in ((same, snapshots[0]), (grafted, snapshots[0]), (other, snapshots[1])):
            each.set_state(snapshot)
        fixed = frozenset(length for role in world.roles for length in (role.count, role.mask_size))
        if graft_future(grafted, other, world.max_decisions, now, fixed):
            one, another = (_decided(trial, each) for each in (same, grafted))
            if found := difference(one, another, "actions"):
                raise ConformanceError(rule, f"the same actions whatever is yet to come; {found}", step=now + 1)


def _require_no_steps(trial: Trial, scenario: str, watch: Any) -> None:
    """Play, and count the steps that the controller makes; the world is stepped once after each decision."""

    def before(world: World) -> None:
        watch.steps = 0

    def after(world: World, chosen: Mapping[str, Any]) -> None:
        if watch.steps:
            raise ConformanceError("future_unknown", f"no step of a copy of the world; it made {watch.steps}")

    watch.steps = 0
    trial.play(trial.make(), scenario, trial.seeds[:1], Hooks(before, after), decisions=2)


def _snapshot(trial: Trial, scenario: str, seed: int, decisions: int) -> Any:
    """State of an episode after some decisions."""
    if decisions == 0:
        trial.world(scenario).reset([seed])
    else:
        trial.play(trial.make(), scenario, [seed], decisions=decisions)
    return copy.deepcopy(trial.world(scenario).get_state())


def _after_reset(controller: Any, world: World, seed: int | None = None) -> Any:
    """A controller that knows its world: some say only then what they see."""
    if seed is not None:
        world.reset([seed])
    attempt(lambda: controller.reset(world), "reset", 0)
    return controller


def _roles_apart(world: World) -> list[Role]:
    """Roles whose columns cannot be taken for those of another role."""
    counts = [role.count for role in world.roles]
    return [role for role in world.roles if role.count > 1 and counts.count(role.count) == 1]


def _some(role: Role) -> range:
    return range(min(role.count, AGENTS_TRIED))


def _try_agent(trial: Trial, world: World, role: Role, agent: int, mine: Any, theirs: Any) -> bool:
    """Compare what an agent is told among its own others and among strangers; whether that could be done."""
    mixed = with_agents_of(mine, theirs, agent, role.count)
    if not difference(mine, mixed):
        return False
    found, masks = [], []
    for snapshot in (mine, mixed):
        try:
            world.set_state(snapshot)
        except VoltranError:  # strangers that no state of this world can hold
            return False
        masks.append(world.action_masks()[role.name][:, agent])
        chosen = _decided(trial, world)
        if role.name not in chosen:
            return False
        found.append(agent_of(chosen[role.name], agent, role.count))
    if (masks[0] != masks[1]).any():
        return False
    if place := difference(*found, "action"):
        name = f"{role.name}_{agent}"
        raise ConformanceError("local_means_own", f"the same action whoever the others are; {place}", agent=name)
    return True


def _decided(trial: Trial, world: World) -> Any:
    """What a fresh controller chooses in a world as it is."""
    return plain(acted(_after_reset(trial.make(), world), world, 1))

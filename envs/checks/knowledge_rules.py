"""Rules about what a controller knows: no more than it says, as far as that can be tried out.

What "neighbours" and "aggregates" leave out depends on the world, and is not tried.
"""

import copy
from collections.abc import Mapping
from typing import Any

from voltran.envs.checks.playing import Hooks, Trial, acted, agent_of, attempt, plain
from voltran.envs.checks.recording import difference
from voltran.envs.checks.report import ConformanceError, NotApplicable
from voltran.envs.checks.watching import Watch, graft_agents, graft_future, watched
from voltran.envs.controller import KNOWLEDGE, Controller, Information, information_of
from voltran.envs.world import Role, World

AGENTS_TRIED = 4


def local_means_own(trial: Trial) -> None:
    """One that says "local" chooses the same for an agent, whatever is true of the other agents only."""
    tried = 0
    for scenario in trial.scenarios:
        if (information := _information(trial, scenario)) != "local":
            raise NotApplicable(f"it says {information!r}")
        # the others come from another episode, and from later in it, so that they differ where nothing is drawn
        mine, theirs = _world_at(trial, scenario, trial.seeds[0], 1), _world_at(trial, scenario, trial.seeds[1], 2)
        for role in _roles_apart(mine):
            agents = range(min(role.count, AGENTS_TRIED))
            tried += sum(_same_among_strangers(trial, mine, theirs, role, agent) for agent in agents)
    if not tried:
        raise NotApplicable("no agent has others of its kind that could be changed without changing what it may do")


def future_unknown(trial: Trial) -> None:
    """One that says less than "forecast" depends on nothing that is yet to come, and steps no copies of the world."""
    for scenario in trial.scenarios:
        information = _information(trial, scenario)
        if KNOWLEDGE.index(information) >= KNOWLEDGE.index("forecast"):
            raise NotApplicable(f"it says {information!r}")
        with watched(trial.world(scenario)) as watch:
            _require_no_steps(trial, scenario, watch)
        _require_no_foresight(trial, scenario)


def _require_no_steps(trial: Trial, scenario: str, watch: Watch) -> None:
    """Play, and count the steps that the controller makes; the play's own come after each decision."""

    def before(world: World) -> None:
        watch.steps = 0

    def after(world: World, chosen: Mapping[str, Any]) -> None:
        if watch.steps:
            raise ConformanceError("future_unknown", f"no step of a copy of the world; it made {watch.steps}")

    trial.play(trial.make(), scenario, trial.seeds[:1], Hooks(before, after), decisions=2)


def _require_no_foresight(trial: Trial, scenario: str) -> None:
    """Compare what is chosen in two worlds whose series differ from the next decision on."""
    now = len(trial.record(scenario, trial.seeds[0])) // 2
    world, other = (_world_at(trial, scenario, seed, now) for seed in trial.seeds[:2])
    no_times = {length for role in world.roles for length in (role.count, role.mask_size)}
    changed = copy.deepcopy(world)
    if world.max_decisions in no_times or not graft_future(changed, other, world.max_decisions, now):
        return
    if place := difference(_decided(trial, world), _decided(trial, changed), "actions"):
        raise ConformanceError("future_unknown", f"the same actions whatever is yet to come; {place}", step=now + 1)


def _same_among_strangers(trial: Trial, mine: World, theirs: World, role: Role, agent: int) -> bool:
    """Compare what an agent is told among its own others and among strangers; whether that could be done."""
    mixed = copy.deepcopy(mine)
    if not graft_agents(mixed, theirs, agent, role.count):
        return False
    masks = [world.action_masks()[role.name][:, agent] for world in (mine, mixed)]
    chosen = [_decided(trial, world).get(role.name) for world in (mine, mixed)]
    if chosen[0] is None or (masks[0] != masks[1]).any():
        return False
    own, among_strangers = (agent_of(actions, agent, role.count) for actions in chosen)
    if place := difference(own, among_strangers, "action"):
        name = f"{role.name}_{agent}"
        raise ConformanceError("local_means_own", f"the same action whoever the others are; {place}", agent=name)
    return True


def _world_at(trial: Trial, scenario: str, seed: int, decisions: int) -> World:
    """A world of its own after some decisions of an episode."""
    if decisions:
        trial.play(trial.make(), scenario, [seed], decisions=decisions)
    else:
        trial.world(scenario).reset([seed])
    return copy.deepcopy(trial.world(scenario))


def _information(trial: Trial, scenario: str) -> Information:
    """What it says once it has met its world: some say only then what they see."""
    world = trial.world(scenario)
    world.reset(list(trial.seeds[:1]))
    return information_of(_begun(trial, world))


def _begun(trial: Trial, world: World) -> Controller:
    """A fresh controller that has met its world."""
    controller = trial.make()
    attempt(lambda: controller.reset(world), "reset", 0)
    return controller


def _roles_apart(world: World) -> list[Role]:
    """Roles with agents whose number tells them from all else that might be as many."""
    counts = [*(role.count for role in world.roles), world.max_decisions]
    return [role for role in world.roles if role.count > 1 and counts.count(role.count) == 1]


def _decided(trial: Trial, world: World) -> dict[str, Any]:
    """What a fresh controller chooses in a world as it is."""
    chosen: dict[str, Any] = plain(acted(_begun(trial, world), world, 1))
    return chosen

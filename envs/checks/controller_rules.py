"""Rules that every controller keeps: the same actions again, nothing shared, legal, and nothing disturbed."""

import copy
from collections.abc import Mapping
from numbers import Real
from typing import Any, TypeAlias

import numpy as np

from voltran.envs.checks.action_sampling import is_legal
from voltran.envs.checks.episodes import global_states
from voltran.envs.checks.playing import Hooks, Trial, codes_of, plain, require_same, row_of
from voltran.envs.checks.recording import difference
from voltran.envs.checks.report import ConformanceError, NotApplicable
from voltran.envs.checks.watching import overwrite, watched
from voltran.envs.controller import (
    counters_of,
    declarations_of,
    information_of,
    is_batch_independent,
    name_of,
    world_options_of,
)
from voltran.envs.errors import ScenarioError, VoltranError
from voltran.envs.registry import make_world
from voltran.envs.world import World

Kept: TypeAlias = list[tuple[Any, Any]]

BATCH = 3


def says_what_it_is(trial: Trial) -> None:
    """Its name and declarations are texts, its information is one of the known words, and its world options work."""
    rule, controller = "says_what_it_is", trial.make()
    try:
        declared: dict[Any, Any] = declarations_of(controller)
        information_of(controller), world_options_of(controller)
    except ScenarioError as error:
        raise ConformanceError(rule, f"what tables and worlds understand; {error}") from error
    if not name_of(controller).strip():
        raise ConformanceError(rule, "a name that can be shown")
    for key, word in declared.items():
        if not isinstance(key, str) or not isinstance(word, str):
            raise ConformanceError(rule, f"declarations from text to text; got {key!r}: {word!r}")
    for scenario in trial.scenarios:
        try:
            make_world(scenario, **world_options_of(controller))
        except (VoltranError, TypeError) as error:
            raise ConformanceError(rule, f"world_options that build worlds; {error}") from error


def plays_without_error(trial: Trial) -> None:
    """It plays every scenario: no error from reset or act, and the world takes what it chooses."""
    for scenario in trial.scenarios:
        for seed in trial.seeds:
            trial.record(scenario, seed)


def masks_kept(trial: Trial) -> None:
    """Where it chooses action codes, the masks allow them."""
    applies: list[str] = []

    def check(world: World, chosen: Mapping[str, Any]) -> None:
        masks = world.action_masks()
        for role in world.roles:
            codes = codes_of(role, chosen.get(role.name))
            if codes is None:
                continue
            applies.append(role.name)
            for place in np.ndindex(masks[role.name].shape[:2]):
                if not is_legal(role.action_space, masks[role.name][place], codes[place]):
                    agent = f"{role.name}_{place[1]}"
                    raise ConformanceError("masks_kept", f"a legal code; got {codes[place]}", agent=agent)

    for scenario in trial.scenarios:
        trial.play(trial.make(), scenario, trial.seeds[:1], Hooks(after_act=check))
    if not applies:
        raise NotApplicable("it chooses commands, not action codes")


def same_in_every_instance(trial: Trial) -> None:
    """Two instances choose the same in the same episode."""
    for scenario in trial.scenarios:
        again = trial.play(trial.make(), scenario, trial.seeds[:1])
        expected = "the same actions from another instance"
        require_same("same_in_every_instance", expected, trial.record(scenario, trial.seeds[0]), again)


def same_after_other_episodes(trial: Trial) -> None:
    """One instance chooses the same in an episode, whatever it has played before."""
    for scenario in trial.scenarios:
        controller = trial.make()
        for seed in (*trial.seeds[::-1], trial.seeds[0]):
            again = trial.play(controller, scenario, [seed])
        expected = "the same actions after other episodes"
        require_same("same_after_other_episodes", expected, trial.record(scenario, trial.seeds[0]), again)


def same_after_unfinished_episode(trial: Trial) -> None:
    """A reset in the midst of an episode forgets it."""
    for scenario in trial.scenarios:
        controller = trial.make()
        for decisions in range(1, min(trial.decisions, 3) + 1):
            trial.play(controller, scenario, trial.seeds[1:2], decisions=decisions)
            again = trial.play(controller, scenario, trial.seeds[:1])
            expected = f"the same actions after an episode that was left at decision {decisions}"
            require_same("same_after_unfinished_episode", expected, trial.record(scenario, trial.seeds[0]), again)


def same_after_other_worlds(trial: Trial) -> None:
    """After worlds of another size, or of other scenarios, it chooses the same again."""
    controller = trial.make()
    for scenario in trial.scenarios:
        if is_batch_independent(controller):
            trial.play(controller, scenario, batch_seeds(trial), decisions=2)
        trial.play(controller, scenario, trial.seeds[1:2], decisions=2)
    for scenario in trial.scenarios:
        again = trial.play(controller, scenario, trial.seeds[:1])
        expected = "the same actions after other worlds"
        require_same("same_after_other_worlds", expected, trial.record(scenario, trial.seeds[0]), again)


def batches_like_single_worlds(trial: Trial) -> None:
    """Each world of a batch gets the actions that it would get alone."""
    if not is_batch_independent(trial.make()):
        raise NotApplicable("it says that it is not: batch_independent = False")
    seeds = batch_seeds(trial)
    for scenario in trial.scenarios:
        together = trial.play(trial.make(), scenario, seeds)
        for row, seed in enumerate(seeds):
            expected = f"for world {row} of {len(seeds)} what it gets alone (first in the batch, then alone)"
            own = [row_of(chosen, row, len(seeds)) for chosen in together]
            require_same("batches_like_single_worlds", expected, own, trial.record(scenario, seed))
    trial.require_chance()


def chosen_actions_never_change(trial: Trial) -> None:
    """What it returned once stays as it was while the episode goes on."""
    for scenario in trial.scenarios:
        kept: Kept = []
        hooks = Hooks(after_act=lambda world, chosen, kept=kept: kept.append((chosen, plain(chosen))))  # type: ignore[misc]
        trial.play(trial.make(), scenario, trial.seeds[:1], hooks)
        for decision, (now, then) in enumerate(kept, start=1):
            if mismatch := difference(then, plain(now), "actions"):
                raise ConformanceError("chosen_actions_never_change", f"fresh arrays; {mismatch}", step=decision)


def writing_into_chosen_actions_is_harmless(trial: Trial) -> None:
    """Callers may overwrite what it returned: it goes on as if they had not."""
    for scenario in trial.scenarios:
        hooks = Hooks(after_act=lambda world, chosen: overwrite(chosen))
        again = trial.play(trial.make(), scenario, trial.seeds[:1], hooks)
        rule, expected = "writing_into_chosen_actions_is_harmless", "no effect on later actions"
        require_same(rule, expected, trial.record(scenario, trial.seeds[0]), again)


def what_worlds_return_is_not_kept(trial: Trial) -> None:
    """Arrays that a world returned to it may be overwritten once it has chosen."""
    for scenario in trial.scenarios:
        world = trial.world(scenario)
        with watched(world) as watch:
            hooks = Hooks(after_act=lambda world, chosen, watch=watch: watch.spoil())  # type: ignore[misc]
            again = trial.play(trial.make(), scenario, trial.seeds[:1], hooks)
        rule, expected = "what_worlds_return_is_not_kept", "no effect on later actions"
        require_same(rule, expected, trial.record(scenario, trial.seeds[0]), again)


def world_left_alone(trial: Trial) -> None:
    """Neither reset nor act changes anything in the world."""
    for scenario in trial.scenarios:
        world = trial.world(scenario)
        world.reset(list(trial.seeds[:1]))
        before = [copy.deepcopy(world.get_state())]

        def compare(world: World, chosen: Mapping[str, Any], before: list[Any] = before) -> None:
            if mismatch := difference(before[-1], world.get_state(), "state"):
                raise ConformanceError("world_left_alone", f"a world as it was before act; {mismatch}")

        def remember(world: World, before: list[Any] = before) -> None:
            now = copy.deepcopy(world.get_state())
            if len(before) == 1 and (mismatch := difference(before[0], now, "state")):
                raise ConformanceError("world_left_alone", f"a world as it was before reset; {mismatch}")
            before.append(now)

        trial.play(trial.make(), scenario, trial.seeds[:1], Hooks(remember, compare))


def global_generators_left_alone(trial: Trial) -> None:
    """Global random generators stay as they are while it is built, reset and asked."""
    for scenario in trial.scenarios:
        trial.world(scenario)
        before = global_states()
        trial.play(trial.make(), scenario, trial.seeds[:1])
        for name, state in global_states().items():
            if name in before and difference(before[name], state):
                expected = f"the global generator of {name} as it was; give the controller one of its own"
                raise ConformanceError("global_generators_left_alone", expected)


def counters_are_numbers(trial: Trial) -> None:
    """What it counted are finite numbers with texts for names."""
    for scenario in trial.scenarios:
        controller = trial.make()
        trial.play(controller, scenario, trial.seeds[:1])
        try:
            counted: dict[Any, Any] = counters_of(controller)
        except (Exception, SystemExit) as error:
            raise ConformanceError(
                "counters_are_numbers", f"a mapping from counters; got {type(error).__name__}: {error}"
            ) from error
        for name, number in counted.items():
            if not isinstance(name, str) or not isinstance(number, Real) or not np.isfinite(float(number)):
                raise ConformanceError("counters_are_numbers", f"text -> finite number; got {name!r}: {number!r}")


def batch_seeds(trial: Trial) -> list[int]:
    """Seeds of a batch that holds the first episode, but not at its beginning."""
    return [trial.seeds[1], trial.seeds[0], *range(max(trial.seeds) + 1, max(trial.seeds) + BATCH - 1)]

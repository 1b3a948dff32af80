"""Rules about what callers may do with what they hold, and about input that must be refused."""

import copy
from collections.abc import MutableMapping
from typing import Any

import numpy as np

from voltran.envs.checks.action_sampling import illegal_inputs
from voltran.envs.checks.recording import Subject, chosen_actions, difference, episode_difference, recorded, world_of
from voltran.envs.checks.report import ConformanceError, NotApplicable
from voltran.envs.errors import ActionError, EpisodeError


def returned_values_never_change(subject: Subject) -> None:
    """What was returned once stays as it was while the environment goes on."""
    env = subject.env_fn()
    kept: list[tuple[Any, Any]] = []
    subject.play(env, subject.seed, on_return=lambda returned: kept.append((returned, copy.deepcopy(returned))))
    subject.play(env, subject.seed + 1)
    for step, (now, then) in enumerate(kept):
        mismatch = difference(then, now, "returned")
        if mismatch:
            raise ConformanceError("returned_values_never_change", f"fresh arrays and dicts; {mismatch}", step=step)


def writing_into_returned_values_is_harmless(subject: Subject) -> None:
    """Callers may overwrite what they were handed: the episode goes on as if they had not."""
    env = subject.env_fn()

    def scribble(returned: tuple[Any, ...]) -> None:
        for part in returned:
            _overwrite(part)
        if getattr(env, "state_space", None) is not None:
            _overwrite(env.state())

    mismatch = episode_difference(subject.legal[0], subject.play(env, subject.seed, on_return=scribble))
    if mismatch:
        step, place = mismatch
        raise ConformanceError("writing_into_returned_values_is_harmless", f"no effect; {place}", step=step)


def actions_stay_as_given(subject: Subject) -> None:
    """A step changes neither the dict of actions that it is given nor the arrays in it."""
    env, episode = subject.env_fn(), subject.legal[0]
    env.reset(seed=episode.seed)
    for step, moment in episode.steps:
        given = copy.deepcopy(moment.actions)
        env.step(given)
        mismatch = difference(moment.actions, given, "actions")
        if mismatch:
            expected = f"actions as they were given; {mismatch}: copy what is to be changed"
            raise ConformanceError("actions_stay_as_given", expected, step=step)


def illegal_input_refused(subject: Subject) -> None:
    """NaN, wrong types, shapes and ranges, and missing agents raise an error; ours an ActionError, also for
    whole numbers as floats and for unknown agents.
    """
    env, legal = _midway(subject)
    for label, actions in illegal_inputs(env, legal, strict=subject.is_ours):
        try:
            env.step(actions)
        except Exception as error:
            if subject.is_ours and not isinstance(error, ActionError):
                expected = f"an ActionError for {label}, got {error!r}"
                raise ConformanceError("illegal_input_refused", expected) from error
            continue
        raise ConformanceError("illegal_input_refused", f"an error for {label}")


def illegal_input_changes_nothing(subject: Subject) -> None:
    """After refused input the episode goes on as if it had never been tried."""
    env, legal = _midway(subject)
    twin, _ = _midway(subject)
    world = world_of(env)
    for label, actions in illegal_inputs(env, legal, strict=subject.is_ours):
        before = copy.deepcopy(world.get_state()) if world is not None else None
        try:
            env.step(actions)
        except Exception:
            mismatch = difference(before, world.get_state(), "state") if world is not None else None
        else:
            raise ConformanceError("illegal_input_changes_nothing", f"an error for {label}")
        if mismatch:
            raise ConformanceError("illegal_input_changes_nothing", f"the state as it was after {label}; {mismatch}")
    try:
        after = tuple(env.step(dict(legal)))
    except Exception as error:
        if not subject.is_ours:
            raise NotApplicable("PettingZoo leaves open whether an episode goes on after refused input") from error
        expected = f"an episode that goes on after refused input; got {error!r}"
        raise ConformanceError("illegal_input_changes_nothing", expected) from error
    mismatch = difference(tuple(twin.step(dict(legal))), after, "returned")
    if mismatch or env.agents != twin.agents:
        expected = f"the same next step as without the illegal input; {mismatch or 'other agents'}"
        raise ConformanceError("illegal_input_changes_nothing", expected)


def finished_episodes_refuse_steps(subject: Subject) -> None:
    """A step before the first reset or after the end raises EpisodeError."""
    env = subject.env_fn()
    if not subject.is_ours:
        raise NotApplicable("PettingZoo leaves steps without a running episode undefined")
    actions = subject.legal[0].moments[-1].actions
    for label in ("before the first reset", "after the end"):
        try:
            env.step(dict(actions))
        except EpisodeError:
            subject.play(env, subject.seed)
            continue
        raise ConformanceError("finished_episodes_refuse_steps", f"an EpisodeError {label}")


def _midway(subject: Subject) -> tuple[Any, dict[str, Any]]:
    """An environment one step into an episode (or at its start, if one step ends it), and legal actions there."""
    env = subject.env_fn()
    moment = recorded({}, tuple(env.reset(seed=subject.seed)), list(env.agents))
    if len(subject.legal[0].moments) > 2:
        actions = chosen_actions(env, moment, subject.seed, 1)
        moment = recorded(actions, tuple(env.step(dict(actions))), list(env.agents))
    return env, chosen_actions(env, moment, subject.seed, 2)


def _overwrite(value: Any) -> None:
    if isinstance(value, np.ndarray) and value.flags.writeable:
        value.fill(1)
    if isinstance(value, list | tuple):
        for item in value:
            _overwrite(item)
    if isinstance(value, MutableMapping):
        for item in value.values():
            _overwrite(item)
        value.clear()

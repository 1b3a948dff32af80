"""Chooses the suite's actions, legal and illegal, with generators of its own: the environment's stay untouched."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray


def carried_mask(observation: Any, info: Any) -> Any:
    """The action mask that an agent was handed, in its observation or else in its info; None if there is none."""
    for carrier in (observation, info):
        if isinstance(carrier, Mapping) and carrier.get("action_mask") is not None:
            return carrier["action_mask"]
    return None


def mask_parts(space: spaces.Space[Any], mask: Any) -> list[NDArray[np.bool_]] | None:
    """Split a mask into one boolean array per choice; None where the space has no enumerable choices."""
    if mask is None or not isinstance(space, spaces.Discrete | spaces.MultiDiscrete):
        return None
    if isinstance(space, spaces.Discrete):
        return [np.asarray(mask).astype(bool)]
    if isinstance(mask, tuple | list):
        return [np.asarray(part).astype(bool) for part in mask]
    return [part.astype(bool) for part in np.split(np.asarray(mask), np.cumsum(space.nvec)[:-1])]


def is_legal(space: spaces.Space[Any], mask: Any, action: Any) -> bool:
    """Whether the mask allows the action."""
    parts = mask_parts(space, mask)
    if parts is None:
        return True
    choices = np.atleast_1d(np.asarray(action) - getattr(space, "start", 0))
    return all(bool(part[choice]) for part, choice in zip(parts, choices, strict=True))


def choose(space: spaces.Space[Any], mask: Any, generator: np.random.Generator) -> Any:
    """Draw an action that the mask allows (any action without a mask; the first one if the mask allows none)."""
    parts = mask_parts(space, mask)
    if isinstance(space, spaces.Discrete):
        allowed = np.flatnonzero(parts[0]) if parts else np.arange(space.n)
        return int(generator.choice(allowed) if allowed.size else 0) + int(space.start)
    if isinstance(space, spaces.MultiDiscrete) and space.nvec.ndim == 1:
        options = [np.flatnonzero(part) for part in parts] if parts else [np.arange(size) for size in space.nvec]
        codes = [generator.choice(option) if option.size else 0 for option in options]
        return (np.array(codes) + space.start).astype(space.dtype)
    if isinstance(space, spaces.Box) and space.is_bounded():
        return generator.uniform(space.low, space.high).astype(space.dtype)
    space.seed(int(generator.integers(2**31)))
    return space.sample()


def illegal_actions(space: spaces.Space[Any], *, strict: bool) -> Iterator[tuple[str, Any]]:
    """Actions outside a space: what is wrong with each, and the action.

    Args:
        space: of the actions.
        strict: also whole numbers in floats where choices are integers, which others' environments mostly take.
    """
    if strict and isinstance(space, spaces.Discrete):
        yield "a whole number as a float", float(space.start)
        yield "a whole number in an array of floats", np.array(space.start, np.float64)
    if strict and isinstance(space, spaces.MultiDiscrete):
        yield "whole numbers as floats", np.zeros(space.shape, np.float64) + space.start
    yield "None", None
    yield "a word", "normal"
    if isinstance(space, spaces.Discrete):
        yield "NaN", float("nan")
        yield "a fraction", float(space.start) + 0.5
        yield "one too many", int(space.start + space.n)
        yield "one too few", int(space.start) - 1
        yield "an array", np.zeros(3, np.int64)
    if isinstance(space, spaces.MultiDiscrete):
        yield "NaN", np.full(space.shape, np.nan)
        yield "fractions", space.start + 0.5
        yield "one too many", space.start + space.nvec
        yield "too long", np.zeros(space.nvec.size + 1, np.int64)
    if isinstance(space, spaces.Box):
        yield "NaN", np.full(space.shape, np.nan, space.dtype)
        yield "infinity", np.full(space.shape, np.inf, np.float64)
        yield "wrong shape", np.zeros((*space.shape, 2), space.dtype)


def illegal_inputs(env: Any, legal: Mapping[str, Any], *, strict: bool) -> Iterator[tuple[str, Any]]:
    """Joint actions that a step must refuse: what is wrong with each, and the input.

    The culprit is the last agent of each kind of space, so that a step that applies actions one by one has done damage.
    ``strict`` adds what others' environments mostly take: see :func:`illegal_actions`, and actions of unknown agents.
    """
    culprits = {str(env.action_space(agent)): agent for agent in legal}
    for agent in culprits.values():
        for label, action in illegal_actions(env.action_space(agent), strict=strict):
            yield f"{label} for {agent}", {**legal, agent: action}
    last = list(legal)[-1]
    yield f"no action for {last}", {agent: action for agent, action in legal.items() if agent != last}
    if strict:
        yield "an action for an unknown agent", {**legal, "nobody_0": legal[last]}

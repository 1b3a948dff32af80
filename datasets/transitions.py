"""Batches of transitions, made of the rows of shards: what was seen, done and got, and what was seen next."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voltran.datasets.columns import (
    ACTIONS,
    CONTROLLER,
    DECISION,
    INFOS,
    MASKS,
    OBSERVATIONS,
    REWARDS,
    SEED,
    STATE,
    TERMINATED,
    TRUNCATED,
    Arrays,
)
from voltran.physics.arrays import BoolArray, Float32Array, FloatArray, IntArray

NEXT = "next "


@dataclass(frozen=True)
class RoleTransitions:
    """One role's part of ``N`` decisions.

    Attributes:
        observations, next_observations: ``[N, n, F]``, before the decision and after its period.
        masks, next_masks: ``[N, n, A]``, True is legal; None where actions are continuous.
        actions: ``[N, n]`` or ``[N, n, k]``.
        rewards: ``[N, n]``.
        infos: key -> ``[N, n]``.
    """

    observations: Float32Array
    masks: BoolArray | None
    actions: NDArray[Any]
    rewards: FloatArray
    next_observations: Float32Array
    next_masks: BoolArray | None
    infos: Arrays


@dataclass(frozen=True)
class Transitions:
    """``N`` decisions of whole worlds.

    Attributes:
        roles: role -> its part.
        state, next_state: ``[N, S]``.
        infos: key -> ``[N]``.
        terminated: ``[N]`` the task is over: nothing of value follows.
        truncated: ``[N]`` the horizon is reached: the value of the next observations counts.
        seed, decision: ``[N]`` of the episode, and how many decisions were made before.
        controller: ``[N]`` labels of who played.
    """

    roles: dict[str, RoleTransitions]
    state: Float32Array
    next_state: Float32Array
    infos: Arrays
    terminated: BoolArray
    truncated: BoolArray
    seed: IntArray
    decision: IntArray
    controller: NDArray[np.str_]

    def __len__(self) -> int:
        return len(self.seed)


@dataclass(frozen=True)
class AgentTransitions:
    """``N`` transitions of single agents of one role; arrays as in :class:`Transitions`, without the agent axis.

    Attributes:
        agent: ``[N]`` index of the agent in its role.
    """

    observations: Float32Array
    masks: BoolArray | None
    actions: NDArray[Any]
    rewards: FloatArray
    next_observations: Float32Array
    next_masks: BoolArray | None
    infos: Arrays
    terminated: BoolArray
    truncated: BoolArray
    seed: IntArray
    decision: IntArray
    controller: NDArray[np.str_]
    agent: IntArray

    def __len__(self) -> int:
        return len(self.seed)


def is_seen(column: str) -> bool:
    """Whether a column holds what is seen before a decision, and so, a row below, what is seen next."""
    return column == STATE or column.endswith((f".{OBSERVATIONS}", f".{MASKS}"))


def rows_of(columns: Arrays, rows: IntArray) -> Arrays:
    """Columns of some rows that are no final ones; what is seen in the row below is named as what comes next."""
    taken = {name: values[rows] for name, values in columns.items()}
    return {**taken, **{NEXT + name: values[rows + 1] for name, values in columns.items() if is_seen(name)}}


def agents_of(columns: Arrays, role: str, rows: IntArray, agents: IntArray) -> Arrays:
    """Columns of a role's agents in some rows that are no final ones."""
    taken = {}
    for name, values in columns.items():
        if name.startswith(f"{role}."):
            taken[name] = values[rows, agents]
            if is_seen(name):
                taken[NEXT + name] = values[rows + 1, agents]
        elif name in (TERMINATED, TRUNCATED, SEED, DECISION, CONTROLLER):
            taken[name] = values[rows]
    return {**taken, "agent": agents}


def joined(parts: Sequence[Arrays]) -> Arrays:
    """Rows of several parts, one after the other."""
    return parts[0] if len(parts) == 1 else {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def transitions(rows: Arrays, roles: Sequence[str]) -> Transitions:
    """Transitions of rows as :func:`rows_of` gives them."""
    return Transitions(
        roles={role: RoleTransitions(**_of_role(rows, role)) for role in roles},
        state=rows[STATE],
        next_state=rows[NEXT + STATE],
        infos=infos_of(rows, INFOS),
        **{name: rows[name] for name in (TERMINATED, TRUNCATED, SEED, DECISION, CONTROLLER)},
    )


def agent_transitions(rows: Arrays, role: str) -> AgentTransitions:
    """Transitions of rows as :func:`agents_of` gives them."""
    names = (TERMINATED, TRUNCATED, SEED, DECISION, CONTROLLER, "agent")
    ends: dict[str, Any] = {name: rows[name] for name in names}
    return AgentTransitions(**_of_role(rows, role), **ends)


def _of_role(rows: Arrays, role: str) -> dict[str, Any]:
    seen = {name: rows.get(f"{role}.{name}") for name in (OBSERVATIONS, MASKS, ACTIONS, REWARDS)}
    following = {f"next_{name}": rows.get(f"{NEXT}{role}.{name}") for name in (OBSERVATIONS, MASKS)}
    return {**seen, **following, INFOS: infos_of(rows, f"{role}.{INFOS}")}


def infos_of(rows: Arrays, prefix: str) -> Arrays:
    """Columns below a prefix, by the rest of their names."""
    return {name.removeprefix(f"{prefix}."): values for name, values in rows.items() if name.startswith(f"{prefix}.")}

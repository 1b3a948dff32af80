"""What the rows of a data set are made of.

A row is one decision of a whole world, with an array for each role, and not one agent's: the global state and what is
the same for all agents then stand once, and a column is one block of memory that readers take as an array without
looking at it. Rows of an episode follow each other, first decision first, and after the last comes one more, the final
row: what is observed, and allowed, and the state, once the episode is over. So the next observation of every
transition is that of the row below, and nothing is written twice.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from voltran.envs.world import Role, Transition, World

Arrays = dict[str, NDArray[Any]]
Storage = Literal["bytes", "list", "value"]

STATE = "state"
TERMINATED, TRUNCATED = "terminated", "truncated"
SEED, DECISION, FINAL, CONTROLLER = "seed", "decision", "final", "controller"
OBSERVATIONS, MASKS, ACTIONS, REWARDS, INFOS = "observations", "masks", "actions", "rewards", "infos"


class Column(BaseModel):
    """One column of the shards.

    Attributes:
        name: of the column; ``ROLE.observations``, ``ROLE.infos.KEY``, ``infos.KEY``, ``state``, ...
        dtype: NumPy's name of the type of its numbers.
        shape: of a row's array; empty for a single number.
        storage: how Parquet has it: "value", a number; "list", a list of numbers, the last axis of the array first to
            move; "bytes", the same numbers as bytes, little-endian, which is three times as fast to write and to read.
        at_end: whether the final row of an episode has it, too; otherwise it is zero there.
        meaning: a line for readers.
        unit: of its numbers; empty where they have none, or several.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    dtype: str
    shape: tuple[int, ...]
    storage: Storage
    at_end: bool = False
    meaning: str
    unit: str = ""

    def blank(self, *lengths: int) -> NDArray[Any]:
        """Zeros ``[*lengths, *shape]``."""
        return np.zeros((*lengths, *self.shape), dtype=self.dtype)


@dataclass(frozen=True)
class Layout:
    """The columns that a world's episodes are recorded in, those that tell rows apart left out.

    Attributes:
        roles: names of the roles that are recorded.
        columns: in the order of the shards.
    """

    roles: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def row_bytes(self) -> int:
        """Bytes of a row in memory."""
        return sum(column.blank(1).nbytes for column in self.columns)


IDENTIFYING = (
    Column(name=SEED, dtype="int64", shape=(), storage="value", at_end=True, meaning="seed of the episode"),
    Column(name=DECISION, dtype="int32", shape=(), storage="value", at_end=True, meaning="decisions made before"),
    Column(
        name=FINAL, dtype="bool", shape=(), storage="value", at_end=True, meaning="the episode is over: nothing follows"
    ),
)
ENDS = (
    Column(
        name=TERMINATED, dtype="bool", shape=(), storage="value", meaning="the task is over: no value follows"
    ),
    Column(
        name=TRUNCATED, dtype="bool", shape=(), storage="value",
        meaning="the horizon is reached: the value of the next observation follows",
    ),
)  # fmt: skip


def layout_of(world: World, transition: Transition, roles: Sequence[Role]) -> Layout:
    """The columns for a world.

    Args:
        world: of the kind.
        transition: one that it made, which shows the infos that there are.
        roles: those to record.
    """
    columns = [*ENDS, *_state(world)]
    for role in roles:
        columns += _of_role(role, transition)
    columns += [_info(f"{INFOS}.{key}", values) for key, values in transition.episode_infos.items()]
    return Layout(tuple(role.name for role in roles), tuple(columns))


def _state(world: World) -> Iterator[Column]:
    shape = world.state_space.shape or ()
    yield Column(
        name=STATE, dtype="float32", shape=shape, storage="bytes", at_end=True,
        meaning="global state before the decision, for centralised critics",
    )  # fmt: skip


def _of_role(role: Role, transition: Transition) -> Iterator[Column]:
    count, prefix = role.count, f"{role.name}."
    observed = (count, *(role.observation_space.shape or ()))
    yield Column(
        name=prefix + OBSERVATIONS, dtype="float32", shape=observed, storage="bytes", at_end=True,
        meaning="what agents observe before the decision; entries as in the role's fields, divided by their scales",
    )  # fmt: skip
    if role.mask_size:
        yield Column(
            name=prefix + MASKS, dtype="bool", shape=(count, role.mask_size), storage="bytes", at_end=True,
            meaning="entries of the flat action mask that are legal before the decision",
        )  # fmt: skip
    dtype = "float32" if np.issubdtype(np.dtype(role.action_space.dtype), np.floating) else "int64"
    action = (count, *(role.action_space.shape or ()))
    yield Column(name=prefix + ACTIONS, dtype=dtype, shape=action, storage="list", meaning="actions that were played")
    yield Column(
        name=prefix + REWARDS, dtype="float64", shape=(count,), storage="list",
        meaning="rewards for the period that the decision began",
    )  # fmt: skip
    for key, values in transition.agent_infos.get(role.name, {}).items():
        yield _info(f"{prefix}{INFOS}.{key}", values)


def _info(name: str, values: NDArray[Any]) -> Column:
    shape = values.shape[1:]
    storage: Storage = "list" if shape else "value"
    meaning = "of the period that the decision began"
    return Column(name=name, dtype=str(values.dtype), shape=shape, storage=storage, meaning=meaning)

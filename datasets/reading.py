"""Reads a data set: whole episodes, or batches of transitions, without holding more than a few shards at once."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voltran.datasets.columns import (
    ACTIONS,
    CONTROLLER,
    FINAL,
    IDENTIFYING,
    INFOS,
    MASKS,
    OBSERVATIONS,
    REWARDS,
    SEED,
    STATE,
    TERMINATED,
    TRUNCATED,
    Arrays,
    Column,
)
from voltran.datasets.datasheet import Datasheet, Shard, read_datasheet, role_records
from voltran.datasets.shards import REMEDY, shard_arrays
from voltran.datasets.transitions import (
    AgentTransitions,
    Transitions,
    agent_transitions,
    agents_of,
    infos_of,
    is_seen,
    joined,
    rows_of,
    transitions,
)
from voltran.envs.errors import FileFormatError, ScenarioError
from voltran.envs.world import World
from voltran.evaluation.episode_key import difference
from voltran.evaluation.files import digest_of
from voltran.physics.arrays import IntArray

Take = Callable[[Arrays, IntArray], Arrays]

SHARDS_AT_ONCE = 4  # from which a shuffled batch is drawn


@dataclass(frozen=True)
class RoleEpisode:
    """What one role did in an episode of ``T`` decisions.

    Attributes:
        observations: ``[T + 1, n, F]``, the last after the last decision.
        masks: ``[T + 1, n, A]``; None where actions are continuous.
        actions: ``[T, n]`` or ``[T, n, k]``.
        rewards: ``[T, n]``.
        infos: key -> ``[T, n]``.
    """

    observations: NDArray[Any]
    masks: NDArray[Any] | None
    actions: NDArray[Any]
    rewards: NDArray[Any]
    infos: Arrays


@dataclass(frozen=True)
class Episode:
    """One episode of ``T`` decisions.

    Attributes:
        seed: of the episode.
        controller: label of who played.
        roles: role -> what it did.
        state: ``[T + 1, S]``.
        infos: key -> ``[T]``.
        terminated, truncated: how it ended.
    """

    seed: int
    controller: str
    roles: dict[str, RoleEpisode]
    state: NDArray[Any]
    infos: Arrays
    terminated: bool
    truncated: bool

    def __len__(self) -> int:
        return len(self.state) - 1


def read(
    folder: str | Path,
    *,
    roles: Sequence[str] = (),
    controllers: Sequence[str] = (),
    world: World | None = None,
) -> "DataSet":
    """Open a data set.

    Args:
        folder: that ``voltran dataset`` wrote.
        roles: those to read; all by default.
        controllers: labels of those whose episodes to read; all by default.
        world: that the data are to be used for; what agents observe and do there must be what they did in the data.

    Raises:
        FileFormatError: not a data set, another version, or one that is cut short or damaged; what is inside a file is
            looked at when it is read.
        ScenarioError: an unknown role or controller, or another world.
    """
    path = Path(folder)
    datasheet = read_datasheet(path)
    for what, asked, known in (
        ("role", roles, list(datasheet.roles)),
        ("controller", controllers, list(datasheet.controllers)),
    ):
        if unknown := [name for name in asked if name not in known]:
            raise ScenarioError(f"{what} = {unknown[0]!r}: data set {path} has {', '.join(known)}")
    _check_files(path, datasheet)
    if world is not None:
        check_fits(datasheet, world, roles or list(datasheet.roles))
    chosen = [shard for shard in datasheet.shards if not controllers or shard.controller in controllers]
    return DataSet(path, datasheet, tuple(roles or datasheet.roles), chosen)


@dataclass(frozen=True)
class DataSet:
    """What controllers did, in files.

    Attributes:
        folder: where the files lie.
        datasheet: what they hold.
        roles: those that are read.
        shards: files that are read.
    """

    folder: Path
    datasheet: Datasheet
    roles: tuple[str, ...]
    shards: list[Shard]
    _columns: list[Column] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        of_others = tuple(f"{role}." for role in self.datasheet.roles if role not in self.roles)
        columns = [column for column in self.datasheet.columns if not column.name.startswith(of_others or ("\0",))]
        object.__setattr__(self, "_columns", [*IDENTIFYING, *columns])

    @property
    def n_episodes(self) -> int:
        """Episodes that are read."""
        return sum(len(shard.decisions) for shard in self.shards)

    def __len__(self) -> int:
        """Decisions of whole worlds that are read."""
        return sum(sum(shard.decisions) for shard in self.shards)

    def n_transitions(self, role: str) -> int:
        """Transitions of a role's agents that are read."""
        return len(self) * self.datasheet.roles[role].agents

    def episodes(self) -> Iterator[Episode]:
        """All episodes, shard by shard; arrays may not be written to.

        Raises:
            FileFormatError: a file that is missing or damaged.
        """
        for shard in self.shards:
            arrays = self._load(shard)
            ends = np.cumsum(np.asarray(shard.decisions) + 1)
            for start, end in zip(ends - shard.decisions - 1, ends, strict=True):
                yield self._episode({name: values[start:end] for name, values in arrays.items()}, shard.controller)

    def batches(
        self, size: int, seed: int | None = None, *, shards_at_once: int = SHARDS_AT_ONCE
    ) -> Iterator[Transitions]:
        """Decisions of whole worlds, each once; all batches but the last have the size asked for.

        Args:
            size: decisions in a batch.
            seed: shuffles: shards are taken in random order, some at a time, and decisions drawn from those; None
                leaves everything in order.
            shards_at_once: from how many shards a shuffled batch is drawn; more mix better and take more memory.

        Raises:
            FileFormatError: a file that is missing or damaged.
            ScenarioError: a size below 1.
        """
        for rows in self._parts(size, seed, shards_at_once, 1, rows_of):
            yield transitions(rows, self.roles)

    def agent_batches(
        self, role: str, size: int, seed: int | None = None, *, shards_at_once: int = SHARDS_AT_ONCE
    ) -> Iterator[AgentTransitions]:
        """Transitions of single agents of a role, each once; otherwise as :meth:`batches`.

        Args:
            role: whose.
            size: transitions in a batch.
            seed, shards_at_once: as in :meth:`batches`.

        Raises:
            FileFormatError: a file that is missing or damaged.
            ScenarioError: a size below 1, or a role that is not read.
        """
        if role not in self.roles:
            raise ScenarioError(f"role = {role!r}: this data set is read with {', '.join(self.roles)}")
        agents = self.datasheet.roles[role].agents

        def take(columns: Arrays, places: IntArray) -> Arrays:
            return agents_of(columns, role, places // agents, places % agents)

        for rows in self._parts(size, seed, shards_at_once, agents, take):
            yield agent_transitions(rows, role)

    def _parts(self, size: int, seed: int | None, shards_at_once: int, agents: int, take: Take) -> Iterator[Arrays]:
        """Columns of batches; each place, a row times the agents plus an agent, is taken once."""
        if size < 1 or shards_at_once < 1:
            raise ScenarioError(f"size = {size}, shards_at_once = {shards_at_once}: must be at least 1")
        parts: list[Arrays] = []
        missing = size
        for columns, places in self._windows(seed, shards_at_once, agents):
            while places.size:
                parts.append(take(columns, places[:missing]))
                places, missing = places[missing:], missing - len(places[:missing])
                if missing == 0:
                    yield joined(parts)
                    parts, missing = [], size
        if parts:
            yield joined(parts)

    def _windows(self, seed: int | None, shards_at_once: int, agents: int) -> Iterator[tuple[Arrays, IntArray]]:
        """Columns of some shards, and the places of their transitions in the order to take them in."""
        generator = None if seed is None else np.random.default_rng(seed)
        order = np.arange(len(self.shards)) if generator is None else generator.permutation(len(self.shards))
        step = 1 if generator is None else shards_at_once
        for start in range(0, len(order), step):
            columns = joined([self._load(self.shards[index]) for index in order[start : start + step]])
            rows = np.flatnonzero(~columns[FINAL])
            places = (rows[:, None] * agents + np.arange(agents)).ravel()
            yield columns, places if generator is None else generator.permutation(places)

    def _load(self, shard: Shard) -> Arrays:
        """Columns of a shard, once its file is known to be what was written."""
        path = self.folder / shard.file
        content = path.read_bytes() if path.is_file() else b""
        if digest_of(content) != shard.sha256:
            raise FileFormatError(f"shard {path}: its content is not what was written (sha256 differs); {REMEDY}")
        arrays = shard_arrays(content, self._columns, str(path))
        return {**arrays, CONTROLLER: np.full(shard.rows, shard.controller)}

    def _episode(self, arrays: Arrays, controller: str) -> Episode:
        decisions = len(arrays[SEED]) - 1
        found = {name: values if is_seen(name) else values[:decisions] for name, values in arrays.items()}
        return Episode(
            seed=int(arrays[SEED][0]),
            controller=controller,
            roles={role: RoleEpisode(**_of_role(found, role)) for role in self.roles},
            state=found[STATE],
            infos=infos_of(found, INFOS),
            terminated=bool(found[TERMINATED][-1]),
            truncated=bool(found[TRUNCATED][-1]),
        )


def check_fits(datasheet: Datasheet, world: World, roles: Sequence[str]) -> None:
    """Make sure that what agents observe and do in a world is what they did in a data set.

    Raises:
        ScenarioError: names the field and both values.
    """
    remedy = "build the world with the data set's scenario and options, or make the data again"
    if datasheet.world != world.name:
        raise ScenarioError(f"data set of {datasheet.world}, but the world is {world.name}; {remedy}")
    present = role_records(world, [role for role in world.roles if role.name in roles])
    for name in roles:
        recorded = datasheet.roles[name].model_dump(mode="json")
        here = present[name].model_dump(mode="json") if name in present else {}
        # as many agents as there are: policies that agents share play with any number of them
        if differs := difference({**recorded, "agents": 0}, {**here, "agents": 0}, name):
            raise ScenarioError(f"data set of other spaces than the world's: {differs} (the data set's); {remedy}")


def _check_files(folder: Path, datasheet: Datasheet) -> None:
    if not datasheet.complete:
        raise FileFormatError(
            f"data set {folder}: it is not finished, only {len(datasheet.shards)} shards are there; {REMEDY}"
        )
    for shard in datasheet.shards:
        path = folder / shard.file
        size = path.stat().st_size if path.is_file() else None
        if size is None:
            raise FileFormatError(f"data set {folder}: shard {shard.file} is missing; {REMEDY}")
        if size != shard.bytes:
            raise FileFormatError(
                f"data set {folder}: shard {shard.file} has {size} bytes, {shard.bytes} were written: it is cut short "
                f"or damaged; {REMEDY}"
            )
    if not datasheet.shards:
        raise FileFormatError(f"data set {folder}: it holds no shards; make it again")


def _of_role(found: Arrays, role: str) -> dict[str, Any]:
    parts = {name: found.get(f"{role}.{name}") for name in (OBSERVATIONS, MASKS, ACTIONS, REWARDS)}
    return {**parts, INFOS: infos_of(found, f"{role}.{INFOS}")}

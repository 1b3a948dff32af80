"""The protocol that every world implements and every face, controller and trainer relies on.

Whoever writes a world derives it from :class:`voltran.envs.base.BatchedWorld`, which has most of it.

A world is a batch of ``B`` independent episodes of one scenario, held as arrays. It speaks in roles, never in per-agent
dictionaries: a role is a group of like agents (``bs``, ``retailer``) with one observation and one action space.
Shapes below: ``B`` worlds, ``n`` agents of the role, ``F`` observation features, ``A`` mask entries, ``S`` state size.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from voltran.envs.scenario import Scenario
from voltran.physics.arrays import BoolArray, FloatArray

Sight = Literal["own", "neighbours", "network"]
ActionSpace = spaces.Discrete | spaces.MultiDiscrete | spaces.Box


@dataclass(frozen=True)
class Role:
    """A group of like agents.

    Attributes:
        name: prefix of the agents' ids (``bs`` gives ``bs_0``, ``bs_1``, ...).
        count: number of agents ``n``, the same in all worlds of the batch.
        observation_space: finite float32 box of one agent's observation, shape ``[F]``.
        action_space: one agent's action space.
        observation_version, action_version: the role's own, where they differ from the world's.
        sees: of whom an observation tells: the agent itself, others near it, averages or totals of the network.
        meaning: what observations and action codes mean beyond their versions, such as the frequencies of bands in
            their order: name to numbers, texts, or lists of such. Policies play only where it is theirs.
    """

    name: str
    count: int
    observation_space: spaces.Box
    action_space: ActionSpace
    observation_version: str | None = None
    action_version: str | None = None
    sees: tuple[Sight, ...] = ("own", "neighbours", "network")
    meaning: Mapping[str, Any] = field(default_factory=dict)

    @property
    def agent_ids(self) -> list[str]:
        """Ids of the role's agents, in the order of the arrays' agent axis."""
        return [f"{self.name}_{index}" for index in range(self.count)]

    @property
    def mask_size(self) -> int:
        """Length ``A`` of the flat action mask: ``n`` of a Discrete, ``sum(nvec)`` of a MultiDiscrete, 0 of a Box."""
        if isinstance(self.action_space, spaces.Discrete):
            return int(self.action_space.n)
        if isinstance(self.action_space, spaces.MultiDiscrete):
            return int(self.action_space.nvec.sum())
        return 0


@dataclass(frozen=True)
class Transition:
    """What one decision period brought; all arrays are fresh copies.

    Attributes:
        rewards: role -> ``[B, n]``.
        terminated: ``[B]``, the task itself is over.
        truncated: ``[B]``, the horizon (or ``max_decisions``) was reached without termination.
        agent_infos: role -> key -> ``[B, n]`` (for example ``repaired``, ``projected``).
        episode_infos: key -> ``[B]`` (reward components, survival so far, ...).
    """

    rewards: dict[str, FloatArray]
    terminated: BoolArray
    truncated: BoolArray
    agent_infos: dict[str, dict[str, NDArray[Any]]] = field(default_factory=dict)
    episode_infos: dict[str, NDArray[Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """What a decision period brings the agents; see :class:`Transition`."""

    rewards: dict[str, FloatArray]
    agent_infos: dict[str, dict[str, NDArray[Any]]] = field(default_factory=dict)
    episode_infos: dict[str, NDArray[Any]] = field(default_factory=dict)


@runtime_checkable
class World(Protocol):
    """A batched simulation: scenario, exogenous draws, state arrays and one transition.

    ``max_decisions`` is the horizon in decision periods; a smaller one may be set. Policies are tied to the versions of
    observations and actions. ``played_by`` is who plays, as pictures shall say it; empty where nobody has said.
    """

    max_decisions: int
    played_by: str

    @property
    def name(self) -> str:
        """Versioned name, such as ``blackout_v0``."""
        ...

    @property
    def scenario(self) -> Scenario:
        """The scenario."""
        ...

    @property
    def n_worlds(self) -> int:
        """Batch size ``B``."""
        ...

    @property
    def roles(self) -> tuple[Role, ...]:
        """Groups of agents."""
        ...

    @property
    def state_space(self) -> spaces.Box:
        """Space of one world's global state."""
        ...

    @property
    def render_modes(self) -> tuple[str, ...]:
        """Modes that :meth:`render` knows."""
        ...

    def require_renderable(self, mode: str) -> None:
        """Raise unless :meth:`render` knows a mode, and what it draws with is installed.

        Raises:
            ScenarioError: an unknown mode.
            MissingExtraError: something is not installed; says what to install.
        """
        ...

    @property
    def observation_version(self) -> str:
        """Changes whenever the meaning of an observation's entry does."""
        ...

    @property
    def action_version(self) -> str:
        """Changes whenever the meaning of an action does."""
        ...

    def reset(self, seeds: Sequence[int], worlds: BoolArray | None = None) -> None:
        """Start new episodes; ``seeds`` has one entry per world, those outside the mask ``worlds`` are ignored.

        Raises:
            EpisodeError: seeds or flags of the wrong number or type.
            ScenarioError: a seed that is none, or an episode that cannot be drawn; no world has changed.
        """
        ...

    def step(self, actions: Mapping[str, Any]) -> Transition:
        """Advance all worlds by one decision period.

        Args:
            actions: role -> action codes ``[B, n]`` (Discrete), ``[B, n, k]`` (MultiDiscrete, Box), or the world's own
                canonical command arrays.

        Raises:
            ActionError: an action outside its space; the state is as it was.
            EpisodeError: a world has not been reset, or its episode is over.
        """
        ...

    def observations(self) -> dict[str, NDArray[np.float32]]:
        """Role -> ``[B, n, F]``, fresh copies."""
        ...

    def action_masks(self) -> dict[str, BoolArray]:
        """Role -> ``[B, n, A]``, fresh copies; True is legal, and at least one entry per agent (and dimension) is."""
        ...

    def state(self) -> NDArray[np.float32]:
        """Global state vector ``[B, S]`` for centralised critics, a fresh copy inside ``state_space``."""
        ...

    def kpis(self, worlds: BoolArray | None = None) -> dict[str, FloatArray]:
        """Metric name -> ``[B]``, over the episode so far; NaN outside the mask ``worlds``.

        Raises:
            EpisodeError: a world asked for has not made a step yet.
        """
        ...

    def trace(self, world: int = 0) -> dict[str, NDArray[Any]]:
        """Time series of one world's episode so far, for plots: ``time_h [T]`` and whatever the world records."""
        ...

    def ledger(self) -> dict[str, FloatArray]:
        """Energy balance of the latest physics step: quantity -> ``[B, n]``, with ``residual_kw``."""
        ...

    def get_state(self) -> dict[str, Any]:
        """Snapshot of everything that changes, mid-episode; arrays are copies."""
        ...

    def set_state(self, snapshot: Mapping[str, Any]) -> None:
        """Continue from a snapshot of a world with the same scenario and batch size, bit for bit.

        Raises:
            EpisodeError: a snapshot of something else, or a broken one; nothing has changed.
        """
        ...

    def render(self, mode: str, world: int = 0) -> Any:
        """Picture of one world: ``"ansi"`` gives text, ``"rgb_array"`` a uint8 array ``[height, width, 3]``.

        Raises:
            ScenarioError: an unknown mode.
            EpisodeError: there is no such world, or it has not been reset.
        """
        ...

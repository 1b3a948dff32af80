"""The base of all worlds: whatever a batch of episodes has in common stands here, once.

A world fills in what is its own: how an episode is drawn and begun, what actions mean, what a decision period does, and
what is seen of it. Checks, their order, masks of worlds, metrics, series, snapshots and pictures come with the base.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from voltran.envs.action_checks import checked_joint_actions
from voltran.envs.episodes import Episodes, blank_episodes
from voltran.envs.errors import EpisodeError
from voltran.envs.infos import Infos, infos_at_start
from voltran.envs.observations import GlobalState, Observation, View
from voltran.envs.pictured import Pictured
from voltran.envs.rewards import Rewards
from voltran.envs.scenario import Scenario
from voltran.envs.snapshots import (
    arrays_of,
    copied,
    require_episodes,
    require_identity,
    require_keys,
    require_like,
    write,
)
from voltran.envs.world import Outcome as Outcome  # worlds find it beside their base
from voltran.envs.world import Role, Transition
from voltran.envs.world_spec import WorldSpec, by_metric, require_finite
from voltran.physics.arrays import BoolArray, FloatArray


class BatchedWorld(Pictured, ABC):
    """A batch of episodes of one scenario; implements :class:`voltran.envs.world.World`.

    A subclass names its declaration in ``spec``, says with :meth:`_introduce` who acts and what they observe when it is
    built, and fills in ``action_masks`` and the methods below whose names begin with an underscore.

    Args:
        scenario: the scenario.
        n_worlds: batch size ``B``.
        horizon: decision periods of an episode.
        identity: options without which a snapshot cannot be continued, by name.

    Attributes:
        spec: the world's declaration.
        command_classes: role -> class of commands that it takes as well as action codes.
        unlimited: names of arrays of the state that may hold infinity.
        keeps_draws: keep what was drawn for the present episodes, for those who restart them.
        max_decisions: episodes are truncated here, or at the horizon if that is nearer.
        episodes: which episodes are played, and how far they are.
        observed: role -> what its agents observe.
        global_state: what centralised critics see.
    """

    spec: ClassVar[WorldSpec]
    command_classes: ClassVar[Mapping[str, tuple[type, ...]]] = {}
    unlimited: ClassVar[frozenset[str]] = frozenset()

    scenario: Scenario
    observed: Mapping[str, Observation]
    global_state: GlobalState
    roles: tuple[Role, ...]
    state_space: spaces.Box
    observation_version: str
    action_version: str
    keeps_draws = False

    def __init__(
        self, scenario: Scenario, n_worlds: int, horizon: int, identity: Mapping[str, Any] | None = None
    ) -> None:
        self.scenario, self.n_worlds, self.max_decisions = scenario, n_worlds, horizon
        self.episodes: Episodes = blank_episodes(n_worlds)
        self._horizon = horizon
        self._kept_draws: dict[int, Any] = {}
        self._identity = {"world": self.name, "scenario": scenario.model_dump_json(), **(identity or {})}

    def _introduce(self, roles: Sequence[Role], observed: Mapping[str, Observation], global_state: GlobalState) -> None:
        """Say who acts, what they observe, and what there is to see of all; called when a world is built.

        Args:
            roles: groups of agents, see :meth:`Observation.as_role`; the first gives the world its versions.
            observed: role -> what its agents observe.
            global_state: what centralised critics see.
        """
        self.roles, self.observed, self.global_state = tuple(roles), observed, global_state
        self.state_space = global_state.space
        self.observation_version = roles[0].observation_version or ""
        self.action_version = roles[0].action_version or ""

    # --- the protocol -------------------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """Versioned name, such as ``blackout_v0``."""
        return self.spec.name

    @property
    def decision(self) -> NDArray[np.int64]:
        """Decision periods done, ``[B]``."""
        return self.episodes.decision.copy()

    def reset(self, seeds: Sequence[int], worlds: BoolArray | None = None) -> None:
        """Start new episodes, or, where one of them cannot be drawn, none; see :meth:`World.reset`.

        Args:
            seeds: one per world.
            worlds: ``[B]`` which ones start anew; None for all.

        Raises:
            EpisodeError: seeds or flags of the wrong number or type.
            ScenarioError: a seed that is none, or an episode that cannot be drawn.
        """
        chosen = self.episodes.chosen(seeds, worlds)
        self._start_episodes(chosen, {world: self._draw(seed) for world, seed in chosen.items()})

    def restart(self, worlds: BoolArray) -> None:
        """Put worlds ``[B]`` back to the start of the episodes that they are in.

        What ``keeps_draws`` has kept is not drawn again.

        Raises:
            EpisodeError: flags of the wrong number or type, or a world that has not been reset.
        """
        seeds = {
            self.episodes.require_reset(world): self.episodes.seed[world] for world in self.episodes.selected(worlds)
        }
        drawn = {
            world: self._kept_draws[world] if world in self._kept_draws else self._draw(seed)
            for world, seed in seeds.items()
        }
        self._start_episodes(seeds, drawn)

    def step(self, actions: Mapping[str, Any]) -> Transition:
        """Advance all worlds by one decision period; see :meth:`World.step`.

        Args:
            actions: role -> action codes, or commands of the role's class.

        Raises:
            ActionError: an action outside its space; the state is as it was.
            EpisodeError: a world has not been reset, or its episode is over.
        """
        self.episodes.require_running()
        commands = self._decode(checked_joint_actions(self.roles, actions, self, self.command_classes))
        period = self._run_period(commands)
        self.episodes.decision[:] += 1
        terminated = self._terminated()
        truncated = (self.episodes.decision >= min(self.max_decisions, self._horizon)) & ~terminated
        self.episodes.running[:] = ~(terminated | truncated)
        outcome = self._outcome(commands, period)
        return Transition(outcome.rewards, terminated, truncated, outcome.agent_infos, outcome.episode_infos)

    def observations(self) -> dict[str, NDArray[np.float32]]:
        """Role -> ``[B, n, F]``, fresh copies."""
        view = self._view()
        return {role: observation(view) for role, observation in self.observed.items()}

    @abstractmethod
    def action_masks(self) -> dict[str, BoolArray]:
        """Role -> ``[B, n, A]``, fresh copies; True is legal."""

    def infos_at_start(self) -> Infos:
        """What infos hold before the first step, with the keys, shapes and types of those of steps."""
        rewards = getattr(self, "_rewards", None)  # of ours; worlds of others may call so what they like
        components = rewards.components if isinstance(rewards, Rewards) else ()
        return infos_at_start(self.spec.infos, self.roles, self.n_worlds, components)

    def state(self) -> NDArray[np.float32]:
        """Global state vector ``[B, S]``, a fresh copy."""
        return self.global_state(self._view())

    def kpis(self, worlds: BoolArray | None = None) -> dict[str, FloatArray]:
        """Metric -> ``[B]``, over the episodes so far; NaN outside the mask ``worlds``.

        Raises:
            EpisodeError: a world asked for has not made a step yet.
            PhysicsError: a metric that is not finite, and not declared to be undefined at times.
        """
        chosen = self.episodes.selected(worlds)
        for world in chosen:
            if self.episodes.decision[world] == 0:
                raise EpisodeError(f"world {world} has no metrics yet: no step has been made")
        results = {world: self._metrics_of(world) for world in chosen}
        for world, metrics in results.items():
            require_finite(metrics, self.spec, f"world {world} (seed {self.episodes.seed[world]})")
        return by_metric(results, self.n_worlds)

    def trace(self, world: int = 0) -> dict[str, NDArray[Any]]:
        """Time series of one world's episode so far: ``time_h [T]``, and whatever the world records.

        Raises:
            EpisodeError: there is no such world, or it has not been reset.
        """
        index = self.episodes.require_reset(world)
        return {"time_h": self._time_h(self._rows(int(self.episodes.decision[index]))), **self._series_of(index)}

    def ledger(self) -> dict[str, FloatArray]:
        """Energy balance of the latest physics step: quantity -> ``[B, n]``, with ``residual_kw``.

        Raises:
            EpisodeError: a world has made no step since its reset.
        """
        if (self.episodes.decision == 0).any():
            raise EpisodeError("the ledger is empty: a world has made no step since its reset")
        return self._ledger()

    def get_state(self) -> dict[str, Any]:
        """Snapshot of everything that changes, as copies; what the seeds decide is drawn from them again."""
        return {"identity": dict(self._identity), **copied(self._tree(self.episodes.decision))}

    def set_state(self, snapshot: Mapping[str, Any]) -> None:
        """Continue from a snapshot, bit for bit; one that is refused changes nothing.

        Raises:
            EpisodeError: the snapshot is of another scenario, batch size or options, or broken; names the path.
            ScenarioError: an episode that cannot be drawn again.
        """
        require_keys(snapshot, ("identity", "episodes", "state", "series"), "snapshot")
        require_identity(snapshot["identity"], self._identity)
        require_episodes(snapshot["episodes"], self.episodes, self._horizon)
        tree = self._tree(snapshot["episodes"]["decision"])
        for part in ("state", "series"):
            require_like(snapshot[part], tree[part], f"snapshot[{part!r}]", self.unlimited, self._ranges())
        seeds = snapshot["episodes"]["seed"].tolist()
        drawn = {world: self._draw(seed) for world, seed in enumerate(seeds) if seed >= 0}
        write(tree, snapshot)
        self._kept_draws.clear()
        self._load(drawn)
        self._resume(list(drawn))

    # --- what a world fills in ----------------------------------------------------------------------------------------

    def _view(self) -> View:
        """What observed fields are computed from at this moment."""
        return View(self)

    def _draw(self, seed: int) -> Any:
        """Everything that an episode's seed decides. Whatever can fail fails here, where nothing changes yet."""

    def _load(self, drawn: Mapping[int, Any]) -> None:
        """Take over what was drawn: world -> what :meth:`_draw` returned."""

    @abstractmethod
    def _begin(self, worlds: Sequence[int]) -> None:
        """Put worlds at the start of their episodes, which have been loaded."""

    @abstractmethod
    def _decode(self, actions: dict[str, Any]) -> Any:
        """Commands for the actions of all roles: codes ``[B, n]`` or ``[B, n, k]`` inside their spaces, or commands of
        the role's class, which are still to be checked. Nothing changes here."""

    @abstractmethod
    def _run_period(self, commands: Any) -> Any:
        """The physics of one decision period; returns what :meth:`_outcome` needs to know about it."""

    def _terminated(self) -> BoolArray:
        """Worlds ``[B]`` whose task is over before the horizon; none by default."""
        return np.zeros(self.n_worlds, dtype=bool)

    @abstractmethod
    def _outcome(self, commands: Any, period: Any) -> Outcome:
        """Rewards and infos of the period that has just ended."""

    @abstractmethod
    def _metrics_of(self, world: int) -> Mapping[str, float]:
        """Metrics of one world's episode, which has made a step."""

    @abstractmethod
    def _state_arrays(self) -> Mapping[str, Any]:
        """Nested mapping of all arrays that change, themselves and not copies; time series apart."""

    def _ranges(self) -> Mapping[str, tuple[int, int]]:
        """Arrays of the state that hold codes or indices: name -> the lowest and the highest that exist."""
        return {}

    def _series(self) -> Mapping[str, NDArray[Any]]:
        """Time series: name -> ``[B, T, ...]``, themselves and not copies; none by default."""
        return {}

    def _rows(self, decisions: int) -> int:
        """Rows of time series after so many decisions; one each by default."""
        return decisions

    @abstractmethod
    def _time_h(self, rows: int) -> FloatArray:
        """Time of each of the first ``rows`` rows of time series, in hours."""

    @abstractmethod
    def _ledger(self) -> dict[str, FloatArray]:
        """See :meth:`ledger`."""

    def _resume(self, worlds: Sequence[int]) -> None:
        """Recompute what follows from a snapshot that has been taken over, and from what was drawn for ``worlds``."""

    # --- inside -------------------------------------------------------------------------------------------------------

    def _start_episodes(self, seeds: Mapping[int, int], drawn: Mapping[int, Any]) -> None:
        for world, seed in seeds.items():
            self.episodes.begin(world, seed)
        if self.keeps_draws:
            self._kept_draws.update(drawn)
        self._load(drawn)
        self._begin(list(seeds))

    def _series_of(self, world: int) -> dict[str, NDArray[Any]]:
        """Copies ``[T, ...]`` of one world's series so far."""
        rows = self._rows(int(self.episodes.decision[world]))
        return {name: values[world, :rows].copy() for name, values in self._series().items()}

    def _tree(self, decision: NDArray[np.int64]) -> dict[str, Any]:
        """All arrays that change, series as far as worlds have come that have made so many decisions."""
        rows = self._rows(int(decision.max(initial=0)))
        series = {name: values[:, :rows] for name, values in self._series().items()}
        return {"episodes": arrays_of(self.episodes), "state": self._state_arrays(), "series": series}

"""PettingZoo Parallel face: one world, one dict entry per agent."""

import copy
from collections.abc import Callable
from typing import Any, Literal, TypeVar

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from pettingzoo import ParallelEnv

from voltran.envs.errors import EpisodeError, ScenarioError
from voltran.envs.faces.action_counts import ActionCounts, CountsActions, Masks
from voltran.envs.faces.actions import check_agents, role_actions, sample_mask
from voltran.envs.faces.episode_order import EpisodeList, EpisodeOrder, named_episode
from voltran.envs.faces.horizon import set_horizon
from voltran.envs.faces.rendering import check_render_mode, face_metadata, render_world
from voltran.envs.infos import Infos, told_by
from voltran.envs.world import Role, Transition, World
from voltran.physics.arrays import BoolArray

MaskCarrier = Literal["info", "obs"] | None
Observations = dict[str, Any]
AgentInfos = dict[str, dict[str, Any]]
SpaceT = TypeVar("SpaceT", bound=spaces.Space[Any])
Step = tuple[Observations, dict[str, float], dict[str, bool], dict[str, bool], AgentInfos]

# PettingZoo's own tests hand it in, to see that reset takes options at all.
IGNORED_OPTIONS = ("options",)


class ParallelFace(CountsActions, ParallelEnv[str, Any, Any]):  # type: ignore[misc]  # PettingZoo ships no types
    """A world as a PettingZoo ``ParallelEnv``.

    Agents never leave: all of them act at every step and all end together. ``reset(seed=s)`` plays episode ``s``, 0
    included; ``reset()`` goes on with the environment's own generator (fresh entropy if it was never seeded), or with
    the list ``episodes``. A copy of an environment goes on as the original would: copies of one that was reset with a
    seed, or that has a list, all play the same episodes, unless each is reset with a seed of its own.

    Args:
        make_world: builds a world, given the batch size.
        mask: where action masks travel: ``"info"`` (``infos[agent]["action_mask"]``), ``"obs"`` (observations become
            ``{"observation", "action_mask"}``) or None. Either way they have the form that
            ``action_space(agent).sample(mask=...)`` takes; continuous actions have no mask.
        render_mode: one of ``metadata["render_modes"]`` or None.
        max_cycles: horizon in decisions, instead of the scenario's.
        episodes: seeds of the episodes that resets without a seed play, in their order and then again from the first;
            None to draw them.

    Raises:
        ScenarioError: an argument out of range.
    """

    def __init__(
        self,
        make_world: Callable[[int], World],
        *,
        mask: MaskCarrier = "info",
        render_mode: str | None = None,
        max_cycles: int | None = None,
        episodes: EpisodeList | None = None,
    ) -> None:
        if mask not in ("info", "obs", None):
            raise ScenarioError(f"mask = {mask!r}: choose 'info', 'obs' or None")
        self.make_world = make_world
        self.world = make_world(1)
        self.metadata = face_metadata(self.world)
        self.render_mode = check_render_mode(self.world, render_mode)
        self.mask = mask
        if max_cycles is not None:
            self.max_cycles = max_cycles
        self.possible_agents = [agent for role in self.world.roles for agent in role.agent_ids]
        self.agents: list[str] = []
        self.state_space = self.world.state_space
        self._places = {a: (role, index) for role in self.world.roles for index, a in enumerate(role.agent_ids)}
        self._observation_spaces = {agent: _observation_space(role, mask) for agent, (role, _) in self._places.items()}
        self._action_spaces = {agent: _own_copy(role.action_space) for agent, (role, _) in self._places.items()}
        self._generator: np.random.Generator | None = None
        self._order = EpisodeOrder(episodes)
        self._counts = ActionCounts(self.world, self.world.roles)
        self._handed_out: Masks | None = None

    @property
    def max_cycles(self) -> int:
        """Decisions after which an episode is truncated."""
        return self.world.max_decisions

    @max_cycles.setter
    def max_cycles(self, value: int) -> None:
        set_horizon(self.world, value)

    def observation_space(self, agent: str) -> spaces.Space[Any]:
        """Space of the agent's observations, the same object at each call."""
        return self._observation_spaces[agent]

    def action_space(self, agent: str) -> spaces.Space[Any]:
        """Space of the agent's actions, the same object at each call."""
        return self._action_spaces[agent]

    @property
    def observation_spaces(self) -> dict[str, spaces.Space[Any]]:
        """Agent -> space of its observations; the objects that :meth:`observation_space` returns."""
        return dict(self._observation_spaces)

    @property
    def action_spaces(self) -> dict[str, spaces.Space[Any]]:
        """Agent -> space of its actions; the objects that :meth:`action_space` returns."""
        return dict(self._action_spaces)

    @property
    def np_random(self) -> np.random.Generator:
        """The generator that resets without a seed draw from, unless there is a list of episodes."""
        if self._generator is None:
            self._generator = np.random.default_rng()
        return self._generator

    @np_random.setter
    def np_random(self, generator: np.random.Generator) -> None:
        self._generator = generator

    @property
    def _action_counts(self) -> ActionCounts:
        return self._counts

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Observations, AgentInfos]:
        """Start an episode: that of the seed, or of ``options={"episode": seed}``, or the next.

        The seed also seeds the generator that later resets draw from; the option leaves it, and a list, where it is.

        Returns:
            Observations and infos, one entry per agent; infos hold the mask, if that is where it travels.

        Raises:
            ScenarioError: a seed that is no integer >= 0, or another option.
        """
        named = named_episode(seed, options, IGNORED_OPTIONS)
        generator = self.np_random if seed is None else np.random.default_rng(named)
        self.world.reset([self._order.upcoming(generator) if named is None else named])
        if named is None:
            self._order.advance()
        self._generator = generator
        self._counts.begin()
        self.agents = self.possible_agents[:]
        # No more than masks: TorchRL's wrapper wants every key that it finds here, and no other, in all infos to come.
        return self._observe({agent: {} for agent in self.agents})

    def step(self, actions: dict[str, Any]) -> Step:
        """Advance by one decision.

        Args:
            actions: one action per agent. An action that is masked out is no error: it is executed as the legal one
                that the world documents, and ``infos[agent]["projected"]`` is True.

        Returns:
            Observations, rewards, terminations, truncations, infos: one entry per agent in each. The last infos of an
            episode also have its metrics, ``kpis``.

        Raises:
            ActionError: missing or unknown agent, or an action outside its space; nothing has changed.
            EpisodeError: before reset, or after the end.
        """
        if not self.agents:
            raise EpisodeError("step: no episode is running; call reset() first")
        check_agents(self.possible_agents, actions)
        joint = {role.name: role_actions(role, actions)[None] for role in self.world.roles}
        masks = self._counts.masks_before(self.world, self._handed_out)
        transition = self.world.step(joint)
        terminated, truncated = bool(transition.terminated[0]), bool(transition.truncated[0])
        agents, self.agents = self.agents, [] if terminated or truncated else self.possible_agents[:]
        rewards = {agent: reward for role in self.world.roles for agent, reward in _rewards(role, transition)}
        observations, infos = self._observe(_infos(self.world.roles, told_by(transition)))
        self._counts.add(transition, joint, masks)
        if not self.agents:
            kpis = self.kpis()
            for info in infos.values():
                info["kpis"] = dict(kpis)
            self._counts.begin()
        return observations, rewards, dict.fromkeys(agents, terminated), dict.fromkeys(agents, truncated), infos

    def action_mask(self, agent: str) -> NDArray[np.int8]:
        """Flat mask of one agent, ``[A]``: 1 is legal; empty where actions are continuous."""
        role, index = self._places[agent]
        mask: BoolArray = self.world.action_masks()[role.name][0, index]
        return mask.astype(np.int8)

    def action_masks(self) -> dict[str, NDArray[np.int8]]:
        """Flat masks of all agents."""
        masks = self.world.action_masks()
        return {agent: masks[role.name][0, index].astype(np.int8) for agent, (role, index) in self._places.items()}

    def state(self) -> NDArray[np.float32]:
        """Global state vector ``[S]`` for centralised critics."""
        state: NDArray[np.float32] = self.world.state()[0]
        return state

    def kpis(self) -> dict[str, float]:
        """Metrics over the episode so far."""
        return {name: float(values[0]) for name, values in self.world.kpis().items()}

    def render(self) -> Any:
        """Picture in the mode chosen at construction."""
        return render_world(self.world, self.render_mode)

    def close(self) -> None:
        """Nothing to release."""

    def _observe(self, infos: AgentInfos) -> tuple[Observations, AgentInfos]:
        arrays = self.world.observations()
        observations: Observations = {
            agent: arrays[role.name][0, index] for agent, (role, index) in self._places.items()
        }
        if self.mask is None:
            return observations, infos
        masks = self._handed_out = self.world.action_masks()
        for agent, (role, index) in self._places.items():
            if role.mask_size == 0:
                continue
            mask = sample_mask(role.action_space, masks[role.name][0, index])
            if self.mask == "info":
                infos[agent]["action_mask"] = mask
            else:
                observations[agent] = {"observation": observations[agent], "action_mask": mask}
        return observations, infos


def _rewards(role: Role, transition: Transition) -> list[tuple[str, float]]:
    return list(zip(role.agent_ids, transition.rewards[role.name][0].tolist(), strict=True))


def _infos(roles: tuple[Role, ...], told: Infos) -> AgentInfos:
    shared = {key: values[0].tolist() for key, values in told.episodes.items()}
    infos: AgentInfos = {}
    for role in roles:
        own = {key: values[0].tolist() for key, values in told.agents.get(role.name, {}).items()}
        for index, agent in enumerate(role.agent_ids):
            infos[agent] = {**shared, **{key: values[index] for key, values in own.items()}}
    return infos


def _observation_space(role: Role, mask: MaskCarrier) -> spaces.Space[Any]:
    if mask != "obs" or role.mask_size == 0:
        return _own_copy(role.observation_space)
    parts = role.action_space.nvec.tolist() if isinstance(role.action_space, spaces.MultiDiscrete) else [role.mask_size]
    boxes = [spaces.Box(0, 1, (size,), np.int8) for size in parts]
    mask_space = spaces.Tuple(boxes) if isinstance(role.action_space, spaces.MultiDiscrete) else boxes[0]
    return spaces.Dict({"observation": _own_copy(role.observation_space), "action_mask": mask_space})


def _own_copy(space: SpaceT) -> SpaceT:
    """A copy with a generator of its own, so that sampling for one agent does not move another's samples."""
    own = copy.deepcopy(space)
    own.seed()
    return own

"""Gymnasium face: one controller decides for all agents of all roles."""

from collections.abc import Callable
from typing import Any, cast

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from voltran.envs.errors import EpisodeError
from voltran.envs.faces.action_counts import ActionCounts, CountsActions, Masks
from voltran.envs.faces.actions import sample_mask
from voltran.envs.faces.episode_order import EpisodeList, EpisodeOrder, named_episode
from voltran.envs.faces.horizon import set_horizon
from voltran.envs.faces.joint_action import JointAction, MeanReward
from voltran.envs.faces.rendering import check_render_mode, face_metadata, render_world
from voltran.envs.infos import Infos, starting_infos, told_by
from voltran.envs.world import World
from voltran.physics.arrays import BoolArray

CentralStep = tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]


class CentralFace(CountsActions, gymnasium.Env[NDArray[np.float32], NDArray[Any]]):
    """A world as a single-agent Gymnasium environment.

    - Observation: the world's global ``state()``, ``[S]``.
    - Action: every agent's choices in a row, role after role, agent after agent: one MultiDiscrete, or a flat Box where
      the actions of all roles are continuous.
    - Reward: mean of the rewards of all agents of all roles, or of one role.
    - Infos: ``action_mask`` (a tuple, as ``action_space.sample(mask=...)`` takes it; a Box has none), the world's
      episode infos as numbers, and per role a dict of arrays ``[n]``, at reset as at steps; at the end of an episode
      also ``kpis``.

    Seeds, lists of episodes, the option ``episode`` and copies work as in the Parallel face: ``reset(seed=s)`` plays
    episode ``s``, ``reset()`` the next of the list, or draws one.

    A ``TimeLimit`` around it ends episodes unseen: then :meth:`kpis` has the metrics until the next reset, and
    :class:`LastMetrics` around both puts them into the infos. ``max_cycles`` needs neither.

    Args:
        make_world: builds a world, given the batch size.
        render_mode: one of ``metadata["render_modes"]`` or None.
        max_cycles: horizon in decisions, instead of the scenario's.
        episodes: seeds of the episodes that resets without a seed play, in their order and then again from the first;
            None to draw them.
        reward_of: the role whose agents' mean reward it is; None for all roles.

    Raises:
        ScenarioError: an argument out of range, or roles of which some have continuous actions and others have not.
    """

    def __init__(
        self,
        make_world: Callable[[int], World],
        *,
        render_mode: str | None = None,
        max_cycles: int | None = None,
        episodes: EpisodeList | None = None,
        reward_of: str | None = None,
    ) -> None:
        self.world = make_world(1)
        self.metadata = face_metadata(self.world)
        self.render_mode = check_render_mode(self.world, render_mode)
        if max_cycles is not None:
            set_horizon(self.world, max_cycles)
        self.observation_space = cast("spaces.Space[NDArray[np.float32]]", self.world.state_space)
        self._joint = JointAction(self.world.roles)
        self._reward = MeanReward(self.world.roles, reward_of)
        self.action_space = cast("spaces.Space[NDArray[Any]]", self._joint.space)
        self._running = False
        self._order = EpisodeOrder(episodes)
        self._counts = ActionCounts(self.world, self.world.roles)
        self._handed_out: Masks | None = None

    @property
    def _action_counts(self) -> ActionCounts:
        return self._counts

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Start an episode: that of the seed, or of ``options={"episode": seed}``, or the next.

        Raises:
            ScenarioError: a seed that is no integer >= 0, or another option.
        """
        named = named_episode(seed, options)
        self.world.reset([self._order.upcoming(self.np_random) if named is None else named])
        if named is None:
            self._order.advance()
        super().reset(seed=None if seed is None else named)
        self._counts.begin()
        self._running = True
        return self.world.state()[0], self._infos(starting_infos(self.world))

    def step(self, action: NDArray[Any]) -> CentralStep:
        """Advance by one decision.

        Raises:
            ActionError: an action outside the space; nothing has changed.
            EpisodeError: before reset, or after the end.
        """
        if not self._running:
            raise EpisodeError("step: no episode is running; call reset() first")
        actions = self._joint.split(action, self._joint.space.shape)
        masks = self._counts.masks_before(self.world, self._handed_out)
        transition = self.world.step(actions)
        terminated, truncated = bool(transition.terminated[0]), bool(transition.truncated[0])
        self._running = not (terminated or truncated)
        infos = self._infos(told_by(transition))
        self._counts.add(transition, actions, masks)
        if not self._running:
            infos["kpis"] = self.kpis()
            self._counts.begin()
        return self.world.state()[0], float(self._reward(transition.rewards)[0]), terminated, truncated, infos

    def action_masks(self) -> BoolArray:
        """Flat mask of the whole action, ``[sum(nvec)]``, as MaskablePPO takes it."""
        return np.asarray(self._joint.in_a_row(self.world.action_masks())[0])

    def state(self) -> NDArray[np.float32]:
        """Global state vector ``[S]``: what is observed, too."""
        return np.asarray(self.world.state()[0])

    def kpis(self) -> dict[str, float]:
        """Metrics over the episode so far."""
        return {name: float(values[0]) for name, values in self.world.kpis().items()}

    def render(self) -> Any:
        """Picture in the mode chosen at construction."""
        return render_world(self.world, self.render_mode)

    def _infos(self, told: Infos) -> dict[str, Any]:
        infos: dict[str, Any] = {key: values[0].item() for key, values in told.episodes.items()}
        for role_name, entries in told.agents.items():
            infos[role_name] = {key: values[0].copy() for key, values in entries.items()}
        if self._joint.has_choices:
            self._handed_out = self.world.action_masks()
            infos["action_mask"] = sample_mask(self._joint.space, self._joint.in_a_row(self._handed_out)[0])
        return infos


class LastMetrics(gymnasium.Wrapper[NDArray[np.float32], NDArray[Any], NDArray[np.float32], NDArray[Any]]):
    """Puts ``kpis`` into the last infos of a central face's episodes, whatever wrapper inside has ended them.

    ``LastMetrics(gymnasium.make("voltran/Blackout-v0", max_episode_steps=5))`` is its use.
    """

    def step(self, action: NDArray[Any]) -> tuple[NDArray[np.float32], Any, bool, bool, dict[str, Any]]:
        """Advance by one decision."""
        observation, reward, terminated, truncated, infos = self.env.step(action)
        if (terminated or truncated) and "kpis" not in infos:
            infos["kpis"] = self.get_wrapper_attr("kpis")()
        return observation, reward, terminated, truncated, infos

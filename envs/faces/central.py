"""Gymnasium face: one controller decides for all agents of all roles."""

from collections.abc import Callable
from typing import Any, cast

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from voltran.envs.errors import ActionError, EpisodeError, ScenarioError
from voltran.envs.faces.action_counts import ActionCounts, Masks
from voltran.envs.faces.actions import sample_mask
from voltran.envs.faces.episode_order import EpisodeList, EpisodeOrder, named_episode
from voltran.envs.faces.horizon import set_horizon
from voltran.envs.faces.rendering import check_render_mode, face_metadata, render_world
from voltran.envs.world import Role, Transition, World
from voltran.physics.arrays import BoolArray

CentralStep = tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]


class CentralFace(gymnasium.Env[NDArray[np.float32], NDArray[np.int64]]):
    """A world as a single-agent Gymnasium environment.

    - Observation: the world's global ``state()``, ``[S]``.
    - Action: one MultiDiscrete with every agent's choices in a row, role after role, agent after agent.
    - Reward: mean of the rewards of all agents of all roles.
    - Infos: ``action_mask`` (a tuple, as ``action_space.sample(mask=...)`` takes it), the world's episode infos as
      numbers, and per role a dict of arrays ``[n]``; at the end of an episode also ``kpis``.

    Seeds, lists of episodes, the option ``episode`` and copies work as in the Parallel face: ``reset(seed=s)`` plays
    episode ``s``, ``reset()`` the next of the list, or draws one.

    Args:
        make_world: builds a world, given the batch size.
        render_mode: one of ``metadata["render_modes"]`` or None.
        max_cycles: horizon in decisions, instead of the scenario's.
        episodes: seeds of the episodes that resets without a seed play, in their order and then again from the first;
            None to draw them.

    Raises:
        ScenarioError: an argument out of range, or a role with continuous actions.
    """

    def __init__(
        self,
        make_world: Callable[[int], World],
        *,
        render_mode: str | None = None,
        max_cycles: int | None = None,
        episodes: EpisodeList | None = None,
    ) -> None:
        self.world = make_world(1)
        self.metadata = face_metadata(self.world)
        self.render_mode = check_render_mode(self.world, render_mode)
        if max_cycles is not None:
            set_horizon(self.world, max_cycles)
        self.observation_space = cast("spaces.Space[NDArray[np.float32]]", self.world.state_space)
        self._choices = spaces.MultiDiscrete([size for role in self.world.roles for size in _choices(role)])
        self.action_space = self._choices
        self._running = False
        self._order = EpisodeOrder(episodes)
        self._counts = ActionCounts(self.world, self.world.roles)
        self._handed_out: Masks | None = None

    @property
    def actions_taken(self) -> int:
        """Actions of agents with a mask, taken since the environment was made."""
        return self._counts.taken

    @property
    def illegal_actions(self) -> int:
        """How many of them a mask forbade."""
        return self._counts.illegal

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
        return self.world.state()[0], {"action_mask": self._sample_mask()}

    def step(self, action: NDArray[np.int64]) -> CentralStep:
        """Advance by one decision.

        Raises:
            ActionError: an action outside the space; nothing has changed.
            EpisodeError: before reset, or after the end.
        """
        if not self._running:
            raise EpisodeError("step: no episode is running; call reset() first")
        actions = self._split(action)
        masks = self._counts.masks_before(self.world, self._handed_out)
        transition = self.world.step(actions)
        terminated, truncated = bool(transition.terminated[0]), bool(transition.truncated[0])
        self._running = not (terminated or truncated)
        self._counts.add(transition, actions, masks)
        rewards = np.concatenate([transition.rewards[role.name][0] for role in self.world.roles])
        infos = self._infos(transition)
        return self.world.state()[0], float(rewards.mean()), terminated, truncated, infos

    def action_masks(self) -> BoolArray:
        """Flat mask of the whole action, ``[sum(nvec)]``, as MaskablePPO takes it."""
        return self._in_a_row(self.world.action_masks())

    def state(self) -> NDArray[np.float32]:
        """Global state vector ``[S]``: what is observed, too."""
        return np.asarray(self.world.state()[0])

    def kpis(self) -> dict[str, float]:
        """Metrics over the episode so far."""
        return {name: float(values[0]) for name, values in self.world.kpis().items()}

    def render(self) -> Any:
        """Picture in the mode chosen at construction."""
        return render_world(self.world, self.render_mode)

    def _sample_mask(self) -> Any:
        self._handed_out = self.world.action_masks()
        return sample_mask(self._choices, self._in_a_row(self._handed_out))

    def _in_a_row(self, masks: Masks) -> BoolArray:
        return np.concatenate([masks[role.name][0].ravel() for role in self.world.roles])

    def _infos(self, transition: Transition) -> dict[str, Any]:
        infos: dict[str, Any] = {key: values[0].item() for key, values in transition.episode_infos.items()}
        for role_name, entries in transition.agent_infos.items():
            infos[role_name] = {key: values[0].copy() for key, values in entries.items()}
        infos["action_mask"] = self._sample_mask()
        if not self._running:
            infos["kpis"] = self.kpis()
        return infos

    def _split(self, action: Any) -> dict[str, NDArray[Any]]:
        codes = self._checked(action)
        parts, start = {}, 0
        for role in self.world.roles:
            width = len(_choices(role))
            parts[role.name] = codes[start : start + width].reshape(1, role.count, *(role.action_space.shape or ()))
            start += width
        return parts

    def _checked(self, action: Any) -> NDArray[Any]:
        sizes = self._choices.nvec
        try:
            codes = np.asarray(action)
        except (TypeError, ValueError) as error:
            raise ActionError(f"action = {action!r}: give {len(sizes)} integers") from error
        if codes.shape != sizes.shape or codes.dtype.kind not in "iu":
            raise ActionError(f"action = {action!r}: give an array of {len(sizes)} integers, one per choice")
        outside = np.flatnonzero((codes < 0) | (codes >= sizes))
        if outside.size:
            entry = int(outside[0])
            owners = [agent for role in self.world.roles for agent in _owners(role)]
            raise ActionError(
                f"action[{entry}] (of {owners[entry]}) = {codes[entry]}: give an integer in 0..{sizes[entry] - 1}"
            )
        return codes


def _choices(role: Role) -> list[int]:
    if isinstance(role.action_space, spaces.Box):
        raise ScenarioError(f"role {role.name}: continuous actions do not fit the central face; use a discrete form")
    if isinstance(role.action_space, spaces.MultiDiscrete):
        return [int(size) for size in role.action_space.nvec] * role.count
    return [int(role.action_space.n)] * role.count


def _owners(role: Role) -> list[str]:
    width = len(_choices(role)) // role.count
    return [agent for agent in role.agent_ids for _ in range(width)]

"""Gymnasium face: one controller decides for all agents of all roles."""

from collections.abc import Callable
from typing import Any, cast

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from voltran.envs.errors import ActionError, EpisodeError, ScenarioError
from voltran.envs.faces.actions import sample_mask
from voltran.envs.faces.horizon import set_horizon
from voltran.envs.faces.rendering import check_render_mode, face_metadata, render_world
from voltran.envs.seeds import checked_seed, drawn_seed
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

    Seeds work as in the Parallel face: ``reset(seed=s)`` plays episode ``s``, ``reset()`` draws the next one.

    Args:
        make_world: builds a world, given the batch size.
        render_mode: one of ``metadata["render_modes"]`` or None.
        max_cycles: horizon in decisions, instead of the scenario's.

    Raises:
        ScenarioError: an argument out of range, or a role with continuous actions.
    """

    def __init__(
        self,
        make_world: Callable[[int], World],
        *,
        render_mode: str | None = None,
        max_cycles: int | None = None,
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

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Start an episode; there are no options.

        Raises:
            ScenarioError: a seed that is no integer >= 0.
        """
        episode = None if seed is None else checked_seed(seed)
        self.world.reset([drawn_seed(self.np_random) if episode is None else episode])
        super().reset(seed=episode)
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
        transition = self.world.step(self._split(action))
        terminated, truncated = bool(transition.terminated[0]), bool(transition.truncated[0])
        self._running = not (terminated or truncated)
        rewards = np.concatenate([transition.rewards[role.name][0] for role in self.world.roles])
        infos = self._infos(transition)
        return self.world.state()[0], float(rewards.mean()), terminated, truncated, infos

    def action_masks(self) -> BoolArray:
        """Flat mask of the whole action, ``[sum(nvec)]``, as MaskablePPO takes it."""
        masks = self.world.action_masks()
        return np.concatenate([masks[role.name][0].ravel() for role in self.world.roles])

    def render(self) -> Any:
        """Picture in the mode chosen at construction."""
        return render_world(self.world, self.render_mode)

    def _sample_mask(self) -> Any:
        return sample_mask(self._choices, self.action_masks())

    def _infos(self, transition: Transition) -> dict[str, Any]:
        infos: dict[str, Any] = {key: values[0].item() for key, values in transition.episode_infos.items()}
        for role_name, entries in transition.agent_infos.items():
            infos[role_name] = {key: values[0].copy() for key, values in entries.items()}
        infos["action_mask"] = self._sample_mask()
        if not self._running:
            infos["kpis"] = {name: float(values[0]) for name, values in self.world.kpis().items()}
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

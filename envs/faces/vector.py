"""Stable-Baselines3 face: one row per agent of one role, all worlds of a batch stepped together in this process."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv

from voltran.envs.errors import ActionError, ScenarioError
from voltran.envs.seeds import checked_seed, training_seed
from voltran.envs.world import BoolArray, Role, Transition, World

RowInfos = list[dict[str, Any]]
OtherRoles = Callable[[World], Mapping[str, Any]]


class VectorFace(VecEnv):
    """A batch of worlds as a Stable-Baselines3 ``VecEnv``; row ``world * n + agent``.

    Worlds whose episode ends are reset at once, each with a new training seed (see ``voltran.envs.seeds``); the
    returned observation is then the new episode's first. At the end of an episode, and only then, the rows of that
    world carry in ``infos``: ``terminal_observation``, ``TimeLimit.truncated``, ``episode`` (return ``r`` and length
    ``l``), ``episode_seed``, and the first agent's row also ``kpis``, the world's metrics over the episode.

    Everything else the world reported in the latest step stands in :attr:`last_transition`, as whole arrays.

    Args:
        world: the batch; the face owns it from here on.
        role: name of the role whose agents are the rows.
        seed: seed of the whole run; each episode's seed follows from it, the world's index and the episode's number.
        others: chooses the actions of all other roles from the world as it is before the step; must have no memory, as
            worlds restart independently of each other. Needed if, and only if, the world has other roles.
        first_world: number of the batch's first world among all that are trained in, where there are several batches:
            no two worlds share a seed.

    Raises:
        ScenarioError: unknown role, a seed that is no integer >= 0, or other roles and nobody to play them.
    """

    last_transition: Transition

    def __init__(
        self, world: World, role: str, seed: int = 0, *, others: OtherRoles | None = None, first_world: int = 0
    ) -> None:
        self.world = world
        self.role = _role(world, role, others)
        self.render_mode = None
        self._others = others
        self._first_world = first_world
        self._base_seed = checked_seed(seed)
        self._episodes = np.zeros(world.n_worlds, np.int64)
        self._episode_seeds = np.zeros(world.n_worlds, np.int64)
        self._lengths = np.zeros(world.n_worlds, np.int64)
        rows = world.n_worlds * self.role.count
        self._returns = np.zeros(rows)
        self._actions: dict[str, Any] = {}
        super().__init__(rows, self.role.observation_space, self.role.action_space)

    def reset(self) -> NDArray[np.float32]:
        """Start a new episode in every world and return the observations ``[rows, F]``."""
        self._start_episodes(np.ones(self.world.n_worlds, bool))
        self.reset_infos = [{} for _ in range(self.num_envs)]
        self._reset_options()
        return self._observations()

    def step_async(self, actions: NDArray[Any]) -> None:
        """Keep the rows' actions for :meth:`step_wait`.

        Raises:
            ActionError: not one action per row.
        """
        shape = (self.num_envs, *(self.role.action_space.shape or ()))
        values = np.array(actions)
        if values.shape != shape:
            raise ActionError(
                f"actions of {self.role.name}: shape {values.shape}; give one action per row, shape {shape}"
            )
        self._actions = {self.role.name: values.reshape(self.world.n_worlds, self.role.count, *shape[1:])}

    def step_wait(self) -> tuple[NDArray[np.float32], NDArray[np.float64], BoolArray, RowInfos]:
        """Advance all worlds by one decision.

        Returns:
            Observations ``[rows, F]``, rewards ``[rows]``, dones ``[rows]`` and one dict per row.

        Raises:
            ActionError: an action outside its space; nothing has changed.
            EpisodeError: called before :meth:`reset`.
        """
        others = self._others(self.world) if self._others else {}
        transition = self.last_transition = self.world.step({**others, **self._actions})
        rewards = transition.rewards[self.role.name].reshape(self.num_envs)
        over = transition.terminated | transition.truncated
        infos: RowInfos = [{} for _ in range(self.num_envs)]
        self._returns += rewards
        self._lengths += 1
        if over.any():
            self._report_ends(over, transition.truncated & ~transition.terminated, infos)
            self._start_episodes(over)
        return self._observations(), rewards, np.repeat(over, self.role.count), infos

    def action_masks(self) -> BoolArray:
        """Masks of all rows, ``[rows, A]``, True is legal; cheaper than stacking what ``env_method`` gives."""
        return self.world.action_masks()[self.role.name].reshape(self.num_envs, -1)

    def seed(self, seed: int | None = None) -> list[int | None]:
        """Seed the run anew; takes effect at the next :meth:`reset`. None draws fresh entropy.

        Returns:
            The seed, once per row.
        """
        entropy = int(np.random.SeedSequence().generate_state(1)[0]) if seed is None else seed
        self._base_seed = checked_seed(entropy)
        self._episodes[:] = 0
        return [self._base_seed] * self.num_envs

    def env_method(
        self,
        method_name: str,
        *method_args: Any,
        indices: int | Iterable[int] | None = None,
        **method_kwargs: Any,
    ) -> list[Any]:
        """Per-row results of ``action_masks``, the only method that rows have.

        Raises:
            AttributeError: any other method.
        """
        if method_name != "action_masks":
            raise AttributeError(f"rows of a VectorFace have no method {method_name!r}; they have 'action_masks'")
        masks = self.action_masks()
        return list(masks) if indices is None else [masks[row] for row in self._get_indices(indices)]

    def get_attr(self, attr_name: str, indices: int | Iterable[int] | None = None) -> list[Any]:
        """The face's attribute, once per row asked for."""
        value = getattr(self, attr_name)
        return [value for _ in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: int | Iterable[int] | None = None) -> None:
        """Set an attribute of the face; rows share it, so it cannot be set for some of them only.

        Raises:
            ScenarioError: ``indices`` given.
        """
        if indices is not None:
            raise ScenarioError(f"indices = {indices!r}: rows share all attributes; set {attr_name!r} without indices")
        setattr(self, attr_name, value)

    def env_is_wrapped(self, wrapper_class: type[Any], indices: int | Iterable[int] | None = None) -> list[bool]:
        """No row is wrapped in anything."""
        return [False for _ in self._get_indices(indices)]

    def get_state(self) -> dict[str, Any]:
        """Snapshot from which training can go on: the worlds, the seeds' counters and the returns so far."""
        return {
            "world": self.world.get_state(),
            "base_seed": self._base_seed,
            "episodes": self._episodes.copy(),
            "episode_seeds": self._episode_seeds.copy(),
            "lengths": self._lengths.copy(),
            "returns": self._returns.copy(),
        }

    def set_state(self, snapshot: Mapping[str, Any]) -> None:
        """Continue from a snapshot of a face with the same scenario, role and number of worlds."""
        self.world.set_state(snapshot["world"])
        self._base_seed = int(snapshot["base_seed"])
        self._episodes = np.array(snapshot["episodes"])
        self._episode_seeds = np.array(snapshot["episode_seeds"])
        self._lengths = np.array(snapshot["lengths"])
        self._returns = np.array(snapshot["returns"])

    def observe(self) -> NDArray[np.float32]:
        """Observations ``[rows, F]`` of the worlds as they are now, a fresh copy."""
        return self._observations()

    def close(self) -> None:
        """Nothing to release: there is no subprocess."""

    def _observations(self) -> NDArray[np.float32]:
        return self.world.observations()[self.role.name].reshape(self.num_envs, -1)

    def _start_episodes(self, worlds: BoolArray) -> None:
        for world in np.flatnonzero(worlds).tolist():
            self._episode_seeds[world] = training_seed(
                self._base_seed, self._first_world + world, int(self._episodes[world])
            )
        self.world.reset(self._episode_seeds.tolist(), worlds.copy())
        self._episodes[worlds] += 1
        self._lengths[worlds] = 0
        self._returns.reshape(self.world.n_worlds, -1)[worlds] = 0.0

    def _report_ends(self, over: BoolArray, truncated: BoolArray, infos: Sequence[dict[str, Any]]) -> None:
        count = self.role.count
        last_observations = self._observations()
        kpis = self.world.kpis(over)
        for world in np.flatnonzero(over).tolist():
            for row in range(world * count, (world + 1) * count):
                infos[row]["terminal_observation"] = last_observations[row].copy()
                infos[row]["TimeLimit.truncated"] = bool(truncated[world])
                infos[row]["episode"] = {"r": float(self._returns[row]), "l": int(self._lengths[world])}
                infos[row]["episode_seed"] = int(self._episode_seeds[world])
            infos[world * count]["kpis"] = {name: float(values[world]) for name, values in kpis.items()}


def _role(world: World, name: str, others: OtherRoles | None) -> Role:
    by_name = {role.name: role for role in world.roles}
    if name not in by_name:
        raise ScenarioError(f"role = {name!r}: unknown; roles of {world.name}: {', '.join(by_name)}")
    unplayed = [other for other in by_name if other != name]
    if unplayed and others is None:
        raise ScenarioError(f"others = None: somebody must play {', '.join(unplayed)}; pass others=callable(world)")
    return by_name[name]

"""Stable-Baselines3 face: one row per agent of one role, all worlds of a batch stepped together in this process."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import VecEnv

from voltran.envs.errors import ActionError, ScenarioError
from voltran.envs.faces.action_counts import ActionCounts, CountsActions
from voltran.envs.faces.batch import Batch
from voltran.envs.faces.episode_order import EpisodeList, ListedEpisodes
from voltran.envs.faces.rendering import check_render_mode, face_metadata, render_world
from voltran.envs.seeds import checked_seed, training_seed
from voltran.envs.snapshots import copied, require_keys, require_like, write
from voltran.envs.world import Role, Transition, World
from voltran.physics.arrays import BoolArray

RowInfos = list[dict[str, Any]]
OtherRoles = Callable[[World], Mapping[str, Any]]


class VectorFace(CountsActions, VecEnv):
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
        render_mode: one of ``metadata["render_modes"]`` or None; pictures show the first world.
        episodes: seeds of the episodes to play instead: split evenly among the worlds, each of which plays on from its
            part in the list's order, and again from the list's first after its last.

    Raises:
        ScenarioError: unknown role, a seed that is no integer >= 0, or other roles and nobody to play them.
    """

    last_transition: Transition

    def __init__(
        self,
        world: World,
        role: str,
        seed: int = 0,
        *,
        others: OtherRoles | None = None,
        first_world: int = 0,
        render_mode: str | None = None,
        episodes: EpisodeList | None = None,
    ) -> None:
        self.world = world
        self.role = _role(world, role, others)
        self.render_mode = check_render_mode(world, render_mode)
        self._others = others
        self._first_world = first_world
        self._base_seed = checked_seed(seed)
        listed = None if episodes is None else ListedEpisodes(episodes, world.n_worlds)
        self._batch = Batch(world, [self.role], self.role.count, listed or self._training_seed)
        self._actions: dict[str, Any] = {}
        super().__init__(world.n_worlds * self.role.count, self.role.observation_space, self.role.action_space)
        self.metadata = face_metadata(world)

    @property
    def _action_counts(self) -> ActionCounts:
        return self._batch.counts

    def reset(self) -> NDArray[np.float32]:
        """Start a new episode in every world and return the observations ``[rows, F]``.

        Raises:
            ScenarioError: options have been set; there are none.
        """
        if given := [name for options in self._options for name in options]:
            raise ScenarioError(
                f"options[{given[0]!r}] is unknown: this face has no options; give it a list, episodes="
            )
        self._batch.start(np.ones(self.world.n_worlds, bool))
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
        transition = self.last_transition = self._batch.step(self._actions, others)
        rewards = transition.rewards[self.role.name].reshape(self.num_envs)
        over = transition.terminated | transition.truncated
        infos: RowInfos = [{} for _ in range(self.num_envs)]
        self._batch.add(rewards)
        if over.any():
            self._report_ends(over, transition.truncated & ~transition.terminated, infos)
            self._batch.start(over)
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
        self._batch.episodes[:] = 0
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
        """Whether each row does what a wrapper does: that of ``Monitor``, as infos have ``episode``; of no other."""
        return [wrapper_class is Monitor for _ in self._get_indices(indices)]

    def get_state(self) -> dict[str, Any]:
        """Snapshot from which training can go on: the worlds, the seeds' counters and the returns so far."""
        return {"world": self.world.get_state(), "base_seed": self._base_seed, "counts": copied(self._batch.changing())}

    def set_state(self, snapshot: Mapping[str, Any]) -> None:
        """Continue from a snapshot of a face with the same scenario, role and number of worlds.

        Raises:
            EpisodeError: a snapshot of something else, or a broken one; nothing has changed.
            ScenarioError: a seed that is none.
        """
        counts = self._batch.changing()
        require_keys(snapshot, ("world", "base_seed", "counts"), "snapshot")
        require_like(snapshot["counts"], counts, "snapshot['counts']")
        base_seed = checked_seed(snapshot["base_seed"])
        self.world.set_state(snapshot["world"])
        self._batch.handed_out = None
        self._base_seed = base_seed
        write(counts, snapshot["counts"])

    def observe(self) -> NDArray[np.float32]:
        """Observations ``[rows, F]`` of the worlds as they are now, a fresh copy."""
        return self._observations()

    def close(self) -> None:
        """Nothing to release: there is no subprocess."""

    def render(self, mode: str | None = None) -> Any:
        """Picture of the first world, in the mode chosen at construction.

        Args:
            mode: None, or that mode.

        Raises:
            ScenarioError: another mode.
            EpisodeError: no episode has begun.
        """
        if mode not in (None, self.render_mode):
            raise ScenarioError(f"mode = {mode!r}: this face was made with render_mode={self.render_mode!r}")
        return render_world(self.world, self.render_mode)

    def get_images(self) -> Sequence[NDArray[np.uint8] | None]:
        """The picture of the first world, where the face was made for pictures."""
        return [self.world.render("rgb_array") if self.render_mode == "rgb_array" else None]

    def _observations(self) -> NDArray[np.float32]:
        return self.world.observations()[self.role.name].reshape(self.num_envs, -1)

    def _training_seed(self, world: int, episode: int) -> int:
        return training_seed(self._base_seed, self._first_world + world, episode)

    def _report_ends(self, over: BoolArray, truncated: BoolArray, infos: Sequence[dict[str, Any]]) -> None:
        count = self.role.count
        last_observations = self._observations()
        kpis = self.world.kpis(over)
        for world in np.flatnonzero(over).tolist():
            for row in range(world * count, (world + 1) * count):
                infos[row]["terminal_observation"] = last_observations[row].copy()
                infos[row]["TimeLimit.truncated"] = bool(truncated[world])
                infos[row]["episode"] = {"r": float(self._batch.returns[row]), "l": int(self._batch.lengths[world])}
                infos[row]["episode_seed"] = int(self._batch.episode_seeds[world])
            infos[world * count]["kpis"] = {name: float(values[world]) for name, values in kpis.items()}


def _role(world: World, name: str, others: OtherRoles | None) -> Role:
    by_name = {role.name: role for role in world.roles}
    if name not in by_name:
        raise ScenarioError(f"role = {name!r}: unknown; roles of {world.name}: {', '.join(by_name)}")
    unplayed = [other for other in by_name if other != name]
    if unplayed and others is None:
        raise ScenarioError(f"others = None: somebody must play {', '.join(unplayed)}; pass others=callable(world)")
    return by_name[name]

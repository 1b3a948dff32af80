"""Gymnasium ``VectorEnv`` of a batch of worlds: one controller decides for all agents, in all worlds at once."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from voltran.envs.errors import EpisodeError, ScenarioError
from voltran.envs.faces.action_counts import ActionCounts, CountsActions
from voltran.envs.faces.batch import Batch
from voltran.envs.faces.episode_order import OPTION, DrawnEpisodes, EpisodeList, ListedEpisodes
from voltran.envs.faces.horizon import set_horizon
from voltran.envs.faces.joint_action import JointAction, MeanReward
from voltran.envs.faces.rendering import check_render_mode, face_metadata, render_world
from voltran.envs.faces.seeds_of_batches import MASK_OPTION, named_episodes, reset_mask
from voltran.envs.infos import NO_INFOS, Infos, starting_infos, told_by
from voltran.envs.world import World
from voltran.physics.arrays import BoolArray, FloatArray

VectorInfos = dict[str, Any]
VectorStep = tuple[NDArray[np.float32], FloatArray, BoolArray, BoolArray, VectorInfos]


class CentralVectorFace(CountsActions, VectorEnv[NDArray[np.float32], NDArray[Any], NDArray[Any]]):
    """A batch of worlds as one Gymnasium ``VectorEnv``; each world is what ``CentralFace`` would be by itself.

    - Observations ``[B, S]``, actions ``[B, K]``, rewards, terminations and truncations ``[B]``.
    - Infos are arrays ``[B, ...]``, and beside each ``KEY`` flags ``_KEY [B]`` say for which worlds it was told:
      ``action_mask [B, A]`` (flat, int8), the worlds' episode infos, per role a dict of arrays ``[B, n]``, and ``kpis``
      where an episode ends.

    ``autoreset_mode`` is Gymnasium's: a world whose episode is over starts the next one at the next step, whose action
    does not count (NEXT_STEP); at once, with the end in ``final_obs`` and ``final_info`` (SAME_STEP, the fastest); or
    when ``reset(options={"reset_mask": flags})`` says so (DISABLED).

    ``reset(seed=s)`` plays episode ``s + i`` in world ``i``, a list of seeds one in each; worlds go on with generators
    of their own, or with the list ``episodes``. ``options={"episode": n}`` names episodes likewise.

    Args:
        make_world: builds a world, given the batch size.
        n_worlds: worlds in the batch.
        autoreset_mode: one of ``gymnasium.vector.AutoresetMode``, or its value.
        render_mode: one of ``metadata["render_modes"]`` or None.
        max_cycles: horizon in decisions, instead of the scenario's.
        episodes: seeds of the episodes that resets without a seed play, split evenly among the worlds; None to draw.
        reward_of: the role whose agents' mean reward it is; None for all roles.

    Raises:
        ScenarioError: an argument out of range, or roles of which some have continuous actions and others have not.
    """

    def __init__(
        self,
        make_world: Callable[[int], World],
        n_worlds: int,
        *,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        render_mode: str | None = None,
        max_cycles: int | None = None,
        episodes: EpisodeList | None = None,
        reward_of: str | None = None,
    ) -> None:
        self.world = make_world(n_worlds)
        self.num_envs = self.world.n_worlds
        self._mode = _autoreset_mode(autoreset_mode)
        if hasattr(self.world, "keeps_draws"):
            self.world.keeps_draws = self._mode is AutoresetMode.NEXT_STEP  # which begins each episode twice
        self.metadata = {**face_metadata(self.world), "autoreset_mode": self._mode}
        self.render_mode = check_render_mode(self.world, render_mode)
        if max_cycles is not None:
            set_horizon(self.world, max_cycles)
        self._joint = JointAction(self.world.roles)
        self._reward = MeanReward(self.world.roles, reward_of)
        self._drawn = DrawnEpisodes(n_worlds)
        listed = None if episodes is None else ListedEpisodes(episodes, n_worlds)
        self._batch = Batch(self.world, self.world.roles, 1, listed or self._drawn)
        self._over = np.zeros(n_worlds, bool)
        self._is_reset = False
        self.single_observation_space = self.world.state_space
        self.observation_space = batch_space(self.single_observation_space, n_worlds)
        self.single_action_space = self._joint.space
        self.action_space = batch_space(self._joint.space, n_worlds)

    @property  # type: ignore[misc]  # as Gymnasium's own batches: many, and not to be set
    def np_random(self) -> tuple[np.random.Generator, ...]:  # type: ignore[override]
        """The worlds' generators, which resets without a seed draw from, unless there is a list of episodes."""
        return tuple(self._drawn.generators)

    @property
    def _action_counts(self) -> ActionCounts:
        return self._batch.counts

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], VectorInfos]:
        """Start episodes, in all worlds or in those of the option ``reset_mask``.

        Raises:
            ScenarioError: a seed that is no integer >= 0, flags or seeds of the wrong number, or another option.
        """
        chosen, named, seeded = self._asked_for(seed, options)
        if not self._is_reset and not chosen.all():
            raise EpisodeError("reset_mask: some worlds have not been reset yet; reset all of them first")
        self._batch.start(chosen, named)
        for world, value in seeded.items():
            self._drawn.generators[world] = np.random.default_rng(value)
        self._is_reset = True
        self._over[chosen] = False
        return self.world.state(), self._infos(NO_INFOS, np.zeros(self.num_envs, bool), chosen)

    def step(self, actions: NDArray[Any]) -> VectorStep:
        """Advance all worlds by one decision; those whose episode is over, as the mode says.

        Raises:
            ActionError: an action outside the space; nothing has changed.
            EpisodeError: before reset, or, with DISABLED, after the end of an episode.
        """
        if not self._is_reset:
            raise EpisodeError("step: no episode is running; call reset() first")
        chosen = self._joint.split(actions, (self.num_envs, self._joint.space.shape[0]))
        if self._mode is AutoresetMode.NEXT_STEP and self._over.any():
            return self._step_some(chosen, self._over.copy())
        if self._over.any():
            world = int(np.flatnonzero(self._over)[0])
            raise EpisodeError(f"step: the episode of world {world} is over; reset it, with the option {MASK_OPTION!r}")
        return self._step_all(chosen)

    def action_masks(self) -> BoolArray:
        """Flat masks of the whole actions, ``[B, A]``, True is legal."""
        return self._joint.in_a_row(self._batch.masks())

    def state(self) -> NDArray[np.float32]:
        """Global state vectors ``[B, S]``: what is observed, too."""
        return self.world.state()

    def kpis(self) -> dict[str, FloatArray]:
        """Metric -> ``[B]`` over the episodes so far."""
        return self.world.kpis()

    def render(self) -> tuple[Any, ...] | None:
        """Pictures of all worlds in the mode chosen at construction; None where that shows or gives nothing."""
        pictures = tuple(render_world(self.world, self.render_mode, world) for world in range(self.num_envs))
        return None if self.render_mode in (None, "human") else pictures

    def _step_all(self, actions: Mapping[str, NDArray[Any]]) -> VectorStep:
        transition = self._batch.step(actions)
        rewards = self._reward(transition.rewards)
        self._batch.add(rewards)
        over = transition.terminated | transition.truncated
        everywhere, nowhere = np.ones(self.num_envs, bool), np.zeros(self.num_envs, bool)
        infos: VectorInfos = {}
        if over.any() and self._mode is AutoresetMode.SAME_STEP:
            observations, told = self.world.state(), self._ended(over, self._infos(told_by(transition), over, nowhere))
            self._batch.start(over)
            infos = self._infos(told_by(transition), ~over, over)
            infos |= {"final_info": told, "_final_info": over.copy()}
            infos |= {"final_obs": _apart(observations, over), "_final_obs": over.copy()}
        else:
            infos = self._ended(over, self._infos(told_by(transition), everywhere, nowhere))
            self._over = over.copy()
        return self.world.state(), rewards, transition.terminated, transition.truncated, infos

    def _step_some(self, actions: dict[str, NDArray[Any]], beginning: BoolArray) -> VectorStep:
        """Worlds move together only: those that begin make a step that is taken back."""
        self._batch.start(beginning)
        masks = self._batch.masks()
        for role in self.world.roles:
            actions[role.name] = np.where(
                beginning.reshape(-1, *(1,) * (actions[role.name].ndim - 1)),
                any_legal(role, masks[role.name]),
                actions[role.name],
            )
        transition = self._batch.step(actions, idle=beginning)
        rewards = np.where(beginning, 0.0, self._reward(transition.rewards))
        over = (transition.terminated | transition.truncated) & ~beginning
        self._batch.add(rewards)
        told = self._ended(over, {}) if over.any() else {}
        self._batch.again(beginning)
        self._over = over
        infos = {**self._infos(told_by(transition), ~beginning, beginning), **told}
        terminated, truncated = (flags & ~beginning for flags in (transition.terminated, transition.truncated))
        return self.world.state(), rewards, terminated, truncated, infos

    def _infos(self, told: Infos, going_on: BoolArray, beginning: BoolArray) -> VectorInfos:
        """Infos of worlds that made a step, and of those at the start of an episode; masks are those of now."""
        told = told if going_on.any() else NO_INFOS
        start = starting_infos(self.world) if beginning.any() else NO_INFOS
        infos = _flagged(told.episodes, start.episodes, going_on, beginning)
        for role in dict.fromkeys([*told.agents, *start.agents]):
            of_step, of_start = told.agents.get(role, {}), start.agents.get(role, {})
            infos[role] = _flagged(of_step, of_start, going_on, beginning)
            infos[f"_{role}"] = (going_on & (role in told.agents)) | (beginning & (role in start.agents))
        if self._joint.has_choices:
            asked = going_on | beginning
            masks = self._joint.in_a_row(self._batch.masks()).astype(np.int8)
            infos["action_mask"], infos["_action_mask"] = masks * asked[:, None].astype(np.int8), asked.copy()
        return infos

    def _ended(self, over: BoolArray, infos: VectorInfos) -> VectorInfos:
        """The infos, with metrics where episodes have just ended."""
        if over.any():
            kpis: VectorInfos = {}
            for name, values in self.world.kpis(over).items():
                kpis[name], kpis[f"_{name}"] = np.where(over, values, 0.0), over.copy()
            infos |= {"kpis": kpis, "_kpis": over.copy()}
        return infos

    def _asked_for(self, seed: Any, options: Any) -> tuple[BoolArray, dict[int, int], dict[int, int]]:
        """Worlds ``[B]`` that a reset is about, the episodes that it names, and the seeds of generators among them."""
        chosen = reset_mask(options, self.num_envs)
        given = {} if options is None else {name: value for name, value in options.items() if name != MASK_OPTION}
        if unknown := [name for name in given if name != OPTION]:
            raise ScenarioError(f"options[{unknown[0]!r}] is unknown; there are {OPTION!r} and {MASK_OPTION!r}")
        seeded = named_episodes(seed, self.num_envs, "seed")
        named = {**named_episodes(given.get(OPTION), self.num_envs, f"options[{OPTION!r}]"), **seeded}
        flags = chosen.tolist()
        return chosen, {w: n for w, n in named.items() if flags[w]}, {w: s for w, s in seeded.items() if flags[w]}


def any_legal(role: Any, masks: BoolArray) -> NDArray[Any]:
    """A legal action of each agent, ``[B, n]`` or ``[B, n, k]``: the first that masks ``[B, n, A]`` allow."""
    space = role.action_space
    if role.mask_size == 0:
        middle = np.broadcast_to((space.low + space.high) / 2, (*masks.shape[:2], *space.shape))
        return np.asarray(middle, space.dtype)
    if space.shape:
        parts = np.split(masks, np.cumsum(space.nvec)[:-1], axis=2)
        return np.asarray(np.stack([part.argmax(axis=2) for part in parts], axis=2) + space.start)
    return np.asarray(masks.argmax(axis=2) + space.start)


def _flagged(
    told: Mapping[str, NDArray[Any]], start: Mapping[str, NDArray[Any]], going_on: BoolArray, beginning: BoolArray
) -> VectorInfos:
    """Arrays ``[B, ...]`` of what steps and starts told, zero elsewhere, each with its flags ``_KEY``."""
    infos: VectorInfos = {}
    for key in dict.fromkeys([*told, *start]):
        like = told[key] if key in told else start[key]
        values, flags = np.zeros_like(like), np.zeros(len(like), bool)
        for source, worlds in ((told, going_on), (start, beginning)):
            if key in source:
                values[worlds], flags[worlds] = source[key][worlds], True
        infos[key], infos[f"_{key}"] = values, flags
    return infos


def _apart(observations: NDArray[np.float32], over: BoolArray) -> NDArray[np.object_]:
    """Last observations of the worlds that are over, each an array of its own; None elsewhere."""
    apart = np.full(len(over), None, dtype=object)
    for world in np.flatnonzero(over).tolist():
        apart[world] = observations[world].copy()
    return apart


def _autoreset_mode(mode: AutoresetMode | str) -> AutoresetMode:
    try:
        return AutoresetMode(mode)
    except ValueError as error:
        known = ", ".join(repr(each.value) for each in AutoresetMode)
        raise ScenarioError(f"autoreset_mode = {mode!r}: unknown; use one of {known}") from error

"""TorchRL face: a batch of worlds as one ``EnvBase``, with a group of agents for each role."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from tensordict import TensorDict
from torchrl.data import Bounded, Categorical, Composite, MultiCategorical, Unbounded
from torchrl.envs import EnvBase

from voltran.envs.errors import EpisodeError, ScenarioError
from voltran.envs.faces.action_counts import ActionCounts, CountsActions
from voltran.envs.faces.batch import Batch
from voltran.envs.faces.central_vector import any_legal
from voltran.envs.faces.episode_order import OPTION, DrawnEpisodes, EpisodeList, ListedEpisodes
from voltran.envs.faces.horizon import set_horizon
from voltran.envs.faces.rendering import check_render_mode, face_metadata, render_world
from voltran.envs.faces.seeds_of_batches import named_episodes
from voltran.envs.seeds import TRAINING_SEEDS
from voltran.envs.world import Role, Transition, World
from voltran.physics.arrays import BoolArray

MakeWorld = Callable[[int], World]


class TorchRLFace(CountsActions, EnvBase):  # type: ignore[misc]  # TorchRL need not be installed
    """A batch of worlds as a TorchRL environment of batch size ``[B]``.

    Each role is a group, with entries of batch size ``[B, n]``: ``(role, "observation")``, ``(role, "action_mask")``
    (flat, True is legal; none where actions are continuous), ``(role, "action")`` and ``(role, "reward")``. All share
    ``done``, ``terminated`` and ``truncated`` ``[B, 1]`` and ``state [B, S]``. ``kpis [B, M]`` are the metrics of
    episodes that have just ended, in the order of ``kpi_names``, and zero elsewhere.

    Action specs have the masks of the moment: ``rand_action`` and rollouts without a policy choose legal actions.
    Rewards and continuous actions are float32.

    ``set_seed(s)`` makes world ``i`` begin with episode ``s + i`` at the next reset; later ones it draws with a
    generator of its own, or takes from the list ``episodes``. ``reset(episode=n)`` names episodes likewise, or by a
    list.

    Args:
        make_world: builds a world, given the batch size.
        n_worlds: worlds in the batch.
        seed: as of ``set_seed``; None to draw it.
        device: where tensors are.
        render_mode: one of ``metadata["render_modes"]`` or None; pictures show the first world.
        max_cycles: horizon in decisions, instead of the scenario's.
        episodes: seeds of the episodes that resets without a seed play, split evenly among the worlds; None to draw.

    Attributes:
        world: the batch.
        group_map: role -> its agents.
        kpi_names: names of the metrics.

    Raises:
        ScenarioError: an argument out of range.
    """

    def __init__(
        self,
        make_world: MakeWorld,
        n_worlds: int,
        *,
        seed: int | None = None,
        device: Any = "cpu",
        render_mode: str | None = None,
        max_cycles: int | None = None,
        episodes: EpisodeList | None = None,
    ) -> None:
        world = make_world(n_worlds)
        super().__init__(device=torch.device(device), batch_size=torch.Size([n_worlds]))
        self.world = world
        self.metadata = face_metadata(world)
        self.render_mode = check_render_mode(world, render_mode)
        if max_cycles is not None:
            set_horizon(world, max_cycles)
        self.group_map = {role.name: role.agent_ids for role in world.roles}
        self._drawn = DrawnEpisodes(n_worlds)
        listed = None if episodes is None else ListedEpisodes(episodes, n_worlds)
        self._batch = Batch(world, world.roles, 1, listed or self._drawn)
        self.kpi_names = metric_names(make_world)
        self._named: dict[int, int] = {}
        self._is_reset = False
        self._describe()
        self.set_seed(seed)

    @property
    def _action_counts(self) -> ActionCounts:
        return self._batch.counts

    def kpis(self) -> dict[str, NDArray[np.float64]]:
        """Metric -> ``[B]`` over the episodes so far."""
        return self.world.kpis()

    def render(self) -> Any:
        """Picture of the first world, in the mode chosen at construction."""
        return render_world(self.world, self.render_mode)

    def _describe(self) -> None:
        """The specs of everything."""
        batch, roles = self.batch_size, self.world.roles
        seen: dict[str, Any] = {role.name: self._group(role, _observed(role, batch)) for role in roles}
        seen["state"] = _box(self.world.state_space, batch)
        seen["kpis"] = Unbounded((*batch, len(self.kpi_names)), dtype=torch.float64)
        acted = {role.name: self._group(role, {"action": _action(role, batch)}) for role in roles}
        paid = {role.name: self._group(role, {"reward": Unbounded((*batch, role.count, 1))}) for role in roles}
        flags = {name: Categorical(2, (*batch, 1), dtype=torch.bool) for name in ("done", "terminated", "truncated")}
        self.observation_spec = Composite(seen, shape=batch, device=self.device)
        self.full_action_spec = Composite(acted, shape=batch, device=self.device)
        self.full_reward_spec = Composite(paid, shape=batch, device=self.device)
        self.full_done_spec = Composite(flags, shape=batch, device=self.device)

    def _group(self, role: Role, entries: dict[str, Any]) -> Composite:
        return Composite(entries, shape=(*self.batch_size, role.count))

    def _set_seed(self, seed: int | None) -> None:
        named = named_episodes(seed, self.world.n_worlds, "seed")
        for world in range(self.world.n_worlds):
            self._drawn.generators[world] = np.random.default_rng(named.get(world))
        self._named = named

    def _reset(self, tensordict: Any = None, **options: Any) -> TensorDict:
        if unknown := [name for name in options if name != OPTION]:
            raise ScenarioError(f"reset({unknown[0]}=...) is unknown; reset has one option, {OPTION!r}")
        asked = named_episodes(options.get(OPTION), self.world.n_worlds, OPTION)
        chosen = self._chosen(tensordict)
        if not self._is_reset and not chosen.all():
            raise EpisodeError("reset: some worlds have not been reset yet; reset all of them first")
        named = {world: episode for world, episode in {**self._named, **asked}.items() if chosen[world]}
        self._batch.start(chosen, named)
        self._is_reset = True
        self._named = {world: episode for world, episode in self._named.items() if not chosen[world]}
        nowhere = np.zeros(self.world.n_worlds, bool)
        return self._told({}, nowhere, nowhere)

    def _chosen(self, tensordict: Any) -> BoolArray:
        flags = None if tensordict is None else tensordict.get("_reset", None)
        if flags is None:
            return np.ones(self.world.n_worlds, bool)
        return np.asarray(flags.reshape(self.world.n_worlds).cpu().numpy())

    def _step(self, tensordict: Any) -> TensorDict:
        if not self._is_reset:
            raise EpisodeError("step: no episode is running; call reset() first")
        actions = {role.name: tensordict.get((role.name, "action")).cpu().numpy() for role in self.world.roles}
        transition = self._batch.step(actions)
        return self._told(_rewards(transition), transition.terminated, transition.truncated)

    def _told(self, rewards: Mapping[str, Any], terminated: BoolArray, truncated: BoolArray) -> TensorDict:
        """What worlds show now, with what a step has brought."""
        observations, masks = self.world.observations(), self._batch.masks()
        entries: dict[str, Any] = {}
        for role in self.world.roles:
            group = {"observation": torch.from_numpy(observations[role.name])}
            if role.mask_size:
                group["action_mask"] = torch.from_numpy(masks[role.name].copy())
                self.full_action_spec[role.name, "action"].update_mask(
                    torch.from_numpy(masks[role.name]).to(self.device)
                )
            if rewards:
                group["reward"] = rewards[role.name]
            entries[role.name] = TensorDict(group, (*self.batch_size, role.count))
        entries["state"] = torch.from_numpy(self.world.state())
        over = terminated | truncated
        entries["kpis"] = self._metrics(over)
        for name, flags in (("done", over), ("terminated", terminated), ("truncated", truncated)):
            entries[name] = torch.from_numpy(flags[:, None].copy())
        told = TensorDict(entries, self.batch_size)
        return told.to(self.device)

    def _metrics(self, over: BoolArray) -> Any:
        if not over.any():
            return torch.zeros(*self.batch_size, len(self.kpi_names), dtype=torch.float64)
        kpis = self.world.kpis(over)
        values = np.stack([kpis[name] for name in self.kpi_names], axis=1)
        return torch.from_numpy(np.where(over[:, None], values, 0.0))


def metric_names(make_world: MakeWorld) -> list[str]:
    """Names of a world's metrics, which it tells after a step; a small one makes it."""
    world = make_world(1)
    world.reset([TRAINING_SEEDS.start])
    masks = world.action_masks()
    world.step({role.name: any_legal(role, masks[role.name]) for role in world.roles})
    return list(world.kpis())


def _rewards(transition: Transition) -> dict[str, Any]:
    """Role -> rewards ``[B, n, 1]``."""
    return {name: torch.from_numpy(values.astype(np.float32)[..., None]) for name, values in transition.rewards.items()}


def _observed(role: Role, batch: torch.Size) -> dict[str, Any]:
    seen: dict[str, Any] = {"observation": _box(role.observation_space, (*batch, role.count))}
    if role.mask_size:
        seen["action_mask"] = Categorical(2, (*batch, role.count, role.mask_size), dtype=torch.bool)
    return seen


def _action(role: Role, batch: torch.Size) -> Any:
    space, shape = role.action_space, (*batch, role.count)
    if isinstance(space, spaces.Box):
        return _box(space, shape)
    if isinstance(space, spaces.MultiDiscrete):
        return MultiCategorical(space.nvec.tolist(), (*shape, len(space.nvec)))
    return Categorical(int(space.n), shape)


def _box(space: spaces.Box, batch: tuple[int, ...]) -> Any:
    shape = (*batch, *space.shape)
    if not space.is_bounded():
        return Unbounded(shape)
    low, high = (torch.from_numpy(end).expand(shape).clone() for end in (space.low, space.high))
    return Bounded(low, high, shape, dtype=torch.float32)

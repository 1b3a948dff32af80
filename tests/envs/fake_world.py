"""A small deterministic batched world, so that faces, controllers and trainers can be tested without radio physics.

Every agent has a battery that its action drains. Seeds divisible by three drain fast: those episodes terminate before
decision 8 whatever is done, all others are truncated at ``max_decisions`` (12).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from voltran.envs.errors import ActionError, EpisodeError, ScenarioError
from voltran.envs.scenario import Scenario
from voltran.envs.world import ActionSpace, BoolArray, FloatArray, Role, Transition

CAPACITY_KWH = 10.0
STEP_H = 0.25
FEATURES = 5  # energy, last level, noise, clock, alive; roles show the first few of them


@dataclass(frozen=True)
class RoleKind:
    """How many agents a role has, what they may do, and how many features they see."""

    count: int
    action_space: ActionSpace
    features: int


ROLE_KINDS = {
    "bs": RoleKind(3, spaces.Discrete(4), 5),
    "retailer": RoleKind(2, spaces.Discrete(3), 3),
    "ubs": RoleKind(2, spaces.MultiDiscrete([3, 2]), 4),
    "operator": RoleKind(1, spaces.Box(-1.0, 1.0, (2,), np.float32), 4),
}


def make_fake_world(
    n_worlds: int = 1,
    *,
    roles: Sequence[str] = ("bs", "retailer"),
    max_decisions: int = 12,
    counts: Mapping[str, int] | None = None,
) -> "FakeWorld":
    """Build a fake world; picklable by cloudpickle, and cheap enough for any test."""
    return FakeWorld(n_worlds, roles=roles, max_decisions=max_decisions, counts=counts)


class FakeWorld:
    """Implements the ``World`` protocol of ``voltran.envs.world``.

    Args:
        n_worlds: batch size ``B``.
        roles: names out of ``ROLE_KINDS``; the first role's batteries decide the end of the episode.
        max_decisions: horizon in decisions.
        counts: number of agents per role, where it should differ from ``ROLE_KINDS``.
    """

    name = "fake_v0"
    render_modes = ("ansi", "rgb_array")
    observation_version = "fake-observation-1"
    action_version = "fake-action-1"

    def __init__(
        self,
        n_worlds: int = 1,
        *,
        roles: Sequence[str] = ("bs", "retailer"),
        max_decisions: int = 12,
        counts: Mapping[str, int] | None = None,
    ) -> None:
        self.scenario = Scenario(world=self.name, name="fake")
        self.n_worlds = n_worlds
        self.roles = tuple(_role(name, (counts or {}).get(name)) for name in roles)
        self.max_decisions = max_decisions
        total = sum(role.count for role in self.roles)
        self.state_space = spaces.Box(0.0, 1.0, (total + 1,), np.float32)
        self.seeds = np.full(n_worlds, -1, np.int64)
        self.decision = np.zeros(n_worlds, np.int64)
        self.over = np.ones(n_worlds, bool)
        self.energy_kwh = {role.name: np.zeros((n_worlds, role.count)) for role in self.roles}
        self.level = {role.name: np.zeros((n_worlds, role.count)) for role in self.roles}
        self.drained_kwh = np.zeros((n_worlds, self.roles[0].count))
        self.drawn_kwh = np.zeros((n_worlds, self.roles[0].count))
        self.history: list[FloatArray] = []

    def reset(self, seeds: Sequence[int], worlds: BoolArray | None = None) -> None:
        """Start new episodes where ``worlds`` is True (everywhere by default)."""
        if len(seeds) != self.n_worlds:
            raise EpisodeError(f"seeds: {len(seeds)} given for {self.n_worlds} worlds; give one per world")
        chosen = np.ones(self.n_worlds, bool) if worlds is None else np.array(worlds, bool)
        self.seeds[chosen] = np.asarray(seeds, np.int64)[chosen]
        self.decision[chosen] = 0
        self.over[chosen] = False
        for role in self.roles:
            self.energy_kwh[role.name][chosen] = (8.5 + 1.5 * self._noise(role))[chosen]
            self.level[role.name][chosen] = 0.0
        self.drained_kwh[chosen] = 0.0
        self.drawn_kwh[chosen] = 0.0
        if chosen[0]:
            self.history = [self.energy_kwh[self.roles[0].name][0].copy()]

    def step(self, actions: Mapping[str, Any]) -> Transition:
        """Drain the batteries; an action that is masked out is executed as "do nothing" and reported as projected."""
        if self.over.any():
            raise EpisodeError(f"world {int(np.argmax(self.over))}: no episode is running; call reset first")
        checked = {role.name: _checked(role, actions, self.n_worlds) for role in self.roles}
        rewards, infos = {}, {}
        for index, role in enumerate(self.roles):
            projected = ~self._legal(role, checked[role.name])
            level = np.where(projected, 0.0, _level(role, checked[role.name]))
            rewards[role.name] = self._drain(role, level, is_first=index == 0)
            infos[role.name] = {"projected": projected, "level": level.copy()}
        self.decision += 1
        terminated = self.energy_kwh[self.roles[0].name].sum(axis=1) <= 0.0
        truncated = (self.decision >= self.max_decisions) & ~terminated
        self.over = terminated | truncated
        self.history.append(self.energy_kwh[self.roles[0].name][0].copy())
        episode_infos = {"decision": self.decision.copy(), "energy_kwh": self._total_kwh()}
        return Transition(rewards, terminated.copy(), truncated.copy(), infos, episode_infos)

    def observations(self) -> dict[str, NDArray[np.float32]]:
        """Role -> ``[B, n, F]``, every feature in 0..1."""
        clock = np.minimum(self.decision / 50.0, 1.0)
        result = {}
        for role in self.roles:
            energy = self.energy_kwh[role.name]
            features = np.empty((self.n_worlds, role.count, FEATURES), np.float32)
            features[..., 0] = energy / CAPACITY_KWH
            features[..., 1] = self.level[role.name]
            features[..., 2] = self._noise(role)
            features[..., 3] = clock[:, None]
            features[..., 4] = energy > 0.0
            result[role.name] = features[..., : role.observation_space.shape[0]].copy()
        return result

    def action_masks(self) -> dict[str, BoolArray]:
        """Role -> ``[B, n, A]``: code c needs 3 c kWh in the battery, code 0 is always legal."""
        return {role.name: self._mask(role) for role in self.roles}

    def state(self) -> NDArray[np.float32]:
        """All energies, then the clock: ``[B, S]``."""
        energies = [self.energy_kwh[role.name] / CAPACITY_KWH for role in self.roles]
        clock = np.minimum(self.decision / 50.0, 1.0)[:, None]
        return np.concatenate([*energies, clock], axis=1).astype(np.float32)

    def kpis(self, worlds: BoolArray | None = None) -> dict[str, FloatArray]:
        """Hours survived and energy left, ``[B]`` each; NaN outside the mask ``worlds``."""
        values = {"survival_h": np.asarray(self.decision * STEP_H), "energy_left_kwh": self._total_kwh()}
        return {name: np.where(True if worlds is None else worlds, value, np.nan) for name, value in values.items()}

    def trace(self, world: int = 0) -> dict[str, NDArray[Any]]:
        """Energy of the first role's agents in world 0 over time."""
        if world != 0:
            raise EpisodeError(f"world = {world}: the fake world records world 0 only")
        energy = np.array(self.history)
        return {"time_h": np.arange(len(energy)) * STEP_H, "energy_kwh": energy}

    def ledger(self) -> dict[str, FloatArray]:
        """Load and battery power of the latest step, ``[B, n]``; power into the site is positive."""
        load_kw = self.drained_kwh / STEP_H
        battery_kw = self.drawn_kwh / STEP_H
        return {"load_kw": load_kw, "battery_kw": battery_kw, "residual_kw": battery_kw - load_kw}

    def get_state(self) -> dict[str, Any]:
        """Copies of everything that changes."""
        return {
            "seeds": self.seeds.copy(),
            "decision": self.decision.copy(),
            "over": self.over.copy(),
            "energy_kwh": {name: value.copy() for name, value in self.energy_kwh.items()},
            "level": {name: value.copy() for name, value in self.level.items()},
            "drained_kwh": self.drained_kwh.copy(),
            "drawn_kwh": self.drawn_kwh.copy(),
            "history": [row.copy() for row in self.history],
        }

    def set_state(self, snapshot: Mapping[str, Any]) -> None:
        """Continue from a snapshot."""
        for name in ("seeds", "decision", "over", "drained_kwh", "drawn_kwh"):
            setattr(self, name, snapshot[name].copy())
        self.energy_kwh = {name: value.copy() for name, value in snapshot["energy_kwh"].items()}
        self.level = {name: value.copy() for name, value in snapshot["level"].items()}
        self.history = [row.copy() for row in snapshot["history"]]

    def render(self, mode: str, world: int = 0) -> Any:
        """One line of text, or a small picture whose brightness is the first agent's energy."""
        energy = self.energy_kwh[self.roles[0].name][world]
        if mode == "ansi":
            return f"decision {self.decision[world]}: " + " ".join(f"{value:.2f}" for value in energy)
        if mode == "rgb_array":
            return np.full((24, 32, 3), int(255 * energy[0] / CAPACITY_KWH), np.uint8)
        raise ScenarioError(f"render mode {mode!r} is unknown; known modes: {', '.join(self.render_modes)}")

    def _drain(self, role: Role, level: FloatArray, *, is_first: bool) -> FloatArray:
        reward: FloatArray = 0.1 * level * self._noise(role) + self.energy_kwh[role.name] / 100.0
        base_kwh = np.where(self.seeds % 3 == 0, 1.5, 0.2)[:, None]
        before = self.energy_kwh[role.name]
        drained = np.minimum(base_kwh + 0.5 * level, before)
        self.energy_kwh[role.name] = before - drained
        self.level[role.name] = level
        if is_first:
            self.drained_kwh = drained
            self.drawn_kwh = before - self.energy_kwh[role.name]
        return reward

    def _legal(self, role: Role, actions: NDArray[Any]) -> BoolArray:
        mask = self._mask(role)
        if isinstance(role.action_space, spaces.Discrete):
            return np.take_along_axis(mask, actions[..., None], axis=2)[..., 0]
        if isinstance(role.action_space, spaces.MultiDiscrete):
            offsets = np.concatenate([[0], np.cumsum(role.action_space.nvec)[:-1]])
            return np.asarray(np.take_along_axis(mask, actions + offsets, axis=2).all(axis=2))
        return np.ones(actions.shape[:2], bool)

    def _mask(self, role: Role) -> BoolArray:
        sizes = [role.mask_size]
        if isinstance(role.action_space, spaces.MultiDiscrete):
            sizes = list(role.action_space.nvec)
        needed_kwh = 3.0 * np.concatenate([np.arange(size) for size in sizes])
        mask: BoolArray = needed_kwh <= self.energy_kwh[role.name][..., None]
        return mask

    def _noise(self, role: Role) -> FloatArray:
        """Uniform numbers ``[B, n]`` that depend on seed, role, agent and time alone (splitmix64)."""
        key = np.uint64(sum(role.name.encode()) * 1000) + np.arange(role.count, dtype=np.uint64)
        mixed = self.seeds.astype(np.uint64)[:, None] * np.uint64(0x9E3779B97F4A7C15) + key[None, :]
        mixed = mixed + self.decision.astype(np.uint64)[:, None] * np.uint64(0xD1342543DE82EF95)
        for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
            mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
        uniform: FloatArray = ((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(11)).astype(np.float64) / 2.0**53
        return uniform

    def _total_kwh(self) -> FloatArray:
        return np.asarray(sum(energy.sum(axis=1) for energy in self.energy_kwh.values()), np.float64)


def _role(name: str, count: int | None) -> Role:
    kind = ROLE_KINDS[name]
    space = spaces.Box(0.0, 1.0, (kind.features,), np.float32)
    return Role(name, kind.count if count is None else count, space, kind.action_space)


def _level(role: Role, actions: NDArray[Any]) -> FloatArray:
    if isinstance(role.action_space, spaces.Discrete):
        return np.asarray(actions / (role.action_space.n - 1), np.float64)
    if isinstance(role.action_space, spaces.MultiDiscrete):
        return np.asarray(actions.sum(axis=2) / (role.action_space.nvec - 1).sum(), np.float64)
    return np.asarray(np.abs(actions).mean(axis=2), np.float64)


def _checked(role: Role, actions: Mapping[str, Any], n_worlds: int) -> NDArray[Any]:
    if role.name not in actions:
        raise ActionError(f"actions: role {role.name!r} is missing; give actions for every role")
    values = np.asarray(actions[role.name])
    space = role.action_space
    expected = (n_worlds, role.count, *(space.shape or ()))
    if values.shape != expected:
        raise ActionError(f"actions of {role.name}: shape {values.shape}, expected {expected}")
    low, high = _bounds(space)
    if not isinstance(space, spaces.Box) and values.dtype.kind not in "iu":
        raise ActionError(f"actions of {role.name}: dtype {values.dtype}, expected integer codes")
    if not bool(((values >= low) & (values <= high)).all()):
        raise ActionError(f"actions of {role.name}: {values.tolist()} leaves the range {low}..{high}")
    return values


def _bounds(space: ActionSpace) -> tuple[Any, Any]:
    if isinstance(space, spaces.Box):
        return space.low, space.high
    if isinstance(space, spaces.MultiDiscrete):
        return 0, space.nvec - 1
    return 0, int(space.n) - 1

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

from voltran.envs.base import BatchedWorld, Outcome
from voltran.envs.metric import Metric
from voltran.envs.scenario import Scenario
from voltran.envs.world import ActionSpace, BoolArray, FloatArray, Role
from voltran.envs.world_spec import WorldSpec

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


def as_text(scene: tuple[int, FloatArray]) -> str:
    """One line of text."""
    decision, energy_kwh = scene
    return f"decision {decision}: " + " ".join(f"{value:.2f}" for value in energy_kwh)


def as_image(scene: tuple[int, FloatArray]) -> NDArray[np.uint8]:
    """A small picture whose brightness is the first agent's energy."""
    return np.full((24, 32, 3), int(255 * scene[1][0] / CAPACITY_KWH), np.uint8)


WORLD = WorldSpec(
    name="fake_v0",
    gymnasium_id="voltran/Fake-v0",
    summary="batteries that their owners drain",
    world="tests.envs.fake_world:FakeWorld",
    scenario=Scenario,
    default_scenario="fake",
    metrics=(Metric("survival_h", "Survival time", "h"), Metric("energy_left_kwh", "Energy left", "kWh")),
    training_metric="survival_h",
    text=as_text,
    picture=as_image,
)


class FakeWorld(BatchedWorld):
    """A world on the common base.

    Args:
        n_worlds: batch size ``B``.
        roles: names out of ``ROLE_KINDS``; the first role's batteries decide the end of the episode.
        max_decisions: horizon in decisions.
        counts: number of agents per role, where it should differ from ``ROLE_KINDS``.
    """

    spec = WORLD
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
        super().__init__(Scenario(world=self.name, name="fake"), n_worlds, max_decisions)
        self.roles = tuple(_role(name, (counts or {}).get(name)) for name in roles)
        total = sum(role.count for role in self.roles)
        self.state_space = spaces.Box(0.0, 1.0, (total + 1,), np.float32)
        self.energy_kwh = {role.name: np.zeros((n_worlds, role.count)) for role in self.roles}
        self.level = {role.name: np.zeros((n_worlds, role.count)) for role in self.roles}
        self.drained_kwh = np.zeros((n_worlds, self.roles[0].count))
        self.drawn_kwh = np.zeros((n_worlds, self.roles[0].count))
        self._history = np.zeros((n_worlds, max_decisions + 1, self.roles[0].count))

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

    @property
    def seeds(self) -> NDArray[np.int64]:
        """Seeds of the episodes, ``[B]``."""
        return self.episodes.seed.astype(np.int64)

    @property
    def over(self) -> BoolArray:
        """Worlds ``[B]`` in which no episode is running."""
        return ~self.episodes.running

    @property
    def history(self) -> list[FloatArray]:
        """Energy of the first role's agents in world 0 over time."""
        return list(self._history[0, : self._rows(int(self.decision[0]))])

    def _begin(self, worlds: Sequence[int]) -> None:
        chosen = list(worlds)
        for role in self.roles:
            self.energy_kwh[role.name][chosen] = (8.5 + 1.5 * self._noise(role))[chosen]
            self.level[role.name][chosen] = 0.0
        self.drained_kwh[chosen] = self.drawn_kwh[chosen] = 0.0
        self._history[chosen, 0] = self.energy_kwh[self.roles[0].name][chosen]

    def _decode(self, actions: dict[str, Any]) -> dict[str, dict[str, NDArray[Any]]]:
        """An action that is masked out is executed as "do nothing" and reported as projected."""
        commands = {}
        for role in self.roles:
            projected = ~self._legal(role, actions[role.name])
            level = np.where(projected, 0.0, _level(role, actions[role.name]))
            commands[role.name] = {"projected": projected, "level": level}
        return commands

    def _run_period(self, commands: dict[str, dict[str, NDArray[Any]]]) -> dict[str, FloatArray]:
        """Drain the batteries; returns the rewards."""
        first = self.roles[0].name
        rewards = {
            role.name: self._drain(role, commands[role.name]["level"], role.name == first) for role in self.roles
        }
        self._history[np.arange(self.n_worlds), self.decision + 1] = self.energy_kwh[first]
        return rewards

    def _terminated(self) -> BoolArray:
        return np.asarray(self.energy_kwh[self.roles[0].name].sum(axis=1) <= 0.0)

    def _outcome(self, commands: dict[str, dict[str, NDArray[Any]]], period: dict[str, FloatArray]) -> Outcome:
        return Outcome(period, commands, {"decision": self.decision, "energy_kwh": self._total_kwh()})

    def _metrics_of(self, world: int) -> dict[str, float]:
        return {
            "survival_h": float(self.decision[world] * STEP_H),
            "energy_left_kwh": float(self._total_kwh()[world]),
        }

    def _state_arrays(self) -> dict[str, Any]:
        return {
            "energy_kwh": self.energy_kwh,
            "level": self.level,
            "drained_kwh": self.drained_kwh,
            "drawn_kwh": self.drawn_kwh,
        }

    def _series(self) -> dict[str, NDArray[Any]]:
        return {"energy_kwh": self._history}

    def _rows(self, decisions: int) -> int:
        return decisions + 1

    def _time_h(self, rows: int) -> FloatArray:
        return np.asarray(np.arange(rows) * STEP_H, np.float64)

    def _ledger(self) -> dict[str, FloatArray]:
        """Load and battery power of the latest step; power into the site is positive."""
        load_kw, battery_kw = self.drained_kwh / STEP_H, self.drawn_kwh / STEP_H
        return {"load_kw": load_kw, "battery_kw": battery_kw, "residual_kw": battery_kw - load_kw}

    def _scene(self, world: int) -> tuple[int, FloatArray]:
        return int(self.decision[world]), self.energy_kwh[self.roles[0].name][world].copy()

    def _drain(self, role: Role, level: FloatArray, is_first: bool) -> FloatArray:
        reward: FloatArray = 0.1 * level * self._noise(role) + self.energy_kwh[role.name] / 100.0
        base_kwh = np.where(self.seeds % 3 == 0, 1.5, 0.2)[:, None]
        before = self.energy_kwh[role.name]
        drained = np.minimum(base_kwh + 0.5 * level, before)
        self.energy_kwh[role.name] = before - drained
        self.level[role.name] = level.copy()
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

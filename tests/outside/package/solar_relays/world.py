"""The transition: a period of an hour, in which panels charge batteries and relays send."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from gymnasium import spaces

from solar_relays import WORLD
from solar_relays.learning import FIELDS
from solar_relays.scenario import RelayScenario
from voltran import BatchedWorld
from voltran.envs.base import Outcome
from voltran.envs.observations import GlobalState
from voltran.envs.observe import role_observations
from voltran.envs.rewards import Period, Rewards

PERIOD_H = 1.0


class Orders(NamedTuple):
    """Levels ``[B, n]``, and which of those asked for were not allowed."""

    level: np.ndarray
    projected: np.ndarray


class RelayWorld(BatchedWorld):
    """A batch of days of relays.

    Args:
        scenario: the scenario.
        n_worlds: batch size ``B``.
        reward, observe: what relays learn from, and what they see.
    """

    spec = WORLD
    scenario: RelayScenario

    def __init__(
        self, scenario: RelayScenario, n_worlds: int = 1, *, reward: Any = "delivered", observe: Any = None
    ) -> None:
        super().__init__(scenario, n_worlds, scenario.periods)
        shape = (n_worlds, scenario.relays)
        self._soc, self._level = np.zeros(shape), np.zeros(shape, dtype=np.int64)
        self._sun_kw = np.zeros((n_worlds, scenario.periods, scenario.relays))
        self._flows = {name: np.zeros(shape) for name in ("sun_kw", "load_kw", "stored_kw", "spilled_kw")}
        self._records = {name: np.zeros((n_worlds, scenario.periods, scenario.relays)) for name in ("rate_mbps", "soc")}
        self.load_kw, self.rate_mbps = np.array(scenario.load_kw), np.array(scenario.rate_mbps)
        observed = role_observations(WORLD.name, {"relay": scenario.relays}, {"relay": FIELDS}, observe)
        role = observed["relay"].as_role(spaces.Discrete(3), "relays-level-1", meaning={})
        self._introduce([role], observed, GlobalState([observed["relay"]]))
        self._rewards = Rewards(WORLD, ["relay"], reward)

    @property
    def soc(self) -> np.ndarray:
        """States of charge ``[B, n]``."""
        return self._soc.copy()

    @property
    def sun_kw(self) -> np.ndarray:
        """What panels give in the coming period, ``[B, n]``; nothing after the last."""
        coming = np.minimum(self.decision, self.scenario.periods - 1)
        return self._sun_kw[np.arange(self.n_worlds), coming] * (self.decision < self.scenario.periods)[:, None]

    @property
    def delivered_mbps(self) -> np.ndarray:
        """Rates of the latest period, ``[B, n]``."""
        return self.rate_mbps[self._level]

    def action_masks(self) -> dict[str, np.ndarray]:
        """Levels that battery and sun can carry for the whole period; sleep is always allowed."""
        available_kw = self._soc * self.scenario.battery_kwh / PERIOD_H + self.sun_kw
        return {"relay": (self.load_kw <= available_kw[..., None]) | (np.arange(3) == 0)}

    def _draw(self, seed: int) -> np.ndarray:
        clearness = np.random.default_rng([seed, 1]).uniform(0.2, 1.0, (self.scenario.periods, self.scenario.relays))
        hour = np.arange(self.scenario.periods) % 24 + 0.5
        return self.scenario.panel_kw * clearness * np.maximum(np.sin(np.pi * (hour - 6.0) / 12.0), 0.0)[:, None]

    def _load(self, drawn: Mapping[int, np.ndarray]) -> None:
        for world, sun_kw in drawn.items():
            self._sun_kw[world] = sun_kw

    def _begin(self, worlds: Sequence[int]) -> None:
        self._soc[list(worlds)], self._level[list(worlds)] = 0.5, 0

    def _decode(self, actions: dict[str, Any]) -> Orders:
        legal = np.take_along_axis(self.action_masks()["relay"], actions["relay"][..., None], axis=-1)[..., 0]
        return Orders(np.where(legal, actions["relay"], 0), ~legal)

    def _run_period(self, commands: Orders) -> Period:
        scenario, sun_kw = self.scenario, self.sun_kw
        self._level[:] = commands.level
        load_kw = np.minimum(self.load_kw[commands.level], self._soc * scenario.battery_kwh / PERIOD_H + sun_kw)
        wanted = self._soc + (sun_kw - load_kw) * PERIOD_H / scenario.battery_kwh
        soc = np.clip(wanted, 0.0, 1.0)
        stored_kw = (soc - self._soc) * scenario.battery_kwh / PERIOD_H
        for name, value in zip(self._flows, (sun_kw, load_kw, stored_kw, sun_kw - load_kw - stored_kw), strict=True):
            self._flows[name][:] = value
        self._soc[:] = soc
        for world, decision in enumerate(self.decision.tolist()):
            self._records["rate_mbps"][world, decision] = self.delivered_mbps[world]
            self._records["soc"][world, decision] = soc[world]
        return Period(self)

    def _outcome(self, commands: Orders, period: Period) -> Outcome:
        rewards, components = self._rewards(period)
        return Outcome(rewards, {"relay": {"projected": commands.projected}}, components)

    def _metrics_of(self, world: int) -> dict[str, float]:
        series = self._series_of(world)
        return {
            "delivered_gbit": float(series["rate_mbps"].sum() * 3600.0 * PERIOD_H / 1000.0),
            "asleep_share": float((series["rate_mbps"] == 0.0).mean()),
            "soc_end": float(series["soc"][-1].mean()),
        }

    def _state_arrays(self) -> Mapping[str, Any]:
        return {"soc": self._soc, "level": self._level, "flows": self._flows}

    def _ranges(self) -> Mapping[str, tuple[int, int]]:
        return {"level": (0, 2)}

    def _series(self) -> Mapping[str, np.ndarray]:
        return self._records

    def _time_h(self, rows: int) -> np.ndarray:
        return np.arange(rows) * PERIOD_H

    def _ledger(self) -> dict[str, np.ndarray]:
        flows = {name: value.copy() for name, value in self._flows.items()}
        residual_kw = flows["sun_kw"] - flows["load_kw"] - flows["stored_kw"] - flows["spilled_kw"]
        return {**flows, "residual_kw": residual_kw}

    def _scene(self, world: int) -> list[float]:
        return self._soc[world].tolist()


def as_text(scene: list[float]) -> str:
    """A line per relay."""
    return "\n".join(f"relay_{index} {soc:.0%}" for index, soc in enumerate(scene))

"""What sites and retailers see: documented, fixed-size vectors of scaled floats, the same for any number of agents."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from voltran.envs.market.actions import BATTERY_CHOICES, REQUESTS
from voltran.envs.market.simulation import Simulation
from voltran.envs.retail.observation import (
    RETAILER_FEATURES,
    SITE_FEATURES,
    Feature,
    feature_limits,
    feature_lines,
    retailer_features,
    site_features,
)
from voltran.envs.world import FloatArray

OBSERVATION_VERSION = "market-observation-1"
DAY_H = 24.0

OWN_FEATURES = (
    Feature("load", 0, 1, "own load in the coming period, share of full power"),
    Feature("load_near", 0, 1, "load that the usual day promises in 1 h, share of full power"),
    Feature("load_far", 0, 1, "load that the usual day promises in 4 h, share of full power"),
    Feature("full_power", 0, 5, "full power, kW, at most 5"),
    Feature("soc", 0, 1, "state of charge; 0 without a battery"),
    Feature("has_battery", 0, 1, "1 with a battery"),
    Feature("charge_room", 0, 5, "power that the battery can take for the whole period, over full power, at most 5"),
    Feature("discharge_room", 0, 5, "power that it can give for the whole period, over full power, at most 5"),
    Feature("unserved", 0, 1, "share of the load that nothing served in the latest period"),
)
CLOCK_FEATURES = (
    Feature("clock_sine", -1, 1, "time of day on a circle"),
    Feature("clock_cosine", -1, 1, "time of day on a circle"),
)
BS_FEATURES = OWN_FEATURES + SITE_FEATURES + CLOCK_FEATURES


def site_meaning() -> dict[str, Any]:
    """What a policy for sites is tied to: see ``Role.meaning``."""
    return {"features": feature_lines(BS_FEATURES), "requests": list(REQUESTS), "battery": list(BATTERY_CHOICES)}


class Observer:
    """Builds observations and the global state vector of a batch.

    Args:
        simulation: the batch; read whenever something is asked for.
    """

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        constants = simulation.constants
        self.bs_low, self.bs_high = feature_limits(BS_FEATURES)
        self.retailer_low, self.retailer_high = feature_limits(RETAILER_FEATURES)
        of_state = OWN_FEATURES * constants.n_sites + RETAILER_FEATURES * constants.n_retailers + CLOCK_FEATURES
        self.state_low, self.state_high = feature_limits(of_state)

    def observations(self) -> dict[str, NDArray[np.float32]]:
        """Role -> ``[B, n, F]``; the tables are :data:`BS_FEATURES` and ``RETAILER_FEATURES``."""
        own, clock = self._own(), self._clock()
        everywhere = np.broadcast_to(clock[:, None, :], (*own.shape[:2], clock.shape[-1]))
        market = self._simulation.market
        seen = np.concatenate([own, site_features(market, self._simulation.state.decision), everywhere], axis=-1)
        found = {"bs": _clipped(seen, self.bs_low, self.bs_high)}
        if self._simulation.constants.n_retailers:
            found["retailer"] = _clipped(self._retailers(), self.retailer_low, self.retailer_high)
        return found

    def state(self) -> NDArray[np.float32]:
        """Global state ``[B, S]``: all sites, all retailers, the clock."""
        parts = [self._own(), self._clock()]
        if self._simulation.constants.n_retailers:
            parts.insert(1, self._retailers())
        rows = [part.reshape(len(part), -1) for part in parts]
        return _clipped(np.concatenate(rows, axis=-1), self.state_low, self.state_high)

    def _own(self) -> FloatArray:
        """Part ``[B, M, field]`` about the site itself."""
        state, constants = self._simulation.state, self._simulation.constants
        situation, outlook_kw = self._simulation.situation(), self._simulation.coming_outlook_kw()
        load_kw, unserved_kw = state.latest("load_kw"), state.latest("unserved_kw")
        columns = [
            situation.load_kw / constants.fixed_kw,
            outlook_kw[..., 0] / constants.fixed_kw,
            outlook_kw[..., 1] / constants.fixed_kw,
            np.broadcast_to(constants.fixed_kw, state.soc.shape),
            state.soc,
            np.broadcast_to(constants.has_battery, state.soc.shape),
            situation.charge_room_kw / constants.fixed_kw,
            situation.discharge_room_kw / constants.fixed_kw,
            np.divide(unserved_kw, load_kw, out=np.zeros_like(load_kw), where=load_kw > 0.0),
        ]
        return np.stack(columns, axis=-1)

    def _retailers(self) -> FloatArray:
        return retailer_features(self._simulation.market, self._simulation.state.decision, self._hour())

    def _clock(self) -> FloatArray:
        angle = 2.0 * np.pi * self._hour() / DAY_H
        return np.stack([np.sin(angle), np.cos(angle)], axis=-1)

    def _hour(self) -> FloatArray:
        """Time of day ``[B]`` at the start of the coming period."""
        start_hour = self._simulation.constants.scenario.retail.weather.start_hour
        return np.asarray(start_hour + self._simulation.state.decision * self._simulation.constants.period_h)


def _clipped(vector: FloatArray, low: NDArray[np.float32], high: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(np.clip(vector.astype(np.float32), low, high))

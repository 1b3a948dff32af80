"""What sites import, step by step: from the main grid first, then from retailers. Source: [MSRC] Eq. 17."""

from typing import Any

import numpy as np

from voltran.envs.blackout.constants import BlackoutConstants
from voltran.envs.blackout.state import BlackoutState
from voltran.envs.energy.generation import Generation
from voltran.envs.energy.grid import FeederGrid
from voltran.envs.retail.market import RetailMarket
from voltran.physics.arrays import BoolArray, FloatArray
from voltran.physics.balance import SHORTFALL_KW, EnergyStep
from voltran.physics.battery import largest_charge_kw
from voltran.physics.market import satisfaction

# Per physics step; sums over the network unless a retailer axis is given.
NETWORK_SERIES = (
    "requested_kw", "main_kw", "bought_kw", "paid_usd", "main_paid_usd", "generation_cost_usd", "satisfaction_usd",
)  # fmt: skip
RETAILER_SERIES = ("price", "available_kw", "sold_kw", "earned_usd", "retailer_cost_usd")


class Supply:
    """The imports of a batch of brownout episodes; implements :class:`voltran.envs.blackout.power_imports.Imports`.

    Args:
        constants: constants of the outage.
        market: state of the retailers.
        grid: the main grid.

    Attributes:
        market, grid: as given.
        buy, accepted_price: ``[B, M]`` what sites ask for in the current period, see ``BrownoutCommands``.
        main_kwh, main_paid_usd: ``[B, M]`` imports from the main grid in the current period, or else the latest.
    """

    hold = False

    def __init__(self, constants: BlackoutConstants, market: RetailMarket, grid: FeederGrid) -> None:
        self.constants, self.market, self.grid = constants, market, grid
        shape = (market.n_worlds, constants.n_sites)
        self.buy, self.accepted_price = np.ones(shape), np.full(shape, market.constants.highest_payment)
        self.main_kwh, self.main_paid_usd = np.zeros(shape), np.zeros(shape)
        steps = constants.max_decisions * constants.steps_per_decision
        self._series = {name: np.zeros((shape[0], steps)) for name in NETWORK_SERIES}
        self._series |= {name: np.zeros((shape[0], steps, market.constants.n_retailers)) for name in RETAILER_SERIES}
        self._requested_kw, self._main_kw = np.zeros(shape), np.zeros(shape)
        self._sold_kw = np.zeros((*shape, market.constants.n_retailers))
        self._worlds = np.arange(shape[0])

    def draw(self, seed: int) -> Generation:
        """Generation of the episode of a seed; see :meth:`RetailMarket.draw`."""
        return self.market.draw(seed)

    def load(self, world: int, drawn: Generation) -> None:
        """Take over what was drawn for one world."""
        self.market.load(world, drawn)

    def begin(self, world: int) -> None:
        """Put one world at the start of its episode."""
        self.market.begin(world)
        self.buy[world], self.accepted_price[world] = 1.0, self.market.constants.highest_payment
        self.main_kwh[world], self.main_paid_usd[world] = 0.0, 0.0

    def open_period(self, buy: FloatArray, accepted_price: FloatArray) -> None:
        """Begin a decision period with what sites ``[B, M]`` ask for."""
        self.buy[...], self.accepted_price[...] = buy, accepted_price
        self.main_kwh[...], self.main_paid_usd[...] = 0.0, 0.0

    def limits_kw(self, state: BlackoutState, vehicle_room_kw: FloatArray) -> tuple[FloatArray, BoolArray]:
        """Clear the market for the coming step; batteries may take what loads do not. Both ``[B, M]``.

        Vehicles (``vehicle_room_kw [B, M]``) get what the main grid and the feeders have left once load and battery of
        their site get all that they can take; nothing is bought for them from retailers.
        """
        self._requested_kw, self._main_kw, self._sold_kw = self._cleared_kw(state)
        if self.constants.ev.charging:
            self._main_kw += self._left_for_vehicles_kw(state, vehicle_room_kw)
        return self._main_kw + self._sold_kw.sum(axis=2), np.ones_like(state.alive)

    def foreseen_kw(self, state: BlackoutState) -> FloatArray:
        """What the market would give ``[B, M]`` at the load of the latest step."""
        _, main_kw, sold_kw = self._cleared_kw(state)
        return np.asarray(main_kw + sold_kw.sum(axis=2))

    def settle(self, state: BlackoutState, flows: EnergyStep) -> None:
        """Book the step; sites ask for no more than they can take, so that all that was sold was taken."""
        step_h, available_kw = self.constants.step_h, self._available_kw(state)
        earned, cost = self.market.settle(self._requested_kw, self._sold_kw, available_kw, step_h)
        main_paid = self._main_kw * step_h * self.grid.grid.main_price_usd_per_kwh
        self.main_kwh += self._main_kw * step_h
        self.main_paid_usd += main_paid
        retail, served_kw = self.market.constants.retail, np.minimum(flows.grid_kw, flows.load_kw)
        value = satisfaction(served_kw, retail.satisfaction_usd_per_h, retail.reference_kw) * step_h
        self._record(
            state,
            requested_kw=self._requested_kw.sum(axis=1),
            main_kw=self._main_kw.sum(axis=1),
            bought_kw=self._sold_kw.sum(axis=2).sum(axis=1),
            paid_usd=earned.sum(axis=1),
            main_paid_usd=main_paid.sum(axis=1),
            generation_cost_usd=cost.sum(axis=1),
            satisfaction_usd=value.sum(axis=1),
            price=self.market.price,
            available_kw=available_kw,
            sold_kw=self._sold_kw.sum(axis=1),
            earned_usd=earned,
            retailer_cost_usd=cost,
        )

    @property
    def latest_kw(self) -> tuple[FloatArray, FloatArray]:
        """Imports ``[B, M]`` of the latest step from the main grid, and from retailers."""
        return self._main_kw, np.asarray(self._sold_kw.sum(axis=2))

    @property
    def latest_sold_kw(self) -> FloatArray:
        """Sales ``[B, M, I]`` of retailers to sites in the latest step."""
        return self._sold_kw

    def arrays(self) -> dict[str, Any]:
        """All arrays that change; time series apart."""
        names = ("buy", "accepted_price", "main_kwh", "main_paid_usd")
        return {**{name: getattr(self, name) for name in names}, "market": self.market.arrays()}

    def series(self) -> dict[str, FloatArray]:
        """Time series ``[B, T]`` or ``[B, T, I]``, one row per physics step."""
        return self._series

    def _cleared_kw(self, state: BlackoutState) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Asked of retailers and coming from the main grid, both ``[B, M]``, and sold by retailers, ``[B, M, I]``."""
        requested_kw = self.buy * self._takes_kw(state)
        main_kw = np.minimum(requested_kw, self._main_limit_kw(state))
        rest_kw = requested_kw - main_kw
        sold_kw = self.market.clear(rest_kw, self.accepted_price, self._available_kw(state))
        carried = self.grid.curtailment(main_kw + sold_kw.sum(axis=2))
        return rest_kw, main_kw * carried, sold_kw * carried[:, :, None]

    def _left_for_vehicles_kw(self, state: BlackoutState, vehicle_room_kw: FloatArray) -> FloatArray:
        """More from the main grid ``[B, M]``, where load and battery get all that they can take."""
        import_kw = self._main_kw + self._sold_kw.sum(axis=2)
        has_all = import_kw >= self._takes_kw(state) - SHORTFALL_KW
        left_kw = np.minimum(vehicle_room_kw, np.maximum(self._main_limit_kw(state) - self._main_kw, 0.0))
        wanted_kw = np.where(has_all, left_kw, 0.0)
        return np.asarray(wanted_kw * self.grid.curtailment(wanted_kw, carried_kw=import_kw))

    def _takes_kw(self, state: BlackoutState) -> FloatArray:
        """What load and battery of each site can take, ``[B, M]``."""
        room_kw = largest_charge_kw(state.soc, self.constants.step_h, self.constants.battery)
        return np.asarray(state.service.power_kw * state.alive + room_kw)

    def _main_limit_kw(self, state: BlackoutState) -> FloatArray:
        return self.grid.limit_kw(np.asarray(state.step * self.constants.step_h, np.float64))

    def _available_kw(self, state: BlackoutState) -> FloatArray:
        return self.market.available_at(state.step // self.constants.steps_per_decision)

    def _record(self, state: BlackoutState, **values: FloatArray) -> None:
        for name, value in values.items():
            self._series[name][self._worlds, state.step] = value

"""What is known of the hours to come: for planners, and for what agents observe."""

import numpy as np

from voltran.envs.energy.generation import solar_outlook_share
from voltran.envs.energy.grid import MainGrid
from voltran.envs.errors import ScenarioError
from voltran.envs.sharing.constants import SharingConstants
from voltran.envs.sharing.draws import EpisodeDraws
from voltran.physics.arrays import FloatArray, IntArray


class SharingForecast:
    """Forecasts of a batch of episodes at this moment; slot 0 is the coming one.

    Args:
        constants: constants.
        decision: ``[B]`` slots done; changes as episodes go on.
    """

    def __init__(self, constants: SharingConstants, decision: IntArray) -> None:
        n_worlds, after = len(decision), constants.decisions + constants.day
        self.constants, self._decision = constants, decision
        sites, places = (n_worlds, after, constants.n_sites), (n_worlds, after, constants.n_infrastructures)
        self._demand_kw = np.zeros((n_worlds, constants.history + after, constants.n_sites))
        self._next_kw = np.zeros_like(self._demand_kw)
        self._price = np.zeros((n_worlds, after))
        self._solar_kw, self._clearness = np.zeros(places), np.zeros(places)
        self._demand_error, self._solar_error = np.zeros(sites), np.zeros(places)
        hour = np.asarray((np.arange(after) + 0.5) * constants.period_h, np.float64)
        grid = MainGrid(constants.scenario.grid, constants.n_infrastructures)
        self._grid_limit_kw = grid.limit_kw(hour)

    def load(self, world: int, draws: EpisodeDraws) -> None:
        """Take over what was drawn for one world."""
        self._demand_kw[world], self._next_kw[world] = draws.demand_kw, draws.next_kw
        self._price[world], self._solar_kw[world] = draws.price, draws.solar_kw
        self._clearness[world] = draws.clearness
        self._demand_error[world], self._solar_error[world] = draws.demand_error, draws.solar_error

    # --- forecasts ----------------------------------------------------------------------------------------------------

    def demand_kw(self, slots: int) -> FloatArray:
        """Demands expected in the coming slots, ``[B, U, slots]``.

        Raises:
            ScenarioError: more slots than a day has.
        """
        return self.demand_at(self._coming(slots))

    def solar_kw(self, slots: int) -> FloatArray:
        """What panels are expected to give in the coming slots, ``[B, I, slots]``; see :meth:`demand_kw`."""
        return self.solar_at(self._coming(slots))

    def price(self, slots: int) -> FloatArray:
        """Prices of the coming slots, EUR/kWh, ``[B, slots]``; they are known. See :meth:`demand_kw`."""
        return self.price_at(self._coming(slots))

    def grid_limit_kw(self, slots: int) -> FloatArray:
        """Most that is expected to be had from the grid in the coming slots, ``[B, I, slots]``; see :meth:`demand_kw`.

        An outage that is not announced is seen once it is there, and expected to last for ``forecast.memory_h``.
        """
        ahead = self._coming(slots)
        if self.constants.scenario.forecast.outages_announced:
            return np.moveaxis(self._grid_limit_kw[self._slots(ahead)], 1, 2)
        now_kw = self._grid_limit_kw[self._decision][..., None]
        normal_kw = self.constants.scenario.grid.main_limit_kw
        near = (ahead + 1) * self.constants.period_h <= self.constants.scenario.forecast.memory_h
        return np.where(near | (ahead == 0), now_kw, normal_kw)

    def demand_at(self, ahead: IntArray) -> FloatArray:
        """Demands ``[B, U, ahead]`` expected so many slots ahead, less than a day."""
        forecast, worlds = self.constants.scenario.forecast, self._worlds
        now, slots = self.constants.history + self._decision, self.constants.history + self._slots(ahead)
        if forecast.kind in ("oracle", "noisy"):
            true_kw = self._demand_kw[worlds[:, None], slots]
            return np.moveaxis(self._with_errors(true_kw, self._demand_error, ahead), 1, 2)
        yesterday_kw = self._demand_kw[worlds[:, None], slots - self.constants.day]
        of_now_kw = self._demand_kw[worlds, now - self.constants.day]
        fading = np.exp(-ahead * self.constants.period_h / forecast.memory_h)
        moved_kw = (self._next_kw[worlds, now] - of_now_kw)[:, None, :] * fading[:, None]
        return np.moveaxis(np.maximum(yesterday_kw + moved_kw, 0.0), 1, 2)

    def solar_at(self, ahead: IntArray) -> FloatArray:
        """Solar power ``[B, I, ahead]`` expected so many slots ahead, less than a day."""
        scenario, worlds = self.constants.scenario, self._worlds
        if scenario.forecast.kind in ("oracle", "noisy"):
            true_kw = self._solar_kw[worlds[:, None], self._slots(ahead)]
            return np.moveaxis(self._with_errors(true_kw, self._solar_error, ahead), 1, 2)
        hour = np.asarray((self._decision + 0.5) * self.constants.period_h, np.float64)
        ahead_h = np.asarray(ahead * self.constants.period_h, np.float64)
        clearness = self._clearness[worlds, self._decision]
        share = solar_outlook_share(scenario.weather, clearness, hour[:, None], ahead_h)
        return np.asarray(scenario.solar.capacity_kw * share)

    def day_price(self) -> FloatArray:
        """Mean price of the coming day, EUR/kWh, ``[B]``."""
        return np.asarray(self.price(self.constants.day).mean(axis=1))

    def price_at(self, ahead: IntArray) -> FloatArray:
        """Prices ``[B, ahead]`` so many slots ahead, EUR/kWh."""
        return np.asarray(self._price[self._worlds[:, None], self._slots(ahead)])

    # --- the truth ----------------------------------------------------------------------------------------------------

    def demand_now_kw(self) -> FloatArray:
        """Demands ``[B, U]`` of the coming slot, which nobody knows yet."""
        return np.asarray(self._demand_kw[self._worlds, self.constants.history + self._decision])

    def demand_before_kw(self) -> FloatArray:
        """Demands ``[B, U]`` of the latest slot, be it before the episode."""
        return np.asarray(self._demand_kw[self._worlds, self.constants.history + self._decision - 1])

    def solar_now_kw(self) -> FloatArray:
        """Solar power ``[B, I]`` of the coming slot."""
        return np.asarray(self._solar_kw[self._worlds, self._decision])

    def grid_limit_now_kw(self) -> FloatArray:
        """Most ``[B, I]`` that can be bought in the coming slot."""
        return np.asarray(self._grid_limit_kw[self._decision])

    def truth(self) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """Whole episodes and the day after, for those who may know the future.

        Returns:
            Demands ``[B, S, U]``, solar power ``[B, S, I]``, prices ``[B, S]`` and limits of the grid ``[B, S, I]``;
            read only, and no copies: a reset changes them.
        """
        limit_kw = np.broadcast_to(self._grid_limit_kw, self._solar_kw.shape)
        found = self._demand_kw[:, self.constants.history :], self._solar_kw[:], self._price[:], limit_kw
        for values in found:
            values.flags.writeable = False
        return found

    def expected_kw(self, world: int, slots: int) -> FloatArray:
        """What was forecast in one world for each of the first slots just before it, ``[slots, U]``."""
        forecast, first = self.constants.scenario.forecast, self.constants.history
        if forecast.kind in ("persistence", "federated"):
            return self._next_kw[world, first : first + slots].copy()
        true_kw = self._demand_kw[world, first : first + slots]
        return self._missed(true_kw, self._demand_error[world, :slots], np.zeros(slots, dtype=np.int64))

    # --- inside -------------------------------------------------------------------------------------------------------

    @property
    def _worlds(self) -> IntArray:
        return np.arange(len(self._decision))

    def _coming(self, slots: int) -> IntArray:
        if not 1 <= slots <= self.constants.day:
            raise ScenarioError(f"slots = {slots}: forecasts reach from 1 to {self.constants.day} slots ahead")
        return np.arange(slots)

    def _slots(self, ahead: IntArray) -> IntArray:
        """Slots ``[B, ahead]`` of the episode; after its end, of the day after."""
        last = self.constants.decisions + self.constants.day - 1
        return np.asarray(np.minimum(self._decision[:, None] + ahead, last), np.int64)

    def _with_errors(self, true: FloatArray, errors: FloatArray, ahead: IntArray) -> FloatArray:
        """Forecasts ``[B, ahead, n]`` of the truth, with what is drawn for these slots."""
        return self._missed(true, errors[self._worlds[:, None], self._slots(ahead)], ahead)

    def _missed(self, true: FloatArray, drawn: FloatArray, ahead: IntArray) -> FloatArray:
        """Forecasts ``[..., ahead, n]`` that miss the truth by a share that grows with the root of the time ahead."""
        forecast = self.constants.scenario.forecast
        if forecast.kind == "oracle":
            return true
        share = forecast.error * np.sqrt((ahead + 1) / self.constants.day)
        return np.maximum(true * (1.0 + share[:, None] * drawn), 0.0)

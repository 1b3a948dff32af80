"""What energy from the main grid costs: one price for all, the same within a decision period, known a day ahead."""

from typing import Literal, NamedTuple

import numpy as np
from pydantic import model_validator

from voltran.envs import domains
from voltran.envs.daily_curve import GRID_H, daily_shape
from voltran.envs.draws import Stream, generator
from voltran.envs.scenario import Section
from voltran.envs.series_episodes import read_episode
from voltran.envs.series_files import Reading, SeriesFormat
from voltran.physics.arrays import FloatArray
from voltran.physics.units import HOURS_PER_DAY

# Of the daily curve: with this the mornings' peak is lower than the evenings', and cheap hours outlast dear ones.
MORNING_SHARE = np.array([0.4])
READING = Reading("price file")


class Tariff(Section):
    """Prices of energy from the main grid.

    The day of "time_of_use" has two peaks and a cheap night. With the defaults it costs 0.19 EUR/kWh at night,
    0.34 in the morning and 0.43 in the evening. Prices below zero are allowed: whoever buys then is paid.

    Attributes:
        kind: "time_of_use" follows a daily curve, "flat" never changes, "file" is a series.
        price_eur_per_kwh: the price of "flat", and the mean of a usual day of "time_of_use".
        spread_eur_per_kwh: of "time_of_use", the highest price of a usual day less the lowest.
        morning_h, evening_h: of "time_of_use", times of day of the two peaks.
        daily_variation: of "time_of_use", standard deviation of the logarithms of what a day's mean and spread are
            multiplied by; 0 for days that are all alike.
        file: CSV file of a series, such as prices of the day before.
        column: its column; by default the only one besides that of times.
        series: how the file holds it; `scale: 0.001` makes EUR/kWh of EUR/MWh.
        retail_adder_eur_per_kwh: what is added to a series: taxes, and fees for grid and sale.
    """

    kind: Literal["time_of_use", "flat", "file"] = "time_of_use"
    price_eur_per_kwh: domains.EurPerKwh = 0.28
    spread_eur_per_kwh: domains.EurPerKwh = 0.24
    morning_h: domains.Hour = 8.0
    evening_h: domains.Hour = 19.0
    daily_variation: domains.LogSpread = 0.1
    file: str | None = None
    column: str | None = None
    series: SeriesFormat = SeriesFormat()
    retail_adder_eur_per_kwh: domains.EurPerKwh = 0.0

    @model_validator(mode="after")
    def _file_where_needed(self) -> "Tariff":
        if (self.kind == "file") != (self.file is not None) or (self.column is not None and self.file is None):
            raise ValueError(
                f"kind = {self.kind!r} with file = {self.file!r} and column = {self.column!r}: a file and its column "
                "go with kind 'file', and with no other"
            )
        return self


def draw_prices(tariff: Tariff, seed: int, periods: int, period_h: float, start_hour: float) -> FloatArray:
    """Prices of an episode, a function of the seed, the day and the time of day alone.

    Args:
        tariff: settings.
        seed: the episode's seed.
        periods: decision periods of the episode.
        period_h: length of one.
        start_hour: time of day at which the episode begins; its first day is day 0.

    Returns:
        ``[T]`` EUR/kWh; of "time_of_use", the price in the middle of each period.

    Raises:
        ScenarioError: a file of prices that cannot be used, or does not hold the episode.
    """
    if tariff.kind == "file":
        return _read_prices(tariff, periods, period_h, start_hour) + tariff.retail_adder_eur_per_kwh
    if tariff.kind == "flat":
        return np.full(periods, tariff.price_eur_per_kwh)
    hour: FloatArray = start_hour + (np.arange(periods, dtype=np.float64) + 0.5) * period_h
    day = np.floor_divide(hour, HOURS_PER_DAY).astype(np.int64)
    mean, spread = _factors(tariff, seed, int(day[-1]) + 1)[day].T
    return np.asarray(mean * tariff.price_eur_per_kwh + spread * tariff.spread_eur_per_kwh * _deviation(hour, tariff))


def _read_prices(tariff: Tariff, periods: int, period_h: float, start_hour: float) -> FloatArray:
    columns = None if tariff.column is None else [tariff.column]
    return read_episode(str(tariff.file), columns, tariff.series, READING, start_hour, periods, period_h)[:, 0]


class _Day(NamedTuple):
    """Of :func:`voltran.envs.daily_curve.daily_shape`: a day from 0 to 1."""

    morning_h: float
    evening_h: float
    night_share: float = 0.0


def _factors(tariff: Tariff, seed: int, days: int) -> FloatArray:
    """What mean and spread ``[day, 2]`` are multiplied by; 1 on average."""
    sigma = tariff.daily_variation
    normal = np.stack([generator(seed, Stream.PRICE, day).standard_normal(2) for day in range(days)])
    return np.asarray(np.exp(sigma * normal - sigma**2 / 2.0))


def _deviation(hour: FloatArray, tariff: Tariff) -> FloatArray:
    """The curve at times ``[T]``: its mean over a day is 0, its highest value less its lowest 1."""
    day = _Day(tariff.morning_h, tariff.evening_h)
    curve = daily_shape(GRID_H, MORNING_SHARE, day)
    return np.asarray((daily_shape(hour, MORNING_SHARE, day)[:, 0] - curve.mean()) / np.ptp(curve))

"""What the seed decides in the sharing world: demands, prices, solar power, and what was measured before."""

from typing import NamedTuple

import numpy as np

from voltran.envs.draws import Stream, generator
from voltran.envs.energy.generation import draw_solar
from voltran.envs.energy.tariff import draw_prices
from voltran.envs.errors import ScenarioError
from voltran.envs.references import resolve
from voltran.envs.sharing import FORECASTER
from voltran.envs.sharing.constants import SharingConstants
from voltran.envs.sharing.load import SiteSeries, SiteTable, draw_load
from voltran.envs.sharing.load_files import read_load_kw
from voltran.physics.arrays import FloatArray
from voltran.physics.units import DAYS_PER_WEEK, HOURS_PER_DAY

# Parts of the stream of forecast errors.
DEMAND, SOLAR = 0, 1


class EpisodeDraws(NamedTuple):
    """Everything that an episode's seed decides. ``P`` counts slots from the first measurement before the episode to a
    day after it, ``S`` those from its beginning on.

    Attributes:
        demand_kw: ``[P, U]``.
        next_kw: ``[P, U]`` forecast of each slot's demand from what was known before it.
        price: ``[S]`` EUR/kWh.
        solar_kw, clearness: ``[S, I]`` what panels give, and the share of sunlight that clouds let through.
        demand_error, solar_error: ``[S, U]`` and ``[S, I]`` standard normal numbers, for noisy forecasts.
        share: ``[U]`` alpha.
    """

    demand_kw: FloatArray
    next_kw: FloatArray
    price: FloatArray
    solar_kw: FloatArray
    clearness: FloatArray
    demand_error: FloatArray
    solar_error: FloatArray
    share: FloatArray


def draw_episode(constants: SharingConstants, seed: int) -> EpisodeDraws:
    """Everything that an episode's seed decides; nothing changes here.

    Raises:
        ScenarioError: a file of a series, or of a forecaster, that cannot be used; shares by energy where a site drew
            none.
    """
    scenario, slots = constants.scenario, constants.decisions + constants.day
    series = _measured(constants, seed, constants.history + slots)
    solar = [
        draw_solar(scenario.solar, scenario.weather, seed, infrastructure, slots, constants.period_h)
        for infrastructure in range(constants.n_infrastructures)
    ]
    share = constants.given_share
    if share is None:
        share = _share_by_energy(constants, series.power_kw[: constants.history].mean(axis=0))
    return EpisodeDraws(
        demand_kw=series.power_kw,
        next_kw=_next_slot_kw(constants, series),
        price=draw_prices(scenario.tariff, seed, slots, constants.period_h, scenario.weather.start_hour),
        solar_kw=np.stack([available_kw for available_kw, _ in solar], axis=1),
        clearness=np.stack([clearness for _, clearness in solar], axis=1),
        demand_error=_errors(constants, seed, DEMAND, constants.n_sites, slots),
        solar_error=_errors(constants, seed, SOLAR, constants.n_infrastructures, slots),
        share=share,
    )


def _share_by_energy(constants: SharingConstants, mean_kw: FloatArray) -> FloatArray:
    """Shares ``[U]`` in proportion to mean demands ``[U]`` before the episode."""
    if (mean_kw <= 0.0).any():
        raise ScenarioError(
            f"network.shares = 'energy': site {int(mean_kw.argmin())} drew nothing in the {constants.history} slots "
            "before the episode, so that it would have no share; choose 'equal', or give shares in network.sites"
        )
    return constants.share_by_energy(mean_kw)


def _measured(constants: SharingConstants, seed: int, slots: int) -> SiteSeries:
    """What sites measure from ``history`` slots before the episode on; constant loads in place of drawn ones."""
    scenario = constants.scenario
    table = SiteTable(constants.site_operator, constants.site_infrastructure)
    weekday = -scenario.forecast.history_days % DAYS_PER_WEEK  # the episode begins on day 0, a Monday
    start_hour = scenario.weather.start_hour + HOURS_PER_DAY * weekday
    series = draw_load(scenario.load, table, seed, slots, constants.period_h, start_hour)
    power_kw = series.power_kw
    if scenario.load.measured is not None:
        before_h = HOURS_PER_DAY * scenario.forecast.history_days
        power_kw = read_load_kw(
            scenario.load.measured, constants.n_sites, slots, constants.period_h, scenario.weather.start_hour, before_h
        )
    constant = np.isfinite(constants.constant_kw)
    return series._replace(power_kw=np.where(constant, constants.constant_kw, power_kw))


def _next_slot_kw(constants: SharingConstants, series: SiteSeries) -> FloatArray:
    """Forecast ``[P, U]`` of each slot from what was known before: learned, or yesterday's, moved to the latest one."""
    demand_kw, day, forecast = series.power_kw, constants.day, constants.scenario.forecast
    fading = np.exp(-constants.period_h / forecast.memory_h)
    expected_kw = demand_kw.copy()
    moved_kw = demand_kw[1:-day] + fading * (demand_kw[day:-1] - demand_kw[: -day - 1])
    expected_kw[day + 1 :] = np.maximum(moved_kw, 0.0)
    if forecast.kind != "federated":
        return expected_kw
    learned_kw = resolve(FORECASTER, "forecaster")(series, forecast.file, constants.history, constants.period_h)
    known = np.isfinite(learned_kw) & np.isnan(constants.constant_kw)
    return np.where(known, np.maximum(learned_kw, 0.0), expected_kw)


def _errors(constants: SharingConstants, seed: int, part: int, count: int, slots: int) -> FloatArray:
    """Standard normal numbers ``[S, count]``, the first the same however many there are; zeros where none are used."""
    if constants.scenario.forecast.kind != "noisy":
        return np.zeros((slots, count))
    streams = [generator(seed, Stream.FORECAST_NOISE, index, part) for index in range(count)]
    return np.stack([stream.standard_normal(slots) for stream in streams], axis=1)

"""What Stage 1 expects of the hours to come: demand of users, and energy of vehicles ([MSRC] Algorithm 1, line 4).

A forecast is any function of a world, an index in its batch and a horizon that returns an :class:`Outlook`; those here
have names, and one's own is named ``module:function``.
"""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from voltran.baselines.msrc import vehicle_forecasts
from voltran.baselines.msrc.settings import PlannerSettings
from voltran.envs.blackout.constants import BlackoutConstants
from voltran.envs.blackout.draws import draw_demand_mbps, expected_demand_mbps
from voltran.envs.blackout.world import BlackoutWorld
from voltran.envs.controller import UNKNOWN, Information
from voltran.envs.errors import PartError, ScenarioError
from voltran.envs.references import is_reference, resolve
from voltran.physics.arrays import FloatArray
from voltran.physics.units import SECONDS_PER_HOUR


class Outlook(NamedTuple):
    """What is expected over a horizon that starts now.

    Attributes:
        horizon_h: its length.
        vehicles_kwh: ``[site]`` energy that vehicles are expected to give a site within it.
        demand_mbps: ``[user]`` mean demand over it.
    """

    horizon_h: float
    vehicles_kwh: FloatArray
    demand_mbps: FloatArray


Forecast = Callable[[BlackoutWorld, int, float], Outlook]


def expected(world: BlackoutWorld, index: int, horizon_h: float) -> Outlook:
    """Means that follow from the scenario's own rates and profiles, and from what is known of parked vehicles.

    Args:
        world: an outage world that has been reset.
        index: which world of the batch.
        horizon_h: hours to look ahead.
    """
    return Outlook(
        horizon_h,
        vehicle_forecasts.expected_kwh(world, index, horizon_h),
        _mean_demand_mbps(world, index, horizon_h, true=False),
    )


def perfect(world: BlackoutWorld, index: int, horizon_h: float) -> Outlook:
    """The true demands and vehicles, which nobody knows; arguments as in :func:`expected`.

    Users who walk are taken to stay where they are, and prices to rise as :func:`expected` takes them to.
    """
    return Outlook(
        horizon_h,
        vehicle_forecasts.true_kwh(world, index, horizon_h),
        _mean_demand_mbps(world, index, horizon_h, true=True),
    )


def unchanged(world: BlackoutWorld, index: int, horizon_h: float, vehicle_horizon_h: float) -> Outlook:
    """Nothing changes: demands stay, and vehicles that have accepted give power for a while; no other ones come.

    Args:
        world, index, horizon_h: as in :func:`expected`.
        vehicle_horizon_h: length of that while.
    """
    most_kwh = vehicle_horizon_h * world.constants.ev.site_limit_kw
    vehicles_kwh = np.minimum(world.vehicle_energy_kwh[index], most_kwh)
    return Outlook(horizon_h, vehicles_kwh, world.users.demand_mbps[index])


FORECASTS: dict[str, Forecast] = {"expected": expected, "perfect": perfect}
# what a controller knows that plans on a forecast
KNOWLEDGE: dict[str, Information] = {"none": "global", "expected": "forecast", "perfect": "hindsight"}


def forecast_of(settings: PlannerSettings) -> Forecast:
    """The forecast that settings name.

    Raises:
        ScenarioError: there is none of that name.
    """
    name = settings.forecast
    if name == "none":
        return partial(unchanged, vehicle_horizon_h=settings.vehicle_horizon_h)
    if name in FORECASTS:
        return FORECASTS[name]
    if not is_reference(name):
        raise ScenarioError(f"forecast = {name!r} is unknown; use one of {', '.join(KNOWLEDGE)}, or module:function")
    forecast = resolve(name, "forecast")
    if not callable(forecast):
        raise ScenarioError(f"forecast {name!r}: is no function; write def name(world, index, horizon_h) -> Outlook")
    return partial(_own, name, forecast)


def information_of(settings: PlannerSettings) -> Information:
    """What a controller knows that plans on the forecast of these settings."""
    return KNOWLEDGE.get(settings.forecast, UNKNOWN)


# --- inside -----------------------------------------------------------------------------------------------------------


def _own(name: str, forecast: Forecast, world: BlackoutWorld, index: int, horizon_h: float) -> Outlook:
    """What somebody's own forecast says, if plans can rest on it.

    Raises:
        ScenarioError: another horizon, or numbers that are missing, not finite, or out of range.
        PartError: it raises an error.
    """
    try:
        told = forecast(world, index, horizon_h)
    except Exception as error:
        raise PartError(f"forecast {name} raised {type(error).__name__}: {error}; mend it") from error
    if not isinstance(told, Outlook):
        raise ScenarioError(f"forecast {name}: returned {type(told).__name__}; return an Outlook")
    if told.horizon_h != horizon_h:
        raise ScenarioError(
            f"forecast {name}: horizon_h = {told.horizon_h}: plans look {horizon_h:g} h ahead; forecast that long, or "
            f"set horizon_h to {told.horizon_h} too"
        )
    sizes = {"vehicles_kwh": world.constants.n_sites, "demand_mbps": world.constants.n_users}
    return Outlook(horizon_h, *(_numbers(name, field, getattr(told, field), size) for field, size in sizes.items()))


def _numbers(name: str, field: str, given: object, size: int) -> FloatArray:
    place = f"forecast {name}: {field}"
    try:
        values = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ScenarioError(f"{place}: is no array of numbers ({error})") from error
    if values.shape != (size,):
        raise ScenarioError(f"{place}: shape {values.shape} is not ({size},)")
    least = 0.0 if field == "vehicles_kwh" else np.nextafter(0.0, 1.0)
    wrong = ~(np.isfinite(values) & (values >= least))
    if wrong.any():
        first = int(np.argmax(wrong))
        rule = "at least 0" if least == 0.0 else "above 0"
        raise ScenarioError(f"{place}[{first}] = {values[first]}: must be a finite number {rule}")
    return values


def _mean_demand_mbps(world: BlackoutWorld, index: int, horizon_h: float, true: bool) -> FloatArray:
    """Mean demand ``[user]``: of demand windows that are known what users ask for, of others the truth or the mean."""
    constants: BlackoutConstants = world.constants
    shown_mbps: FloatArray = world.users.demand_mbps[index].copy()
    window_s = constants.scenario.traffic.redraw_period_s
    if window_s is None:
        return shown_mbps
    classes = world.users.service_class[index].astype(np.int64)
    seed, now_s = int(world.episodes.seed[index]), float(world.now_s[index])
    end_s = now_s + horizon_h * SECONDS_PER_HOUR
    # The world draws anew once a period has been decided on: what it shows was drawn for the period before.
    shown = max(now_s - constants.scenario.time.decision_period_s, 0.0) // window_s
    mean_mbps = expected_demand_mbps(constants, seed, classes)
    total = np.zeros(constants.n_users)
    for window in range(int(now_s // window_s), int(np.ceil(end_s / window_s))):
        length_s = min(end_s, (window + 1) * window_s) - max(now_s, window * window_s)
        if window == shown:
            total += shown_mbps * length_s
        else:
            total += (draw_demand_mbps(constants, seed, window, classes) if true else mean_mbps) * length_s
    return np.asarray(total / (end_s - now_s))

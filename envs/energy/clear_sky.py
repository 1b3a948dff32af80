"""What solar panels give under a clear sky: from a table that ships with the package, or computed by pvlib.

``python -m voltran.envs.energy.clear_sky`` prints the table's content anew; it needs the extra ``renewables``.
"""

import sys
from functools import cache
from importlib import resources

import numpy as np

from voltran.envs.energy.weather import Weather
from voltran.envs.errors import MissingExtraError
from voltran.envs.yaml_files import parse_mapping
from voltran.physics.arrays import FloatArray

TABLE = "clear_sky.yaml"
HOURS = 24
SHARE_DIGITS = 3
# Panels as in the table: facing the equator at a usual tilt, with PVWatts' usual losses and temperature coefficient.
TILT_DEG = 30.0
TEMPERATURE_COEFFICIENT = -0.004
AIR_TEMPERATURE_C = 15.0
WIND_M_PER_S = 2.0


def clear_sky_share(weather: Weather) -> FloatArray:
    """Output ``[24]`` at the full hours of a day in the weather's month, as a share of the panels' capacity.

    Raises:
        MissingExtraError: pvlib is asked for and not installed.
    """
    if weather.clear_sky == "pvlib":
        return computed_share(weather.month, weather.latitude_deg, weather.longitude_deg)
    return np.array(_table()[weather.month - 1])


@cache
def computed_share(month: int, latitude_deg: float, longitude_deg: float) -> FloatArray:
    """The same by pvlib: simplified Solis clear sky and PVWatts, on the 15th of the month, in local solar time.

    Raises:
        MissingExtraError: pvlib is not installed.
    """
    try:
        import pandas
        from pvlib import irradiance, pvsystem, temperature
        from pvlib.location import Location
    except ImportError as error:
        raise MissingExtraError(
            f"weather.clear_sky = 'pvlib' needs {error.name}: pip install 'voltran[renewables]', or choose 'table'"
        ) from error
    place = Location(latitude_deg, longitude_deg, tz="UTC")
    # Solar noon is at 12 h wherever the place is, so that hours mean the same everywhere.
    shift = pandas.Timedelta(hours=longitude_deg / 15.0)
    times = pandas.date_range(f"2025-{month:02d}-15", periods=HOURS, freq="1h", tz="UTC") - shift
    sun = place.get_solarposition(times)
    clear = place.get_clearsky(times, model="simplified_solis")
    azimuth = 180.0 if latitude_deg >= 0.0 else 0.0
    plane = irradiance.get_total_irradiance(
        TILT_DEG, azimuth, sun["apparent_zenith"], sun["azimuth"], clear["dni"], clear["ghi"], clear["dhi"]
    )["poa_global"].fillna(0.0)
    cell_c = temperature.faiman(plane, AIR_TEMPERATURE_C, WIND_M_PER_S)
    direct = pvsystem.pvwatts_dc(plane, cell_c, 1.0, TEMPERATURE_COEFFICIENT)
    share = direct * (1.0 - pvsystem.pvwatts_losses() / 100.0)
    return np.clip(np.asarray(share, np.float64), 0.0, 1.0)


@cache
def _table() -> list[list[float]]:
    text = (resources.files("voltran.envs.energy.tables") / TABLE).read_text(encoding="utf-8")
    months: list[list[float]] = parse_mapping(text, f"table {TABLE}")["share"]
    return months


def _main() -> None:
    place = Weather()
    rows = (computed_share(month, place.latitude_deg, place.longitude_deg) for month in range(1, 13))
    for row in rows:
        sys.stdout.write(f"  - [{', '.join(f'{share:.{SHARE_DIGITS}f}' for share in row)}]\n")


if __name__ == "__main__":
    _main()

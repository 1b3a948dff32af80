"""What wind turbines and solar panels give, as a share of their capacity."""

import numpy as np

from voltran.physics.arrays import FloatArray


def wind_power_share(speed_m_per_s: FloatArray, curve_m_per_s: FloatArray, curve_share: FloatArray) -> FloatArray:
    """Output of a wind turbine as a share of its capacity.

    Source: own; linear between the points of a power curve, as is usual.

    Args:
        speed_m_per_s: wind speed at hub height, m/s, any shape.
        curve_m_per_s: ``[k]`` speeds of the power curve, rising, m/s.
        curve_share: ``[k]`` output at these, shares of the capacity; none below the first speed, and none above the
            last (the turbine cuts out).

    Returns:
        Shares in [0, 1], shape of ``speed_m_per_s``.
    """
    return np.asarray(np.interp(speed_m_per_s, curve_m_per_s, curve_share, left=0.0, right=0.0))


def solar_power_share(hour: FloatArray, clear_sky_share: FloatArray, clearness: FloatArray) -> FloatArray:
    """Output of solar panels as a share of their capacity.

    Source: own; a clear day, linear between its hours, times what clouds let through.

    Args:
        hour: time since a midnight, hours, any shape; days repeat.
        clear_sky_share: ``[k]`` output under a clear sky at ``k`` equally spaced times of a day, the first at midnight,
            as shares of the capacity.
        clearness: share of the clear sky's output that clouds let through, a shape that broadcasts with ``hour``.

    Returns:
        Shares in [0, 1], of the shape that they broadcast to.
    """
    times = np.arange(clear_sky_share.shape[0] + 1) * (24.0 / clear_sky_share.shape[0])
    clear = np.interp(np.mod(hour, 24.0), times, np.append(clear_sky_share, clear_sky_share[0]))
    return np.asarray(clear * clearness)

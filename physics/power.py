"""Power drawn by a site, from the resource use and traffic of its bands."""

from typing import NamedTuple

import numpy as np

from voltran.physics.arrays import FloatArray
from voltran.physics.compiled import kernel
from voltran.physics.units import WATTS_PER_KILOWATT

NORMAL, HELPING, ASSISTED, SLEEP = 0, 1, 2, 3


class PowerParameters(NamedTuple):
    """Coefficients of a site's power, per sector and band. Source: [MSRC] Eq. 2, [MSRC] Eq. 4.

    Attributes:
        static_w: ``[band]`` draw at no load, beta_0 + beta_5 P_TX + beta_6 L.
        dynamic_w: ``[band]`` extra draw at full resource-block use, beta_1 + beta_2 (uplink follows downlink).
        w_per_mbps: ``[band]`` extra draw per Mbit/s carried, beta_3 + beta_4.
        standby_w: ``[band]`` draw of a band that is switched off, P_std.
        sleep_w: draw of a whole site in deep sleep, P_sleep.
        sectors: sectors per site.
    """

    static_w: FloatArray
    dynamic_w: FloatArray
    w_per_mbps: FloatArray
    standby_w: FloatArray
    sleep_w: float
    sectors: int


@kernel
def site_power_kw(
    mode: int,
    bands: int,
    resource_use: FloatArray,
    traffic_mbps: FloatArray,
    parameters: PowerParameters,
) -> float:
    """Power of one live site.

    Sectors are pooled: each carries the site's resource use and its part of the site's traffic.

    Source: [MSRC] Eq. 2, [MSRC] Eq. 4. Reconstructed: the paper's coefficients are not available; terms that vary alike
    share one coefficient.

    Args:
        mode: cooperation mode 0 to 3.
        bands: bit ``b`` set where band ``b`` is on.
        resource_use: ``[band]`` share of resource blocks in use, 0 to 1.
        traffic_mbps: ``[band]`` traffic carried by the site, Mbit/s.
        parameters: coefficients.

    Returns:
        kW drawn by the site's equipment.
    """
    if mode == SLEEP:
        return parameters.sleep_w / WATTS_PER_KILOWATT
    watts = 0.0
    for band in range(parameters.static_w.shape[0]):
        if bands >> band & 1:
            per_sector = parameters.static_w[band] + parameters.dynamic_w[band] * resource_use[band]
            watts += parameters.sectors * per_sector + parameters.w_per_mbps[band] * traffic_mbps[band]
        else:
            watts += parameters.sectors * parameters.standby_w[band]
    return watts / WATTS_PER_KILOWATT


def utilisation_power_kw(fixed_kw: FloatArray, utilisation: FloatArray, fixed_share: FloatArray) -> FloatArray:
    """Power of a site that follows its utilisation.

    Source: [DPA] Eq. 1.

    Args:
        fixed_kw: P_fix, power at full utilisation, any shape.
        utilisation: rho / C, traffic over capacity, a share; any shape that broadcasts.
        fixed_share: q, share of ``fixed_kw`` that is drawn whatever the traffic; any shape that broadcasts.

    Returns:
        kW, of the shape that they broadcast to.
    """
    return np.asarray((1.0 - fixed_share) * utilisation * fixed_kw + fixed_share * fixed_kw)

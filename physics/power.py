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
        dynamic_w: ``[band]`` extra draw at full resource-block use, beta_1 + beta_2 (uplink as the downlink).
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


def load_coefficients_w(
    beta: FloatArray, transmit_w: FloatArray, feeder_loss_db: FloatArray, uplink_ratio: float
) -> FloatArray:
    """A sector's power by its downlink alone, where the uplink carries a fixed ratio of it.

    The seven terms are beta_0, beta_1 rho_DL, beta_2 rho_UL, beta_3 nu_DL, beta_4 nu_UL, beta_5 P_TX and beta_6 L.
    Uplink traffic is a ratio of the downlink's wherever users are served, so that it is handed over and taken over with
    them.

    Source: [MSRC] Eq. 2, [MSRC] Eq. 3. Reconstructed: the paper has no uplink demand; its resource use is that of the
    downlink times the same ratio, as if users reached the same spectral efficiency on as wide a band.

    Args:
        beta: ``[..., 7]`` W, W, W, W per Mbit/s, W per Mbit/s, W per W and W per dB.
        transmit_w: ``[...]`` P_TX, W.
        feeder_loss_db: ``[...]`` L, dB.
        uplink_ratio: uplink over downlink traffic, a share.

    Returns:
        ``[..., 3]`` W without load, W at full downlink resource use, and W per Mbit/s of downlink traffic.
    """
    static_w = beta[..., 0] + beta[..., 5] * transmit_w + beta[..., 6] * feeder_loss_db
    dynamic_w = beta[..., 1] + beta[..., 2] * uplink_ratio
    w_per_mbps = beta[..., 3] + beta[..., 4] * uplink_ratio
    return np.stack([static_w, dynamic_w, w_per_mbps], axis=-1)


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
    share one coefficient, see :func:`load_coefficients_w`.

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


class MassiveMimoPower(NamedTuple):
    """Coefficients of the power of a site of massive-MIMO cells; arrays have any shape that broadcasts with the load's.

    Attributes:
        idle_kw: ``[...]`` draw of one cell that is awake and carries nothing.
        dynamic_kw: ``[...]`` extra draw of one cell at full load.
        base_kw: ``[...]`` draw of the site besides its cells: rectifiers, transport, controller.
        sleep_share: share of ``idle_kw`` that a cell draws in micro-sleep.
        awake_load: load at and above which a cell finds no time for micro-sleep, a share of its capacity.
    """

    idle_kw: FloatArray
    dynamic_kw: FloatArray
    base_kw: FloatArray
    sleep_share: float
    awake_load: float


# Power amplifiers are less efficient at part load: draw rises faster at first.
LOAD_EXPONENT = 0.8


def massive_mimo_power_kw(
    load: FloatArray, cells: FloatArray, cooling_share: FloatArray, parameters: MassiveMimoPower
) -> FloatArray:
    """Power of sites of like cells, cooling included.

    Source: own. Power falls with traffic to a floor, as cells sleep between the symbols that they need; above it, it is
    concave in the load, as amplifiers lose efficiency at part load; cooling follows the heat of the cells. [CG] uses
    measurements, which are not available.

    Args:
        load: share of each cell's capacity in use, 0 to 1, any shape.
        cells: number of cells per site, any shape that broadcasts.
        cooling_share: power of cooling as a share of the cells', any shape that broadcasts.
        parameters: coefficients.

    Returns:
        kW drawn by each site, of the shape that they broadcast to.
    """
    awake = np.minimum(load / parameters.awake_load, 1.0)
    idle_kw = parameters.idle_kw * (parameters.sleep_share + (1.0 - parameters.sleep_share) * awake)
    cell_kw = idle_kw + parameters.dynamic_kw * load**LOAD_EXPONENT
    return np.asarray(cells * cell_kw * (1.0 + cooling_share) + parameters.base_kw)

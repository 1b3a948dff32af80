"""The radio model and the sites' power in plain NumPy, written from the equations; the kernels must equal it.

Dense arrays ``[band, site, user]`` throughout, no candidate lists, no incremental loads.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from voltran.physics.arrays import BoolArray, FloatArray, IntArray, IntegerArray
from voltran.physics.power import HELPING, SLEEP, PowerParameters
from voltran.physics.radio import RadioParameters


def bands_on(bands: IntegerArray, n_bands: int) -> BoolArray:
    """The bit sets ``[site]`` as a table ``[band, site]``."""
    return np.asarray((bands[None, :] & (1 << np.arange(n_bands))[:, None]) != 0)


def interfering(
    mode: IntegerArray, bands: IntegerArray, alive: BoolArray, n_bands: int, radio: RadioParameters
) -> tuple[BoolArray, BoolArray]:
    """Which sites send and which interfere, ``[band, site]`` each. Source: [MSRC] Eq. 7 and its reading per band."""
    awake = np.broadcast_to(alive & (mode != SLEEP), (n_bands, mode.size))
    sends = awake & bands_on(bands, n_bands)
    return sends, awake if radio.interference_per_site else sends


def total_power_mw(
    received_mw: NDArray[Any], mode: IntegerArray, bands: IntegerArray, alive: BoolArray, radio: RadioParameters
) -> FloatArray:
    """Noise plus all interferers, ``[band, user]``."""
    _, interferers = interfering(mode, bands, alive, received_mw.shape[0], radio)
    power = received_mw.astype(np.float64) * interferers[:, :, None]
    return np.asarray(radio.noise_mw[:, None] + power.sum(axis=1))


def sinr(
    received_mw: NDArray[Any], mode: IntegerArray, bands: IntegerArray, alive: BoolArray, radio: RadioParameters
) -> FloatArray:
    """Ratios ``[band, site, user]``, zero where the site does not send; interference summed over ``j != i``."""
    n_bands, n_sites, _ = received_mw.shape
    sends, interferers = interfering(mode, bands, alive, n_bands, radio)
    power = received_mw.astype(np.float64)
    ratios = np.zeros(power.shape)
    for site in range(n_sites):
        others = interferers.copy()
        others[:, site] = False
        interference = np.einsum("bj,bju->bu", others.astype(np.float64), power)
        ratios[:, site] = power[:, site] / (radio.noise_mw[:, None] + interference) * sends[:, site, None]
    return ratios


def spectral_efficiency(ratios: FloatArray, radio: RadioParameters) -> FloatArray:
    """Truncated Shannon bound in bit/s/Hz, any shape."""
    efficiency = np.minimum(radio.shannon_share * np.log2(1.0 + ratios), radio.efficiency_max)
    return np.where(ratios >= radio.sinr_min, efficiency, 0.0)


def link_rates_mbps(ratios: FloatArray, mode: IntegerArray, radio: RadioParameters) -> FloatArray:
    """Full-band rates ``[band, site, user]``, less the helping loss. Source: [MSRC] Eqs. 8 and 9."""
    kept = np.where(mode == HELPING, 1.0 - radio.helping_loss, 1.0)
    return radio.bandwidth_mhz[:, None, None] * spectral_efficiency(ratios, radio) * kept[None, :, None]


def candidate_rates_mbps(link_mbps: FloatArray, distance_m: NDArray[Any], radius_m: FloatArray) -> FloatArray:
    """Rates ``[site, user]`` over all bands, zero where a site may not serve a user. Source: [MSRC] Eq. 6."""
    return np.where(distance_m <= radius_m[:, None], link_mbps.sum(axis=0), 0.0)


def servers(
    rate_mbps: FloatArray, last_server: IntegerArray, demand_mbps: FloatArray, radio: RadioParameters
) -> IntArray:
    """Serving sites ``[user]``: the largest rate first, then ``rate / (1 + load of the others)`` sweep by sweep."""
    n_sites, n_users = rate_mbps.shape
    everyone = np.arange(n_users)
    bonus = np.where(np.arange(n_sites)[:, None] == last_server[None, :], 1.0 + radio.hysteresis, 1.0)
    reached = rate_mbps.max(axis=0) > 0.0
    server = np.where(reached, (rate_mbps * bonus).argmax(axis=0), -1)
    asked = np.divide(demand_mbps, rate_mbps, out=np.zeros_like(rate_mbps), where=rate_mbps > 0.0)
    for _ in range(radio.passes - 1):
        for user in np.flatnonzero(reached):
            others = reached & (everyone != user)
            load = np.bincount(server[others], asked[server[others], everyone[others]], n_sites)
            server[user] = (rate_mbps[:, user] * bonus[:, user] / (1.0 + load)).argmax()
    return server


def serving_rates_mbps(link_mbps: FloatArray, server: IntegerArray) -> FloatArray:
    """Full-band rates ``[band, user]`` from the serving sites, zero for users without one."""
    return np.where(server >= 0, link_mbps[:, server, np.arange(server.size)], 0.0)


def site_power_kw(
    mode: IntegerArray, bands: IntegerArray, resource_use: FloatArray, traffic_mbps: FloatArray, power: PowerParameters
) -> FloatArray:
    """Power of live sites ``[site]`` from loads ``[site, band]``. Source: [MSRC] Eqs. 2 and 4, sector by sector."""
    on = bands_on(bands, power.static_w.size).T
    per_sector_mbps = traffic_mbps / power.sectors
    sector_w = power.static_w + power.dynamic_w * resource_use + power.w_per_mbps * per_sector_mbps
    watts = power.sectors * np.where(on, sector_w, power.standby_w).sum(axis=1)
    return np.where(mode == SLEEP, power.sleep_w, watts) / 1000.0

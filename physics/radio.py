"""Per-band interference, spectral efficiency and rates of links.

Received powers are ``[band, site, user]``, user last, in mW. All kernels take float32 or float64 powers; rates are
computed in that precision (float32 is safe because spectral efficiency is capped), sums in a fixed order.
"""

import math
from typing import NamedTuple

import numpy as np

from voltran.physics.arrays import BoolArray, FloatArray, IntegerArray, RealArray
from voltran.physics.compiled import kernel
from voltran.physics.power import SLEEP
from voltran.physics.units import db_to_linear

THERMAL_NOISE_DBM_PER_HZ = -174.0
# A one that leaves float32 arithmetic in float32, where logarithms cost half as much.
ONE = np.float32(1.0)


class RadioParameters(NamedTuple):
    """Constants of the radio interface.

    Attributes:
        bandwidth_mhz: ``[band]`` spectrum of a site, the sum of its sectors'.
        noise_mw: ``[band]`` noise power over one sector's spectrum.
        sinr_min: decoding threshold (power ratio); below it a band carries nothing.
        shannon_share: share of the Shannon bound that is reached.
        efficiency_max: cap of the spectral efficiency, bit/s/Hz.
        helping_loss: lambda_loss of [MSRC] Eq. 9, on the rates and the capacity of helping sites.
        hysteresis: a user stays with its last site unless another is better by this share.
        passes: association passes; the first ignores load.
        interference_per_site: True counts every site that is not asleep as an interferer on every band, as [MSRC] Eq. 7
            is printed; False only sites that have the band on.
    """

    bandwidth_mhz: FloatArray
    noise_mw: FloatArray
    sinr_min: float
    shannon_share: float
    efficiency_max: float
    helping_loss: float
    hysteresis: float
    passes: int
    interference_per_site: bool


def noise_mw(bandwidth_mhz: FloatArray, noise_figure_db: float) -> FloatArray:
    """Thermal noise power over a bandwidth, with the receiver's noise figure.

    Source: sigma^2 of [MSRC] Eq. 7; -174 dBm/Hz at room temperature.

    Args:
        bandwidth_mhz: bandwidths, MHz, any shape.
        noise_figure_db: of the receiver.

    Returns:
        mW, same shape.
    """
    dbm = THERMAL_NOISE_DBM_PER_HZ + 10.0 * np.log10(bandwidth_mhz * 1e6) + noise_figure_db
    return db_to_linear(dbm)


@kernel
def spectral_efficiency(sinr: float, radio: RadioParameters) -> float:
    """Truncated Shannon efficiency.

    Source: log2(1 + SINR) of [MSRC] Eq. 8, truncated as in 3GPP TR 36.942 Annex A.2, since no receiver reaches the
    bound.

    Args:
        sinr: power ratio.
        radio: constants.

    Returns:
        bit/s/Hz; zero below the decoding threshold.
    """
    if sinr < radio.sinr_min:
        return 0.0
    return min(radio.shannon_share * math.log2(ONE + sinr), radio.efficiency_max)


@kernel
def total_power_mw(
    received_mw: RealArray, mode: IntegerArray, bands: IntegerArray, alive: BoolArray, radio: RadioParameters
) -> RealArray:
    """Noise plus power of all interfering sites.

    The interference seen on a link is this total less the link's own signal.

    Source: denominator of [MSRC] Eq. 7. Reconstructed: by default only sites that have the band on interfere, as the
    printed condition counts carriers that are off.

    Args:
        received_mw: ``[band, site, user]`` power received from each site were it sending, mW.
        mode: ``[site]`` cooperation modes.
        bands: ``[site]`` bit sets of the bands that are on.
        alive: ``[site]`` sites in operation.
        radio: constants.

    Returns:
        ``[band, user]`` mW, in the precision of ``received_mw``.
    """
    n_bands, n_sites, n_users = received_mw.shape
    total = np.empty((n_bands, n_users), dtype=received_mw.dtype)
    for band in range(n_bands):
        total[band, :] = radio.noise_mw[band]
        for site in range(n_sites):
            awake = alive[site] and mode[site] != SLEEP
            if awake and (radio.interference_per_site or (bands[site] >> band & 1) == 1):
                for user in range(n_users):
                    total[band, user] += received_mw[band, site, user]
    return total


@kernel
def link_rate_mbps(
    received_mw: RealArray, total_mw: RealArray, band: int, site: int, user: int, helping: bool, radio: RadioParameters
) -> float:
    """Rate of a link if the user had the whole band of all sectors.

    Source: [MSRC] Eq. 7, [MSRC] Eq. 8 with chi = 1. Reconstructed: the loss of helping sites, in the paper one of their
    capacity ([MSRC] Eq. 9), lowers rates as well.

    Args:
        received_mw: ``[band, site, user]`` power received from each site were it sending, mW.
        total_mw: ``[band, user]`` of :func:`total_power_mw`.
        band, site, user: which link.
        helping: whether the site is helping.
        radio: constants.

    Returns:
        Mbit/s; zero below the decoding threshold.
    """
    signal = received_mw[band, site, user]
    rest = total_mw[band, user] - signal
    # Most links are below the threshold: a product rules them out at a fraction of a quotient's cost.
    if signal < radio.sinr_min * rest:
        return 0.0
    rate = radio.bandwidth_mhz[band] * spectral_efficiency(signal / rest, radio)
    return float(rate * (1.0 - radio.helping_loss) if helping else rate)


@kernel
def covered_users(received_mw: RealArray, distance_m: RealArray, radius_m: float, radio: RadioParameters) -> BoolArray:
    """Users that some site within a radius can serve while all sites send on all bands.

    Source: [MSRC] Eq. 6, for a network in which every site is in normal operation.

    Args:
        received_mw: ``[band, site, user]`` power received from each site were it sending, mW.
        distance_m: ``[site, user]`` metres.
        radius_m: the same for all sites.
        radio: constants.

    Returns:
        ``[user]`` True where covered.
    """
    n_bands, n_sites, n_users = received_mw.shape
    every_band = np.full(n_sites, (1 << n_bands) - 1)
    total = total_power_mw(received_mw, np.zeros(n_sites, np.int64), every_band, np.ones(n_sites, np.bool_), radio)
    covered = np.zeros(n_users, dtype=np.bool_)
    for site in range(n_sites):
        for user in range(n_users):
            if distance_m[site, user] <= radius_m and not covered[user]:
                for band in range(n_bands):
                    covered[user] |= link_rate_mbps(received_mw, total, band, site, user, False, radio) > 0.0
    return covered

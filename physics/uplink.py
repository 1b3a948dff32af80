"""Uplink of a fully decoupled RAN: channels, MMSE estimates and achievable rates with several receiving base stations.

Uplink base stations (UBSs) with ``N`` antennas combine, by maximum ratio, what they receive from single-antenna user
equipments (UEs). Shapes: ``M`` UBSs, ``K`` UEs; powers are in mW. Source: [FDRAN] Sections III-A and III-B.
"""

from typing import NamedTuple

import numpy as np

from voltran.physics.arrays import BoolArray, ComplexArray, FloatArray, IntArray
from voltran.physics.compiled import kernel
from voltran.physics.ordering import first_largest, first_least
from voltran.physics.units import db_to_linear, linear_to_db

PATH_GAIN_AT_1_M_DB = -30.5
PATH_GAIN_PER_DECADE_DB = -36.7
HALF_WAVELENGTH = 0.5


class UplinkRadio(NamedTuple):
    """Constants of the uplink.

    Attributes:
        bandwidth_mhz: spectrum that all UEs share.
        coherence_symbols: symbols of a coherence block, ``tau_c``.
        pilot_symbols: of these for pilots, ``tau_p``; also the number of orthogonal pilots.
        noise_mw: noise power at each antenna, over the whole bandwidth.
        pilot_power_mw: power of pilots.
        power_max_mw: largest power of a UE.
    """

    bandwidth_mhz: float
    coherence_symbols: int
    pilot_symbols: int
    noise_mw: float
    pilot_power_mw: float
    power_max_mw: float

    @property
    def prelog_mhz(self) -> float:
        """Bandwidth less the share of symbols that carry pilots, ``B tau_u / tau_c``, MHz.

        Source: factor of [FDRAN] Eq. 4.

        Returns:
            MHz.
        """
        return self.bandwidth_mhz * (1.0 - self.pilot_symbols / self.coherence_symbols)


class UplinkStatistics(NamedTuple):
    """What the rates need to know of the channels and their estimates.

    Attributes:
        signal: ``[M, K]`` tr(Phi_mk): power of the estimate.
        leakage: ``[M, K, K]`` tr(Phi_mk R_mi): what UE i leaks into the combining for UE k.
        coherent: ``[M, K, K]`` amplitude that UE i adds to the combining for UE k through their common pilot;
            zero for different pilots and for i = k.
    """

    signal: FloatArray
    leakage: FloatArray
    coherent: ComplexArray


class UplinkGains(NamedTuple):
    """Coefficients of the SINR for one association. Source: [FDRAN] Eq. 5, [FDRAN] Eq. 6, [FDRAN] Eq. 7, [FDRAN] Eq. 8.

    Attributes:
        signal: ``[K]`` D_k.
        interference: ``[K, K]`` I_ki; the diagonal is the uncertainty of the UE's own channel.
        noise: ``[K]`` N_k.
    """

    signal: FloatArray
    interference: FloatArray
    noise: FloatArray


def wrapped_offsets_m(ubs_m: FloatArray, ue_m: FloatArray, side_m: float) -> FloatArray:
    """Horizontal offsets from UBSs to UEs in a square that continues at its opposite edges.

    Source: [FDRAN] Section VII-A, "wrap-around".

    Args:
        ubs_m: ``[M, 2]`` positions, metres.
        ue_m: ``[K, 2]`` positions, metres.
        side_m: side of the square.

    Returns:
        ``[M, K, 2]`` metres.
    """
    offsets = plain_offsets_m(ubs_m, ue_m)
    return np.asarray(offsets - side_m * np.round(offsets / side_m))


def plain_offsets_m(ubs_m: FloatArray, ue_m: FloatArray) -> FloatArray:
    """Horizontal offsets from UBSs to UEs in a square that ends at its edges.

    Source: own, to see what the wrap-around of [FDRAN] Section VII-A is worth.

    Args:
        ubs_m: ``[M, 2]`` positions, metres.
        ue_m: ``[K, 2]`` positions, metres.

    Returns:
        ``[M, K, 2]`` metres.
    """
    return np.asarray(ue_m[None, :, :] - ubs_m[:, None, :])


def large_scale_gain(offsets_m: FloatArray, height_m: float, shadowing_db: FloatArray) -> FloatArray:
    """Large-scale fading beta.

    Source: beta of R in [FDRAN] Eq. 1. Reconstructed: [FDRAN] refers to its reference 10; -30.5 - 36.7 log10(d / m) dB
    and log-normal shadowing are of the same family and give the paper's rates.

    Args:
        offsets_m: ``[M, K, 2]`` horizontal offsets, metres.
        height_m: height of UBSs above UEs.
        shadowing_db: ``[M, K]`` dB.

    Returns:
        ``[M, K]`` power ratios.
    """
    distance_m = np.sqrt((offsets_m**2).sum(axis=-1) + height_m**2)
    return db_to_linear(PATH_GAIN_AT_1_M_DB + PATH_GAIN_PER_DECADE_DB * np.log10(distance_m) + shadowing_db)


def scattering_correlation(gain: FloatArray, angle: FloatArray, spread: float, antennas: int) -> ComplexArray:
    """Spatial correlation of a half-wavelength array with local scattering.

    Source: R of [FDRAN] Eq. 1. Reconstructed: [FDRAN] names no correlation model; this is the Gaussian local scattering
    model for small spreads of Bjornson, Hoydis and Sanguinetti, "Massive MIMO Networks" (2017), Eq. 2.24.

    Args:
        gain: ``[M, K]`` large-scale fading, power ratios.
        angle: ``[M, K]`` nominal angle of arrival, radians from broadside.
        spread: standard deviation of the angle, radians.
        antennas: ``N``.

    Returns:
        ``[M, K, N, N]`` power ratios.
    """
    phase = 2.0 * np.pi * HALF_WAVELENGTH * (np.arange(antennas)[:, None] - np.arange(antennas))
    angle = angle[..., None, None]
    decay = np.exp(-0.5 * (spread * phase * np.cos(angle)) ** 2)
    return np.asarray(gain[..., None, None] * np.exp(1j * phase * np.sin(angle)) * decay)


def assign_pilots(gain: FloatArray, pilots: int) -> IntArray:
    """Pilots of UEs: one each for the first, then always the one least heard at the UE's strongest UBS.

    Source: own, as [FDRAN] only gives the number of pilots.

    Args:
        gain: ``[M, K]`` large-scale fading, power ratios.
        pilots: number of orthogonal pilots.

    Returns:
        ``[K]`` pilot of each UE.
    """
    n_ues = gain.shape[1]
    pilot = np.arange(n_ues) % pilots
    for ue in range(pilots, n_ues):
        master = int(first_largest(gain[:, ue]))
        heard = np.bincount(pilot[:ue], gain[master, :ue], minlength=pilots)
        pilot[ue] = int(first_least(linear_to_db(heard)))
    return pilot


def isotropic_statistics(gain: FloatArray, pilot: IntArray, antennas: int, radio: UplinkRadio) -> UplinkStatistics:
    """Statistics for uncorrelated fading, R_mk = beta_mk I: closed form of :func:`correlated_statistics`.

    Source: [FDRAN] Eq. 1, [FDRAN] Eq. 9 for R = beta I.

    Args:
        gain: ``[M, K]`` large-scale fading, power ratios.
        pilot: ``[K]`` pilot of each UE.
        antennas: ``N``.
        radio: constants.

    Returns:
        Traces as in :class:`UplinkStatistics`, power ratios.
    """
    energy_mw = radio.pilot_symbols * radio.pilot_power_mw
    same = pilot[:, None] == pilot
    # Everything is a multiple of the identity, so that each inverse is a division and each trace a factor N.
    received_mw = energy_mw * gain @ same.astype(np.float64) + radio.noise_mw
    estimate = energy_mw * gain**2 / received_mw
    coherent = antennas * energy_mw * (gain / received_mw)[:, :, None] * gain[:, None, :]
    coherent = np.where(same & ~np.eye(pilot.size, dtype=bool), coherent, 0.0)
    leakage = antennas * estimate[:, :, None] * gain[:, None, :]
    return UplinkStatistics(antennas * estimate, leakage, coherent.astype(np.complex128))


def correlated_statistics(correlation: ComplexArray, pilot: IntArray, radio: UplinkRadio) -> UplinkStatistics:
    """Statistics of MMSE estimates.

    Source: [FDRAN] Eq. 1, [FDRAN] Eq. 9. Reconstructed: the paper leaves the estimator to its reference 9; it is the
    standard one, ``Phi = tau_p p R Psi^-1 R`` with ``Psi = tau_p p sum R + sigma^2 I`` over the UEs that share the
    pilot.

    Args:
        correlation: ``[M, K, N, N]`` covariance of each channel, power ratios.
        pilot: ``[K]`` pilot of each UE.
        radio: constants.

    Returns:
        Traces as in :class:`UplinkStatistics`, power ratios.
    """
    antennas = correlation.shape[-1]
    energy_mw = radio.pilot_symbols * radio.pilot_power_mw
    same = (pilot[:, None] == pilot).astype(np.float64)
    received = energy_mw * np.einsum("ki,mixy->mkxy", same, correlation) + radio.noise_mw * np.eye(antennas)
    filtered = np.linalg.solve(received, correlation)  # Psi^-1 R_mk
    estimate = energy_mw * correlation @ filtered
    signal = np.einsum("mkxx->mk", estimate).real
    leakage = np.einsum("mkxy,miyx->mki", estimate, correlation).real
    common = same * (1.0 - np.eye(pilot.size))
    # tr(R_mk Psi^-1 R_mi) = tr((Psi^-1 R_mk)^H R_mi), as Psi and R are Hermitian
    coherent = energy_mw * common * np.einsum("mkyx,miyx->mki", filtered.conj(), correlation)
    return UplinkStatistics(signal, leakage, coherent)


@kernel
def combine(statistics: UplinkStatistics, association: BoolArray, noise_mw: float) -> UplinkGains:
    """Coefficients of the SINR when UBSs serve UEs as in ``association``.

    Source: [FDRAN] Eq. 2, [FDRAN] Eq. 3, [FDRAN] Eq. 6, [FDRAN] Eq. 7, [FDRAN] Eq. 8, [FDRAN] Eq. 9. Reconstructed:
    received and combined signals never stand as numbers; these are the expectations of their parts under maximum-ratio
    combining.

    Args:
        statistics: of channels and estimates.
        association: ``[M, K]`` who serves whom.
        noise_mw: noise power at an antenna.

    Returns:
        ``[K]`` and ``[K, K]`` power ratios; noise in mW times a ratio.
    """
    n_ues = association.shape[1]
    gains = UplinkGains(np.zeros(n_ues), np.zeros((n_ues, n_ues)), np.zeros(n_ues))
    for ue in range(n_ues):
        combine_for(statistics, association, noise_mw, ue, gains)
    return gains


@kernel
def combine_for(
    statistics: UplinkStatistics, association: BoolArray, noise_mw: float, ue: int, gains: UplinkGains
) -> None:
    """Write the coefficients of one UE's SINR to ``gains``; those of the others do not depend on its servers.

    Source: [FDRAN] Eq. 6, [FDRAN] Eq. 7, [FDRAN] Eq. 8, as :func:`combine`.

    Args:
        statistics: of channels and estimates.
        association: ``[M, K]`` who serves whom.
        noise_mw: noise power at an antenna.
        ue: index of the UE.
        gains: of all UEs, written for this one.
    """
    n_ubs, n_ues = association.shape
    interference = gains.interference[ue]
    coherent = np.zeros(n_ues, dtype=np.complex128)
    amplitude = 0.0
    interference[:] = 0.0
    for ubs in range(n_ubs):
        if association[ubs, ue]:
            amplitude += statistics.signal[ubs, ue]
            for other in range(n_ues):
                interference[other] += statistics.leakage[ubs, ue, other]
                coherent[other] += statistics.coherent[ubs, ue, other]
    for other in range(n_ues):
        interference[other] += coherent[other].real ** 2 + coherent[other].imag ** 2
    gains.signal[ue] = amplitude**2
    gains.noise[ue] = noise_mw * amplitude


@kernel
def uplink_sinr(gains: UplinkGains, power_mw: FloatArray) -> FloatArray:
    """SINR of UEs; zero for a UE that nobody serves.

    Source: [FDRAN] Eq. 5.

    Args:
        gains: coefficients of one association.
        power_mw: ``[K]`` transmit powers, mW.

    Returns:
        ``[K]`` power ratios.
    """
    n_ues = power_mw.shape[0]
    sinr = np.zeros(n_ues)
    for ue in range(n_ues):
        disturbance = gains.noise[ue]
        for other in range(n_ues):
            disturbance += power_mw[other] * gains.interference[ue, other]
        if disturbance > 0.0:
            sinr[ue] = power_mw[ue] * gains.signal[ue] / disturbance
    return sinr


@kernel
def uplink_rate_mbps(sinr: FloatArray, prelog_mhz: float) -> FloatArray:
    """Rates of UEs by the use-and-then-forget bound.

    Source: [FDRAN] Eq. 4.

    Args:
        sinr: power ratios, any shape.
        prelog_mhz: as of :class:`UplinkRadio`.

    Returns:
        Mbit/s, same shape.
    """
    return prelog_mhz * np.log2(1.0 + sinr)


def sinr_for_rate(rate_mbps: FloatArray, prelog_mhz: float) -> FloatArray:
    """SINR at which a rate is reached, the inverse of :func:`uplink_rate_mbps`.

    Source: [FDRAN] Eq. 4, solved for the SINR.

    Args:
        rate_mbps: Mbit/s, any shape.
        prelog_mhz: as of :class:`UplinkRadio`.

    Returns:
        Power ratios, same shape.
    """
    return np.asarray(np.exp2(rate_mbps / prelog_mhz) - 1.0)

"""The uplink in plain NumPy, written from its definitions: traces in loops, power UBS by UBS, simulated channels."""

import math
from dataclasses import dataclass
from itertools import product

import numpy as np

from voltran.physics.arrays import BoolArray, ComplexArray, FloatArray, IntArray
from voltran.physics.uplink import UplinkGains, UplinkRadio, UplinkStatistics
from voltran.physics.uplink_power import EdgeCloud, Fronthaul, Losses, PowerComponent

# Powers and gains near one, so that signal, interference, contamination and noise all matter.
RADIO = UplinkRadio(
    bandwidth_mhz=20.0, coherence_symbols=50, pilot_symbols=3, noise_mw=0.6, pilot_power_mw=0.8, power_max_mw=2.0
)


@dataclass(frozen=True)
class Uplink:
    """One random network; every UE is served, most by several UBSs."""

    correlation: ComplexArray
    gain: FloatArray
    pilot: IntArray
    association: BoolArray
    power_mw: FloatArray


def uplink(seed: int, n_ubs: int = 3, n_ues: int = 5, antennas: int = 3, *, isotropic: bool = False) -> Uplink:
    """A network whose pilots are shared as soon as there are more UEs than pilots."""
    rng = np.random.default_rng(seed)
    if isotropic:
        correlation = (rng.uniform(0.2, 2.0, (n_ubs, n_ues, 1, 1)) * np.eye(antennas)).astype(np.complex128)
    else:
        shape = (n_ubs, n_ues, antennas, antennas)
        root = (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)) / np.sqrt(2.0 * antennas)
        correlation = root @ root.conj().swapaxes(-1, -2)
    association = rng.random((n_ubs, n_ues)) < 0.6
    association[rng.integers(n_ubs, size=n_ues), np.arange(n_ues)] = True
    return Uplink(
        correlation,
        np.einsum("mkxx->mk", correlation).real / antennas,
        rng.permutation(np.arange(n_ues) % RADIO.pilot_symbols),
        association,
        rng.uniform(0.1, RADIO.power_max_mw, n_ues),
    )


def pilot_covariance(case: Uplink, ubs: int, pilot: int, radio: UplinkRadio) -> ComplexArray:
    """Psi of one pilot at one UBS."""
    energy_mw = radio.pilot_symbols * radio.pilot_power_mw
    senders = [case.correlation[ubs, ue] for ue in np.flatnonzero(case.pilot == pilot)]
    return np.asarray(energy_mw * sum(senders) + radio.noise_mw * np.eye(case.correlation.shape[-1]))


def statistics(case: Uplink, radio: UplinkRadio) -> UplinkStatistics:
    """Traces of the estimates' covariances, one by one."""
    n_ubs, n_ues = case.gain.shape
    energy_mw = radio.pilot_symbols * radio.pilot_power_mw
    signal, leakage = np.zeros((n_ubs, n_ues)), np.zeros((n_ubs, n_ues, n_ues))
    coherent = np.zeros((n_ubs, n_ues, n_ues), dtype=np.complex128)
    for ubs, ue in product(range(n_ubs), range(n_ues)):
        own = case.correlation[ubs, ue]
        inverse = np.linalg.inv(pilot_covariance(case, ubs, int(case.pilot[ue]), radio))
        estimate = energy_mw * own @ inverse @ own
        signal[ubs, ue] = np.trace(estimate).real
        for other in range(n_ues):
            theirs = case.correlation[ubs, other]
            leakage[ubs, ue, other] = np.trace(estimate @ theirs).real
            if other != ue and case.pilot[other] == case.pilot[ue]:
                coherent[ubs, ue, other] = energy_mw * np.trace(own @ inverse @ theirs)
    return UplinkStatistics(signal, leakage, coherent)


def combined(terms: UplinkStatistics, association: BoolArray, noise_mw: float) -> UplinkGains:
    """[FDRAN] Eqs. 6-8 for one association."""
    served = association.astype(np.float64)
    signal = np.einsum("mk,mk->k", served, terms.signal)
    spread = np.einsum("mk,mki->ki", served, terms.leakage)
    coherent = np.einsum("mk,mki->ki", served, terms.coherent)
    return UplinkGains(signal**2, spread + np.abs(coherent) ** 2, noise_mw * signal)


def sinr(gains: UplinkGains, power_mw: FloatArray) -> FloatArray:
    """[FDRAN] Eq. 5."""
    return np.asarray(power_mw * gains.signal / (gains.interference @ power_mw + gains.noise))


def _normal(rng: np.random.Generator, shape: tuple[int, ...]) -> ComplexArray:
    return np.asarray(np.sqrt(0.5) * rng.standard_normal((*shape, 2)).view(np.complex128)[..., 0])


def simulated(case: Uplink, radio: UplinkRadio, blocks: int, seed: int) -> UplinkGains:
    """The terms of [FDRAN] Eqs. 6-8 as means over coherence blocks, from drawn channels, pilots and noise."""
    rng = np.random.default_rng(seed)
    n_ubs, n_ues, antennas, _ = case.correlation.shape
    root = np.linalg.cholesky(case.correlation + 1e-15 * np.eye(antennas))
    index = np.arange(radio.pilot_symbols)
    sequences = np.exp(2j * np.pi * np.outer(index, index) / radio.pilot_symbols)[case.pilot]
    channel = np.einsum("mkxy,bmky->bmkx", root, _normal(rng, (blocks, n_ubs, n_ues, antennas)))
    sent = np.sqrt(radio.pilot_power_mw) * sequences
    received = channel.swapaxes(-1, -2) @ sent
    received += np.sqrt(radio.noise_mw) * _normal(rng, received.shape)
    despread = (received @ sequences.conj().T).swapaxes(-1, -2) / np.sqrt(radio.pilot_symbols)
    estimator = np.empty_like(case.correlation)
    for ubs, ue in product(range(n_ubs), range(n_ues)):
        inverse = np.linalg.inv(pilot_covariance(case, ubs, int(case.pilot[ue]), radio))
        estimator[ubs, ue] = np.sqrt(radio.pilot_symbols * radio.pilot_power_mw) * case.correlation[ubs, ue] @ inverse
    combiner = np.einsum("mkxy,bmky->bmkx", estimator, despread) * case.association[..., None]
    effective = np.einsum("bmkx,bmix->bki", combiner.conj(), channel, optimize=True)
    noise = np.sqrt(radio.noise_mw) * _normal(rng, (blocks, n_ubs, antennas))
    noise_out = np.einsum("bmkx,bmx->bk", combiner.conj(), noise)
    own = np.einsum("bkk->bk", effective)
    interference = (np.abs(effective) ** 2).mean(axis=0)
    # E|x|^2 - |E x|^2 of the UE's own channel, without the difference of two large numbers
    np.fill_diagonal(interference, np.var(own, axis=0))
    return UplinkGains(np.abs(own.mean(axis=0)) ** 2, interference, (np.abs(noise_out) ** 2).mean(axis=0))


@dataclass(frozen=True)
class Hardware:
    """What the power of a network depends on."""

    radio: tuple[PowerComponent, ...]
    baseband: tuple[PowerComponent, ...]
    antennas: int
    losses: Losses
    edge: EdgeCloud | None
    fronthaul: Fronthaul | None
    reference_rate_mbps: float = 40.0
    sleep_share: float = 0.1
    ue_w: float = 1.31
    amplifier_factor: float = 2.6
    split: bool = True


def network_w(
    hardware: Hardware, association: BoolArray, asleep: BoolArray, rate_mbps: FloatArray, power_mw: FloatArray
) -> float:
    """[FDRAN] Eqs. 10-24, base station by base station; ``asleep`` says which idle ones sleep."""
    share = hardware.edge.share if hardware.edge else 0.0
    factor = 1.0 / ((1 - hardware.losses.mains) * (1 - hardware.losses.conversion) * (1 - hardware.losses.cooling))
    total_w, offloaded_w = 0.0, 0.0
    for ubs, row in enumerate(association):
        served = np.flatnonzero(row)
        carried_mbps = sum(
            rate_mbps[ue] / (association[:, ue].sum() if hardware.split else 1.0) for ue in served
        )  # Eq. 12
        load = carried_mbps / hardware.reference_rate_mbps  # Eq. 11
        radio_w = sum(part.power_w * hardware.antennas**part.antenna_exponent for part in hardware.radio)
        baseband_w = sum(
            part.power_w * hardware.antennas**part.antenna_exponent * load ** (1.0 if part.load_exponent else 0.0)
            for part in hardware.baseband
        )  # Eq. 10
        ubs_w = (radio_w + baseband_w) * factor  # Eq. 14
        baseband_share = baseband_w / (radio_w + baseband_w)  # Eq. 20
        offloaded_w += share * baseband_share * ubs_w  # Eq. 17, asleep or not
        local_w = (1.0 - share * baseband_share) * ubs_w  # Eqs. 18, 19
        total_w += hardware.sleep_share * local_w if asleep[ubs] else local_w
        if hardware.fronthaul and not asleep[ubs]:
            total_w += hardware.fronthaul.fixed_w + hardware.fronthaul.w_per_gbps * rate_mbps[served].sum() / 1000.0
    if hardware.edge:
        edge = hardware.edge
        units = math.ceil(len(association) / (edge.stacking_gain * edge.capacity))
        cooled = (1.0 - hardware.losses.cooling) / (1.0 - hardware.losses.edge_cooling)
        total_w += units * edge.unit_cost / len(association) * offloaded_w * cooled  # Eqs. 21, 22
    ues_w = hardware.amplifier_factor * power_mw.sum() / 1000.0 + hardware.ue_w * len(rate_mbps)  # Eq. 23
    return float(total_w + ues_w)

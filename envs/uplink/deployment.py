"""Exogenous draws of one uplink episode: places, shadowing and pilots, from the seed alone."""

from dataclasses import dataclass

import numpy as np

from voltran.envs.draws import Stream, generator
from voltran.envs.uplink.architecture import Architecture
from voltran.envs.uplink.problem import UplinkProblem
from voltran.envs.uplink.scenario import UplinkScenario
from voltran.physics.arrays import ComplexArray, FloatArray, IntArray
from voltran.physics.units import db_to_linear
from voltran.physics.uplink import (
    UplinkRadio,
    assign_pilots,
    correlated_statistics,
    isotropic_statistics,
    large_scale_gain,
    plain_offsets_m,
    scattering_correlation,
    wrapped_offsets_m,
)


@dataclass(frozen=True)
class Deployment:
    """What is fixed for an episode.

    Attributes:
        ubs_m: ``[M, 2]``.
        ue_m: ``[K, 2]``.
        gain: ``[M, K]`` large-scale fading.
        correlation: ``[M, K, N, N]``, None for uncorrelated fading.
        pilot: ``[K]``.
    """

    ubs_m: FloatArray
    ue_m: FloatArray
    gain: FloatArray
    correlation: ComplexArray | None
    pilot: IntArray


def draw_deployment(scenario: UplinkScenario, architecture: Architecture, seed: int) -> Deployment:
    """Draw one episode. Larger networks contain the UBSs and UEs of smaller ones with the same seed."""
    ubs_m, ue_m = draw_ubs_m(scenario, architecture, seed), draw_ue_m(scenario, seed)
    offsets_m = horizontal_offsets_m(scenario, ubs_m, ue_m)
    normal = np.stack([generator(seed, Stream.CHANNEL, ubs).standard_normal(len(ue_m)) for ubs in range(len(ubs_m))])
    gain = large_scale_gain(offsets_m, scenario.layout.height_m, scenario.radio.shadowing_db * normal)
    correlation = None
    if scenario.radio.correlation == "local_scattering":
        angle = np.arctan2(offsets_m[..., 1], offsets_m[..., 0])
        spread = np.deg2rad(scenario.radio.angular_spread_deg)
        correlation = scattering_correlation(gain, angle, float(spread), architecture.antennas)
    return Deployment(ubs_m, ue_m, gain, correlation, assign_pilots(gain, scenario.radio.pilot_symbols))


def draw_ubs_m(scenario: UplinkScenario, architecture: Architecture, seed: int) -> FloatArray:
    """Positions ``[M, 2]`` of base stations."""
    layout, cellular = scenario.layout, architecture.name == "cellular"
    if cellular and scenario.cellular.placement == "grid":
        return grid_m(architecture.n_ubs, layout.side_m)
    if layout.positions_m is not None and not cellular:
        return np.asarray(layout.positions_m, dtype=np.float64)
    return generator(seed, Stream.SITES).random((architecture.n_ubs, 2)) * layout.side_m


def draw_ue_m(scenario: UplinkScenario, seed: int) -> FloatArray:
    """Positions ``[K, 2]`` of UEs."""
    ues, side_m = scenario.ues, scenario.layout.side_m
    if ues.positions_m is not None:
        return np.asarray(ues.positions_m, dtype=np.float64)
    if ues.placement == "regions":
        return grid_m(ues.count, side_m)
    return generator(seed, Stream.USERS).random((ues.count, 2)) * side_m


def horizontal_offsets_m(scenario: UplinkScenario, ubs_m: FloatArray, ue_m: FloatArray) -> FloatArray:
    """Offsets ``[M, K, 2]`` from UBSs to UEs, the shortest ones where the square continues at its edges."""
    if scenario.layout.wrap_around:
        return wrapped_offsets_m(ubs_m, ue_m, scenario.layout.side_m)
    return plain_offsets_m(ubs_m, ue_m)


def grid_m(count: int, side_m: float) -> FloatArray:
    """Centres ``[count, 2]`` of equal squares that fill the square."""
    across = round(count**0.5)
    centres = (np.arange(across) + 0.5) * side_m / across
    return np.stack(np.meshgrid(centres, centres, indexing="ij"), axis=-1).reshape(-1, 2)


def radio_constants(scenario: UplinkScenario) -> UplinkRadio:
    """The scenario's radio as the physics takes it."""
    radio = scenario.radio
    return UplinkRadio(
        bandwidth_mhz=radio.bandwidth_mhz,
        coherence_symbols=radio.coherence_symbols,
        pilot_symbols=radio.pilot_symbols,
        noise_mw=float(db_to_linear(radio.noise_dbm)),
        pilot_power_mw=radio.pilot_power_mw,
        power_max_mw=radio.power_max_mw,
    )


def build_problem(
    architecture: Architecture, radio: UplinkRadio, deployment: Deployment, rate_min_mbps: FloatArray, active: IntArray
) -> UplinkProblem:
    """The problem at one moment.

    Args:
        architecture: the network.
        radio: constants.
        deployment: the episode.
        rate_min_mbps: ``[K]`` of all UEs.
        active: indices of the UEs that take part; the others send no pilots either.
    """
    gain, pilot = deployment.gain[:, active], deployment.pilot[active]
    if deployment.correlation is None:
        statistics = isotropic_statistics(gain, pilot, architecture.antennas, radio)
    else:
        statistics = correlated_statistics(deployment.correlation[:, active], pilot, radio)
    return UplinkProblem(
        ue=active,
        gain=gain,
        statistics=statistics,
        rate_min_mbps=rate_min_mbps[active],
        radio=radio,
        power=architecture.power,
        ubs_per_ue=architecture.ubs_per_ue,
        ues_per_ubs=architecture.ues_per_ubs,
    )

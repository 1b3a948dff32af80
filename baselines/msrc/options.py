"""The ways in which a site can operate, as the planner sees them: mode, bands, reach and power."""

from typing import NamedTuple

import numpy as np

from voltran.baselines.msrc.settings import PlannerSettings
from voltran.envs.blackout.constants import MODE_NAMES, BlackoutConstants
from voltran.physics.arrays import FloatArray, IntArray
from voltran.physics.power import ASSISTED, HELPING, NORMAL, SLEEP, site_power_kw
from voltran.physics.scheduler import site_capacity_mbps


class Options(NamedTuple):
    """One entry per way to operate; the last one is sleep.

    Bands are filled from the highest to the lowest, as the world's scheduler does, so that power rises along a line
    while the first band has room, and along a steeper one beyond.

    Attributes:
        mode: ``[option]`` cooperation mode.
        band_bits: ``[option]`` bit set of active bands.
        radius_m: ``[option]`` coverage radius.
        table: ``[option]`` index of the costs of serving users; normal and helping sites with the same bands share one.
        first_band: ``[option]`` the band that is filled first, -1 asleep.
        spectrum_mhz: ``[option]`` bandwidth of the active bands.
        static_kw: ``[option]`` power without load.
        overflow_kw: ``[option]`` extra power per unit of load that the first band cannot take, in units of that band's
            resource blocks, beyond what the first band would have drawn for it.
        traffic_mbps: ``[option]`` traffic that a site may carry, [MSRC] Eq. 9.
        dynamic_kw: ``[band]`` power of a band's resource blocks, all in use.
        traffic_kw: ``[band]`` power per Mbit/s carried.
    """

    mode: IntArray
    band_bits: IntArray
    radius_m: FloatArray
    table: IntArray
    first_band: IntArray
    spectrum_mhz: FloatArray
    static_kw: FloatArray
    overflow_kw: FloatArray
    traffic_mbps: FloatArray
    dynamic_kw: FloatArray
    traffic_kw: FloatArray


def site_options(constants: BlackoutConstants, settings: PlannerSettings) -> Options:
    """All ways in which the planner may let a site operate.

    Source: [MSRC] Eq. 4, [MSRC] Eq. 5, [MSRC] Eq. 9, [MSRC] Eq. 24, [MSRC] Eq. 25.
    """
    choices = [(mode, bands) for mode in (NORMAL, HELPING, ASSISTED) for bands in _band_sets(constants, mode, settings)]
    mode, bands = np.array([*choices, (SLEEP, 0)]).T
    near = np.isin(mode, (ASSISTED, SLEEP))
    idle = np.zeros(constants.n_bands)
    dynamic_kw, traffic_kw = load_power_kw(constants)
    active = (bands[:, None] >> np.arange(constants.n_bands)) & 1
    return Options(
        mode=mode,
        band_bits=bands,
        radius_m=constants.radius_m[mode, bands],
        table=np.unique(np.stack([near, bands]), axis=1, return_inverse=True)[1],
        first_band=np.array([_first_band(constants, int(chosen)) for chosen in bands]),
        spectrum_mhz=active @ constants.radio.bandwidth_mhz,
        static_kw=np.array(
            [site_power_kw(m, b, idle, idle, constants.power) for m, b in zip(mode, bands, strict=True)]
        ),
        overflow_kw=np.array([_overflow_kw(constants, int(chosen), dynamic_kw) for chosen in bands]),
        traffic_mbps=np.array(
            [site_capacity_mbps(m, b, constants.scheduler) for m, b in zip(mode, bands, strict=True)]
        ),
        dynamic_kw=dynamic_kw,
        traffic_kw=traffic_kw,
    )


def option_names(options: Options) -> list[str]:
    """A word for each option: its mode, and the bands that are on."""
    bands = [[str(band) for band in range(options.dynamic_kw.size) if bits >> band & 1] for bits in options.band_bits]
    return [
        "_".join([MODE_NAMES[mode], *(["bands"] if on else []), *on])
        for mode, on in zip(options.mode, bands, strict=True)
    ]


def load_power_kw(constants: BlackoutConstants) -> tuple[FloatArray, FloatArray]:
    """What load costs beyond idle power: ``[band]`` of all resource blocks, and ``[band]`` per Mbit/s carried, kW.

    Source: [MSRC] Eq. 2, which is linear in both.
    """
    idle = np.zeros(constants.n_bands)
    unit = np.eye(constants.n_bands)

    def extra_kw(resource_use: FloatArray, traffic_mbps: FloatArray) -> float:
        every = constants.all_bands
        loaded = site_power_kw(NORMAL, every, resource_use, traffic_mbps, constants.power)
        return loaded - site_power_kw(NORMAL, every, idle, idle, constants.power)

    return np.array([extra_kw(row, idle) for row in unit]), np.array([extra_kw(idle, row) for row in unit])


def _band_sets(constants: BlackoutConstants, mode: int, settings: PlannerSettings) -> list[int]:
    """Band sets of a mode: the paper's one, or all that keep the lowest of its bands, in falling order of size.

    Higher bands have less reach for the same power per MHz, so that they are switched off from the top.
    """
    allowed = int(constants.mode_bands[mode])
    if settings.command_set == "paper":
        return [allowed]
    kept = [band for band in constants.scheduler.band_order[::-1].tolist() if allowed >> band & 1]
    return [sum(1 << band for band in kept[:count]) for count in range(len(kept), 0, -1)]


def _first_band(constants: BlackoutConstants, bands: int) -> int:
    return next((band for band in constants.scheduler.band_order.tolist() if bands >> band & 1), -1)


def _overflow_kw(constants: BlackoutConstants, bands: int, dynamic_kw: FloatArray) -> float:
    """The other bands together carry what the first cannot; each as much per MHz as the first."""
    first = _first_band(constants, bands)
    others = [band for band in range(constants.n_bands) if bands >> band & 1 and band != first]
    if not others:
        return 0.0
    width_mhz = constants.radio.bandwidth_mhz
    needed = width_mhz[first] / width_mhz[others].sum()
    return float(max(needed * dynamic_kw[others].sum() - dynamic_kw[first], 0.0))

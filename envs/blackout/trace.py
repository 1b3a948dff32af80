"""The trace of an outage episode: what happened in every physics step, for metrics and pictures."""

from typing import NamedTuple

import numpy as np

from voltran.envs.blackout.constants import CLASS_NAMES, BlackoutConstants
from voltran.envs.blackout.service import Service
from voltran.physics.arrays import BoolArray, FloatArray, IntArray
from voltran.physics.balance import EnergyStep
from voltran.physics.compiled import kernel
from voltran.physics.ledger import balance_residual_kw

# In the order of the columns that `network_row` fills; the availability of the classes follows them.
NETWORK_SERIES = (
    "critical", "satisfaction", "served_mbps", "asked_mbps", "ev_kw", "ev_cost", "handovers", "switches", "unserved_kw",
    "residual_kw", "mean_power_kw", "alive_share", "uncovered_share", "ev_charge_kw",
)  # fmt: skip
N_SERIES = len(NETWORK_SERIES)
EV_COST, CRITICAL = NETWORK_SERIES.index("ev_cost"), NETWORK_SERIES.index("critical")
SITE_SERIES = ("soc", "power_kw", "alive", "mode")


class TraceArrays(NamedTuple):
    """What kernels write to: ``network [B, T, series + class]``, and ``[B, T, site]``, empty where not kept."""

    network: FloatArray
    soc: FloatArray
    power_kw: FloatArray
    alive: FloatArray
    mode: FloatArray


class Trace:
    """Time series of a batch, one row per physics step; row ``t`` of world ``w`` is about the step starting at ``t``.

    Args:
        constants: the scenario's constants.
        n_worlds: batch size.
        per_site: also keep the series of each site, which pictures need and metrics do not.

    Attributes:
        per_site: as given.
        arrays: what is written to.
    """

    def __init__(self, constants: BlackoutConstants, n_worlds: int, per_site: bool) -> None:
        steps = constants.max_decisions * constants.steps_per_decision
        shape = (n_worlds, steps if per_site else 0, constants.n_sites)
        network = np.zeros((n_worlds, steps, N_SERIES + len(CLASS_NAMES)))
        self.per_site = per_site
        self.arrays = TraceArrays(network, *(np.zeros(shape) for _ in SITE_SERIES))

    @property
    def series(self) -> dict[str, FloatArray]:
        """Name -> ``[B, T]``, ``[B, T, class]`` or ``[B, T, site]``; writing to them writes to the trace."""
        arrays = self.arrays
        network = {name: arrays.network[:, :, column] for column, name in enumerate(NETWORK_SERIES)}
        sites = {name: getattr(arrays, name) for name in SITE_SERIES if self.per_site}
        return {**network, "availability": arrays.network[:, :, N_SERIES:], **sites}


@kernel
def record(
    trace: TraceArrays,
    step: IntArray,
    network: FloatArray,
    soc: FloatArray,
    power_kw: FloatArray,
    alive: BoolArray,
    mode: IntArray,
) -> None:
    """Write a row per world at its own ``step [B]``: ``network`` of :func:`network_row`, and series of sites."""
    per_site = trace.soc.shape[1] > 0
    for world in range(step.shape[0]):
        at = step[world]
        trace.network[world, at] = network[world]
        if per_site:
            trace.soc[world, at], trace.power_kw[world, at] = soc[world], power_kw[world]
            trace.alive[world, at], trace.mode[world, at] = alive[world], mode[world]


class Before(NamedTuple):
    """What the ledger compares a step with: the state at its start, ``[B, site]`` and ``[B, site, slot]``."""

    soc: FloatArray
    alive: BoolArray
    ev_energy_kwh: FloatArray


@kernel
def network_row(
    flows: EnergyStep,
    before: Before,
    service: Service,
    handovers: FloatArray,
    mode_changes: FloatArray,
    step_h: float,
    capacity_kwh: float,
) -> tuple[FloatArray, FloatArray]:
    """One row ``[B, series + class]`` of the trace, from a physics step's flows and service (``[B, site]`` arrays).

    Returns:
        The row, and the residuals ``[B, site]`` of the ledger.
    """
    alive = before.alive
    n_worlds, n_sites = alive.shape
    residual_kw = balance_residual_kw(flows, before.soc, before.ev_energy_kwh, step_h, capacity_kwh)
    row = np.zeros((n_worlds, N_SERIES + service.availability.shape[1]))
    for w in range(n_worlds):
        row[w, 0], row[w, 1] = service.critical[w], service.satisfaction[w]
        row[w, 2], row[w, 3] = service.served_mbps[w], service.asked_mbps[w]
        for i in range(n_sites):
            # Owners are paid for what their vehicles give, and pay nothing for what these are given.
            given_kw = max(flows.ev_kw[w, i], 0.0)
            row[w, 4] += given_kw
            row[w, 5] += flows.paid_usd_per_h[w, i] * step_h
            row[w, 6] += handovers[w, i]
            row[w, 7] += mode_changes[w, i]
            row[w, 8] += flows.unserved_kw[w, i]
            row[w, 9] = max(row[w, 9], abs(residual_kw[w, i]))
            row[w, 10] += flows.load_kw[w, i]
            row[w, 11] += alive[w, i]
            row[w, 13] += given_kw - flows.ev_kw[w, i]
        row[w, 12] = service.uncovered_share[w]
        row[w, 10] /= n_sites
        row[w, 11] /= n_sites  # after the sum, so that all sites alive give exactly 1
        row[w, N_SERIES:] = service.availability[w]
    return row, residual_kw

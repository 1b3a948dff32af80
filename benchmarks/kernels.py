"""Compiled kernels against the plain NumPy references that the tests compare them with."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks.measure import Section, number, timed
from tests.physics import reference, reference_energy, reference_scheduler
from tests.physics.instances import Network, depot, network
from voltran.physics.association import associate
from voltran.physics.balance import energy_step

Pair = tuple[Callable[[], Any], Callable[[], Any]]


def kernels(quick: bool) -> Section:
    """Ratio of the reference's CPU time to the kernel's."""
    section = Section(
        "Kernels and references",
        "19 sites, 1000 users, 4 bands, mixed modes, powers in single precision. The references are written to be "
        "read, so the ratio says how much compiling and lists of candidates bring over plain NumPy, not over the best "
        "NumPy.",
        ["kernel", "kernel, µs", "reference, µs", "reference : kernel"],
    )
    drawn = network(0)
    case = replace(drawn, received_mw=drawn.received_mw.astype(np.float32))
    pairs: dict[str, Pair] = {
        "association and link rates, one world": (_association(case), lambda: _plain_association(case)),
        "scheduling, one world": _scheduling(case),
        "energy step, 32 worlds": _energy(),
    }
    for name, (kernel, plain) in pairs.items():
        fast = timed(lambda run=kernel: [run() for _ in range(20)], 3 if quick else 15).per(20)  # type: ignore[misc]
        slow = timed(plain, 2 if quick else 5)
        times = (number(1e6 * fast.cpu_s), number(1e6 * slow.cpu_s))
        section.rows.append([name, *times, number(slow.cpu_s / fast.cpu_s)])
    return section


def _association(case: Network) -> Callable[[], Any]:
    cells = (case.mode, case.bands, case.radius_m, case.alive)
    users = (case.last_server, case.demand_mbps, case.radio)
    return lambda: associate(case.received_mw, case.distance_m, *cells, *users)


def _plain_association(case: Network) -> Any:
    ratios = reference.sinr(case.received_mw, case.mode, case.bands, case.alive, case.radio)
    links = reference.link_rates_mbps(ratios, case.mode, case.radio)
    rates = reference.candidate_rates_mbps(links, case.distance_m, np.where(case.alive, case.radius_m, 0.0))
    server = reference.servers(rates, case.last_server, case.demand_mbps, case.radio)
    return reference.serving_rates_mbps(links, server)


def _scheduling(case: Network) -> Pair:
    found = case.associate()
    inputs = (case.mode, case.bands, case.demand_mbps, case.weight, case.scheduler)
    return (
        lambda: case.schedule(found),
        lambda: reference_scheduler.schedule(found.server, found.rate_mbps, *inputs),
    )


def _energy() -> Pair:
    arguments = depot(0).arguments
    return lambda: energy_step(*arguments), lambda: reference_energy.energy_step(*arguments)

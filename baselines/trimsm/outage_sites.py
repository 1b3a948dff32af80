"""The cheapest way in which a site can serve the clusters it holds: the inner problem of the outage's matching."""

from typing import NamedTuple

import numpy as np

from voltran.physics.arrays import FloatArray, IntArray
from voltran.physics.compiled import kernel
from voltran.physics.power import HELPING, SLEEP, PowerParameters, site_power_kw
from voltran.physics.scheduler import SchedulerParameters

# A difference in served share, or in cost, that is rounding; serving everybody costs about as much.
ROUNDING = 1e-10
# Users with service level agreements, and best effort.
KINDS = 2
# Columns of the result.
BANDS, POWER_KW, KEPT, EXTRA, COST = range(5)


class SiteRules(NamedTuple):
    """What all sites have in common.

    Attributes:
        mode_bands: ``[mode]`` bit set of the bands a mode may use.
        needed_bands: ``[mode]`` bit set of the bands it must keep on.
        carry_all: True takes the cheapest band set that carries the whole load; False the one whose power and unserved
            best effort together cost least.
        shed_price: worth of serving everybody.
        exponent: of power per energy.
        scheduler, power: constants of the physics.
    """

    mode_bands: IntArray
    needed_bands: IntArray
    carry_all: bool
    shed_price: float
    exponent: float
    scheduler: SchedulerParameters
    power: PowerParameters


class Trials(NamedTuple):
    """Sites with the clusters they hold, and up to so many flows more or less.

    Attributes:
        site, mode: ``[trial]``.
        flow: ``[trial, shift]`` flows that join or leave, -1 for none.
        sign: ``[shift]`` 1 where they join, -1 where they leave.
    """

    site: IntArray
    mode: IntArray
    flow: IntArray
    sign: IntArray


@kernel
def held_by(server: IntArray, flow: IntArray, best_effort: IntArray, table: FloatArray) -> FloatArray:
    """Sums ``[site, kind, mode, reach, quantity]`` of the table over the clusters that each site holds.

    Args:
        server: ``[cluster]`` its site, -1 for none.
        flow: ``[cluster, site]`` flows.
        best_effort: ``[cluster]`` kind of service.
        table: ``[flow, mode, reach, quantity]``.
    """
    _, n_modes, n_sets, n_quantities = table.shape
    sums = np.zeros((flow.shape[1], KINDS, n_modes, n_sets, n_quantities))
    for cluster in range(server.shape[0]):
        if server[cluster] < 0:
            continue
        held, row = sums[server[cluster], best_effort[cluster]], table[flow[cluster, server[cluster]]]
        for mode in range(n_modes):
            for reach in range(1, n_sets):
                for quantity in range(n_quantities):
                    held[mode, reach, quantity] += row[mode, reach, quantity]
    return sums


@kernel
def operate(
    sums: FloatArray, table: FloatArray, kind: IntArray, trials: Trials, price: FloatArray, rules: SiteRules
) -> FloatArray:
    """The best band set of each trial, and what comes of it.

    Args:
        sums: ``[site, kind, mode, reach, quantity]`` of the table over the clusters that each site holds.
        table: ``[flow, mode, reach, quantity]``; see ``cluster_tables``.
        kind: ``[flow]`` kind of the flow's cluster.
        trials: what to try.
        price: ``[site]`` cost per kW to the power of the exponent.
        rules: constants.

    Returns:
        ``[trial, column]``: band set, power in kW, shares of all users' weighted demand served with service level
        agreements and of best effort, and the cost of power less what service is worth.
    """
    n_trials, n_bands = trials.site.shape[0], rules.scheduler.band_order.shape[0]
    best = np.zeros((n_trials, 5))
    idle = np.zeros(n_bands)
    entries = np.empty((KINDS * sums.shape[3], sums.shape[4] + 2))
    for trial in range(n_trials):
        site, mode = trials.site[trial], trials.mode[trial]
        if mode == SLEEP:
            best[trial, POWER_KW] = site_power_kw(mode, 0, idle, idle, rules.power)
            best[trial, COST] = price[site] * best[trial, POWER_KW] ** rules.exponent
            continue
        held = sums[site, :, mode].copy()
        for shift in range(trials.sign.shape[0]):
            flow = trials.flow[trial, shift]
            if flow >= 0:
                held[kind[flow]] += trials.sign[shift] * table[flow, mode]
        count = _list_present(held, entries)
        best[trial, KEPT], best[trial, EXTRA], best[trial, COST] = -np.inf, -np.inf, np.inf
        for bands in range(1, rules.mode_bands[mode] + 1):
            if not bands & ~rules.mode_bands[mode] and not rules.needed_bands[mode] & ~bands:
                _weigh(entries[:count], mode, bands, price[site], rules, best[trial])
    return best


@kernel
def _list_present(held: FloatArray, entries: FloatArray) -> int:
    """Write down kind, reach and quantities of the users that there are; returns how many entries these are."""
    n_kinds, n_sets, n_quantities = held.shape
    count = 0
    for kind in range(n_kinds):
        for reach in range(1, n_sets):
            if held[kind, reach, n_quantities - 1] > ROUNDING:
                entries[count, 0], entries[count, 1] = kind, reach
                for quantity in range(n_quantities):
                    entries[count, quantity + 2] = held[kind, reach, quantity]
                count += 1
    return count


@kernel
def _weigh(entries: FloatArray, mode: int, bands: int, price: float, rules: SiteRules, best: FloatArray) -> None:
    """Compare one band set with the best so far: users with service level agreements first, then everything."""
    power_kw, kept, extra = load_site(entries, mode, bands, rules.scheduler, rules.power)
    cost = price * power_kw**rules.exponent - rules.shed_price * (kept + extra)
    gain = kept - best[KEPT]
    if rules.carry_all:
        gain += extra - best[EXTRA]
    if gain > ROUNDING or (gain >= -ROUNDING and cost < best[COST] - ROUNDING):
        best[BANDS], best[POWER_KW], best[KEPT], best[EXTRA], best[COST] = bands, power_kw, kept, extra, cost


@kernel
def load_site(
    entries: FloatArray, mode: int, bands: int, scheduler: SchedulerParameters, power: PowerParameters
) -> tuple[float, float, float]:
    """Power of a site, and the shares of weighted demand of both kinds that it carries.

    Bands are filled from the highest down, as the world's scheduler does, users with service level agreements first;
    those of one kind share alike what does not suffice for all. Where no band is full that is the scheduler's very
    result.

    Args:
        entries: ``[entry, .]`` kind, reach and quantities of a table's row.
        mode: cooperation mode.
        bands: bit set of the bands that are on.
        scheduler, power: constants.
    """
    n_bands = scheduler.band_order.shape[0]
    unserved = np.ones(entries.shape[0])
    blocks, traffic = np.zeros((KINDS, n_bands)), np.zeros((KINDS, n_bands))
    budget = 0.0
    for band in scheduler.band_order:
        if not bands >> band & 1:
            continue
        budget += scheduler.capacity_mbps[band]
        room = 1.0
        for kind in range(KINDS):
            given = _fill(entries, unserved, band, kind, room, blocks, traffic)
            room -= given
    if mode == HELPING:
        budget *= 1.0 - scheduler.helping_loss
    kept = np.ones(KINDS)
    for kind in range(KINDS):
        carried = traffic[kind].sum()
        if carried > budget:
            kept[kind] = budget / carried
        budget -= kept[kind] * carried
    served = np.zeros(KINDS)
    for entry in range(entries.shape[0]):
        kind = int(entries[entry, 0])
        served[kind] += kept[kind] * (1.0 - unserved[entry]) * entries[entry, n_bands + 3]
    for band in range(n_bands):
        blocks[0, band] = kept[0] * blocks[0, band] + kept[1] * blocks[1, band]
        traffic[0, band] = kept[0] * traffic[0, band] + kept[1] * traffic[1, band]
    return site_power_kw(mode, bands, blocks[0], traffic[0], power), served[0], served[1]


@kernel
def _fill(
    entries: FloatArray,
    unserved: FloatArray,
    band: int,
    kind: int,
    room: float,
    blocks: FloatArray,
    traffic: FloatArray,
) -> float:
    """Serve users of one kind on one band, as far as there is room; returns the share of resource blocks they get."""
    n_bands = blocks.shape[1]
    wanted, wanted_traffic = 0.0, 0.0
    for entry in range(entries.shape[0]):
        if entries[entry, 0] == kind and int(entries[entry, 1]) >> band & 1:
            wanted += unserved[entry] * entries[entry, band + 2]
            wanted_traffic += unserved[entry] * entries[entry, n_bands + 2]
    given = 1.0 if wanted <= room else room / wanted
    blocks[kind, band], traffic[kind, band] = given * wanted, given * wanted_traffic
    for entry in range(entries.shape[0]):
        if entries[entry, 0] == kind and int(entries[entry, 1]) >> band & 1:
            unserved[entry] *= 1.0 - given
    return given * wanted

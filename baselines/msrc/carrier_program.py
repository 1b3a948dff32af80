"""Stage 2 of [MSRC] with carriers, power and vehicles as variables besides: which bands a site keeps on.

Utility ([MSRC] Eq. 27) less ``lambda_3 / lambda_2`` times what energy costs in one period of Stage 2 ([MSRC] Eq. 18):
vehicle energy at the price that is on offer, stored energy at a price of its own. Reconstructed: with (27) alone every
band would be on, as it knows no energy.

Rates are those with the interference of all bands that commands allow, so that they are at least as high as planned
once some are off, and sites have nothing to do with each other.
"""

from typing import NamedTuple

import numpy as np

from voltran.baselines.msrc.dispatch_program import Draft, Links, Served, capacity_mbps, marginal_kw, serve
from voltran.baselines.program import MixedIntegerProgram, grid
from voltran.envs.blackout.situation import Situation
from voltran.physics.arrays import BoolArray, FloatArray, IntArray
from voltran.physics.power import HELPING

# Period of Stage 2 in the paper.
STAGE_2_H = 30.0 / 3600.0
# Cost of a carrier, times its place in the order in which bands are filled: of bands that do equally well the first.
CARRIER_TIE_BREAK = 1e-5
# Power on offer that is drawn but for rounding.
ALL_OFFERED_KW = 1e-6


class Prices(NamedTuple):
    """What energy counts.

    Attributes:
        utility_per_usd: ``lambda_3 / lambda_2`` of [MSRC] Eq. 18.
        stored: $/kWh that a battery can still deliver.
    """

    utility_per_usd: float
    stored: float


class Supply(NamedTuple):
    """Power that lasts until the next decision; all arrays ``[site]``, in kW.

    Attributes:
        battery, vehicles, imports: where it comes from.
    """

    battery: FloatArray
    vehicles: FloatArray
    imports: FloatArray

    def total(self) -> FloatArray:
        """From all three."""
        return self.battery + self.vehicles + self.imports


class CarrierProgram(NamedTuple):
    """The mixed-integer program.

    Attributes:
        model: the program.
        carrier: ``[site, band]`` columns: whether the band is on.
        vehicles: ``[site]`` columns: power from vehicles.
        supply: power that is there.
    """

    model: MixedIntegerProgram
    carrier: IntArray
    vehicles: IntArray
    supply: Supply


def lasting_supply(now: Situation) -> Supply:
    """Power that battery, vehicles and imports could give from now until the next decision."""
    energy = now.energy
    return Supply(
        battery=np.minimum(energy.discharge_limit_kw, energy.usable_kwh / energy.remaining_h),
        vehicles=np.minimum(energy.vehicle_kw, energy.vehicle_kwh / energy.remaining_h),
        imports=energy.import_kw,
    )


def idle_power_kw(now: Situation, band_bits: IntArray) -> FloatArray:
    """Power ``[site]`` with these bands on and no load; zero for sites that are down. Source: [MSRC] Eq. 4."""
    idle = np.zeros((now.constants.n_sites, now.constants.n_bands))
    return now.power_kw(band_bits, idle, idle)


def carrier_program(now: Situation, links: Links, segments: int, prices: Prices) -> CarrierProgram:
    """The program over given links.

    Source: [MSRC] Eq. 27 with [MSRC] Eq. 4, [MSRC] Eq. 8, [MSRC] Eq. 9, [MSRC] Eq. 13, [MSRC] Eq. 15, [MSRC] Eq. 17 and
    [MSRC] Eq. 24 as rows. A site whose supply does not even carry one band goes down whatever is decided: its power is
    not limited.
    """
    draft, allowed = Draft(), _allowed(now)
    served = serve(draft, now, links, segments, kw_cost=0.0, room=0.0)
    carrier = _carriers(draft, now, served, allowed)
    base_kw, carrier_kw = _fixed_power_kw(now)
    label = grid("power_balance", site=base_kw.size)
    balance = draft.rows.add(-base_kw, -base_kw, base_kw.size, label) + np.arange(base_kw.size)
    draft.rows.put(balance[links.site], served.link, marginal_kw(now, links))
    draft.rows.put(balance[:, None], carrier, carrier_kw)
    supply = lasting_supply(now)
    cheapest_kw = np.where(allowed.any(axis=1), np.where(allowed, carrier_kw, np.inf).min(axis=1), 0.0)
    doomed = supply.total() < base_kw + cheapest_kw
    vehicles = _sources(draft, now, balance, supply, doomed, prices)
    return CarrierProgram(draft.finished(), carrier, vehicles, supply)


def carriers_on(program: CarrierProgram, values: FloatArray) -> IntArray:
    """Bit sets ``[site]`` of the bands that a solution keeps on."""
    on = values[program.carrier] > 0.5
    return np.asarray((on << np.arange(on.shape[1])).sum(axis=1))


def vehicle_orders_kw(program: CarrierProgram, values: FloatArray, now: Situation, prices: Prices) -> FloatArray:
    """Power ``[site]`` to draw from vehicles; without limit where all that is offered is drawn, as more may come."""
    drawn_kw = np.maximum(values[program.vehicles], 0.0)
    all_drawn = (drawn_kw >= program.supply.vehicles - ALL_OFFERED_KW) & (now.energy.price <= prices.stored)
    return np.where(all_drawn, np.inf, drawn_kw)


# --- inside -----------------------------------------------------------------------------------------------------------


def _allowed(now: Situation) -> BoolArray:
    """Bands ``[site, band]`` that commands allow to live sites."""
    on = (now.band_bits[:, None] >> np.arange(now.constants.n_bands) & 1) != 0
    return np.asarray(on & now.alive[:, None])


def _carriers(draft: Draft, now: Situation, served: Served, allowed: BoolArray) -> IntArray:
    """Columns ``[site, band]``: bands carry only while they are on; a site keeps one, a helper its lowest."""
    constants, rows = now.constants, draft.rows
    place = np.empty(constants.n_bands)
    place[constants.scheduler.band_order] = np.arange(1, constants.n_bands + 1)
    costs = np.tile(CARRIER_TIE_BREAK * place, constants.n_sites)
    label = grid("on", site=constants.n_sites, band=constants.n_bands)
    carrier = draft.columns(costs, allowed.ravel().astype(np.float64), label, integral=True).reshape(allowed.shape)
    rows.put(served.blocks, carrier, -1.0)
    full_mbps = capacity_mbps(now)
    alone = [now._replace(band_bits=now.band_bits & (1 << band)) for band in range(constants.n_bands)]
    by_band_mbps = np.stack([capacity_mbps(only) for only in alone], axis=1)
    shares = by_band_mbps / np.where(full_mbps > 0.0, full_mbps, 1.0)[:, None]
    rows.put(served.capacity[:, None], carrier, -shares)
    lowest = np.arange(constants.n_bands) == constants.lowest_band
    kept = np.where((now.mode == HELPING)[:, None] & allowed[:, [constants.lowest_band]], lowest, allowed)
    least, label = kept.any(axis=1).astype(np.float64), grid("one_band_on", site=constants.n_sites)
    awake = rows.add(least, np.inf, constants.n_sites, label) + np.arange(constants.n_sites)
    rows.put(awake[:, None], carrier, kept.astype(np.float64))
    return carrier


def _fixed_power_kw(now: Situation) -> tuple[FloatArray, FloatArray]:
    """Power that does not hang on load: ``[site]`` with all bands off, ``[site, band]`` what each adds."""
    base_kw = idle_power_kw(now, np.zeros_like(now.band_bits))
    each = [idle_power_kw(now, np.full_like(now.band_bits, 1 << band)) for band in range(now.constants.n_bands)]
    return base_kw, np.stack(each, axis=1) - base_kw[:, None]


def _sources(
    draft: Draft, now: Situation, balance: IntArray, supply: Supply, doomed: BoolArray, prices: Prices
) -> IntArray:
    """Columns of what comes from battery, imports and vehicles, and goes into the battery; returns the vehicles'."""
    energy, battery = now.energy, now.constants.battery
    cost = prices.utility_per_usd * STAGE_2_H
    kept = battery.charge_efficiency * battery.discharge_efficiency
    room_kw = np.where(energy.ev_to_battery, energy.charge_limit_kw, 0.0)
    stored = np.full(balance.size, cost * prices.stored)
    names = (grid(name, site=balance.size) for name in ("vehicles_kw", "discharged_kw", "imported_kw", "charged_kw"))
    vehicles = draft.columns(cost * energy.price, supply.vehicles, next(names))
    discharged = draft.columns(stored, np.where(doomed, np.inf, supply.battery), next(names))
    imported = draft.columns(np.zeros(balance.size), supply.imports, next(names))
    charged = draft.columns(-kept * stored, room_kw, next(names))
    for source in (vehicles, discharged, imported):
        draft.rows.put(balance, source, -1.0)
    draft.rows.put(balance, charged, 1.0)
    return vehicles

"""Stage 2 of [MSRC] as a dispatcher that the outage world carries out: by linear or mixed-integer programs."""

import time
from collections.abc import Mapping
from typing import Literal

import numpy as np

from voltran.baselines.msrc.carrier_program import (
    Prices,
    carrier_program,
    carriers_on,
    idle_power_kw,
    lasting_supply,
    vehicle_orders_kw,
)
from voltran.baselines.msrc.dispatch import dispatch_of
from voltran.baselines.msrc.dispatch_program import Links, links_to, program_of, rates_from
from voltran.baselines.msrc.settings import PlannerSettings
from voltran.baselines.program import MixedIntegerProgram
from voltran.baselines.solve import MilpResult, SolverError, solve_milp
from voltran.baselines.solve_parts import solve_in_parts
from voltran.envs.blackout.dispatch import Allocation, carried_out
from voltran.envs.blackout.situation import Situation
from voltran.physics.arrays import FloatArray
from voltran.physics.association import Association
from voltran.physics.balance import SHORTFALL_KW
from voltran.physics.ordering import surpasses

# Chords of all users together, which is what solving takes time for, and the least and most of one. With six the
# utility lost is at most 0.17 % of the weight of those who are served in part, with sixty a hundredth of that.
CHORDS, CHORDS_MIN, CHORDS_MAX = 6000, 6, 60
# Shares of demands below this are rounding of solvers.
NO_SHARE = 1e-9


class ExactDispatcher:
    """Solves [MSRC] Eq. 27 for given modes; each user keeps the site that the world would choose.

    Sites that would run dry before the next decision shed load, as far as that keeps them up. Where the scheduler does
    better, by the chords that stand for logarithms, or no solution is found in time, the world dispatches itself.

    Args:
        rule: "exact" keeps all bands of the modes on; "exact-carriers" chooses among them, and how much vehicle power
            is drawn.
        utility_per_usd: ``lambda_3 / lambda_2`` of [MSRC] Eq. 18.
        stored_energy_price: $/kWh that a battery can deliver, or None, see :class:`PlannerSettings`.
        time_limit_s: for one dispatch.
    """

    def __init__(
        self,
        rule: Literal["exact", "exact-carriers"],
        utility_per_usd: float,
        stored_energy_price: float | None,
        time_limit_s: float,
    ) -> None:
        self._key = (rule, utility_per_usd, stored_energy_price, time_limit_s)
        self._rule, self._time_limit_s = rule, time_limit_s
        self._utility_per_usd, self._stored = utility_per_usd, stored_energy_price
        self._times_ms: list[float] = []
        self._fallbacks = self._kept = 0
        self._gap = 0.0

    def __eq__(self, other: object) -> bool:
        """Those of the same settings dispatch alike, whatever they have counted."""
        return isinstance(other, ExactDispatcher) and self._key == other._key

    def __hash__(self) -> int:
        """By settings."""
        return hash(self._key)

    def allocate(self, situation: Situation) -> Allocation | None:
        """Who is served with which shares of which bands; None where the world does as well, or serves nobody."""
        served = situation.associate()
        if not (served.server >= 0).any():
            return None
        start = time.perf_counter()
        try:
            solve = self._shares if self._rule == "exact" else self._carriers
            return solve(situation, served)
        except SolverError:
            self._fallbacks += 1
            return None
        finally:
            self._times_ms.append(1e3 * (time.perf_counter() - start))

    def program(self, situation: Situation) -> MixedIntegerProgram:
        """What it would solve first, for bands or for shares."""
        served = situation.associate()
        links = links_to(served.server, served.rate_mbps)
        if self._rule == "exact":
            return self._share_program(situation, links)
        return carrier_program(situation, links, _chords(situation), self._prices(situation)).model

    def counters(self) -> Mapping[str, float]:
        """What dispatching took in the episode so far."""
        return {
            "dispatch_solves": float(len(self._times_ms)),
            "dispatch_ms": float(np.median(self._times_ms)) if self._times_ms else 0.0,
            "dispatch_gap": self._gap,
            "dispatch_fallbacks": float(self._fallbacks),
            "dispatch_kept": float(self._kept),
        }

    def _shares(self, now: Situation, served: Association) -> Allocation | None:
        """All bands on; the world's own dispatch where it is worth more and lasts."""
        share = self._best_shares(now, links_to(served.server, served.rate_mbps))
        allocation = Allocation(served.server, share)
        own, found = now.schedule(served), carried_out(now, allocation).plan
        theirs, ours = dispatch_of(now, *own), dispatch_of(now, *found)
        if surpasses(theirs.utility, ours.utility) and (_spare_kw(now, theirs.power_kw) >= -SHORTFALL_KW).all():
            self._kept += 1
            return None
        return allocation

    def _carriers(self, now: Situation, served: Association) -> Allocation:
        """Bands and vehicle power by the mixed-integer program, then shares with the interference that is left."""
        prices = self._prices(now)
        program = carrier_program(now, links_to(served.server, served.rate_mbps), _chords(now), prices)
        values = self._taken(solve_in_parts(program.model, time_limit_s=self._time_limit_s))
        narrowed = now._replace(band_bits=carriers_on(program, values))
        rates = rates_from(narrowed, served.server)
        server = np.where(rates.any(axis=0), served.server, np.int16(-1))
        share = self._best_shares(narrowed, links_to(server, rates))
        return Allocation(server, share, narrowed.band_bits, vehicle_orders_kw(program, values, now, prices))

    def _best_shares(self, now: Situation, links: Links) -> FloatArray:
        program = self._share_program(now, links)
        return shares_of(now, links, self._taken(solve_milp(program, time_limit_s=self._time_limit_s)))

    def _share_program(self, now: Situation, links: Links) -> MixedIntegerProgram:
        spare_kw = _spare_kw(now, idle_power_kw(now, now.band_bits))
        return program_of(now, links, _chords(now), spare_kw).model

    def _taken(self, solution: MilpResult) -> FloatArray:
        if solution.values is None:
            raise SolverError(f"no dispatch was found (solver status: {solution.status})")
        self._gap = max(self._gap, solution.gap)
        return solution.values

    def _prices(self, now: Situation) -> Prices:
        battery, vehicles = now.constants.battery, now.constants.scenario.vehicles
        kept = battery.charge_efficiency * battery.discharge_efficiency
        return Prices(self._utility_per_usd, vehicles.price_max / kept if self._stored is None else self._stored)


def dispatcher_of(settings: PlannerSettings) -> ExactDispatcher | None:
    """Who dispatches by a planner's settings; None for the world itself."""
    if settings.dispatch == "scheduler":
        return None
    per_usd = settings.cost_weight / settings.service_weight if settings.dispatch == "exact-carriers" else 0.0
    return ExactDispatcher(settings.dispatch, per_usd, settings.stored_energy_price, settings.dispatch_time_s)


def shares_of(now: Situation, links: Links, values: FloatArray) -> FloatArray:
    """Shares chi ``[band, user]`` of [MSRC] Eq. 8 of a solution whose first values are shares of demands."""
    n_sites, n_bands = now.constants.n_sites, now.constants.n_bands
    carried = values[: links.user.size]
    blocks = np.where(carried > NO_SHARE, carried, 0.0) * now.demand_mbps[links.user] / links.rate_mbps
    place = links.site * n_bands + links.band
    # Solvers keep limits up to their tolerance; shares add up to no more than 1.
    blocks /= np.maximum(np.bincount(place, blocks, n_sites * n_bands), 1.0)[place]
    share = np.zeros((n_bands, now.constants.n_users))
    share[links.band, links.user] = blocks
    return share


def _chords(now: Situation) -> int:
    """Chords per user."""
    return min(max(CHORDS // now.constants.n_users, CHORDS_MIN), CHORDS_MAX)


def _spare_kw(now: Situation, power_kw: FloatArray) -> FloatArray:
    """Lasting supply ``[site]`` beyond some power; without limit where idling exhausts it: shedding does not help."""
    supply_kw = lasting_supply(now).total()
    return np.where(supply_kw < idle_power_kw(now, now.band_bits), np.inf, supply_kw - power_kw)

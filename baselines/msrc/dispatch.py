"""Stage 2 of [MSRC]: association and bandwidth for given modes, by the world's own scheduler and by a linear program.

Both aim at the largest ``sum_u w_u log(1 + r_u / D_u)`` with ``r_u <= D_u`` ([MSRC] Eq. 27; the cap is ours: without it
traffic that nobody asked for would count). The world associates greedily, fills one band after the other, and cuts what
exceeds a site's capacity by weight; the linear program puts chords in the place of the logarithm. Vehicles are not in
Eq. 27: whoever dispatches, they serve the load first and charge the battery with the rest (``physics.supply.supply``).
"""

from typing import NamedTuple

import numpy as np

from voltran.baselines.msrc.dispatch_program import AssociationRule, DispatchProgram, links_of, program_of
from voltran.baselines.msrc.planning_state import situation
from voltran.baselines.solve import SolverError, solve_milp
from voltran.envs.blackout.commands import SiteCommands
from voltran.envs.blackout.situation import Situation
from voltran.envs.blackout.world import BlackoutWorld
from voltran.envs.errors import ScenarioError
from voltran.physics.arrays import FloatArray


class Dispatch(NamedTuple):
    """Who gets what under one plan, and what it costs the sites.

    Attributes:
        rate_mbps: ``[user]`` served rate, at most the demand.
        resource_use: ``[site, band]`` share of resource blocks in use, rho of [MSRC] Eq. 11.
        traffic_mbps: ``[site, band]`` traffic carried, nu of [MSRC] Eq. 11.
        power_kw: ``[site]`` power drawn, zero for sites that are down.
        utility: value of [MSRC] Eq. 27.
        served_share: traffic served over traffic asked for.
    """

    rate_mbps: FloatArray
    resource_use: FloatArray
    traffic_mbps: FloatArray
    power_kw: FloatArray
    utility: float
    served_share: float


def world_dispatch(world: BlackoutWorld, commands: SiteCommands, index: int = 0) -> Dispatch:
    """What the world does under these commands, if they come into force now.

    The world itself stays as it is. Users are where they are and ask for what they ask for now: in scenarios where they
    move, or demands are redrawn, the world does so first when it steps.

    Args:
        world: an outage world that has been reset.
        commands: for all worlds of the batch, ``[B, site]``; repaired, as the world repairs them.
        index: which world of the batch.

    Raises:
        ActionError: commands that the world rejects.
        EpisodeError: the world has not been reset.
        ScenarioError: a demand that is no positive number, or an index outside the batch.
    """
    now = situation(world, commands, index)
    plan = now.schedule(now.associate())
    return dispatch_of(now, plan.rate_mbps, plan.resource_use, plan.traffic_mbps)


def exact_dispatch(
    world: BlackoutWorld,
    commands: SiteCommands,
    index: int = 0,
    segments: int = 6,
    association: AssociationRule = "fixed",
    time_limit_s: float | None = None,
) -> Dispatch:
    """The best dispatch under these commands, by linear programming; of several, one of the least power.

    Source: [MSRC] Eq. 27.

    No dispatch r that meets the same limits has a utility, always the true one of its rates, that is larger by more
    than ``chord_error(segments)`` times the weights of the users that r serves in part, plus ``POWER_TIE_BREAK`` times
    r's power in kW.

    Args:
        world, commands, index: as in :func:`world_dispatch`.
        segments: chords that stand for each user's logarithm.
        association: "fixed" serves everybody from where the world does; "split" from any sites that reach the user,
            also from several at once, which bounds every association from above.
        time_limit_s: gives up after this long; by default never.

    Raises:
        SolverError: the solver failed or ran out of time.
        ActionError, EpisodeError, ScenarioError: as in :func:`world_dispatch`, or an option out of range.
    """
    now = situation(world, commands, index)
    return _solved(now, program_of(now, links_of(now, association), segments), time_limit_s)


def dispatch_program(
    world: BlackoutWorld,
    commands: SiteCommands,
    index: int = 0,
    segments: int = 6,
    association: AssociationRule = "fixed",
) -> DispatchProgram:
    """The program that :func:`exact_dispatch` solves; arguments and errors as there."""
    now = situation(world, commands, index)
    return program_of(now, links_of(now, association), segments)


def dispatch_of(now: Situation, rate_mbps: FloatArray, resource_use: FloatArray, traffic_mbps: FloatArray) -> Dispatch:
    """The dispatch with the site power, utility and traffic share that follow from rates and loads."""
    power_kw = now.power_kw(now.band_bits, resource_use, traffic_mbps)
    value = utility(rate_mbps, now.demand_mbps, now.weight)
    served_share = float(rate_mbps.sum() / now.demand_mbps.sum())
    return Dispatch(rate_mbps, resource_use, traffic_mbps, power_kw, value, served_share)


def utility(rate_mbps: FloatArray, demand_mbps: FloatArray, weight: FloatArray) -> float:
    """Priority-weighted logarithmic utility of rates; all arrays ``[user]``. Source: [MSRC] Eq. 27, with r <= D."""
    satisfaction = np.minimum(rate_mbps / demand_mbps, 1.0)
    return float(weight @ np.log1p(satisfaction))


def chord_error(segments: int) -> float:
    """How far ``log(1 + x)`` rises above its chords on 0 <= x <= 1, at most; none at their ends, 0 and 1 among them.

    The ends lie so that ``1 + x`` grows by the same factor q from each to the next; every chord is then equally good.
    With six chords the error is 0.0017, with two 0.015, and it falls with the square of their number.
    """
    # Over 1 <= y <= q the chord's slope is s = log(q) / (q - 1), and the gap is largest at y = 1 / s.
    slope = np.log(2.0) / segments / np.expm1(np.log(2.0) / segments)
    return float(slope - 1.0 - np.log(slope))


# --- inside -----------------------------------------------------------------------------------------------------------


def _solved(now: Situation, program: DispatchProgram, time_limit_s: float | None) -> Dispatch:
    if time_limit_s is not None and not time_limit_s > 0.0:
        raise ScenarioError(f"time_limit_s = {time_limit_s}: must be positive, or None for no limit")
    solution = solve_milp(program.model, time_limit_s=time_limit_s)
    if solution.status != "optimal" or solution.values is None:
        raise SolverError(
            f"the dispatch was not found (solver status: {solution.status}): raise time_limit_s = {time_limit_s}, take "
            "fewer segments, or use world_dispatch"
        )
    links, n_sites, n_bands = program.links, now.constants.n_sites, now.constants.n_bands
    carried_mbps = np.maximum(solution.values[: links.user.size], 0.0) * now.demand_mbps[links.user]

    def per_band(value: FloatArray) -> FloatArray:
        sums = np.bincount(links.site * n_bands + links.band, value, n_sites * n_bands)
        return sums.astype(np.float64).reshape(n_sites, n_bands)

    rate_mbps = np.minimum(np.bincount(links.user, carried_mbps, now.constants.n_users), now.demand_mbps)
    resource_use = np.minimum(per_band(carried_mbps / links.rate_mbps), 1.0)
    return dispatch_of(now, rate_mbps, resource_use, per_band(carried_mbps))

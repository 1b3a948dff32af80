"""Stage 2 of [MSRC]: association and bandwidth for given modes, by the world's own scheduler and by a linear program.

Both aim at the largest ``sum_u w_u log(1 + r_u / D_u)`` with ``r_u <= D_u`` ([MSRC] Eq. 27; the cap is ours: without it
traffic that nobody asked for would count). The world associates greedily, fills one band after the other, and cuts what
exceeds a site's capacity by weight; the linear program puts chords in the place of the logarithm. Vehicles are not in
Eq. 27: whoever dispatches, they serve the load first and charge the battery with the rest (``physics.balance.supply``).
"""

from typing import Literal, NamedTuple, get_args

import numpy as np

from voltran.baselines.msrc.options import load_power_kw
from voltran.baselines.msrc.planning_state import Situation, situation
from voltran.baselines.solve import MixedIntegerProgram, Rows, SolverError, solve_milp
from voltran.envs.blackout.commands import SiteCommands
from voltran.envs.blackout.world import BlackoutWorld
from voltran.envs.errors import ScenarioError
from voltran.physics.arrays import BoolArray, Float32Array, FloatArray, IntArray, RealArray
from voltran.physics.association import candidate_rates
from voltran.physics.compiled import kernel
from voltran.physics.power import HELPING, site_power_kw
from voltran.physics.radio import RadioParameters, link_rate_mbps, total_power_mw
from voltran.physics.scheduler import schedule

AssociationRule = Literal["fixed", "split"]

# Utility that a kW counts for, so that of equally useful dispatches the one with the least power is chosen. A user of
# the lowest weight gains thousands of times more from what a kW serves.
POWER_TIE_BREAK = 1e-4


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


class Links(NamedTuple):
    """Which bands may carry whose traffic; all arrays ``[link]``.

    Attributes:
        user, site, band: ends and carrier of the link.
        rate_mbps: rate if the user had the whole band, [MSRC] Eq. 8.
    """

    user: IntArray
    site: IntArray
    band: IntArray
    rate_mbps: FloatArray


class DispatchProgram(NamedTuple):
    """The linear program of a dispatch.

    Variables are, per link, the share of the user's demand that it carries, then, per user and chord, how far the
    chord is climbed. Rows are the blocks of each site and band (resource fractions sum to at most 1, [MSRC] Eq. 8), the
    capacity of each site ([MSRC] Eq. 9), and per user that the chords are climbed as far as links carry.

    Attributes:
        links: what the first variables stand for.
        model: costs are utility lost and, to break ties, power.
    """

    links: Links
    model: MixedIntegerProgram


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
    plan = schedule(now.associate(), now.mode, now.band_bits, now.demand_mbps, now.weight, now.constants.scheduler)
    return _result(now, plan.rate_mbps, plan.resource_use, plan.traffic_mbps)


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
    return _solved(now, _program(now, segments, association), time_limit_s)


def dispatch_program(
    world: BlackoutWorld,
    commands: SiteCommands,
    index: int = 0,
    segments: int = 6,
    association: AssociationRule = "fixed",
) -> DispatchProgram:
    """The program that :func:`exact_dispatch` solves; arguments and errors as there."""
    return _program(situation(world, commands, index), segments, association)


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


def _result(now: Situation, rate_mbps: FloatArray, resource_use: FloatArray, traffic_mbps: FloatArray) -> Dispatch:
    """The dispatch with the site power, utility and traffic share that follow from rates and loads."""
    power_kw = np.zeros(now.constants.n_sites)
    for site in np.flatnonzero(now.alive):
        loads = (resource_use[site], traffic_mbps[site])
        power_kw[site] = site_power_kw(now.mode[site], now.band_bits[site], *loads, now.constants.power)
    value = utility(rate_mbps, now.demand_mbps, now.weight)
    served_share = float(rate_mbps.sum() / now.demand_mbps.sum())
    return Dispatch(rate_mbps, resource_use, traffic_mbps, power_kw, value, served_share)


@kernel
def _reachable_rates(
    received_mw: RealArray,
    distance_m: Float32Array,
    mode: IntArray,
    bands: IntArray,
    radius_m: FloatArray,
    alive: BoolArray,
    radio: RadioParameters,
) -> tuple[IntArray, IntArray, FloatArray]:
    """All pairs of a user and a site that can serve it: ``user`` and ``site [pair]``, ``rate_mbps [pair, band]``."""
    n_bands, _, n_users = received_mw.shape
    total = total_power_mw(received_mw, mode, bands, alive, radio)
    count, sites, _ = candidate_rates(received_mw, total, distance_m, mode, bands, radius_m, alive, radio)
    n_pairs = count.sum()
    pair_user, pair_site = np.empty(n_pairs, dtype=np.int64), np.empty(n_pairs, dtype=np.int64)
    rate_mbps = np.zeros((n_pairs, n_bands))
    pair = 0
    for user in range(n_users):
        for k in range(count[user]):
            site = sites[user, k]
            pair_user[pair], pair_site[pair] = user, site
            for band in range(n_bands):
                if bands[site] >> band & 1:
                    helping = mode[site] == HELPING
                    rate_mbps[pair, band] = link_rate_mbps(received_mw, total, band, site, user, helping, radio)
            pair += 1
    return pair_user, pair_site, rate_mbps


def _links(now: Situation, association: AssociationRule) -> Links:
    if association == "fixed":
        served = now.associate()
        user = np.flatnonzero(served.server >= 0)
        site, rate_mbps = served.server[user].astype(np.int64), served.rate_mbps[:, user].T
    else:
        user, site, rate_mbps = _reachable_rates(
            now.received_mw, now.distance_m, now.mode, now.band_bits, now.radius_m, now.alive, now.constants.radio
        )
    pair, band = np.nonzero(rate_mbps)
    return Links(user[pair], site[pair], band, rate_mbps[pair, band])


def _capacity_mbps(now: Situation) -> FloatArray:
    """Most traffic ``[site]``. Source: [MSRC] Eq. 9."""
    scheduler = now.constants.scheduler
    is_on = (now.band_bits[:, None] >> np.arange(now.constants.n_bands) & 1) != 0
    kept = np.where(now.mode == HELPING, 1.0 - scheduler.helping_loss, 1.0)
    return np.asarray((is_on * scheduler.capacity_mbps).sum(axis=1) * kept)


def _marginal_kw(now: Situation, links: Links) -> FloatArray:
    """Power ``[link]`` that it costs to carry all demand of its user. Source: [MSRC] Eq. 2, [MSRC] Eq. 11."""
    dynamic_kw, traffic_kw = load_power_kw(now.constants)
    return now.demand_mbps[links.user] * (dynamic_kw[links.band] / links.rate_mbps + traffic_kw[links.band])


def _program(now: Situation, segments: int, association: AssociationRule) -> DispatchProgram:
    if segments < 1:
        raise ScenarioError(f"segments = {segments}: at least one chord is needed, for example 6")
    if association not in get_args(AssociationRule):
        raise ScenarioError(f"association = {association!r} is unknown; use one of fixed, split")
    links = _links(now, association)
    n_links, n_users = links.user.size, now.constants.n_users
    n_sites, n_bands = now.constants.n_sites, now.constants.n_bands
    demand = now.demand_mbps[links.user]
    rows, link, chord = Rows(), np.arange(n_links), n_links + np.arange(n_users * segments)
    blocks = rows.add(-np.inf, 1.0, n_sites * n_bands)
    rows.put(blocks + links.site * n_bands + links.band, link, demand / links.rate_mbps)
    capacity = rows.add(-np.inf, 1.0, n_sites)
    rows.put(capacity + links.site, link, demand / _capacity_mbps(now)[links.site])
    climbed = rows.add(0.0, 0.0, n_users)
    rows.put(climbed + links.user, link, 1.0)
    rows.put(climbed + np.repeat(np.arange(n_users), segments), chord, -1.0)
    ends = np.expm1(np.linspace(0.0, np.log(2.0), segments + 1))
    slope = np.diff(np.log1p(ends)) / np.diff(ends)
    costs = np.concatenate([POWER_TIE_BREAK * _marginal_kw(now, links), -np.outer(now.weight, slope).ravel()])
    model = MixedIntegerProgram(
        costs=costs,
        lower=np.zeros(costs.size),
        upper=np.concatenate([np.ones(n_links), np.tile(np.diff(ends), n_users)]),
        integral=np.zeros(costs.size, dtype=np.bool_),
        rows=rows.matrix(costs.size),
        row_lower=np.concatenate(rows.lower),
        row_upper=np.concatenate(rows.upper),
    )
    return DispatchProgram(links, model)


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
    return _result(now, rate_mbps, resource_use, per_band(carried_mbps))

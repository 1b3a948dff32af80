"""Stage 2 of [MSRC] as a program: shares of bands for given modes, and, if asked for, bands, power and vehicles.

Users keep their one site. Chords stand in for the logarithm of [MSRC] Eq. 27, so that everything is linear.
"""

from typing import Literal, NamedTuple, get_args

import numpy as np

from voltran.baselines.msrc.options import load_power_kw
from voltran.baselines.program import Label, MixedIntegerProgram, Rows, grid, listed
from voltran.envs.blackout.situation import Situation
from voltran.envs.errors import ScenarioError
from voltran.physics.arrays import BoolArray, Float32Array, FloatArray, Int16Array, IntArray, RealArray
from voltran.physics.association import candidate_rates, server_rates
from voltran.physics.compiled import kernel
from voltran.physics.radio import RadioParameters, total_power_mw
from voltran.physics.scheduler import site_capacity_mbps

AssociationRule = Literal["fixed", "split"]

# Utility that a kW counts for, so that of equally useful dispatches the one with the least power is chosen. A user of
# the lowest weight gains thousands of times more from what a kW serves.
POWER_TIE_BREAK = 1e-4
# Share of its utility that the last user counts less than the first, so that of equal users the first ones are served.
USER_TIE_BREAK = 1e-5


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
    capacity of each site ([MSRC] Eq. 9), and per user that the chords are climbed as far as links carry; then, where
    power is limited, the power of each site.

    Attributes:
        links: what the first variables stand for.
        model: costs are utility lost and, to break ties, power.
    """

    links: Links
    model: MixedIntegerProgram


class Draft:
    """A program in the making: columns and rows join it block by block.

    Attributes:
        rows: its rows.
    """

    def __init__(self) -> None:
        self.rows = Rows()
        self._columns: list[tuple[FloatArray, FloatArray, BoolArray]] = []
        self._labels: list[Label] = []
        self._count = 0

    def columns(self, costs: FloatArray, upper: FloatArray | float, label: Label, integral: bool = False) -> IntArray:
        """Add variables from zero to ``upper``; returns their indices."""
        limits = np.broadcast_to(np.asarray(upper, dtype=np.float64), costs.shape)
        self._columns.append((costs, limits, np.full(costs.shape, integral)))
        self._labels.append(label)
        first, self._count = self._count, self._count + costs.size
        return np.arange(first, self._count)

    def finished(self) -> MixedIntegerProgram:
        """The program."""
        costs, upper, integral = (np.concatenate(parts) for parts in zip(*self._columns, strict=True))
        return MixedIntegerProgram(
            costs=costs,
            lower=np.zeros(costs.size),
            upper=upper,
            integral=integral,
            rows=self.rows.matrix(costs.size),
            row_lower=np.concatenate(self.rows.lower),
            row_upper=np.concatenate(self.rows.upper),
            columns=tuple(self._labels),
            row_groups=tuple(self.rows.groups),
        )


def links_of(now: Situation, association: AssociationRule) -> Links:
    """Links to the site that the world gives each user ("fixed"), or to all that reach it ("split").

    Raises:
        ScenarioError: another rule.
    """
    if association not in get_args(AssociationRule):
        raise ScenarioError(f"association = {association!r} is unknown; use one of fixed, split")
    if association == "fixed":
        served = now.associate()
        return links_to(served.server, served.rate_mbps)
    user, site, rate_mbps = _reachable_rates(
        now.received_mw, now.distance_m, now.mode, now.band_bits, now.radius_m, now.alive, now.constants.radio
    )
    return _links(user, site, rate_mbps)


def links_to(server: Int16Array, rate_mbps: FloatArray) -> Links:
    """Links to given sites ``[user]``, -1 for none, at rates ``[band, user]``."""
    user = np.flatnonzero(server >= 0)
    return _links(user, server[user].astype(np.int64), rate_mbps[:, user].T)


def rates_from(now: Situation, server: Int16Array) -> FloatArray:
    """Rates ``[band, user]`` from given sites ``[user]``, with the bands of the situation on. Source: [MSRC] Eq. 8."""
    total = total_power_mw(now.received_mw, now.mode, now.band_bits, now.alive, now.constants.radio)
    return server_rates(now.received_mw, total, server, now.mode, now.band_bits, now.constants.radio)


def capacity_mbps(now: Situation) -> FloatArray:
    """Most traffic ``[site]``. Source: [MSRC] Eq. 9."""
    parameters = now.constants.scheduler
    return np.array(
        [site_capacity_mbps(mode, bands, parameters) for mode, bands in zip(now.mode, now.band_bits, strict=True)]
    )


def marginal_kw(now: Situation, links: Links) -> FloatArray:
    """Power ``[link]`` that it costs to carry all demand of its user. Source: [MSRC] Eq. 2, [MSRC] Eq. 11."""
    dynamic_kw, traffic_kw = load_power_kw(now.constants)
    return now.demand_mbps[links.user] * (dynamic_kw[links.band] / links.rate_mbps + traffic_kw[links.band])


class Served(NamedTuple):
    """What all programs of a dispatch have in common.

    Attributes:
        link: ``[link]`` columns: share of its user's demand that each link carries.
        blocks: ``[site, band]`` rows: resource blocks in use.
        capacity: ``[site]`` rows: traffic as a share of what all bands could carry.
    """

    link: IntArray
    blocks: IntArray
    capacity: IntArray


def serve(draft: Draft, now: Situation, links: Links, segments: int, kw_cost: float, room: float = 1.0) -> Served:
    """Enter who may be served by which link, within blocks and capacity, and what it is worth.

    Args:
        draft: the program.
        now: the situation.
        links: who can be served by whom.
        segments: chords that stand for each user's logarithm.
        kw_cost: cost of a kW of load, in units of utility.
        room: share of all bands that is there to start with; none where rows say which ones are on.
    """
    if segments < 1:
        raise ScenarioError(f"segments = {segments}: at least one chord is needed, for example 6")
    n_users, n_sites, n_bands = now.constants.n_users, now.constants.n_sites, now.constants.n_bands
    ends = np.expm1(np.linspace(0.0, np.log(2.0), segments + 1))
    slope = np.diff(np.log1p(ends)) / np.diff(ends)
    worth = now.weight * (1.0 - USER_TIE_BREAK * np.arange(n_users) / n_users)
    users = listed("share", user=links.user, site=links.site, band=links.band)
    link = draft.columns(kw_cost * marginal_kw(now, links), 1.0, users)
    chords = grid("chord", user=n_users, number=segments)
    chord = draft.columns(-np.outer(worth, slope).ravel(), np.tile(np.diff(ends), n_users), chords)
    demand, rows = now.demand_mbps[links.user], draft.rows
    blocks = rows.add(-np.inf, room, n_sites * n_bands, grid("blocks", site=n_sites, band=n_bands))
    rows.put(blocks + links.site * n_bands + links.band, link, demand / links.rate_mbps)
    capacity = rows.add(-np.inf, room, n_sites, grid("capacity", site=n_sites))
    rows.put(capacity + links.site, link, demand / capacity_mbps(now)[links.site])
    climbed = rows.add(0.0, 0.0, n_users, grid("climbed", user=n_users))
    rows.put(climbed + links.user, link, 1.0)
    rows.put(climbed + np.repeat(np.arange(n_users), segments), chord, -1.0)
    return Served(link, blocks + np.arange(n_sites * n_bands).reshape(n_sites, n_bands), capacity + np.arange(n_sites))


def program_of(now: Situation, links: Links, segments: int, spare_kw: FloatArray | None = None) -> DispatchProgram:
    """The linear program over given links; ``spare_kw [site]`` limits the power that load may add."""
    draft = Draft()
    served = serve(draft, now, links, segments, POWER_TIE_BREAK)
    if spare_kw is not None:
        power = draft.rows.add(-np.inf, spare_kw, spare_kw.size, grid("power", site=spare_kw.size))
        draft.rows.put(power + links.site, served.link, marginal_kw(now, links))
    return DispatchProgram(links, draft.finished())


# --- inside -----------------------------------------------------------------------------------------------------------


def _links(user: IntArray, site: IntArray, rate_mbps: FloatArray) -> Links:
    pair, band = np.nonzero(rate_mbps)
    return Links(user[pair], site[pair], band, rate_mbps[pair, band])


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
    found = candidate_rates(received_mw, total, distance_m, mode, bands, radius_m, alive, radio)
    n_pairs = found.counts.sum()
    pair_user, pair_site = np.empty(n_pairs, dtype=np.int64), np.empty(n_pairs, dtype=np.int64)
    rate_mbps = np.zeros((n_pairs, n_bands))
    pair = 0
    for user in range(n_users):
        for k in range(found.counts[user]):
            pair_user[pair], pair_site[pair] = user, found.sites[user, k]
            rate_mbps[pair] = found.band_rates_mbps[user, k]
            pair += 1
    return pair_user, pair_site, rate_mbps

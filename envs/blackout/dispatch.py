"""The door for those who dispatch in the world's place: who serves whom, with which share of which band.

Commands may carry a dispatcher. The world asks it whenever it would associate users and share bands itself, that is
when demands, commands or live sites have changed; rates, traffic, power and everything else follow from what it says
by the world's own physics.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from voltran.envs.blackout.situation import Situation
from voltran.envs.errors import ActionError
from voltran.physics.arrays import BoolArray, FloatArray, Int16Array, IntArray
from voltran.physics.association import server_rates
from voltran.physics.given_shares import SHARE_TOLERANCE, carry
from voltran.physics.power import HELPING, SLEEP
from voltran.physics.radio import total_power_mw
from voltran.physics.scheduler import Schedule


@dataclass(frozen=True)
class Allocation:
    """What a dispatcher decides for one world.

    Attributes:
        server: ``[user]`` serving site, -1 for none.
        share: ``[band, user]`` chi of [MSRC] Eq. 8, shares of the serving site's resource blocks. What a user gets
            beyond the demand stays free.
        band_bits: ``[site]`` bit sets of the bands that are on, among those of the commands; None for all of these.
        ev_power_kw: ``[site]`` power to draw from vehicles, at most, until the next dispatch; None for what the
            commands say, which limits it in any case.
    """

    server: NDArray[np.integer[Any]]
    share: FloatArray
    band_bits: IntArray | None = None
    ev_power_kw: FloatArray | None = None


@runtime_checkable
class Dispatcher(Protocol):
    """Dispatches for one world after the other.

    What it decides should follow from the situation alone. Those that are equal (``==``) count as one: service stays as
    it is where an equal one takes over. A frozen dataclass compares by its fields.
    """

    def allocate(self, situation: Situation) -> Allocation | None:
        """Who serves whom; None leaves this dispatch to the world's own association and scheduler."""
        ...


class Dispatched(NamedTuple):
    """A checked allocation, and what it comes to.

    Attributes:
        server: ``[user]`` serving site, -1 for none.
        band_bits: ``[site]`` bit sets of the bands that are on.
        ev_limit_kw: ``[site]`` limit of vehicle power beside that of the commands, infinite where there is none.
        plan: what users get, and what it costs the sites.
    """

    server: Int16Array
    band_bits: IntArray
    ev_limit_kw: FloatArray
    plan: Schedule


def carried_out(situation: Situation, allocation: Allocation) -> Dispatched:
    """What an allocation comes to, by the physics of the world.

    Raises:
        ActionError: an allocation that sites cannot carry out; names the site or user, and the value.
    """
    constants, alive = situation.constants, situation.alive
    bands = _checked_bands(situation, allocation.band_bits)
    server = _checked_servers(situation, allocation.server)
    radio = constants.radio
    total = total_power_mw(situation.received_mw, situation.mode, bands, alive, radio)
    rates = server_rates(situation.received_mw, total, server, situation.mode, bands, radio)
    share = _checked_shares(situation, allocation.share, server, bands, rates)
    plan = carry(
        server, share, rates, situation.mode, bands, situation.demand_mbps, situation.weight, constants.scheduler
    )
    return Dispatched(server, bands, _checked_limits(situation, allocation.ev_power_kw), plan)


# --- inside -----------------------------------------------------------------------------------------------------------


def _checked_bands(situation: Situation, band_bits: Any) -> IntArray:
    commanded = situation.band_bits
    if band_bits is None:
        return commanded
    bands = _array(situation, "band_bits", band_bits, commanded.shape, np.integer).astype(np.int64)
    awake = situation.alive & (commanded != 0)
    _require(situation, "band_bits", "bs_", bands, (bands & ~commanded) == 0, f"commands allow {commanded.tolist()}")
    _require(situation, "band_bits", "bs_", bands, (bands != 0) | ~awake, "a site that is awake keeps a band on")
    lowest = commanded & (1 << situation.constants.lowest_band)
    keeps = (bands & lowest == lowest) | (situation.mode != HELPING)
    _require(situation, "band_bits", "bs_", bands, keeps, "a helping site keeps its lowest band on")
    return bands


def _checked_servers(situation: Situation, server: Any) -> Int16Array:
    n_users = situation.demand_mbps.size
    found = _array(situation, "server", server, (n_users,), np.integer)
    n_sites = situation.alive.size
    known = (found >= -1) & (found < n_sites)
    _require(situation, "server", "user ", found, known, f"must lie in [-1, {n_sites - 1}]")
    served, site = found >= 0, np.maximum(found, 0)
    _require(situation, "server", "user ", found, ~served | situation.alive[site], "that site is down")
    _require(situation, "server", "user ", found, ~served | (situation.mode[site] != SLEEP), "that site sleeps")
    # as the association compares them
    radius_m = situation.radius_m.astype(situation.distance_m.dtype)
    near = situation.distance_m[site, np.arange(n_users)] <= radius_m[site]
    _require(situation, "server", "user ", found, ~served | near, "the user is beyond that site's radius")
    return found.astype(np.int16)


def _checked_shares(
    situation: Situation, share: Any, server: Int16Array, bands: IntArray, rates: FloatArray
) -> FloatArray:
    n_bands, n_users = rates.shape
    n_sites = situation.alive.size
    found = _array(situation, "share", share, (n_bands, n_users), np.floating).astype(np.float64)
    served, site = server >= 0, np.maximum(server, 0)
    reached = ~served | rates.any(axis=0)
    _require(situation, "server", "user ", server, reached, "no band that is on there reaches the user")
    is_on = (bands[site] >> np.arange(n_bands)[:, None] & 1) != 0
    for band in range(n_bands):
        name = f"share of band {band}"
        _require(situation, name, "user ", found[band], found[band] >= 0.0, "must be a number from 0 to 1")
        none = found[band] == 0.0
        _require(situation, name, "user ", found[band], served | none, "the user has no site")
        _require(situation, name, "user ", found[band], is_on[band] | none, "the band is off at the user's site")
        used = np.bincount(site[served], found[band, served], n_sites)
        _require(situation, f"sum of {name}", "bs_", used, used <= 1.0 + SHARE_TOLERANCE, "must not exceed 1")
    return found


def _checked_limits(situation: Situation, ev_power_kw: Any) -> FloatArray:
    limit_kw = np.full(situation.alive.shape, np.inf)
    if ev_power_kw is None:
        return limit_kw
    found = _array(situation, "ev_power_kw", ev_power_kw, limit_kw.shape, np.floating)
    _require(situation, "ev_power_kw", "bs_", found, found >= 0.0, "must not be negative")
    # Vehicles of a site that is down may recharge its battery, as commands say.
    return np.where(situation.alive, found, limit_kw)


def _array(situation: Situation, field: str, value: Any, shape: tuple[int, ...], kind: Any) -> NDArray[Any]:
    array = np.asarray(value)
    told = f"dispatch {field} in world {situation.world}"
    if array.shape != shape:
        raise ActionError(f"{told}: shape {array.shape} is not {shape}")
    if not np.issubdtype(array.dtype, kind):
        raise ActionError(f"{told}: dtype {array.dtype} is not {kind.__name__}")
    return array


def _require(situation: Situation, field: str, whose: str, value: NDArray[Any], holds: BoolArray, rule: str) -> None:
    if not holds.all():
        index = int(np.argmin(holds))
        raise ActionError(f"dispatch {field} of {whose}{index} in world {situation.world} = {value[index]}: {rule}")

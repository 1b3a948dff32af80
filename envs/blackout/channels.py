"""Channels of one outage episode: line of sight, shadowing and buildings of users who stand still or walk."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from voltran.envs.blackout.constants import BlackoutConstants
from voltran.envs.draws import Stream, generator, normal_of, uniform_rows
from voltran.physics import propagation
from voltran.physics.arrays import FloatArray
from voltran.physics.propagation import (
    INDOOR_DEPTH_MAX_M,
    INDOOR_SPREAD_DB,
    building_loss_db,
    line_of_sight_probability,
)
from voltran.physics.radio import covered_users

COVERAGE_TRIES = 10
# Shadowing of a walker is drawn at nodes of the walked distance and interpolated so that its variance stays. With this
# spacing the correlation falls to 1 / e at 50 m, the distance of TR 38.901 Table 7.5-6 (UMa, no line of sight).
CORRELATION_DISTANCE_M = 50.0
NODE_SPACING_M = 1.065 * CORRELATION_DISTANCE_M


@dataclass(frozen=True)
class ChannelDraws:
    """Random part of the channels.

    Attributes:
        sight_uniform: ``[site, user]`` line of sight where below its probability.
        shadowing_normal: ``[site, user]`` standard normal.
        indoor: ``[user]``.
        depth_m, wall_db: ``[user]`` building loss.
    """

    sight_uniform: FloatArray
    shadowing_normal: FloatArray
    indoor: NDArray[np.bool_]
    depth_m: FloatArray
    wall_db: FloatArray

    def put(self, users: NDArray[np.int64], others: "ChannelDraws") -> None:
        """Give some users the channels of ``others``, in order."""
        for name in ("sight_uniform", "shadowing_normal", "indoor", "depth_m", "wall_db"):
            getattr(self, name)[..., users] = getattr(others, name)


def draw_channels(constants: BlackoutConstants, seed: int, users: NDArray[np.int64], attempt: int = 0) -> ChannelDraws:
    """Line of sight, shadowing (partly common to all sites) and building loss of some users, given in rising order."""
    n_sites = constants.n_sites
    uniform = uniform_rows(seed, Stream.CHANNEL, attempt, users, 2 * n_sites + 5)
    sight, shadowing, building = np.split(uniform, [n_sites, 2 * n_sites + 1], axis=1)
    return ChannelDraws(
        sight_uniform=np.ascontiguousarray(sight.T),
        shadowing_normal=_with_common_share(constants, normal_of(shadowing)),
        indoor=building[:, 0] < constants.scenario.users.indoor_share,
        depth_m=INDOOR_DEPTH_MAX_M * building[:, 1:3].min(axis=1),
        wall_db=INDOOR_SPREAD_DB * normal_of(building[:, 3]),
    )


def draw_covered_channels(
    constants: BlackoutConstants, seed: int, distance: FloatArray
) -> tuple[ChannelDraws, FloatArray, NDArray[np.int64]]:
    """Channels under which normal operation covers the users, where the scenario asks for that.

    Who had no service before the outage cannot lose it: a user that no site serves in normal operation draws its
    channel again, a few times at most.

    Args:
        constants, seed: the scenario's constants, and the episode.
        distance: ``[site, user]`` in metres.

    Returns:
        Channels, received powers ``[band, site, user]``, and the users that remain uncovered.
    """
    channels = draw_channels(constants, seed, np.arange(distance.shape[1]))
    received = received_power_mw(constants, channels, distance)
    uncovered = np.flatnonzero(~covered_users(received, distance, constants.r_nom_m, constants.radio))
    if not constants.scenario.users.covered_at_start:
        return channels, received, uncovered
    for attempt in range(1, COVERAGE_TRIES + 1):
        if uncovered.size == 0:
            break
        again, apart = draw_channels(constants, seed, uncovered, attempt), distance[:, uncovered]
        channels.put(uncovered, again)
        received[..., uncovered] = anew = received_power_mw(constants, again, apart)
        uncovered = uncovered[~covered_users(anew, apart, constants.r_nom_m, constants.radio)]
    return channels, received, uncovered


def walked_channels(constants: BlackoutConstants, seed: int, start: ChannelDraws, walked_m: float) -> ChannelDraws:
    """Channels after walking some distance from the start: a function of that distance, however many steps it took.

    Line of sight and shadowing change with the place; users take their building along. Between nodes ``k`` and
    ``k + 1`` a field is ``cos(pi u / 2) X_k + sin(pi u / 2) X_(k+1)``, ``u`` from 0 to 1: a standard normal number
    everywhere. Line of sight is the normal distribution function of such a field. One correlation distance for both
    states simplifies the 37 and 50 m of TR 38.901: two processes would not keep the share common to all sites.
    """
    if walked_m == 0.0:
        return start
    node, share = divmod(walked_m / NODE_SPACING_M, 1.0)
    (sight, shadowing), (sight_next, shadowing_next) = (
        _node_fields(constants, seed, start, int(node) + ahead) for ahead in (0, 1)
    )
    old, new = np.cos(0.5 * np.pi * share), np.sin(0.5 * np.pi * share)
    return replace(
        start,
        sight_uniform=ndtr(old * sight + new * sight_next),
        shadowing_normal=old * shadowing + new * shadowing_next,
    )


def received_power_mw(constants: BlackoutConstants, channels: ChannelDraws, distance: FloatArray) -> FloatArray:
    """Power ``[band, site, user]`` that users at distances ``[site, user]`` receive from each site, were it sending."""
    radio = constants.scenario.radio
    if radio.line_of_sight == "random":
        sight = channels.sight_uniform < line_of_sight_probability(distance)
    else:
        sight = np.full(distance.shape, radio.line_of_sight == "always")
    building_db = np.stack(
        [building_loss_db(frequency, channels.depth_m, channels.wall_db) for frequency in constants.frequencies_ghz]
    )
    return propagation.received_power_mw(
        distance,
        sight,
        channels.shadowing_normal if radio.shadowing else np.zeros(distance.shape),
        np.where(channels.indoor, building_db, 0.0),
        constants.transmit_dbm,
        constants.frequencies_ghz,
        radio.site_height_m,
        constants.scenario.users.height_m,
    )


def _node_fields(
    constants: BlackoutConstants, seed: int, start: ChannelDraws, node: int
) -> tuple[FloatArray, FloatArray]:
    """Standard normal fields ``[site, user]`` of line of sight and shadowing at a node of the walked distance."""
    if node == 0:
        return normal_of(start.sight_uniform), start.shadowing_normal
    n_sites, n_users = start.sight_uniform.shape
    normal = generator(seed, Stream.WALKED_CHANNEL, node).standard_normal((n_users, 2 * n_sites + 1))
    return np.ascontiguousarray(normal[:, :n_sites].T), _with_common_share(constants, normal[:, n_sites:])


def _with_common_share(constants: BlackoutConstants, normal: FloatArray) -> FloatArray:
    """Shadowing ``[site, user]`` from normal numbers ``[user, site + 1]``, the last of which all sites share."""
    common = constants.scenario.radio.shadowing_site_common_share
    mixed = np.sqrt(1.0 - common) * normal[:, :-1] + np.sqrt(common) * normal[:, -1:]
    return np.ascontiguousarray(mixed.T)

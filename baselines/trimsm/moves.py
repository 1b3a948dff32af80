"""Moves of a matching between clients and stations, and the limits that make them legal. Source: [FDRAN] Alg. 2.

A client is whoever is served (a UE, a cluster of users), a station whoever serves (a UBS, a site); what a matching is
worth is not known here. ``M`` stations, ``K`` clients; -1 stands for nobody.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from voltran.envs.errors import ScenarioError
from voltran.physics.compiled import kernel
from voltran.physics.uplink import BoolArray, IntArray

NOBODY = -1


class Moves(NamedTuple):
    """``n`` candidate moves; each changes the stations of one or two clients.

    Attributes:
        client: ``[n, 2]``, the second entry -1 for none.
        leave: ``[n, 2]`` station that the client leaves, -1 for none.
        join: ``[n, 2]`` station that it joins, -1 for none.
    """

    client: IntArray
    leave: IntArray
    join: IntArray


@dataclass(frozen=True)
class Limits:
    """What an association must keep.

    A start may break a limit, as where there are fewer clients than stations that must serve one; no move breaks it
    further.

    Attributes:
        stations_per_client: least and largest number; a least number of 0 lets clients go unserved.
        clients_per_station: least and largest number; a least number of 1 forbids sleep.
        allowed: ``[M, K]`` where a client may be served.
    """

    stations_per_client: tuple[int, int]
    clients_per_station: tuple[int, int]
    allowed: BoolArray

    def __post_init__(self) -> None:
        for name in ("stations_per_client", "clients_per_station"):
            least, largest = getattr(self, name)
            if not 0 <= least <= largest:
                raise ScenarioError(f"{name} = {(least, largest)}: need 0 <= least <= largest")

    @property
    def bounds(self) -> IntArray:
        """Least and largest stations per client, least and largest clients per station."""
        return np.array([*self.stations_per_client, *self.clients_per_station], dtype=np.int64)


def legal_moves(association: BoolArray, limits: Limits, *, swaps: bool = True, client: int | None = None) -> Moves:
    """All legal moves from an association, in a fixed order.

    For each client ``k``: with every later client ``k'``, exchange ``m`` of ``k`` and ``m'`` of ``k'``, where either
    may be the empty set and a station already held is not joined twice; then remove, add and replace one of its own.

    Args:
        association: ``[M, K]``.
        limits: what moves keep.
        swaps: whether to list moves of two clients.
        client: list moves of this first client only; None for all.
    """
    first, last = (0, association.shape[1]) if client is None else (client, client + 1)
    stations, clients = association.sum(axis=0), association.sum(axis=1)
    arguments = (association, limits.allowed, limits.bounds, stations, clients, first, last, swaps)
    count = _enumerate(*arguments, _room_for(0))
    moves = _room_for(count)
    _enumerate(*arguments, moves)
    return Moves(moves.client[:count], moves.leave[:count], moves.join[:count])


def _room_for(count: int) -> Moves:
    """Arrays for some moves and one scratch row."""
    return Moves(*(np.empty((count + 1, 2), dtype=np.int64) for _ in range(3)))


@kernel
def is_legal(
    moves: Moves, index: int, allowed: BoolArray, bounds: IntArray, stations: IntArray, clients: IntArray
) -> bool:
    """Whether a move keeps the limits, given the number of stations of each client and of clients of each station.

    It is taken for granted that the clients hold what they leave and do not hold what they join.
    """
    client, leave, join = moves.client[index], moves.leave[index], moves.join[index]
    for side in range(2):
        if client[side] >= 0:
            if join[side] >= 0 and not allowed[join[side], client[side]]:
                return False
            change = int(join[side] >= 0) - int(leave[side] >= 0)
            if not _keeps(stations[client[side]], change, bounds[0], bounds[1]):
                return False
    for side in range(2):
        for station in (leave[side], join[side]):
            if station >= 0:
                change = 0
                for other in range(2):
                    change += int(join[other] == station) - int(leave[other] == station)
                if not _keeps(clients[station], change, bounds[2], bounds[3]):
                    return False
    return True


@kernel
def _keeps(count: int, change: int, least: int, largest: int) -> bool:
    after = count + change
    return (after >= least or change >= 0) and (after <= largest or change <= 0)


class _Situation(NamedTuple):
    """What moves are listed from; ``held`` ``[K, M + 1]`` has the stations of each client, then the empty set."""

    association: BoolArray
    allowed: BoolArray
    bounds: IntArray
    stations: IntArray
    clients: IntArray
    held: IntArray


@kernel
def _enumerate(
    association: BoolArray,
    allowed: BoolArray,
    bounds: IntArray,
    stations: IntArray,
    clients: IntArray,
    first: int,
    last: int,
    swaps: bool,
    out: Moves,
) -> int:
    """Write legal moves to ``out``, whose last row is scratch, as far as it reaches; returns how many there are."""
    n_stations, n_clients = association.shape
    held = np.full((n_clients, n_stations + 1), NOBODY)
    for client in range(n_clients):
        held[client, : stations[client]] = np.flatnonzero(association[:, client])
    situation = _Situation(association, allowed, bounds, stations, clients, held)
    found = 0
    for client in range(first, last):
        if swaps:
            for other in range(client + 1, n_clients):
                found = _list_exchanges(situation, client, other, out, found)
        found = _list_own(situation, client, out, found)
    return found


@kernel
def _list_exchanges(situation: _Situation, client: int, other: int, out: Moves, found: int) -> int:
    for mine in situation.held[client, : situation.stations[client] + 1]:
        for theirs in situation.held[other, : situation.stations[other] + 1]:
            gives = theirs >= 0 and not situation.association[theirs, client]
            takes = mine >= 0 and not situation.association[mine, other]
            # removing one client's own station is listed as its own move
            if mine == theirs or (mine < 0 and not gives) or (theirs < 0 and not takes):
                continue
            joins = (theirs if gives else NOBODY, mine if takes else NOBODY)
            found = _record(situation, (client, other), (mine, theirs), joins, out, found)
    return found


@kernel
def _list_own(situation: _Situation, client: int, out: Moves, found: int) -> int:
    for leave in situation.held[client, : situation.stations[client] + 1]:
        for join in range(NOBODY, situation.association.shape[0]):
            stays = leave < 0 and join < 0
            if not stays and (join < 0 or not situation.association[join, client]):
                found = _record(situation, (client, NOBODY), (leave, NOBODY), (join, NOBODY), out, found)
    return found


@kernel
def _record(
    situation: _Situation,
    client: tuple[int, int],
    leave: tuple[int, int],
    join: tuple[int, int],
    out: Moves,
    found: int,
) -> int:
    """Write a move down if it is legal, or only to the scratch row at the end; returns the number found."""
    row = min(found, out.client.shape[0] - 1)
    for side in range(2):
        out.client[row, side] = client[side]
        out.leave[row, side] = leave[side]
        out.join[row, side] = join[side]
    legal = is_legal(out, row, situation.allowed, situation.bounds, situation.stations, situation.clients)
    return found + int(legal)

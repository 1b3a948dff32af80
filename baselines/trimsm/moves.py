"""Moves of a matching between clients and stations, and the limits that make them legal. Source: [FDRAN] Alg. 2.

A client is whoever is served (a UE, a cluster of users), a station whoever serves (a UBS, a site); what a matching is
worth is not known here. ``M`` stations, ``K`` clients; -1 stands for nobody.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from voltran.envs.errors import ScenarioError
from voltran.physics.arrays import BoolArray, IntArray
from voltran.physics.compiled import kernel

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


def legal_moves(
    association: BoolArray, limits: Limits, *, swaps: bool = True, changes: bool = True, client: int | None = None
) -> Moves:
    """All legal moves from an association, in a fixed order.

    For each client ``k``: with every later client ``k'``, exchange ``m`` of ``k`` and ``m'`` of ``k'``, where either
    may be the empty set and a station already held is not joined twice; then remove, add and replace one of its own.

    Args:
        association: ``[M, K]``.
        limits: what moves keep.
        swaps: whether to list moves of two clients.
        changes: whether to list moves of one client; without them only those are left that are exchanges with the
            empty set, where a client gives up what another one holds, too.
        client: list moves of this first client only; None for all.
    """
    first, last = (0, association.shape[1]) if client is None else (client, client + 1)
    stations, clients = association.sum(axis=0), association.sum(axis=1)
    most = int((stations[first:last] + 1).sum() * (association.shape[0] + 1 + swaps * (stations + 1).sum()))
    moves = Moves(*(np.full((most, 2), NOBODY) for _ in range(3)))
    count = _list_changes(association, stations, first, last, swaps, changes, moves)
    moves = Moves(moves.client[:count], moves.leave[:count], moves.join[:count])
    legal = _which_are_legal(moves, limits.allowed, limits.bounds, stations, clients)
    return Moves(moves.client[legal], moves.leave[legal], moves.join[legal])


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


@kernel
def _which_are_legal(
    moves: Moves, allowed: BoolArray, bounds: IntArray, stations: IntArray, clients: IntArray
) -> BoolArray:
    legal = np.empty(moves.client.shape[0], dtype=np.bool_)
    for index in range(legal.size):
        legal[index] = is_legal(moves, index, allowed, bounds, stations, clients)
    return legal


@kernel
def _list_changes(
    association: BoolArray, stations: IntArray, first: int, last: int, swaps: bool, changes: bool, out: Moves
) -> int:
    """Write all that moves may change to ``out``, which is full of -1, legal or not; returns how many there are."""
    n_stations, n_clients = association.shape
    held = np.full((n_clients, n_stations + 1), NOBODY)  # stations of each client, then the empty set
    for client in range(n_clients):
        held[client, : stations[client]] = np.flatnonzero(association[:, client])
    count = 0
    for client in range(first, last):
        mine = held[client, : stations[client] + 1]
        for other in range(client + 1, n_clients if swaps else 0):
            theirs = held[other, : stations[other] + 1]
            count = _list_exchanges(association, client, other, mine, theirs, out, count)
        for leave in mine:
            # an exchange of a station with the empty set of somebody who holds it already takes it away
            taken = leave != NOBODY and association[leave].sum() > 1
            for join in range(NOBODY, n_stations if changes else 0):
                differs = leave != NOBODY if join == NOBODY else not association[join, client]
                if differs and (changes or taken):
                    out.client[count, 0], out.leave[count, 0], out.join[count, 0] = client, leave, join
                    count += 1
    return count


@kernel
def _list_exchanges(
    association: BoolArray, client: int, other: int, mine: IntArray, theirs: IntArray, out: Moves, count: int
) -> int:
    for give in mine:
        for take in theirs:
            joins = take != NOBODY and not association[take, client]
            joined = give != NOBODY and not association[give, other]
            # where only one of the two changes, it is listed as its own move
            if give == take or (give == NOBODY and not joins) or (take == NOBODY and not joined):
                continue
            out.client[count, 0], out.leave[count, 0] = client, give
            out.client[count, 1], out.leave[count, 1] = other, take
            if joins:
                out.join[count, 0] = take
            if joined:
                out.join[count, 1] = give
            count += 1
    return count

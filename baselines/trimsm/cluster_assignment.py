"""What each site holds under a matching of clusters with sites, and what moves would make of it."""

from typing import NamedTuple

import numpy as np

from voltran.baselines.trimsm.moves import Moves
from voltran.baselines.trimsm.outage_problem import OutageProblem
from voltran.baselines.trimsm.outage_sites import COST, KEPT, Trials, held_by, operate
from voltran.physics.arrays import BoolArray, FloatArray, IntArray
from voltran.physics.power import ASSISTED, HELPING, NORMAL, SLEEP

# Clusters that a site serves and that are at home there, that it serves for others, and that others serve for it.
OWN, FOREIGN, LOST = range(3)
# A move's two clients leave and join a site each.
SIGNS = np.array([-1, 1, -1, 1])


class Scene(NamedTuple):
    """What sites are judged by while the same ones are awake.

    Attributes:
        problem: the world.
        price: ``[site]`` cost per kW to the power of the exponent.
        table: ``[flow, mode, reach, quantity]``; see ``cluster_tables``.
        partnered: ``[site]`` whether it may help.
    """

    problem: OutageProblem
    price: FloatArray
    table: FloatArray
    partnered: BoolArray


class Holdings:
    """What sites hold when cluster ``k`` is served by ``server[k]``, -1 for none.

    Attributes:
        server: ``[cluster]``.
        sums: ``[site, kind, mode, reach, quantity]`` of the table over the clusters that a site serves.
        counts: ``[3, site]`` own, foreign and lost clusters.
        modes: ``[site]`` read off the matching.
        cost: part of the objective that sites decide.
        kept: share of weighted demand with service level agreements that they serve.
    """

    def __init__(self, server: IntArray, scene: Scene) -> None:
        self.scene, self.server = scene, server
        problem = scene.problem
        clusters, n_sites = problem.clusters, problem.constants.n_sites
        served = np.flatnonzero(server >= 0)
        site, home = server[served], clusters.home[served]
        self.sums = held_by(server, clusters.flow, clusters.best_effort, scene.table)
        self.counts = np.stack(
            [
                np.bincount(site[site == home], minlength=n_sites),
                np.bincount(site[site != home], minlength=n_sites),
                np.bincount(home[site != home], minlength=n_sites),
            ]
        )
        self.modes = self._modes(np.arange(n_sites), self.counts)
        self._results = self.operations(self.modes)
        self.cost, self.kept = float(self._results[:, COST].sum()), float(self._results[:, KEPT].sum())

    def operations(self, modes: IntArray) -> FloatArray:
        """How all sites would best operate in given modes ``[site]``; columns as in :func:`operate`."""
        nothing = np.full((modes.size, SIGNS.size), -1)
        return self._operate(Trials(np.arange(modes.size), modes, nothing, SIGNS))

    def after(self, moves: Moves) -> tuple[FloatArray, FloatArray]:
        """Cost and service ``[n]`` after each move alone."""
        problem = self.scene.problem
        site = np.stack([moves.leave, moves.join], axis=2).reshape(-1, SIGNS.size)
        client = np.repeat(moves.client, 2, axis=1)
        flow = np.where(site >= 0, problem.clusters.flow[client, site], -1)
        home = problem.clusters.home[client]
        changes = [SIGNS * ((site >= 0) & (site == home)), SIGNS * ((site >= 0) & (site != home))]
        # a change of what a site has lost only matters where modes depend on it
        touched = np.concatenate([site, np.where(changes[FOREIGN] != 0, home, -1)], axis=1) if problem.literal else site
        row, slot = np.nonzero(_first_mentions(touched))
        place = touched[row, slot]
        counts = self.counts[:, place].copy()
        here = site[row] == place[:, None]
        counts[OWN] += (changes[OWN][row] * here).sum(axis=1)
        counts[FOREIGN] += (changes[FOREIGN][row] * here).sum(axis=1)
        counts[LOST] += (changes[FOREIGN][row] * (home[row] == place[:, None])).sum(axis=1)
        shifts = np.where(here, flow[row], -1)
        results = self._operate_once(place, self._modes(place, counts), shifts) - self._results[place]
        n_moves = len(moves.client)
        cost, kept = (np.bincount(row, results[:, column], n_moves).astype(np.float64) for column in (COST, KEPT))
        return self.cost + cost, self.kept + kept

    def _modes(self, site: IntArray, counts: IntArray) -> IntArray:
        """Modes of sites with given counts ``[3, .]`` of clusters."""
        scene = self.scene
        idle = ~scene.problem.alive[site] | (counts[OWN] + counts[FOREIGN] == 0)
        helping = (counts[FOREIGN] > 0) & scene.partnered[site]
        needy = ASSISTED if scene.problem.literal else NORMAL
        return np.select([idle, helping, counts[LOST] > 0], [SLEEP, HELPING, needy], NORMAL)

    def _operate_once(self, site: IntArray, modes: IntArray, shifts: IntArray) -> FloatArray:
        """Trials that occur more than once are made once: what a leaving cluster saves is the same wherever it goes."""
        key = np.column_stack([site, modes, shifts])
        order = np.lexsort(key.T)
        fresh = np.ones(order.size, dtype=bool)
        fresh[1:] = (key[order[1:]] != key[order[:-1]]).any(axis=1)
        kinds = order[fresh]
        results = self._operate(Trials(site[kinds], modes[kinds], shifts[kinds], SIGNS))
        which = np.empty(order.size, dtype=np.int64)
        which[order] = np.cumsum(fresh) - 1
        return np.asarray(results[which])

    def _operate(self, trials: Trials) -> FloatArray:
        scene = self.scene
        problem = scene.problem
        results = operate(self.sums, scene.table, problem.flow_kind, trials, scene.price, problem.rules)
        return np.where(problem.alive[trials.site][:, None], results, 0.0)


def _first_mentions(site: IntArray) -> BoolArray:
    """``[n, slot]`` True where a slot names a site that no earlier slot of its row names."""
    first = site >= 0
    for slot in range(1, site.shape[1]):
        first[:, slot] &= (site[:, :slot] != site[:, slot : slot + 1]).all(axis=1)
    return first


def clients_after(clients: IntArray, moves: Moves) -> IntArray:
    """Clients of each site ``[n, site]`` after each move alone, from those before, ``[site]``."""
    after = np.repeat(clients[None], len(moves.client), axis=0)
    rows = np.arange(len(moves.client))
    for sites, change in ((moves.leave, -1), (moves.join, 1)):
        for side in range(sites.shape[1]):
            named = sites[:, side] >= 0
            after[rows[named], sites[named, side]] += change
    return after

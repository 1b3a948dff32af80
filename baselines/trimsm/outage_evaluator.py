"""What a matching of user clusters with sites is worth in an outage: power per energy, and demand that is shed."""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from voltran.baselines.trimsm.cluster_assignment import Holdings, Scene, clients_after
from voltran.baselines.trimsm.matching import apply_move
from voltran.baselines.trimsm.moves import Moves
from voltran.baselines.trimsm.outage_problem import OutageProblem
from voltran.baselines.trimsm.outage_sites import POWER_KW
from voltran.physics.arrays import BoolArray, FloatArray, IntArray
from voltran.physics.power import NORMAL

# As many tables, of several MB each, are kept: going back and forth between sets of awake sites costs nothing.
KEPT_TABLES = 24
# A shortfall below this is rounding.
NO_SHORTFALL = 1e-10


class OutageEvaluator:
    """Judges matchings of one problem; implements :class:`voltran.baselines.trimsm.matching.Evaluator`.

    The value is ``-J`` with ``J = sum_i (P_i / E_i)^q / J_0 + mu * (share of weighted demand that is shed)``, where
    ``J_0`` is the first sum while every live site serves its own users on all bands. Reconstructed: [FDRAN] maximises
    energy efficiency, which knows no battery. The shortfall is what emergency, voice and essential users lack of the
    floor.

    Sites that are awake interfere on all bands, whichever they choose; what follows from that is computed anew where a
    move changes who is awake. Otherwise a move costs as much as the sites that it touches.

    Args:
        problem: the world.

    Attributes:
        association: ``[site, cluster]`` the present one.
        awake: ``[site]`` sites that serve somebody.
        reference: ``J_0``.
    """

    def __init__(self, problem: OutageProblem) -> None:
        self.problem = problem
        self._tables: OrderedDict[bytes, FloatArray] = OrderedDict()
        self._price = np.where(problem.alive, problem.energy_kwh**-problem.rules.exponent, 0.0)
        self.reference = self._reference()
        self._price /= self.reference
        self.load(np.zeros_like(problem.limits.allowed))

    def load(self, association: BoolArray) -> None:
        """Start from an association ``[site, cluster]``."""
        self.association = association.copy()
        self.awake = awake_sites(association)
        self.holdings = Holdings(servers(association), self.scene_of(self.awake))

    def current(self) -> tuple[float, float]:
        """Value and shortfall of the present association."""
        return self._judged(self.holdings)

    def evaluate(self, moves: Moves) -> tuple[FloatArray, FloatArray]:
        """Value and shortfall, ``[n]`` each, after each move alone."""
        cost, kept = np.empty(len(moves.client)), np.empty(len(moves.client))
        for awake, chosen in self._by_awake(moves):
            same = np.array_equal(awake, self.awake)
            holdings = self.holdings if same else Holdings(self.holdings.server, self.scene_of(awake))
            cost[chosen], kept[chosen] = holdings.after(Moves(*(part[chosen] for part in moves)))
        return self._value(cost), self._shortfall(kept)

    def apply(self, moves: Moves, index: int) -> None:
        """Carry one move out."""
        apply_move(self.association, moves, index)
        self.load(self.association)

    def evaluate_association(self, association: BoolArray) -> tuple[float, float]:
        """Value and shortfall of any association; the present one stays."""
        return self._judged(Holdings(servers(association), self.scene_of(awake_sites(association))))

    def scene_of(self, awake: BoolArray) -> Scene:
        """What sites are judged by while some are awake; tables are kept for a while."""
        key = awake.tobytes()
        if key not in self._tables:
            if len(self._tables) == KEPT_TABLES:
                self._tables.popitem(last=False)
            self._tables[key] = self.problem.table(awake)
        self._tables.move_to_end(key)
        return Scene(self.problem, self._price, self._tables[key], self.problem.partnered(awake))

    def forget_tables(self) -> None:
        """Free the memory of all tables but the present one."""
        self._tables.clear()

    def _judged(self, holdings: Holdings) -> tuple[float, float]:
        value = self._value(np.array([holdings.cost]))
        return float(value[0]), float(self._shortfall(np.array([holdings.kept]))[0])

    def _value(self, cost: FloatArray) -> FloatArray:
        return -(cost + self.problem.settings.mu)

    def _shortfall(self, kept: FloatArray) -> FloatArray:
        missing = self.problem.settings.floor * self.problem.guaranteed - kept
        return np.where(missing > NO_SHORTFALL, missing, 0.0)

    def _by_awake(self, moves: Moves) -> Iterator[tuple[BoolArray, IntArray]]:
        """Sites that are awake after moves, and the moves that lead there."""
        awake = clients_after(self.association.sum(axis=1), moves) > 0
        changes = (awake != self.awake).any(axis=1)
        yield self.awake, np.flatnonzero(~changes)
        if changes.any():
            kinds, kind = np.unique(awake[changes], axis=0, return_inverse=True)
            for index in range(len(kinds)):
                yield kinds[index], np.flatnonzero(changes)[kind.ravel() == index]

    def _reference(self) -> float:
        """``J_0``, and 1 where no site is live."""
        problem = self.problem
        home = problem.clusters.home
        server = np.where(problem.limits.allowed[home, np.arange(home.size)], home, -1)
        problem = replace(problem, settings=problem.settings.model_copy(update={"command_set": "paper"}))
        holdings = Holdings(server, Scene(problem, self._price, self.scene_of(problem.alive).table, problem.alive))
        power_kw = holdings.operations(np.full(problem.alive.size, NORMAL))[:, POWER_KW]
        return float(power_kw**problem.settings.q @ self._price) or 1.0


def awake_sites(association: BoolArray) -> BoolArray:
    """``[site]`` sites that serve somebody."""
    return np.asarray(association.any(axis=1))


def servers(association: BoolArray) -> IntArray:
    """``[cluster]`` the site of each cluster, -1 for none."""
    return np.where(association.any(axis=0), association.argmax(axis=0), -1)

"""Block moves of the outage's matching: whole sites go to sleep or wake up, and clusters are placed anew."""

from collections.abc import Iterator

import numpy as np

from voltran.baselines.trimsm.outage_evaluator import OutageEvaluator, awake_sites
from voltran.physics.arrays import BoolArray, FloatArray
from voltran.physics.ordering import first_largest
from voltran.physics.power import HELPING


class SiteBlocks:
    """Candidates ``[site, cluster]`` that change one whole site; a ``BlockSource`` of the matching core.

    A site that serves somebody goes to sleep: its clusters join the awake site that their users like best, or are shed
    where none reaches them. One that sleeps wakes up and takes the clusters that like it best, or all of its own; or it
    takes the place of a neighbour, which goes to sleep. In the adapted reading all clusters may then choose anew, as
    users do.

    Args:
        evaluator: of the problem; what users like depends on who is awake.
    """

    def __init__(self, evaluator: OutageEvaluator) -> None:
        self.evaluator = evaluator
        self.problem = evaluator.problem

    def __call__(self, association: BoolArray, site: int) -> Iterator[BoolArray]:
        """Candidates for one site."""
        if not self.problem.alive[site]:
            return
        awake = awake_sites(association)
        if awake[site]:
            awake[site] = False
            yield from self._asleep(association, site, awake)
        else:
            awake[site] = True
            yield from self._woken(association, site, awake)

    def chosen(self, awake: BoolArray) -> BoolArray:
        """The association in which every cluster has the awake site that its users like best, if any."""
        return _placed(np.zeros_like(self.problem.limits.allowed), self._liking(awake))

    def _asleep(self, association: BoolArray, site: int, awake: BoolArray) -> Iterator[BoolArray]:
        orphans = association[site]
        changed = association & ~orphans
        yield _placed(changed, np.where(orphans, self._liking(awake), 0.0))
        if not self.problem.literal:
            yield self.chosen(awake)

    def _woken(self, association: BoolArray, site: int, awake: BoolArray) -> Iterator[BoolArray]:
        liking = self._liking(awake)
        reached = liking[site] > 0.0
        likes_best = first_largest(liking, axis=0) == site
        for takes in (reached & likes_best, reached & (self.problem.clusters.home == site)):
            if takes.any():
                changed = association & ~takes
                changed[site] = takes
                yield changed
        if self.problem.literal:
            return
        yield self.chosen(awake)
        for neighbour in self.problem.constants.neighbours[site]:
            if neighbour >= 0 and awake[neighbour]:
                instead = awake.copy()
                instead[neighbour] = False
                yield self.chosen(instead)

    def _liking(self, awake: BoolArray) -> FloatArray:
        """``[site, cluster]`` rate over all bands that users would have, by their weight; 0 where nobody is awake."""
        problem = self.problem
        flow = problem.clusters.flow.T
        appeal = self.evaluator.scene_of(awake).table[:, HELPING, :, -1].sum(axis=1)
        return np.where((flow >= 0) & (awake & problem.alive)[:, None], appeal[flow], 0.0)


def _placed(association: BoolArray, liking: FloatArray) -> BoolArray:
    """The association with clusters that like some site added at the one that they like best."""
    placed = association.copy()
    clusters = np.flatnonzero(liking.max(axis=0) > 0.0)
    placed[first_largest(liking, axis=0)[clusters], clusters] = True
    return placed

"""Accounts of planning: how much work plans took, and how far they were from what came of them."""

from collections.abc import Sequence

import numpy as np

from voltran.baselines.msrc.planner import Plan
from voltran.envs.blackout.world import BlackoutWorld

# What a gap counts as where nothing is proven: a plan could cost nothing.
UNPROVEN = 1.0


class Account:
    """Sums over the plans of an episode.

    A plan's prediction is compared with what the world did under it in the last physics step of its period; periods in
    which a site went down or came back are left out, as no plan foresees that, and so are those in which nothing was
    drawn: of nothing there is no share.

    Args:
        certified: whether proofs were asked for.
    """

    def __init__(self, certified: bool = False) -> None:
        self._certified = certified
        self._plans = self._evaluations = 0
        self._gaps: list[float | None] = []
        self._power_errors: list[float] = []
        self._service_errors: list[float] = []

    def add(self, plans: Sequence[Plan]) -> None:
        """Count plans that come into force."""
        self._plans += len(plans)
        self._evaluations += sum(plan.evaluations for plan in plans)
        self._gaps += [plan.gap_proven for plan in plans]

    def compare(self, world: BlackoutWorld, plans: Sequence[Plan]) -> None:
        """Compare the plans of the period that has just ended, one per world of the batch."""
        for index, plan in enumerate(plans):
            expected = plan.evaluation
            drawn_kw = world.power_kw[index]
            if (
                expected is None
                or not drawn_kw.any()
                or not np.array_equal(expected.power_kw > 0.0, world.alive[index])
            ):
                continue
            self._power_errors.append(float(np.abs(expected.power_kw - drawn_kw).sum() / drawn_kw.sum()))
            self._service_errors.append(abs(expected.service - float(world.weighted_service[index])))

    def counters(self) -> dict[str, float]:
        """Plans weighed per decision, and mean absolute errors as shares: of site power, and of weighted service.

        Where proofs were asked for, also the share of plans that have one, and the mean of the gaps proven.
        """
        counters = {"plan_evaluations": self._evaluations / max(self._plans, 1)}
        if self._certified and self._gaps:
            counters["plans_proven"] = float(np.mean([gap is not None for gap in self._gaps]))
            counters["plan_gap_mean"] = float(np.mean([UNPROVEN if gap is None else gap for gap in self._gaps]))
        if self._power_errors:
            counters["plan_error_power"] = float(np.mean(self._power_errors))
            counters["plan_error_service"] = float(np.mean(self._service_errors))
        return counters

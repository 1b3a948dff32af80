"""Proofs about plans: they find what is better, claim nothing false, and give up when told to."""

import numpy as np
import pytest

from tests.baselines.msrc_instances import SMALL, brute_force, four_sites, mid_outage
from voltran.baselines.msrc.certify import prove
from voltran.baselines.msrc.evaluation import Evaluator

PATIENCE_S = 1e4


@pytest.mark.parametrize("name", SMALL)
def test_a_poor_plan_is_improved_until_the_gap_holds(name: str) -> None:
    """From all sites normal to within the gap of the optimum by brute force."""
    instance = SMALL[name]()
    evaluator, gap = Evaluator(instance), 0.01
    plan = instance.repaired(np.where(instance.alive, 0, instance.sleep))
    cost = evaluator.cost(plan)
    assert cost is not None
    certificate = prove(instance, evaluator, plan, cost, gap, PATIENCE_S)
    optimum, _ = brute_force(instance)
    assert certificate.gap_proven == gap
    assert optimum - 1e-9 <= certificate.cost <= optimum / (1.0 - gap) + 1e-9
    assert instance.is_feasible(certificate.plan)
    assert evaluator.cost(certificate.plan) == pytest.approx(certificate.cost)
    assert certificate.is_improved == (certificate.cost < cost)
    assert certificate.lps + certificate.milps > 0


@pytest.mark.parametrize("name", SMALL)
def test_what_exists_is_never_proven_absent(name: str) -> None:
    """Asked whether anything costs less than a hair above the optimum, the proof finds the optimum."""
    instance = SMALL[name]()
    optimum, plan = brute_force(instance)
    gap, hair = 1e-3, 5e-4
    claimed = optimum * (1.0 + hair) / (1.0 - gap)
    certificate = prove(instance, Evaluator(instance), plan, claimed, gap, PATIENCE_S)
    assert certificate.is_improved
    assert certificate.gap_proven == gap
    assert certificate.cost == pytest.approx(optimum, rel=2e-3)


def test_no_plan_costs_less_than_nothing() -> None:
    instance = four_sites()
    certificate = prove(instance, Evaluator(instance), np.zeros(4, dtype=np.int64), 0.0, 0.02, PATIENCE_S)
    assert (certificate.gap_proven, certificate.milps, certificate.lps) == (0.02, 0, 0)


@pytest.mark.parametrize("objective", ["maxmin", "levelling"])
def test_without_time_the_plan_stands_unproven(objective: str) -> None:
    instance = mid_outage(0, 2, objective=objective)
    evaluator = Evaluator(instance)
    plan = instance.repaired(np.where(instance.alive, 0, instance.sleep))
    cost = evaluator.cost(plan)
    assert cost is not None
    certificate = prove(instance, evaluator, plan, cost, 0.02, 0.0)
    assert certificate.gap_proven is None
    assert not certificate.is_improved
    assert certificate.cost == cost
    assert certificate.plan is plan

"""The exhaustive search finds what brute force over all matrices finds, and says what it would cost."""

from itertools import product
from typing import Any

import numpy as np
import pytest

from tests.baselines.uplink_problems import draw_problem
from tests.envs.episodes import started
from voltran.baselines.registry import make
from voltran.baselines.trimsm.exhaustive import associations, best_association, count_associations, duration
from voltran.baselines.trimsm.matching import apply_move
from voltran.baselines.trimsm.moves import Limits, legal_moves
from voltran.baselines.trimsm.peers import recp
from voltran.baselines.trimsm.power_control import optimise_power
from voltran.baselines.trimsm.uplink_matching import match
from voltran.baselines.trimsm.uplink_settings import GainReading, InnerControl, TriMsmSettings
from voltran.envs.controller import counters_of
from voltran.envs.errors import ScenarioError
from voltran.envs.registry import make_world
from voltran.envs.uplink.problem import UplinkProblem, evaluate
from voltran.physics.arrays import BoolArray, FloatArray


def all_matrices(problem: UplinkProblem) -> list[BoolArray]:
    """Every 0-1 matrix within [FDRAN] Eq. 25d to Eq. 25g in which every UE is served, bit by bit."""
    shape = problem.gain.shape
    every = (np.array(bits, dtype=bool).reshape(shape) for bits in product([False, True], repeat=problem.gain.size))
    return [
        matrix
        for matrix in every
        if matrix.sum(axis=0).min() >= 1
        and matrix.sum(axis=0).max() <= problem.ubs_per_ue
        and matrix.sum(axis=1).max() <= problem.ues_per_ubs
    ]


def worth(problem: UplinkProblem, association: BoolArray, inner: InnerControl) -> tuple[float, float]:
    power_mw = optimise_power(problem, association, inner).power_mw
    outcome = evaluate(problem, association, power_mw)
    lacking = problem.rate_min_mbps - outcome.rate_mbps
    return float(lacking[lacking > 1e-4 * problem.rate_min_mbps].sum()), -outcome.efficiency


@pytest.mark.parametrize("inner", ["eipc", "direct"])
@pytest.mark.parametrize(
    ("n_ues", "n_ubs", "limits"),
    [(2, 4, {"limits__ubs_per_ue": 2}), (3, 3, {"limits__ubs_per_ue": 2, "limits__ues_per_ubs": 2})],
)
def test_it_finds_what_brute_force_finds(inner: InnerControl, n_ues: int, n_ubs: int, limits: dict[str, Any]) -> None:
    for seed in range(2):
        problem = draw_problem(seed, n_ues, n_ubs, **limits)
        found = best_association(problem, inner, 10_000)
        matrices = all_matrices(problem)
        assert found.weighed == len(matrices)
        assert (found.shortfall, -found.value) == pytest.approx(min(worth(problem, each, inner) for each in matrices))
        assert worth(problem, found.association, inner) == pytest.approx((found.shortfall, -found.value))


def test_out_of_reach_the_best_lacks_least() -> None:
    problem = draw_problem(0, 3, 3, quality__rate_min_mbps=400.0, limits__ubs_per_ue=2)
    found = best_association(problem, "eipc", 1000)
    assert found.shortfall == pytest.approx(min(worth(problem, each, "eipc")[0] for each in all_matrices(problem)))
    assert found.shortfall > 0.0


def test_no_matching_beats_it() -> None:
    for seed in range(4):
        problem = draw_problem(seed, 3, 5, limits__ubs_per_ue=2)
        optimum = best_association(problem, "eipc", 10_000)
        for settings in (TriMsmSettings(), TriMsmSettings(order="first"), TriMsmSettings(block_moves="on")):
            matched = match(problem, settings)
            assert (optimum.shortfall, -optimum.value) <= (matched.shortfall, -matched.value * (1 - 1e-12))


@pytest.mark.parametrize(("n_ubs", "n_ues", "ubs_per_ue", "count"), [(6, 3, 2, 21**3), (3, 2, 3, 49), (1, 5, 1, 1)])
def test_associations_are_counted_exactly(n_ubs: int, n_ues: int, ubs_per_ue: int, count: int) -> None:
    assert count_associations(n_ubs, n_ues, ubs_per_ue) == count
    problem = draw_problem(0, n_ues, n_ubs, limits__ubs_per_ue=ubs_per_ue)
    listed = {matrix.tobytes() for matrix in associations(problem)}
    assert len(listed) == count


def test_too_large_a_network_is_refused_with_its_size_and_time() -> None:
    controller, world = make("exhaustive"), started(make_world("uplink20-drop"))
    controller.reset(world)
    with pytest.raises(
        ScenarioError,
        match=r"20 UBSs and 8 UEs with up to 3 UBSs each have 1\.1e25 associations, about .*e\d+ years here; "
        r"most_candidates = 20000 allows fewer\. Lower layout\.n_ubs",
    ):
        controller.act(world)
    cell_free = draw_problem(0, 120, 120, "cell-free")
    with pytest.raises(ScenarioError, match="associations, about"):
        best_association(cell_free, "eipc", 20_000)


def test_the_controller_plays_and_counts() -> None:
    overrides = {"layout.n_ubs": 4, "ues.count": 2, "limits.ubs_per_ue": 2}
    controller, world = make("exhaustive", inner="eipc"), started(make_world("uplink20-drop", 1, overrides))
    controller.reset(world)
    world.step(controller.act(world))
    assert counters_of(controller) == {"failed_solves": 0.0, "swaps": 0.0, "plan_evaluations": 100.0}
    assert world.kpis()["energy_efficiency"][0] > 0.0


@pytest.mark.parametrize(
    ("options", "message"),
    [({"most_candidates": 0}, "most_candidates"), ({"inner": "slmdb"}, "inner"), ({"order": "first"}, "order")],
)
def test_options_out_of_range(options: dict[str, object], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        make("exhaustive", **options)


def test_durations_in_words() -> None:
    assert duration(100, 0.5) == "about 50 s"
    assert duration(10_000, 1.0) == "about 3 h"
    assert duration(2 * 31_557_600, 1.0) == "about 2 years"
    assert duration(10**400, 1e-6).endswith("e386 years")


def test_exchanges_alone_move_two_ues_or_take_away_what_another_holds() -> None:
    """Listed by hand: UE 0 has UBSs 0 and 1, UE 1 has UBS 1; the empty set may stand on either side."""
    association = np.array([[True, False], [True, True], [False, False]])
    limits = Limits((0, 3), (0, 3), np.ones((3, 2), dtype=bool))
    listed = legal_moves(association, limits, changes=False)
    found = set()
    for index in range(len(listed.client)):
        after = association.copy()
        apply_move(after, listed, index)
        found.add(tuple(np.flatnonzero(after.ravel())))
    by_hand = set()
    for give, take in product([0, 1, None], [1, None]):
        after = association.copy()
        for ue, leave in ((0, give), (1, take)):
            if leave is not None:
                after[leave, ue] = False
        for ue, join in ((0, take), (1, give)):
            if join is not None:
                after[join, ue] = True
        by_hand.add(tuple(np.flatnonzero(after.ravel())))
    assert found == by_hand - {tuple(np.flatnonzero(association.ravel()))}


def test_no_exchange_puts_a_ubs_to_sleep() -> None:
    """Whoever is handed a UBS, or has it already, keeps it awake."""
    for seed in range(3):
        problem = draw_problem(seed)
        alone, both = match(problem, TriMsmSettings(moves="exchanges")), match(problem, TriMsmSettings())
        assert alone.evaluations < both.evaluations
        assert not (recp(problem).any(axis=1) & ~alone.association.any(axis=1)).any()
        assert (recp(problem).any(axis=1) & ~both.association.any(axis=1)).any()


def test_values_of_a_search_rise_from_where_it_starts() -> None:
    problem = draw_problem(1)
    report = match(problem, TriMsmSettings(order="first", qos="literal"))
    start_power = optimise_power(problem, recp(problem), "eipc").power_mw
    assert len(report.values) == 1 + report.moves
    assert report.values[0] == pytest.approx(evaluate(problem, recp(problem), start_power).efficiency)
    assert report.values[-1] == report.value
    assert (np.diff(report.values) > 0.0).all()


def test_readings_of_the_channel_gain_are_what_they_say() -> None:
    """With one UBS per UE and no choice, only powers differ: inverse of the gain, of its root, of the estimate."""
    problem = draw_problem(2, 3, 1, limits__ubs_per_ue=1)
    gain, estimate = problem.gain[0], problem.statistics.signal[0]
    readings: list[tuple[GainReading, FloatArray]] = [
        ("fading", gain), ("amplitude", np.sqrt(gain)), ("estimate", estimate)
    ]  # fmt: skip
    for reading, inverted in readings:
        expected = evaluate(problem, np.ones((1, 3), dtype=bool), 100.0 * inverted.min() / inverted)
        assert match(problem, TriMsmSettings(eipc_gain=reading)).value == pytest.approx(expected.efficiency)


def test_a_start_share_of_zero_is_one_ubs_each() -> None:
    problem = draw_problem(3)
    assert (recp(problem, 0.0).sum(axis=0) == 1).all()
    assert (recp(problem, 1.0).sum(axis=0) == problem.ubs_per_ue).all()
    assert (recp(problem).sum(axis=0) <= problem.ubs_per_ue).all()

"""TriMSM in the uplink: fast evaluation against the problem's own, limits, rules, and distance to the optimum."""

from itertools import combinations, pairwise, product
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.baselines.uplink_problems import draw_problem
from voltran.baselines.trimsm import peers
from voltran.baselines.trimsm.block_moves import station_blocks
from voltran.baselines.trimsm.matching import Evaluator, Matching, MatchingSettings, Order, apply_move, improve
from voltran.baselines.trimsm.moves import Limits, Moves
from voltran.baselines.trimsm.power_control import optimise_power
from voltran.baselines.trimsm.uplink_evaluator import uplink_evaluator
from voltran.baselines.trimsm.uplink_matching import match
from voltran.baselines.trimsm.uplink_settings import InnerControl, TriMsmSettings
from voltran.envs.uplink.problem import RATE_TOLERANCE, UplinkProblem, evaluate
from voltran.physics.arrays import BoolArray, FloatArray

CLOSED_FORMS: tuple[InnerControl, ...] = ("eipc", "fipc", "qopc")


def from_scratch(problem: UplinkProblem, association: BoolArray, inner: InnerControl) -> tuple[float, float]:
    """Value and shortfall by the problem's own evaluation; rates within their tolerance lack nothing."""
    outcome = evaluate(problem, association, optimise_power(problem, association, inner).power_mw)
    lacking = problem.rate_min_mbps - outcome.rate_mbps
    return outcome.efficiency, float(lacking[lacking > RATE_TOLERANCE * problem.rate_min_mbps].sum())


def limits_of(problem: UplinkProblem, least_clients: int = 0) -> Limits:
    allowed = np.ones(problem.gain.shape, dtype=bool)
    return Limits((1, problem.ubs_per_ue), (least_clients, problem.ues_per_ubs), allowed)


@pytest.mark.parametrize("inner", CLOSED_FORMS)
@pytest.mark.parametrize(
    "overrides",
    [
        {},
        {"radio__pilot_symbols": 2},
        {"radio__pilot_symbols": 2, "radio__correlation": "local_scattering"},
        {"quality__rate_min_mbps": 60.0},
        {"power__load_split": "full"},
    ],
)
@given(seed=st.integers(0, 1000))
@settings(max_examples=5)
def test_incremental_values_equal_full_recomputation(inner: InnerControl, overrides: dict[str, Any], seed: int) -> None:
    problem = draw_problem(seed, n_ues=6, n_ubs=7, **overrides)
    matching = Matching(peers.recp(problem), limits_of(problem))
    evaluator = uplink_evaluator(problem, inner)
    evaluator.load(matching.association)
    random = np.random.default_rng(seed)
    for _ in range(4):
        assert evaluator.current() == pytest.approx(from_scratch(problem, matching.association, inner), rel=1e-9)
        moves = matching.moves()
        values, shortfalls = evaluator.evaluate(moves)
        for index in random.choice(len(values), 30):
            association = matching.association.copy()
            apply_move(association, moves, int(index))
            expected = from_scratch(problem, association, inner)
            assert (values[index], shortfalls[index]) == pytest.approx(expected, rel=1e-9)
            assert evaluator.evaluate_association(association) == pytest.approx(expected, rel=1e-9)
        chosen = int(random.integers(len(values)))
        evaluator.apply(moves, chosen)
        matching.carry_out(moves, chosen)


def test_the_original_weighs_moves_with_the_best_powers_for_each() -> None:
    problem = draw_problem(1, n_ues=3, n_ubs=4)
    matching = Matching(peers.recp(problem), limits_of(problem))
    direct, inverse = uplink_evaluator(problem, "direct"), uplink_evaluator(problem, "eipc")
    for evaluator in (direct, inverse):
        evaluator.load(matching.association)
    moves = matching.moves()
    values, shortfalls = direct.evaluate(moves)
    for index in range(len(values)):
        association = matching.association.copy()
        apply_move(association, moves, index)
        assert (values[index], shortfalls[index]) == from_scratch(problem, association, "direct")
    other_values, other_shortfalls = inverse.evaluate(moves)
    comparable = (shortfalls == 0.0) & (other_shortfalls == 0.0)
    assert comparable.sum() > 10
    assert (values >= other_values - 1e-6)[comparable].all()


class Recorder:
    """Passes everything on and remembers how the search went."""

    def __init__(self, inner: Evaluator) -> None:
        self._inner = inner
        self.history: list[tuple[float, float]] = []

    def load(self, association: BoolArray) -> None:
        self._inner.load(association)

    def current(self) -> tuple[float, float]:
        self.history.append(self._inner.current())
        return self.history[-1]

    def evaluate(self, moves: Moves) -> tuple[FloatArray, FloatArray]:
        return self._inner.evaluate(moves)

    def apply(self, moves: Moves, index: int) -> None:
        self._inner.apply(moves, index)

    def evaluate_association(self, association: BoolArray) -> tuple[float, float]:
        return self._inner.evaluate_association(association)


@pytest.mark.parametrize("order", get_args(Order))
@pytest.mark.parametrize("inner", CLOSED_FORMS)
@pytest.mark.parametrize("rate_min_mbps", [20.0, 80.0])
def test_every_accepted_move_improves(order: Order, inner: InnerControl, rate_min_mbps: float) -> None:
    problem = draw_problem(4, quality__rate_min_mbps=rate_min_mbps)
    recorder = Recorder(uplink_evaluator(problem, inner))
    limits = limits_of(problem)
    chosen = MatchingSettings(order=order, block_moves=True)
    report = improve(peers.recp(problem), recorder, limits, chosen, station_blocks(problem.gain, limits))
    assert len(recorder.history) == report.moves + report.blocks + 1 > 3
    for (value, shortfall), (later_value, later_shortfall) in pairwise(recorder.history):
        assert later_shortfall < shortfall or (later_shortfall == shortfall and later_value > value)
    assert (report.value, report.shortfall) == pytest.approx(from_scratch(problem, report.association, inner), rel=1e-9)


@given(
    seed=st.integers(0, 1000),
    n_ues=st.integers(1, 9),
    n_ubs=st.integers(1, 8),
    ubs_per_ue=st.integers(1, 3),
    ues_per_ubs=st.integers(1, 6),
    block_moves=st.sampled_from(["on", "off"]),
)
@settings(max_examples=40)
def test_limits_always_hold(
    seed: int, n_ues: int, n_ubs: int, ubs_per_ue: int, ues_per_ubs: int, block_moves: str
) -> None:
    most = max(ues_per_ubs, -(-n_ues // n_ubs))  # so that everybody finds room
    overrides = {"limits__ubs_per_ue": min(ubs_per_ue, n_ubs), "limits__ues_per_ubs": most}
    problem = draw_problem(seed, n_ues, n_ubs, **overrides)  # type: ignore[arg-type]
    for sleep in (True, False):
        association = match(
            problem, TriMsmSettings.model_validate({"block_moves": block_moves}), sleep=sleep
        ).association
        assert association.any(axis=0).all()
        assert association.sum(axis=0).max() <= problem.ubs_per_ue
        assert association.sum(axis=1).max() <= problem.ues_per_ubs
        if not sleep:
            assert association.any(axis=1).sum() == min(n_ubs, n_ues * problem.ubs_per_ue)


@pytest.mark.parametrize("seed", range(6))
def test_the_literal_rule_keeps_a_satisfied_network_satisfied(seed: int) -> None:
    problem = draw_problem(seed, n_ues=10, radio__correlation="local_scattering")
    before = from_scratch(problem, peers.recp(problem), "eipc")[1]
    report = match(problem, TriMsmSettings(qos="literal"))
    assert report.shortfall == 0.0 or (report.moves == 0 and report.shortfall == pytest.approx(before))


def test_the_elastic_rule_serves_networks_that_the_literal_one_gives_up() -> None:
    lacking = {"elastic": 0, "literal": 0}
    for seed in range(12):
        problem = draw_problem(seed, n_ues=10, radio__correlation="local_scattering")
        lacking["elastic"] += match(problem, TriMsmSettings(qos="elastic")).shortfall > 0.0
        lacking["literal"] += match(problem, TriMsmSettings(qos="literal")).shortfall > 0.0
    assert lacking["elastic"] < lacking["literal"]


@pytest.mark.parametrize("inner", CLOSED_FORMS)
def test_searching_in_either_order_ends_about_equally_well(inner: InnerControl) -> None:
    problems = [draw_problem(seed) for seed in range(12)]
    batch, first = (
        np.mean([match(problem, TriMsmSettings(inner=inner, order=order)).value for problem in problems])
        for order in get_args(Order)
    )
    assert batch == pytest.approx(first, rel=0.036)


def test_it_sleeps_where_the_paper_does() -> None:
    awake = [match(draw_problem(seed), TriMsmSettings()).association.any(axis=1).sum() for seed in range(12)]
    assert 7.0 <= np.mean(awake) <= 10.0


def exhaustive(problem: UplinkProblem) -> tuple[float, float]:
    """The best value under EIPC among all associations with the least shortfall, all evaluated at once."""
    statistics, radio, power = problem.statistics, problem.radio, problem.power
    n_ubs, ues = problem.n_ubs, np.arange(problem.n_ues)
    chosen = [each for size in (1, 2) for each in combinations(range(n_ubs), size)]
    sets = np.array([[ubs in each for ubs in range(n_ubs)] for each in chosen], dtype=np.float64)
    taken = np.array(list(product(range(len(sets)), repeat=problem.n_ues)))
    awake = sets[taken].any(axis=1)
    total = awake @ problem.gain
    power_mw = radio.power_max_mw * total.min(axis=1, keepdims=True) / total
    amplitude = (sets @ statistics.signal)[taken, ues]
    leaked_mw = np.einsum("sm,mki->ski", sets, statistics.leakage)[taken, ues]
    disturbance = np.einsum("cki,ci->ck", leaked_mw, power_mw) + radio.noise_mw * amplitude
    rate_mbps = radio.prelog_mhz * np.log2(1.0 + power_mw * amplitude**2 / disturbance)
    constant_w = power.awake_w * awake.sum(axis=1) + power.asleep_w * (~awake).sum(axis=1) + power.shared_w
    per_mbps = power.w_per_mbps + power.link_w_per_mbps * sets.sum(axis=1)[taken]
    power_w = constant_w + (per_mbps * rate_mbps + power.ue_w + power.w_per_mw * power_mw).sum(axis=1)
    value = rate_mbps.sum(axis=1) / power_w
    lacking_mbps = problem.rate_min_mbps - rate_mbps
    shortfall = np.where(lacking_mbps > RATE_TOLERANCE * problem.rate_min_mbps, lacking_mbps, 0.0).sum(axis=1)
    return float(value[shortfall == shortfall.min()].max()), float(shortfall.min())


def test_distance_to_the_optimum_of_small_networks() -> None:
    """Measured: mean 97.2 %, worst 88 %, with block moves 99.6 % and 96 %; the specification's search 92.5 and 72 %."""
    shares: dict[str, list[float]] = {"off": [], "on": []}
    for seed in range(20):
        problem = draw_problem(seed, n_ues=3, n_ubs=6, limits__ubs_per_ue=2)
        value, shortfall = exhaustive(problem)
        for block_moves, found in shares.items():
            report = match(problem, TriMsmSettings.model_validate({"block_moves": block_moves}))
            assert report.shortfall == pytest.approx(shortfall, abs=1e-9)
            found.append(report.value / value)
    assert max(max(found) for found in shares.values()) <= 1.0 + 1e-9
    assert np.mean(shares["off"]) >= 0.92
    assert min(shares["off"]) >= 0.75
    assert np.mean(shares["on"]) >= 0.97
    assert min(shares["on"]) >= 0.88


def test_block_moves_find_better_networks() -> None:
    plain, blocks = (
        [match(draw_problem(seed), TriMsmSettings.model_validate({"block_moves": flag})) for seed in range(8)]
        for flag in ("off", "on")
    )
    assert np.mean([report.value for report in blocks]) > 1.05 * np.mean([report.value for report in plain])
    assert all(report.value > other.value for report, other in zip(blocks, plain, strict=True))


@pytest.mark.parametrize("inner", CLOSED_FORMS)
def test_the_same_problem_gives_the_same_matching(inner: InnerControl) -> None:
    one, two = (match(draw_problem(5), TriMsmSettings(inner=inner, block_moves="on")) for _ in range(2))
    assert np.array_equal(one.association, two.association)
    assert one[1:] == two[1:]

"""The matching core: which moves there are, which are accepted, and what a search ends with."""

from itertools import pairwise, product
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltran.baselines.trimsm.block_moves import station_blocks
from voltran.baselines.trimsm.matching import Matching, MatchingSettings, Order, QualityRule, apply_move, improve
from voltran.baselines.trimsm.moves import Limits, Moves, legal_moves
from voltran.envs.errors import ScenarioError
from voltran.physics.arrays import BoolArray, FloatArray


class Town:
    """A little objective with everything that matters: links have worth, awake stations cost, clients have needs.

    Neighbours disturb each other: a link is worth less the more stations are awake.
    """

    def __init__(self, worth: FloatArray, cost: FloatArray, need: FloatArray) -> None:
        self.worth, self.cost, self.need = worth, cost, need
        self.history: list[tuple[float, float]] = []

    def load(self, association: BoolArray) -> None:
        self.association = association.copy()

    def current(self) -> tuple[float, float]:
        return self.evaluate_association(self.association)

    def evaluate(self, moves: Moves) -> tuple[FloatArray, FloatArray]:
        outcomes = [self.evaluate_association(after(self.association, moves, i)) for i in range(len(moves.client))]
        pairs = np.array(outcomes).reshape(-1, 2)
        return pairs[:, 0], pairs[:, 1]

    def apply(self, moves: Moves, index: int) -> None:
        self.history.append(self.current())
        apply_move(self.association, moves, index)

    def evaluate_association(self, association: BoolArray) -> tuple[float, float]:
        awake = association.any(axis=1)
        served = (self.worth * association).sum(axis=0) / (1.0 + 0.1 * awake.sum())
        shortfall = np.maximum(self.need - served, 0.0).sum()
        return float(served.sum() - self.cost @ awake), float(shortfall)


def after(association: BoolArray, moves: Moves, index: int) -> BoolArray:
    changed = association.copy()
    apply_move(changed, moves, index)
    return changed


def draw_town(seed: int, need: float = 0.5) -> tuple[Town, BoolArray, Limits]:
    random = np.random.default_rng(seed)
    n_stations, n_clients = int(random.integers(2, 6)), int(random.integers(1, 6))
    worth = random.random((n_stations, n_clients))
    town = Town(worth, random.random(n_stations), need * random.random(n_clients))
    limits = Limits((1, 2), (0, n_clients), np.ones((n_stations, n_clients), dtype=bool))
    start = np.zeros((n_stations, n_clients), dtype=bool)
    start[random.integers(0, n_stations, n_clients), np.arange(n_clients)] = True
    return town, start, limits


def listed_by_hand(association: BoolArray, limits: Limits) -> list[BoolArray]:
    """Associations after each move, from the definition: exchange two stations, or change one of a client's own."""
    n_stations, n_clients = association.shape
    found = []
    for client in range(n_clients):
        mine = [*np.flatnonzero(association[:, client]), -1]
        for other in range(client + 1, n_clients):
            theirs = [*np.flatnonzero(association[:, other]), -1]
            for give, take in product(mine, theirs):
                if give == take:
                    continue
                changed = association.copy()
                changed[[s for s in (give,) if s >= 0], client] = False
                changed[[s for s in (take,) if s >= 0], other] = False
                changed[[s for s in (take,) if s >= 0], client] = True
                changed[[s for s in (give,) if s >= 0], other] = True
                if (changed != association).any(axis=0)[[client, other]].all():
                    found.append(changed)
        for leave, join in product(mine, range(-1, n_stations)):
            if (leave, join) == (-1, -1) or (join >= 0 and association[join, client]):
                continue
            changed = association.copy()
            changed[[s for s in (leave,) if s >= 0], client] = False
            changed[[s for s in (join,) if s >= 0], client] = True
            found.append(changed)
    return [each for each in found if within(each, limits) and not (each & ~association & ~limits.allowed).any()]


def within(association: BoolArray, limits: Limits) -> bool:
    stations, clients = association.sum(axis=0), association.sum(axis=1)
    least, most = limits.stations_per_client
    fewest, largest = limits.clients_per_station
    return bool(
        (stations >= least).all()
        and (stations <= most).all()
        and (clients >= fewest).all()
        and (clients <= largest).all()
    )


@given(seed=st.integers(0, 10_000))
def test_moves_are_the_legal_ones_each_once_and_in_order(seed: int) -> None:
    random = np.random.default_rng(seed)
    shape = (int(random.integers(1, 6)), int(random.integers(1, 6)))
    association = random.random(shape) < 0.4
    stations, clients = association.sum(axis=0), association.sum(axis=1)
    limits = Limits(
        (int(random.integers(0, stations.min() + 1)), int(stations.max() + random.integers(0, 2))),
        (int(random.integers(0, clients.min() + 1)), int(clients.max() + random.integers(0, 2))),
        (random.random(shape) < 0.8) | association,
    )
    moves = legal_moves(association, limits)
    expected = listed_by_hand(association, limits)
    assert len(moves.client) == len(expected)
    for index, changed in enumerate(expected):
        assert np.array_equal(after(association, moves, index), changed)


def test_moves_of_one_client_are_a_part_of_all_moves() -> None:
    _, start, limits = draw_town(3)
    everything = legal_moves(start, limits)
    parts = [legal_moves(start, limits, client=client) for client in range(start.shape[1])]
    for whole, *pieces in zip(everything, *parts, strict=True):
        assert np.array_equal(whole, np.concatenate(pieces))
    own = legal_moves(start, limits, swaps=False)
    assert (own.client[:, 1] == -1).all()
    assert len(own.client) == (everything.client[:, 1] == -1).sum()


def test_a_limit_that_the_start_breaks_is_not_broken_further() -> None:
    # both stations should have a client, but there is one client only, which may have one station
    limits = Limits((1, 1), (1, 1), np.ones((2, 1), dtype=bool))
    moves = legal_moves(np.array([[True], [False]]), limits)
    assert len(moves.client) == 0


def test_a_move_stays_legal_only_as_long_as_there_is_room() -> None:
    limits = Limits((0, 1), (0, 1), np.ones((1, 2), dtype=bool))
    matching = Matching(np.zeros((1, 2), dtype=bool), limits)
    moves = matching.moves()
    assert moves.join[:, 0].tolist() == [0, 0]
    matching.carry_out(moves, 0)
    assert not matching.is_legal(moves, 1)


@pytest.mark.parametrize("name", ["stations_per_client", "clients_per_station"])
def test_limits_that_contradict_themselves_are_refused(name: str) -> None:
    pairs = {"stations_per_client": (1, 2), "clients_per_station": (0, 3), name: (2, 1)}
    with pytest.raises(ScenarioError, match=rf"{name} = \(2, 1\): need 0 <= least <= largest"):
        Limits(allowed=np.ones((2, 2), dtype=bool), **pairs)


@pytest.mark.parametrize("order", ["batch", "first"])
@given(seed=st.integers(0, 10_000))
def test_every_accepted_move_improves_and_none_is_left(order: Order, seed: int) -> None:
    town, start, limits = draw_town(seed)
    report = improve(start, town, limits, MatchingSettings(order=order))
    steps = [*town.history, (report.value, report.shortfall)]
    assert len(steps) == report.moves + 1
    for (value, shortfall), (later_value, later_shortfall) in pairwise(steps):
        assert later_shortfall < shortfall or (later_shortfall == shortfall and later_value > value)
    assert within(report.association, limits)
    assert (report.value, report.shortfall) == pytest.approx(town.evaluate_association(report.association))
    town.load(report.association)
    values, shortfalls = town.evaluate(legal_moves(report.association, limits))
    assert not ((shortfalls <= report.shortfall) & (values > report.value + 1e-6)).any()
    assert not (shortfalls < report.shortfall - 1e-6).any()


@given(seed=st.integers(0, 10_000))
def test_the_literal_rule_ends_with_nobody_lacking_or_where_it_began(seed: int) -> None:
    town, start, limits = draw_town(seed, need=1.0)
    report = improve(start, town, limits, MatchingSettings(qos="literal"))
    assert report.shortfall == 0.0 or np.array_equal(report.association, start)
    assert report.value >= town.evaluate_association(start)[0]


@given(seed=st.integers(0, 10_000))
def test_the_elastic_rule_never_lets_clients_lack_more(seed: int) -> None:
    town, start, limits = draw_town(seed, need=1.0)
    before = town.evaluate_association(start)[1]
    for order, qos in product(get_args(Order), get_args(QualityRule)):
        assert improve(start, town, limits, MatchingSettings(order=order, qos=qos)).shortfall <= before


@pytest.mark.parametrize("qos", ["elastic", "literal"])
def test_searches_are_deterministic_and_leave_their_start_alone(qos: QualityRule) -> None:
    town, start, limits = draw_town(11)
    kept = start.copy()
    settings = MatchingSettings(qos=qos, block_moves=True)
    first, second = (improve(start, town, limits, settings, station_blocks(town.worth, limits)) for _ in range(2))
    assert np.array_equal(first.association, second.association)
    assert first[1:] == second[1:]
    assert np.array_equal(start, kept)


def test_no_clients_is_no_problem() -> None:
    town = Town(np.zeros((3, 0)), np.ones(3), np.zeros(0))
    limits = Limits((1, 2), (0, 2), np.ones((3, 0), dtype=bool))
    report = improve(np.zeros((3, 0), dtype=bool), town, limits, MatchingSettings(block_moves=True))
    assert report.association.shape == (3, 0)
    assert (report.moves, report.evaluations) == (0, 0)


def two_clients_at_two_stations() -> tuple[Town, BoolArray, Limits]:
    """One station would do for both clients, but the first to move there alone gains nothing and loses a little."""
    worth = np.array([[1.0, 0.9], [0.9, 1.0], [0.9, 0.9]])
    town = Town(worth, np.array([0.5, 0.5, 0.1]), np.zeros(2))
    start = np.array([[True, True], [False, False], [False, False]])
    return town, start, Limits((1, 1), (0, 2), np.ones((3, 2), dtype=bool))


def test_block_moves_change_stations_that_single_moves_cannot() -> None:
    town, start, limits = two_clients_at_two_stations()
    single = improve(start, town, limits, MatchingSettings(), station_blocks(town.worth, limits))
    assert np.array_equal(single.association, start)
    assert single.blocks == 0
    blocks = improve(start, town, limits, MatchingSettings(block_moves=True), station_blocks(town.worth, limits))
    assert blocks.blocks >= 1
    assert np.array_equal(blocks.association, [[False, False], [False, False], [True, True]])


@given(seed=st.integers(0, 10_000))
def test_block_moves_keep_the_limits_and_never_worsen(seed: int) -> None:
    town, start, limits = draw_town(seed)
    single = improve(start, town, limits, MatchingSettings())
    blocks = station_blocks(town.worth, limits)
    for station in range(start.shape[0]):
        for candidate in blocks(single.association, station):
            assert within(candidate, limits)
            assert candidate[station].any() != single.association[station].any()
    both = improve(start, town, limits, MatchingSettings(block_moves=True), blocks)
    assert (-both.shortfall, both.value) >= (-single.shortfall, single.value)


def test_stations_that_must_stay_awake_are_not_put_to_sleep() -> None:
    town, start, _ = two_clients_at_two_stations()
    awake = Limits((1, 2), (1, 2), np.ones((3, 2), dtype=bool))
    start[1:, 0] = True
    start[0, 0] = False
    report = improve(start, town, awake, MatchingSettings(block_moves=True), station_blocks(town.worth, awake))
    assert report.association.any(axis=1).all()

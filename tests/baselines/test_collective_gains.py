"""Splits of what operators save: games whose answers are known, and coalitions of an infrastructure."""

from itertools import permutations
from typing import Any

import numpy as np
import pytest

from tests.baselines.sharing_problems import day
from voltran.baselines.collective.coalitions import coalition_costs, coalition_problem, savings_game
from voltran.baselines.collective.gains import (
    alone,
    by_energy,
    game,
    is_individually_rational,
    least_core,
    members,
    nash_bargaining,
    objections,
    players_of,
    shapley,
)
from voltran.baselines.collective.plan import plan
from voltran.baselines.collective.program import sharing_program
from voltran.baselines.solve import solve_milp
from voltran.envs.errors import ScenarioError
from voltran.physics.arrays import FloatArray

# One left glove, two right ones: a pair is worth 1.
GLOVES = game({(0,): 0, (1,): 0, (2,): 0, (0, 1): 1, (0, 2): 1, (1, 2): 0, (0, 1, 2): 1})


def convex_game(seed: int, players: int) -> FloatArray:
    """A square of a sum of weights: who joins later adds more."""
    weight = np.random.default_rng(seed).uniform(0.1, 1.0, players)
    return game((members(players) @ weight) ** 2)


def airport_game(costs: FloatArray) -> FloatArray:
    """Runways for airplanes of rising size: a coalition pays for its largest; what it saves over one runway each."""
    inside = members(len(costs))
    return game(inside @ costs - np.where(inside, costs, 0.0).max(axis=1))


def by_orders(values: FloatArray) -> FloatArray:
    """The Shapley value from all orders."""
    players = players_of(values)
    orders = list(permutations(range(players)))
    split = np.zeros(players)
    for order in orders:
        coalition = 0
        for player in order:
            split[player] += values[coalition | 2**player] - values[coalition]
            coalition |= 2**player
    return split / len(orders)


def test_the_glove_game() -> None:
    np.testing.assert_allclose(shapley(GLOVES), [2 / 3, 1 / 6, 1 / 6])
    np.testing.assert_allclose(nash_bargaining(GLOVES), [1 / 3, 1 / 3, 1 / 3])
    core = least_core(GLOVES)
    assert core.excess == pytest.approx(0.0, abs=1e-9)
    np.testing.assert_allclose(core.split, [1.0, 0.0, 0.0], atol=1e-9)
    assert [objection.players for objection in objections(GLOVES, shapley(GLOVES))] == [(0, 1), (0, 2)]
    assert objections(GLOVES, shapley(GLOVES))[0].lacking == pytest.approx(1 / 6)
    assert objections(GLOVES, [1.0, 0.0, 0.0]) == []


def test_the_airport_game_has_its_known_shapley_value() -> None:
    costs = np.array([1.0, 3.0, 4.0, 9.0])
    pays = np.cumsum(np.diff(costs, prepend=0.0) / np.arange(4, 0, -1))
    np.testing.assert_allclose(costs - shapley(airport_game(costs)), pays)


def test_a_majority_game_has_an_empty_core() -> None:
    majority = game([0, 0, 0, 1, 0, 1, 1, 1])
    core = least_core(majority)
    assert core.excess == pytest.approx(1 / 3)
    np.testing.assert_allclose(core.split, [1 / 3] * 3)
    assert objections(majority, core.split)


@pytest.mark.parametrize("seed", range(3))
def test_the_shapley_value_of_a_convex_game_lies_in_the_core(seed: int) -> None:
    values = convex_game(seed, 5)
    assert objections(values, shapley(values)) == []
    assert least_core(values).excess <= 1e-9
    assert is_individually_rational(values, shapley(values)).all()


@pytest.mark.parametrize("players", [1, 2, 4])
def test_shapley_is_the_mean_over_all_orders(players: int) -> None:
    values = game(np.append(0.0, np.random.default_rng(players).normal(size=2**players - 1)))
    np.testing.assert_allclose(shapley(values), by_orders(values))
    assert shapley(values).sum() == pytest.approx(values[-1])


def test_nash_bargaining_maximises_the_product_of_gains() -> None:
    values = convex_game(1, 3)
    split, generator = nash_bargaining(values, [1.0, 2.0, 1.0]), np.random.default_rng(1)
    assert split.sum() == pytest.approx(values[-1])
    best = np.prod((split - alone(values)) ** np.array([1.0, 2.0, 1.0]))
    for _ in range(200):
        gains = generator.dirichlet(np.ones(3)) * (values[-1] - alone(values).sum())
        assert np.prod(gains ** np.array([1.0, 2.0, 1.0])) <= best + 1e-12


def test_nobody_bargains_for_less() -> None:
    values = game([0.0, 2.0, 3.0, 4.0])
    np.testing.assert_allclose(nash_bargaining(values), [2.0, 3.0])


def test_by_energy_can_give_less_than_being_alone() -> None:
    values = game([0.0, 2.0, 3.0, 6.0])
    split = by_energy(values, [1.0, 5.0])
    np.testing.assert_allclose(split, [1.0, 5.0])
    np.testing.assert_array_equal(is_individually_rational(values, split), [False, True])
    assert objections(values, split)[0].players == (0,)


def test_splitting_more_than_there_is_is_objected_to_by_all() -> None:
    assert objections(game([0.0, 1.0, 1.0, 3.0]), [2.0, 2.0])[0].players == (0, 1)


def test_a_single_player_has_what_it_has() -> None:
    values = game([0.0, 2.0])
    assert least_core(values).excess == 0.0
    for split in (shapley(values), nash_bargaining(values), least_core(values).split):
        np.testing.assert_allclose(split, [2.0])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0.0, 1.0, 2.0], "2\\^n values"),
        ([1.0, 1.0], "must be 0"),
        ([0.0, np.nan], "finite"),
        (np.zeros(2**9), "8 players"),
        ({(0,): 1.0, (1,): 1.0}, r"no value for \[0, 1\]"),
        ({}, "2\\^n values"),
        ({tuple(range(9)): 1.0}, "more than 8"),
    ],
)
def test_bad_games_are_refused(values: Any, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        game(values)


@pytest.mark.parametrize("parts", [[1.0], [-1.0, 1.0], [0.0, 0.0], [np.nan, 1.0]])
def test_bad_weights_are_refused(parts: list[float]) -> None:
    values = game([0.0, 1.0, 1.0, 3.0])
    with pytest.raises(ScenarioError, match="energy_kwh"):
        by_energy(values, parts)
    with pytest.raises(ScenarioError, match="weights"):
        nash_bargaining(values, parts)


# --- of an infrastructure ---------------------------------------------------------------------------------------------


def test_all_together_are_the_problem_itself_and_being_alone_is_a_third() -> None:
    problem = day(1, periods=24)
    costs = coalition_costs(problem, [1 / 3] * 3, gap=1e-6)
    assert costs[-1] == pytest.approx(plan(problem, gap=1e-6).cost_eur, rel=1e-5)
    single = coalition_problem(problem, np.full(3, 1 / 3), np.array([1]))
    assert single.battery.capacity_kwh == pytest.approx(50.0 / 3.0)
    assert costs[2] == pytest.approx(plan(single, gap=1e-6).cost_eur, rel=1e-5)


def test_being_together_never_costs_more_than_being_apart() -> None:
    costs = coalition_costs(day(2, periods=24), [0.5, 0.3, 0.2], gap=1e-6)
    for coalition in range(1, 8):
        rest = 7 - coalition
        assert costs[7] <= costs[coalition] + costs[rest] + 1e-4


def test_with_divisible_loads_the_core_is_never_empty() -> None:
    problem, share, paid = day(3, periods=24), np.array([0.5, 0.25, 0.25]), np.zeros(8)
    for index, inside in enumerate(members(3)[1:], start=1):
        part = coalition_problem(problem, share, np.flatnonzero(inside))
        paid[index] = solve_milp(sharing_program(part).program.relaxed()).objective
    reference = problem.price_eur_per_kwh @ problem.demand_kwh
    assert least_core(savings_game(paid, reference)).excess <= 1e-6


def test_owners_of_several_sites_are_one_player() -> None:
    problem = day(1, periods=24)
    costs = coalition_costs(problem, [1 / 3] * 3, [0, 1, 0], gap=1e-6)
    every = coalition_costs(problem, [1 / 3] * 3, gap=1e-6)
    np.testing.assert_allclose(costs, every[[0, 5, 2, 7]], rtol=1e-5)


@pytest.mark.parametrize(
    ("share", "owner", "message"),
    [
        ([0.5, 0.5], None, "share"),
        ([0.5, 0.5, 0.5], None, "share"),
        ([0.0, 0.5, 0.5], None, "share"),
        ([0.2, 0.3, 0.5], [0, 0, 2], "owner"),
        ([0.2, 0.3, 0.5], [0, 1], "owner"),
    ],
)
def test_bad_shares_and_owners_are_refused(share: Any, owner: Any, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        coalition_costs(day(1, periods=4), share, owner)

"""Who gains what from sharing: a game of operators, ways to split what they save together, and who would leave.

A game is an array of values ``[2^n]``: bit k of an index is set where player k belongs to the coalition. A value is
what the coalition saves by itself; what all save together is to be split.
"""

from collections.abc import Collection, Mapping
from itertools import combinations
from math import factorial
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array

from voltran.baselines.program import MixedIntegerProgram
from voltran.baselines.solve import solve_linear
from voltran.envs.errors import ScenarioError
from voltran.physics.arrays import BoolArray, FloatArray

MOST_PLAYERS = 8
# Of the largest value: what rounding does to sums of it.
ROUNDING = 1e-9


class LeastCore(NamedTuple):
    """The split that the least satisfied coalition likes best.

    Attributes:
        excess: what that coalition could get more by itself, at least: the core is empty where this is positive.
        split: ``[n]`` such a split.
    """

    excess: float
    split: FloatArray


class Objection(NamedTuple):
    """A coalition that a split gives less than it has by itself.

    Attributes:
        players: who belongs to it.
        lacking: what it gets less.
    """

    players: tuple[int, ...]
    lacking: float


def game(values: Mapping[Collection[int], float] | ArrayLike) -> FloatArray:
    """A game, checked.

    Args:
        values: ``[2^n]`` by coalition as above, or players -> value for every coalition; that of nobody is zero.

    Raises:
        ScenarioError: coalitions are missing, a value is no number, or there are more than 8 players.
    """
    if isinstance(values, Mapping):
        values = _by_index(values)
    checked = np.array(values, dtype=np.float64)
    players = int(np.size(checked)).bit_length() - 1
    if checked.ndim != 1 or players < 1 or checked.size != 2**players or players > MOST_PLAYERS:
        raise ScenarioError(
            f"values of shape {checked.shape}: give 2^n values for n = 1 to {MOST_PLAYERS} players, one per coalition"
        )
    if not np.isfinite(checked).all() or checked[0] != 0.0:
        raise ScenarioError("values: must be finite numbers, and that of the coalition of nobody, the first, must be 0")
    return checked


def players_of(values: FloatArray) -> int:
    """n."""
    return int(values.size).bit_length() - 1


def members(players: int) -> BoolArray:
    """``[2^n, n]`` who belongs to each coalition."""
    return np.asarray((np.arange(2**players)[:, None] >> np.arange(players)) & 1, dtype=bool)


def alone(values: FloatArray) -> FloatArray:
    """``[n]`` what each player has by itself."""
    return values[2 ** np.arange(players_of(values))]


def by_energy(values: FloatArray, energy_kwh: ArrayLike) -> FloatArray:
    """Split ``[n]`` of what all save, in proportion to energy.

    Args:
        values: the game.
        energy_kwh: ``[n]`` not negative, and not all zero.

    Raises:
        ScenarioError: energies that cannot be shares.
    """
    return np.asarray(values[-1] * _shares("energy_kwh", energy_kwh, players_of(values)))


def shapley(values: FloatArray) -> FloatArray:
    """Split ``[n]`` by what each player adds to those before it, on average over all orders.

    Source: own; Shapley, "A value for n-person games", 1953.

    Args:
        values: the game.
    """
    players = players_of(values)
    inside = members(players)
    size = inside.sum(axis=1)
    weight = np.array([factorial(s) * factorial(players - 1 - s) / factorial(players) for s in range(players)])
    split = np.empty(players)
    for player in range(players):
        without = np.flatnonzero(~inside[:, player])
        split[player] = weight[size[without]] @ (values[without | 2**player] - values[without])
    return split


def nash_bargaining(values: FloatArray, weights: ArrayLike | None = None) -> FloatArray:
    """Split ``[n]`` that maximises the product of what players gain over being alone; money can be passed on.

    All gain the same then, or in proportion to weights. Where being together has less than being alone, nobody agrees,
    and everybody stays alone.

    Source: own; Nash, "The bargaining problem", 1950, with transferable utility.

    Args:
        values: the game.
        weights: ``[n]`` powers of bargaining; equal by default.

    Raises:
        ScenarioError: weights that cannot be shares.
    """
    players = players_of(values)
    share = _shares("weights", np.ones(players) if weights is None else weights, players)
    surplus = float(values[-1] - alone(values).sum())
    return np.asarray(alone(values) + max(surplus, 0.0) * share)


def is_individually_rational(values: FloatArray, split: ArrayLike, tolerance: float | None = None) -> BoolArray:
    """``[n]`` whether each player gets at least what it has by itself.

    Args:
        values: the game.
        split: ``[n]``.
        tolerance: what counts as nothing; by default what rounding does.
    """
    return np.asarray(np.asarray(split) >= alone(values) - _tolerance(values, tolerance))


def objections(values: FloatArray, split: ArrayLike, tolerance: float | None = None) -> list[Objection]:
    """Coalitions that would leave, those that lack most first; none where the split lies in the core.

    Args:
        values: the game.
        split: ``[n]``; more or less than there is to split is objected to by all players together.
        tolerance: as in :func:`is_individually_rational`.
    """
    inside, slack = members(players_of(values)), _tolerance(values, tolerance)
    lacking = values - inside @ np.asarray(split, dtype=np.float64)
    lacking[-1] = abs(lacking[-1])
    found = [
        Objection(tuple(np.flatnonzero(inside[index]).tolist()), float(lacking[index]))
        for index in range(1, values.size)
        if lacking[index] > slack
    ]
    return sorted(found, key=lambda objection: (-objection.lacking, objection.players))


def least_core(values: FloatArray) -> LeastCore:
    """The split that leaves the least to object to.

    Source: own; the least core of Maschler, Peleg and Shapley, 1979, by a linear program.

    Args:
        values: the game.

    Raises:
        SolverError: the program was not solved.
    """
    players = players_of(values)
    if players == 1:
        return LeastCore(0.0, values[1:].copy())
    inside = members(players)[1:-1].astype(np.float64)
    everything = np.append(np.ones(players), 0.0)
    program = MixedIntegerProgram(
        costs=np.append(np.zeros(players), 1.0),
        lower=np.full(players + 1, -np.inf),
        upper=np.full(players + 1, np.inf),
        integral=np.zeros(players + 1, dtype=bool),
        rows=csr_array(np.vstack([-np.column_stack([inside, np.ones(len(inside))]), everything])),
        row_lower=np.append(np.full(len(inside), -np.inf), values[-1]),
        row_upper=np.append(-values[1:-1], values[-1]),
    )
    split = solve_linear(program, "highs").values
    return LeastCore(float(split[-1]), split[:-1])


def _by_index(values: Mapping[Collection[int], float]) -> FloatArray:
    """Values in the order of indices."""
    known = {frozenset(coalition): float(value) for coalition, value in values.items()}
    players = max((player for coalition in known for player in coalition), default=-1) + 1
    wanted = [frozenset(group) for size in range(players + 1) for group in combinations(range(players), size)]
    known.setdefault(frozenset(), 0.0)
    if players > MOST_PLAYERS or (missing := [group for group in wanted if group not in known]):
        what = f"more than {MOST_PLAYERS}" if players > MOST_PLAYERS else f"no value for {sorted(missing[0])}"
        raise ScenarioError(
            f"values of {players} players: {what}; give every coalition of up to {MOST_PLAYERS} players"
        )
    found = np.empty(2**players)
    for group in wanted:
        found[sum(2**player for player in group)] = known[group]
    return found


def _shares(name: str, parts: ArrayLike, players: int) -> FloatArray:
    numbers = np.asarray(parts, dtype=np.float64)
    if numbers.shape != (players,) or not np.isfinite(numbers).all() or (numbers < 0.0).any() or not numbers.any():
        raise ScenarioError(f"{name} = {parts!r}: give {players} numbers that are not negative, and not all zero")
    return np.asarray(numbers / numbers.sum())


def _tolerance(values: FloatArray, tolerance: float | None) -> float:
    return ROUNDING * float(np.abs(values).max()) if tolerance is None else tolerance

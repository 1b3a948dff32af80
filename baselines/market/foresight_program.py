"""The linear program behind a plan with foresight: tangents in place of curves.

A tangent envelope of worth (concave) or cost (convex) is a chain of straight pieces, and each piece a bounded variable:
slopes fall, or rise, along the chain, so that a program fills its pieces in order by itself.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array, eye_array, kron, vstack

from voltran.baselines.market.foresight_problem import ForesightProblem
from voltran.baselines.program import MixedIntegerProgram
from voltran.baselines.solve import solve_linear
from voltran.physics.arrays import FloatArray, IntArray

# Tangents whose slopes differ by less than this share of them meet nowhere in particular.
PARALLEL = 1e-12


class Pieces(NamedTuple):
    """A chain of straight pieces per period and unit; arrays ``[T, unit, piece]``.

    Attributes:
        width: kW.
        slope: USD/kWh.
    """

    width: FloatArray
    slope: FloatArray


class Decisions(NamedTuple):
    """What a linear program chose.

    Attributes:
        power_kw: ``[T, link]`` sales.
        direct_kw: ``[T, unit]`` bought for the load, per unit of worth.
        unserved_kw: ``[T, M]``.
        charge_kw, discharge_kw: ``[T, battery]``.
        value_usd: of the program: no decisions have more welfare.
    """

    power_kw: FloatArray
    direct_kw: FloatArray
    unserved_kw: FloatArray
    charge_kw: FloatArray
    discharge_kw: FloatArray
    value_usd: float


def tangents(points: FloatArray, value: FloatArray, slope: FloatArray) -> Pieces:
    """The envelope of tangents.

    Args:
        points: ``[T, unit, K]`` where they touch, in order; the first is 0, and the last the end of the chain.
        value, slope: ``[T, unit, K]`` of the curve there.
    """
    low, high = points[..., :-1], points[..., 1:]
    turn = slope[..., :-1] - slope[..., 1:]
    rise = value[..., 1:] - value[..., :-1] + slope[..., :-1] * low - slope[..., 1:] * high
    apart = np.abs(turn) > PARALLEL * (np.abs(slope[..., :-1]) + np.abs(slope[..., 1:]))
    meeting = np.divide(rise, turn, out=(low + high) / 2.0, where=apart)
    ends = np.concatenate([points[..., :1], np.clip(meeting, low, high), points[..., -1:]], axis=-1)
    return Pieces(np.diff(ends, axis=-1), slope)


def solve_program(problem: ForesightProblem, worth: Pieces, cost: Pieces) -> Decisions:
    """Solve the linear program.

    Args:
        problem: the episode.
        worth: pieces of worth per unit.
        cost: pieces of quadratic costs per unit; no units where costs are linear.

    Raises:
        SolverError: the solver fails.
    """
    variables = _variables(problem, worth, cost)
    sizes = {name: high.shape[1] for name, (_, high, _) in variables.items()}
    low, high, price = (np.concatenate(parts, axis=1).ravel() for parts in zip(*variables.values(), strict=True))
    equal, equal_right = _equalities(problem, sizes)
    upper, upper_right = _limits(problem, sizes)
    program = MixedIntegerProgram(
        costs=price,
        lower=low,
        upper=high,
        integral=np.zeros(price.size, dtype=bool),
        rows=csr_array(vstack([upper, equal])),
        row_lower=np.concatenate([np.full_like(upper_right, -np.inf), equal_right]),
        row_upper=np.concatenate([upper_right, equal_right]),
    )
    solution = solve_linear(program)
    parts = np.split(
        solution.values.reshape(problem.load_kw.shape[0], -1), np.cumsum(list(sizes.values()))[:-1], axis=1
    )
    chosen = dict(zip(sizes, parts, strict=True))
    return Decisions(
        power_kw=chosen["power"],
        direct_kw=chosen["worth"].reshape(worth.width.shape).sum(axis=-1),
        unserved_kw=chosen["unserved"],
        charge_kw=chosen["charge"],
        discharge_kw=chosen["discharge"],
        value_usd=-solution.objective,
    )


def _variables(
    problem: ForesightProblem, worth: Pieces, cost: Pieces
) -> dict[str, tuple[FloatArray, FloatArray, FloatArray]]:
    """Name -> lowest and highest values, and price in USD, ``[T, variable]`` each."""
    storage, hours, periods = problem.storage, problem.period_h, problem.load_kw.shape[0]
    retailer, batteries = problem.links[1], (periods, storage.site.size)
    unit_cost = np.where(problem.constants.is_quadratic, 0.0, problem.constants.unit_cost)[retailer]
    lost = problem.constants.retail.value_of_lost_load_usd_per_kwh
    kinds: dict[str, tuple[ArrayLike, FloatArray, ArrayLike]] = {
        "power": (0.0, problem.available_kw[:, retailer], unit_cost),
        "worth": (0.0, _flat(worth.width), -_flat(worth.slope)),
        "unserved": (0.0, problem.load_kw, lost),
        "charge": (0.0, np.broadcast_to(storage.charge_limit_kw, batteries), problem.wear_usd_per_kwh),
        "discharge": (0.0, np.broadcast_to(storage.discharge_limit_kw, batteries), problem.wear_usd_per_kwh),
        "stored": (storage.low_kwh, np.broadcast_to(storage.high_kwh, batteries), 0.0),
        "cost": (0.0, _flat(cost.width), _flat(cost.slope)),
    }
    return {
        name: (np.broadcast_to(low, high.shape), high, np.broadcast_to(hours * np.asarray(price), high.shape))
        for name, (low, high, price) in kinds.items()
    }


def _equalities(problem: ForesightProblem, sizes: dict[str, int]) -> tuple[Any, FloatArray]:
    """Batteries keep account, sites use what their group buys, loads are met or not, quadratic costs count sales."""
    storage, hours, (periods, n_sites) = problem.storage, problem.period_h, problem.load_kw.shape
    n_groups, cell = int(problem.group.max(initial=-1)) + 1, np.eye(storage.site.size)
    account = {
        "charge": -hours * storage.charge_efficiency * cell,
        "discharge": hours / storage.discharge_efficiency * cell,
        "stored": cell,
    }
    balance = {
        "power": _members(n_groups, problem.links[0]),
        "worth": -_chains(_members(n_groups, problem.group[problem.worth_site]), sizes["worth"]),
        "charge": -_members(n_groups, problem.group[storage.site]),
    }
    load = {
        "worth": _chains(_members(n_sites, problem.worth_site), sizes["worth"]),
        "unserved": np.eye(n_sites),
        "discharge": _members(n_sites, storage.site),
    }
    rows = [account, balance, load]
    if sizes["cost"]:
        counted = _members(problem.cost_retailer.size, problem.cost_unit)
        rows.append({"power": -counted, "cost": _chains(np.eye(counted.shape[0]), sizes["cost"])})
    period = _assembled(rows, sizes)
    before = np.zeros_like(period)
    before[: cell.shape[0]] = _assembled([{"stored": -cell}], sizes)
    right = np.zeros((periods, period.shape[0]))
    right[0, : cell.shape[0]] = storage.start_kwh
    first_load = cell.shape[0] + n_groups
    right[:, first_load : first_load + n_sites] = problem.load_kw
    earlier = kron(eye_array(periods, k=-1), csr_array(before))
    return csr_array(kron(eye_array(periods), csr_array(period)) + earlier), right.ravel()


def _limits(problem: ForesightProblem, sizes: dict[str, int]) -> tuple[Any, FloatArray]:
    """Retailers sell no more than they have; where worth is of pairs, a pair uses no more than it buys."""
    retailer, periods = problem.links[1], problem.load_kw.shape[0]
    rows = [{"power": _members(problem.constants.n_retailers, retailer)}]
    right = problem.available_kw
    if problem.per_pair:
        pair = np.eye(retailer.size)
        rows.append({"power": -pair, "worth": _chains(pair, sizes["worth"])})
        right = np.concatenate([right, np.zeros((periods, retailer.size))], axis=1)
    return csr_array(kron(eye_array(periods), csr_array(_assembled(rows, sizes)))), right.ravel()


def _members(n_groups: int, group: IntArray) -> FloatArray:
    """``[group, member]`` 1 where a member belongs to the group."""
    return np.asarray(np.arange(n_groups)[:, None] == group, np.float64)


def _chains(rows: FloatArray, size: int) -> FloatArray:
    """The same rows with every unit's column repeated for its pieces, ``size`` columns in all."""
    return np.repeat(rows, size // max(rows.shape[1], 1), axis=1)


def _assembled(rows: list[dict[str, FloatArray]], sizes: dict[str, int]) -> FloatArray:
    """Blocks of rows side by side, zero for kinds of variables that a block does not name."""
    counts = [next(iter(row.values())).shape[0] for row in rows]
    wide = [
        np.concatenate([row.get(name, np.zeros((count, size))) for name, size in sizes.items()], axis=1)
        for row, count in zip(rows, counts, strict=True)
    ]
    return np.concatenate(wide)


def _flat(pieces: FloatArray) -> FloatArray:
    """``[T, unit * piece]``."""
    return pieces.reshape(pieces.shape[0], pieces.shape[1] * pieces.shape[2])

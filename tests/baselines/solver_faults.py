"""Solvers that fail on purpose: what libraries raise, and answers that cannot be, put into every door to a solver."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from ortools.linear_solver import pywraplp
from scipy.optimize import OptimizeResult

from voltran.baselines import solve
from voltran.baselines.dpa import METHODS, Allocation
from voltran.baselines.trimsm import power_control
from voltran.baselines.trimsm.outage_evaluator import OutageEvaluator
from voltran.baselines.trimsm.power_program import PowerProgram
from voltran.physics.arrays import FloatArray

# Changes an answer of SciPy's.
Change = Callable[[Any], OptimizeResult]


def _changed(**fields: Any) -> Change:
    return lambda found: OptimizeResult(**{**found, **fields})


def _with_values(change: Callable[[Any], Any]) -> Change:
    return lambda found: OptimizeResult(**{**found, "x": None if found.x is None else change(found.x)})


FAULTS: dict[str, Change | None] = {
    "raises": None,
    "infeasible": _changed(status=2, x=None, fun=None, message="The problem is infeasible. (HiGHS Status 8)"),
    "limit": _changed(status=1, x=None, fun=None, mip_dual_bound=None, message="Time limit reached. (HiGHS Status 13)"),
    "error": _changed(status=4, x=None, fun=None, message="HiGHS Status 4: Solve error"),
    "infinite cost": _changed(fun=np.inf),
    "cost of -1e9": _changed(fun=-1e9),
    "NaN": _with_values(lambda values: np.full_like(values, np.nan)),
    "beyond limits": _with_values(lambda values: values + 1e3),
    "less than whole": _with_values(lambda values: 0.9 * values),
    "nothing": _with_values(np.zeros_like),
    "too few values": _with_values(lambda values: values[:-1]),
}


class LibraryError(Exception):
    """As a library may raise it."""


def _raise(*args: Any, **options: Any) -> Any:
    raise LibraryError("out of order")


@contextmanager
def broken(fault: str) -> Iterator[None]:
    """Every solver answers with a fault in here, and numbers of our own algorithms fail, too."""
    with pytest.MonkeyPatch.context() as patch:
        for door in ("milp", "linprog"):
            patch.setattr(solve, door, _faulty(getattr(solve, door), FAULTS[fault]))
        _break_ortools(patch, fault)
        _break_own(patch, fault)
        yield


def _faulty(real: Callable[..., Any], change: Change | None) -> Callable[..., Any]:
    return _raise if change is None else lambda *args, **options: change(real(*args, **options))


def _break_ortools(patch: pytest.MonkeyPatch, fault: str) -> None:
    solver, costs = pywraplp.Solver, {"infinite cost": np.inf, "cost of -1e9": -1e9, "NaN": np.nan}
    statuses = {"infeasible": solver.INFEASIBLE, "limit": solver.NOT_SOLVED, "error": solver.ABNORMAL}
    shifts = {"beyond limits": 1e3, "less than whole": -0.1, "too few values": -1e3, "nothing": np.nan}
    if fault == "raises":
        patch.setattr(solver, "Solve", _raise)
    elif fault in statuses:
        patch.setattr(solver, "Solve", lambda self, *args: statuses[fault])
    elif fault in costs:
        patch.setattr(pywraplp.Objective, "Value", lambda self: costs[fault])
    else:
        real = pywraplp.Variable.solution_value
        patch.setattr(pywraplp.Variable, "solution_value", lambda self: real(self) + shifts[fault])


def _break_own(patch: pytest.MonkeyPatch, fault: str) -> None:
    """Algorithms of our own raise, as with singular matrices, or end at numbers that are none."""
    raises = FAULTS[fault] is None
    for name, method in METHODS.items():
        patch.setitem(METHODS, name, method._replace(run=_raise if raises else _without_numbers(method.run)))
    lost = (
        (lambda program, *args: (np.full_like(program.start, np.nan), np.array([np.nan]), True))
        if not raises
        else _raise
    )
    patch.setattr(power_control, "maximise_directly", lost)
    patch.setattr(power_control, "maximise_successively", lost)
    patch.setattr(OutageEvaluator, "current", _raise if raises else lambda self: (np.nan, np.nan))


def _lost_powers(program: PowerProgram, *args: Any) -> tuple[FloatArray, FloatArray, bool]:
    return np.full_like(program.start, np.nan), np.array([np.nan]), True


def _without_numbers(run: Callable[..., Allocation]) -> Callable[..., Allocation]:
    return lambda *args: (lambda found: replace(found, power_kw=np.full_like(found.power_kw, np.nan)))(run(*args))

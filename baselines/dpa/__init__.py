"""Distributed power allocation of [DPA]: who gets how much power from which retailer."""

from voltran.baselines.dpa.allocation import Allocation
from voltran.baselines.dpa.problem import AllocationProblem
from voltran.baselines.dpa.solvers import METHODS, solve

__all__ = ["METHODS", "Allocation", "AllocationProblem", "solve"]

"""Distributed power allocation of [DPA]: who gets how much power from which retailer."""

from voltran.baselines.dpa.allocation import Allocation
from voltran.baselines.dpa.methods import METHODS, solve
from voltran.baselines.dpa.problem import AllocationProblem

__all__ = ["METHODS", "Allocation", "AllocationProblem", "solve"]

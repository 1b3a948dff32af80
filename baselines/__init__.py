"""Rule-based and optimisation controllers."""

from voltran.baselines.registry import make, names

__all__ = ["make", "names"]

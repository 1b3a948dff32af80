"""Rule-based and optimisation controllers."""

from voltran.baselines.registry import make, names, register_controller

__all__ = ["make", "names", "register_controller"]

"""Past policies of roles that learn, so that a policy does not learn to beat only the latest of the others."""

from collections import deque
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voltran.train.run_config import League

Weights = dict[str, NDArray[np.float32]]


class PastPolicies:
    """The weights that each role has had.

    Args:
        settings: how many are kept and how often they play; None keeps none.
    """

    def __init__(self, settings: League | None) -> None:
        self._share = settings.share if settings else 0.0
        self._size = settings.size if settings else 0
        self._kept: dict[str, deque[Weights]] = {}

    def keep(self, role: str, weights: Mapping[str, NDArray[np.float32]]) -> None:
        """Keep what plays of a role's weights; the oldest ones make room."""
        actor = {name: value for name, value in weights.items() if name.startswith("actor.")}
        self._kept.setdefault(role, deque(maxlen=self._size)).append(actor)

    def draw(self, role: str, generator: np.random.Generator) -> Weights | None:
        """Weights to play a rollout with; None for the latest."""
        kept = self._kept.get(role)
        if not kept or generator.random() >= self._share:
            return None
        return kept[int(generator.integers(len(kept)))]

    def get_state(self) -> dict[str, Any]:
        """Role -> weights, oldest first."""
        return {role: list(kept) for role, kept in self._kept.items()}

    def set_state(self, snapshot: Mapping[str, list[Weights]]) -> None:
        """Continue from a snapshot."""
        self._kept = {role: deque(kept, maxlen=self._size) for role, kept in snapshot.items()}

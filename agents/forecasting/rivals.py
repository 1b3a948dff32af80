"""Ways to forecast, by name: rules, and networks that are trained on the spot; all with errors on the same windows."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from voltran.agents.forecasting.clients import ClientPool
from voltran.agents.forecasting.files import network_shape
from voltran.agents.forecasting.network import initial_weights, stacked
from voltran.agents.forecasting.scores import daily_errors, persistence_errors
from voltran.agents.forecasting.settings import ForecastConfig
from voltran.agents.forecasting.sites import SiteData
from voltran.agents.forecasting.training import federated_weights
from voltran.physics.arrays import Float32Array, IntArray
from voltran.physics.units import HOURS_PER_DAY

FINE_TUNING_ROUND = 1_000_000  # a round of its own: orders differ from those of the rounds before
CLIENTS_AT_ONCE = 30
CENTRAL_SITES = 200


class Bench:
    """Sites with a configuration, on which ways to forecast compete.

    Args:
        config: features, window, training and data.
        sites: their data.
    """

    def __init__(self, config: ForecastConfig, sites: Sequence[SiteData]) -> None:
        self.config = config
        self.sites = list(sites)
        self.pool = ClientPool(sites, config.window)
        self._all: IntArray = np.arange(len(self.pool))

    def persistence(self) -> list[Float32Array]:
        """As it was a slot ago."""
        return persistence_errors(self.sites, self.config.window)

    def daily_naive(self) -> list[Float32Array]:
        """As it was a day ago."""
        return daily_errors(self.sites, self.config.window, round(HOURS_PER_DAY / self.config.data.period_h))

    def federated(self) -> list[Float32Array]:
        """Trained together, by the configuration."""
        return self.of_weights(federated_weights(self.config, self.pool))

    def federated_then_tuned(self) -> list[Float32Array]:
        """Trained together; then each site goes on for itself."""
        return self.fine_tuned(federated_weights(self.config, self.pool), self.config.fine_tuning_epochs)

    def local_only(self) -> list[Float32Array]:
        """Each site trains alone, from the same first weights."""
        return self.fine_tuned(initial_weights(network_shape(self.config), self.config.seed), self.config.local_epochs)

    def central(self) -> list[Float32Array]:
        """One network, trained where all data of (at most :data:`CENTRAL_SITES`) sites lie together."""
        some = np.random.default_rng(self.config.seed).permutation(self._all)[:CENTRAL_SITES]
        how = self.config.local_training(self.config.local_epochs)
        weights = initial_weights(network_shape(self.config), self.config.seed)
        return self.pool.errors(self.pool.trained_centrally(weights, np.sort(some), how), self._all)

    def of_weights(self, weights: Mapping[str, Float32Array]) -> list[Float32Array]:
        """Of a network that all sites share."""
        return self.pool.errors(stacked(weights, 1), self._all)

    def fine_tuned(self, weights: Mapping[str, Float32Array], epochs: int) -> list[Float32Array]:
        """Of the networks that sites have when each goes on from common weights, for itself."""
        how = self.config.local_training(epochs)
        errors = []
        for begin in range(0, len(self.pool), CLIENTS_AT_ONCE):
            chosen = self._all[begin : begin + CLIENTS_AT_ONCE]
            own = self.pool.trained(stacked(weights, len(chosen)), chosen, FINE_TUNING_ROUND, how)
            errors += self.pool.errors(own, chosen)
        return errors


WAYS: dict[str, Callable[[Bench], list[Float32Array]]] = {
    "persistence": Bench.persistence,
    "daily-naive": Bench.daily_naive,
    "federated": Bench.federated,
    "federated-tuned": Bench.federated_then_tuned,
    "local-only": Bench.local_only,
    "central": Bench.central,
}

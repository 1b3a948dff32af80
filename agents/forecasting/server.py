"""The server's side of federated training: it sees weights and numbers of samples, and nothing else.

This module knows no data: neither what a client is, nor where its series lie.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from voltran.envs.errors import ScenarioError
from voltran.physics.arrays import Float32Array, IntArray

SELECTION = 1  # of the server's random numbers; weights are drawn from the seed alone


class ClientUpdate(NamedTuple):
    """All that a client sends after a round.

    Attributes:
        weights: of its network, by name.
        samples: n_u, how many windows it has trained on.
    """

    weights: Mapping[str, Float32Array]
    samples: int


class Server:
    """Keeps the common network, says who trains next, and averages what comes back.

    Args:
        weights: of the common network.
        clients: how many there are.
        clients_per_round: how many train in a round.
        seed: of the choice.
        round_number: rounds that are over.

    Raises:
        ScenarioError: more clients per round than there are.
    """

    def __init__(
        self,
        weights: Mapping[str, Float32Array],
        clients: int,
        clients_per_round: int,
        seed: int,
        round_number: int = 0,
    ) -> None:
        if not 1 <= clients_per_round <= clients:
            raise ScenarioError(
                f"clients_per_round = {clients_per_round}: there are {clients} clients; choose 1 to {clients}"
            )
        self.weights = dict(weights)
        self.round_number = round_number
        self._clients, self._clients_per_round, self._seed = clients, clients_per_round, seed

    def choose(self) -> IntArray:
        """Numbers of those who train in the coming round, rising: a function of seed and round alone."""
        generator = np.random.default_rng([SELECTION, self._seed, self.round_number])
        return np.sort(generator.choice(self._clients, self._clients_per_round, replace=False))

    def finish_round(self, updates: Sequence[ClientUpdate]) -> None:
        """Make the average of what the clients sent the common network."""
        self.weights = federated_average(updates)
        self.round_number += 1


def federated_average(updates: Sequence[ClientUpdate]) -> dict[str, Float32Array]:
    """Mean of the clients' weights, weighted by their numbers of samples.

    Source: [CG] Eq. 10.

    Args:
        updates: one per client that has trained.

    Returns:
        Weights by name.

    Raises:
        ScenarioError: nobody has a sample.
    """
    total = sum(update.samples for update in updates)
    if total == 0:
        raise ScenarioError("federated average: no client has a sample; choose clients with data")
    mean = {}
    for name in updates[0].weights:
        parts = [update.samples / total * update.weights[name].astype(np.float64) for update in updates]
        mean[name] = np.sum(parts, axis=0).astype(np.float32)
    return mean

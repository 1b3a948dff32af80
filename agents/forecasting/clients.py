"""The clients' side of federated training: data that stay, and the training on them, of many clients at once.

Each client's result is a function of the weights that it gets, its own data, the seed, the round and its own number: it
is the same, but for rounding, whoever trains beside it.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from voltran.agents.forecasting.network import Weights, forecast, stacked
from voltran.agents.forecasting.server import ClientUpdate
from voltran.agents.forecasting.sites import SiteData
from voltran.envs.errors import VoltranError
from voltran.physics.arrays import Float32Array, IntArray

SHUFFLING = 2  # of the clients' random numbers


class LocalTraining(NamedTuple):
    """How a client trains.

    Attributes:
        epochs: passes over its windows.
        batch_size: windows per step.
        learning_rate: of Adam, which starts afresh with every round.
        seed: of the order of windows.
    """

    epochs: int
    batch_size: int
    learning_rate: float
    seed: int


class ClientPool:
    """Clients that are simulated side by side; nothing but a :class:`ClientUpdate` leaves it for the server.

    Args:
        sites: data of the clients.
        window: slots that a forecast looks back.
    """

    def __init__(self, sites: Sequence[SiteData], window: int) -> None:
        self._sites = list(sites)
        self._window = window
        longest = max(len(site.target) for site in sites)
        self._inputs = torch.from_numpy(np.stack([_padded(site.inputs, longest) for site in sites]))
        self._target = torch.from_numpy(np.stack([_padded(site.target, longest) for site in sites]))
        self._configuration = torch.from_numpy(np.stack([site.configuration for site in sites]))

    def __len__(self) -> int:
        return len(self._sites)

    def train(
        self, weights: Mapping[str, Float32Array], chosen: IntArray, round_number: int, how: LocalTraining
    ) -> list[ClientUpdate]:
        """Let chosen clients train from the common weights, and send what they send.

        Args:
            weights: of the common network.
            chosen: numbers of the clients, each once.
            round_number: of the round that runs.
            how: settings.

        Returns:
            One update per client, in the order of ``chosen``.

        Raises:
            VoltranError: training diverged.
        """
        trained = self.trained(stacked(weights, len(chosen)), chosen, round_number, how)
        return [
            ClientUpdate({name: value[row].numpy().copy() for name, value in trained.items()}, len(site.training))
            for row, site in enumerate(self._sites[number] for number in chosen)
        ]

    def trained(self, weights: Weights, chosen: IntArray, round_number: int, how: LocalTraining) -> Weights:
        """Weights ``[K, ...]`` of chosen clients after training, which they keep for themselves.

        Clients with as many windows as each other train in one tensor program.
        """
        counts = np.array([len(self._sites[number].training) for number in chosen])
        result = {name: value.clone() for name, value in weights.items()}
        for count in np.unique(counts):
            rows = np.flatnonzero(counts == count)
            numbers = chosen[rows]
            site = np.repeat(numbers[:, None], count, axis=1)
            start = np.stack([self._sites[number].training for number in numbers])
            generators = [np.random.default_rng([SHUFFLING, how.seed, round_number, int(n)]) for n in numbers]
            own = {name: value[rows] for name, value in weights.items()}
            for name, value in self._descend(own, site, start, generators, how).items():
                result[name][rows] = value
        return result

    def trained_centrally(self, weights: Mapping[str, Float32Array], chosen: IntArray, how: LocalTraining) -> Weights:
        """One network, ``[1, ...]``, trained on the windows of chosen clients in one place: what federation avoids."""
        start = np.concatenate([self._sites[number].training for number in chosen])
        site = np.repeat(chosen, [len(self._sites[number].training) for number in chosen])
        generators = [np.random.default_rng([SHUFFLING, how.seed])]
        return self._descend(stacked(weights, 1), site[None], start[None], generators, how)

    def errors(self, weights: Weights, chosen: IntArray) -> list[Float32Array]:
        """Normalised errors of chosen clients' forecasts on their test windows, ``[m]`` each.

        Args:
            weights: ``[K, ...]`` of each of them, or ``[1, ...]`` of all.
            chosen: numbers of the clients.
        """
        common = next(iter(weights.values())).shape[0] == 1
        found = []
        for row, number in enumerate(chosen):
            own = {name: value[:1] if common else value[row : row + 1] for name, value in weights.items()}
            start = self._sites[number].test[None]
            found.append(self._errors(own, np.full_like(start, number), start))
        return found

    def _errors(self, weights: Weights, site: IntArray, start: IntArray) -> Float32Array:
        with torch.no_grad(), single_thread():
            windows, configuration, target = self._batch(site, start)
            return np.asarray((forecast(weights, windows, configuration) - target)[0].numpy(), np.float32)

    def _batch(self, site: NDArray[np.int64], start: NDArray[np.int64]) -> tuple[Tensor, Tensor, Tensor]:
        """Windows ``[K, B, L, F]``, configuration ``[K, B, C]`` and target ``[K, B]``."""
        number, first = torch.from_numpy(site), torch.from_numpy(start)
        slots = first[..., None] + torch.arange(self._window)
        windows = self._inputs[number[..., None], slots]
        return windows, self._configuration[number], self._target[number, first + self._window]

    def _descend(
        self,
        weights: Weights,
        site: IntArray,
        start: IntArray,
        generators: Sequence[np.random.Generator],
        how: LocalTraining,
    ) -> Weights:
        """K independent runs of Adam over windows ``[K, n]``: it treats each weight alone, whoever's it is."""
        own = {name: value.clone().requires_grad_() for name, value in weights.items()}
        adam = torch.optim.Adam(list(own.values()), lr=how.learning_rate, fused=True)
        with single_thread():
            for _ in range(how.epochs):
                order = np.stack([generator.permutation(site.shape[1]) for generator in generators])
                for begin in range(0, site.shape[1], how.batch_size):
                    part = order[:, begin : begin + how.batch_size]
                    windows, configuration, target = self._batch(
                        np.take_along_axis(site, part, axis=1), np.take_along_axis(start, part, axis=1)
                    )
                    squares = (forecast(own, windows, configuration) - target) ** 2
                    adam.zero_grad()
                    squares.mean(dim=1).sum().backward()  # type: ignore[no-untyped-call]
                    adam.step()
        result = {name: value.detach() for name, value in own.items()}
        if not all(bool(torch.isfinite(value).all()) for value in result.values()):
            raise VoltranError(f"learning_rate = {how.learning_rate:g}: training diverged; choose a lower one")
        return result


@contextmanager
def single_thread() -> Iterator[None]:
    """One thread, so that sums have the same order wherever they are computed; small tensors gain nothing by more."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _padded(values: Float32Array, length: int) -> Float32Array:
    """Values with NaN after their end."""
    width = [(0, length - len(values))] + [(0, 0)] * (values.ndim - 1)
    return np.pad(values, width, constant_values=np.float32(np.nan))

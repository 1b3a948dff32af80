"""The forecasting network, as one tensor program for many clients, each with weights of its own.

Every tensor has a leading client axis ``K``: what K networks compute separately, this computes at once. An LSTM encodes
the window, the configuration joins its last state. Source: [CG] Sec. III-A3; its sizes are not printed.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from voltran.envs.errors import FileFormatError
from voltran.envs.scenario import Section
from voltran.physics.arrays import Float32Array

# Weights by name, each with a leading client axis.
Weights = dict[str, Tensor]


class NetworkShape(Section):
    """Sizes of the network.

    Attributes:
        inputs: features per slot of the window.
        configuration: features that do not change with time.
        hidden: units of the LSTM, and of the layer that follows.
    """

    inputs: int
    configuration: int
    hidden: int

    @property
    def weight_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes of one client's weights; those of the LSTM are named and ordered as PyTorch's are."""
        return {
            "lstm.weight_ih": (4 * self.hidden, self.inputs),
            "lstm.weight_hh": (4 * self.hidden, self.hidden),
            "lstm.bias_ih": (4 * self.hidden,),
            "lstm.bias_hh": (4 * self.hidden,),
            "layer.weight": (self.hidden, self.hidden + self.configuration),
            "layer.bias": (self.hidden,),
            "output.weight": (1, self.hidden),
            "output.bias": (1,),
        }


def initial_weights(shape: NetworkShape, seed: int) -> dict[str, Float32Array]:
    """One client's weights before any training: uniform within 1 / sqrt(inputs of the unit), as PyTorch has them."""
    generator = np.random.default_rng(seed)
    bounds = {"lstm": shape.hidden, "layer": shape.hidden + shape.configuration, "output": shape.hidden}
    return {
        name: generator.uniform(-1.0, 1.0, size).astype(np.float32) / np.float32(bounds[name.partition(".")[0]] ** 0.5)
        for name, size in shape.weight_shapes.items()
    }


def check_weights(shape: NetworkShape, weights: Mapping[str, NDArray[Any]]) -> None:
    """Raise unless weights fit the network.

    Raises:
        FileFormatError: a weight is missing, of another shape, or not finite.
    """
    for name, size in shape.weight_shapes.items():
        found = weights[name].shape if name in weights else None
        if found != size:
            raise FileFormatError(f"{name}: found shape {found}, expected {size}; give another file or train again")
        if not np.isfinite(weights[name]).all():
            raise FileFormatError(f"{name}: holds numbers that are not finite; train again, with a lower learning_rate")


def stacked(weights: Mapping[str, Float32Array], clients: int) -> Weights:
    """The same weights for each of some clients; copies, so that training leaves the given ones alone."""
    return {
        name: torch.from_numpy(np.array(value)).expand(clients, *value.shape).clone() for name, value in weights.items()
    }


def forecast(weights: Weights, windows: Tensor, configuration: Tensor) -> Tensor:
    """Forecasts of all clients' networks.

    Args:
        weights: of K clients.
        windows: ``[K, B, L, F]`` normalised features, earliest slot first.
        configuration: ``[K, B, C]``.

    Returns:
        ``[K, B]`` normalised target of the slot after each window.
    """
    state = torch.cat([encoded(weights, windows), configuration], dim=-1)
    layer = torch.relu(torch.baddbmm(weights["layer.bias"][:, None], state, weights["layer.weight"].mT))
    return torch.baddbmm(weights["output.bias"][:, None], layer, weights["output.weight"].mT)[..., 0]


def encoded(weights: Weights, windows: Tensor) -> Tensor:
    """Last hidden state ``[K, B, hidden]`` of the LSTMs; gates in PyTorch's order: input, forget, cell, output."""
    clients, batch, length, features = windows.shape
    hidden = weights["lstm.weight_hh"].shape[-1]
    bias = (weights["lstm.bias_ih"] + weights["lstm.bias_hh"])[:, None]
    flat = windows.reshape(clients, batch * length, features)
    inputs = torch.baddbmm(bias, flat, weights["lstm.weight_ih"].mT).view(clients, batch, length, 4 * hidden)
    recurrent = weights["lstm.weight_hh"].mT
    state = windows.new_zeros(clients, batch, hidden)
    cell = torch.zeros_like(state)
    for given in inputs.unbind(dim=2):
        entry, forget, candidate, output = torch.baddbmm(given, state, recurrent).chunk(4, dim=-1)
        cell = torch.addcmul(torch.sigmoid(entry) * torch.tanh(candidate), torch.sigmoid(forget), cell)
        state = torch.sigmoid(output) * torch.tanh(cell)
    return state

"""The actor of a learned policy in plain NumPy: at play time no deep-learning library is needed."""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import PositiveInt

from voltran.envs.errors import FileFormatError
from voltran.envs.scenario import Section
from voltran.physics.arrays import Float32Array

Activation = Literal["tanh", "silu", "relu"]


class ActorDescription(Section):
    """Shape of the actor network, a multi-layer perceptron that every agent of a role shares.

    Attributes:
        observation_size: features ``F`` of one agent's observation.
        widths: units of the hidden layers, first to last.
        activation: function between the layers; the last layer is linear.
        outputs: logits ``A``, one per entry of the flat action mask.
    """

    observation_size: PositiveInt
    widths: tuple[PositiveInt, ...]
    activation: Activation
    outputs: PositiveInt

    @property
    def layer_sizes(self) -> list[tuple[int, int]]:
        """(inputs, outputs) of each linear layer."""
        sizes = [self.observation_size, *self.widths, self.outputs]
        return list(pairwise(sizes))


class Actor:
    """Maps observations to action logits.

    Args:
        description: shape of the network.
        arrays: ``actor.<layer>.weight`` ``[out, in]`` and ``actor.<layer>.bias`` ``[out]`` for each linear layer;
            other names are ignored.

    Raises:
        FileFormatError: an array is missing, of another shape, or not finite.
    """

    def __init__(self, description: ActorDescription, arrays: Mapping[str, NDArray[Any]]) -> None:
        self.description = description
        self._activate = _ACTIVATIONS[description.activation]
        self._layers = [
            (
                np.ascontiguousarray(_checked(arrays, f"actor.{index}.weight", (outputs, inputs)).T),
                _checked(arrays, f"actor.{index}.bias", (outputs,)),
            )
            for index, (inputs, outputs) in enumerate(description.layer_sizes)
        ]

    def logits(self, observations: Float32Array) -> Float32Array:
        """Unnormalised log-probabilities.

        Args:
            observations: ``[rows, F]``.

        Returns:
            ``[rows, A]``.
        """
        values = observations
        for weight, bias in self._layers[:-1]:
            values = values @ weight
            values += bias
            values = self._activate(values)
        weight, bias = self._layers[-1]
        result: Float32Array = values @ weight + bias
        return result


def _silu(values: Float32Array) -> Float32Array:
    with np.errstate(over="ignore"):  # exp overflows to inf for strongly negative inputs: the quotient is then 0
        denominator = np.exp(np.negative(values))
    denominator += np.float32(1.0)
    values /= denominator
    return values


def _tanh(values: Float32Array) -> Float32Array:
    return np.tanh(values, out=values)


def _relu(values: Float32Array) -> Float32Array:
    return np.maximum(values, np.float32(0.0), out=values)


_ACTIVATIONS: dict[str, Callable[[Float32Array], Float32Array]] = {"tanh": _tanh, "silu": _silu, "relu": _relu}


def _checked(arrays: Mapping[str, NDArray[Any]], name: str, shape: tuple[int, ...]) -> Float32Array:
    if name not in arrays:
        raise FileFormatError(f"{name} is missing, expected an array of shape {shape}; save the policy again")
    array = arrays[name]
    if array.shape != shape:
        raise FileFormatError(f"{name} has shape {array.shape}, expected {shape}; save the policy again")
    if not np.isfinite(array).all():
        raise FileFormatError(f"{name} holds values that are not finite; the training diverged, train again")
    return np.ascontiguousarray(array, np.float32)

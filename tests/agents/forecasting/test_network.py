"""The network of many clients against PyTorch's own, one client at a time."""

import numpy as np
import pytest
import torch

from voltran.agents.forecasting.network import (
    NetworkShape,
    check_weights,
    encoded,
    forecast,
    initial_weights,
    stacked,
)
from voltran.envs.errors import FileFormatError

SHAPE = NetworkShape(inputs=3, configuration=5, hidden=4)


def test_each_client_has_pytorchs_lstm() -> None:
    weights = [initial_weights(SHAPE, seed) for seed in (1, 2)]
    together = {name: torch.from_numpy(np.stack([own[name] for own in weights])) for name in weights[0]}
    windows = torch.from_numpy(np.random.default_rng(0).normal(size=(2, 7, 6, 3)).astype(np.float32))
    states = encoded(together, windows)
    for client, own in enumerate(weights):
        lstm = torch.nn.LSTM(3, 4, batch_first=True)
        lstm.load_state_dict(
            {
                f"{kind}_l0": torch.from_numpy(own[f"lstm.{kind}"])
                for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            }
        )
        expected, _ = lstm(windows[client])
        torch.testing.assert_close(states[client], expected[:, -1], rtol=1e-5, atol=1e-6)


def test_the_configuration_joins_the_last_state() -> None:
    weights = stacked(initial_weights(SHAPE, 0), 1)
    generator = np.random.default_rng(1)
    windows = torch.from_numpy(generator.normal(size=(1, 5, 6, 3)).astype(np.float32))
    configuration = torch.from_numpy(generator.normal(size=(1, 5, 5)).astype(np.float32))
    layer, output = torch.nn.Linear(9, 4), torch.nn.Linear(4, 1)
    for module, name in ((layer, "layer"), (output, "output")):
        module.load_state_dict({kind: weights[f"{name}.{kind}"][0] for kind in ("weight", "bias")})
    joined = torch.cat([encoded(weights, windows)[0], configuration[0]], dim=1)
    expected = output(torch.relu(layer(joined)))[:, 0]
    torch.testing.assert_close(forecast(weights, windows, configuration)[0], expected, rtol=1e-5, atol=1e-6)


def test_the_papers_sizes_give_few_weights() -> None:
    weights = initial_weights(NetworkShape(inputs=2, configuration=9, hidden=32), 0)
    assert sum(value.size for value in weights.values()) == 5985
    assert max(np.abs(value).max() for value in weights.values()) <= 32**-0.5


@pytest.mark.parametrize("fault", ["missing", "shape", "infinite"])
def test_weights_that_do_not_fit_are_refused(fault: str) -> None:
    weights = initial_weights(SHAPE, 0)
    if fault == "missing":
        del weights["output.bias"]
    elif fault == "shape":
        weights["output.bias"] = np.zeros(2, np.float32)
    else:
        weights["output.bias"] = np.full(1, np.inf, np.float32)
    with pytest.raises(FileFormatError, match=r"output\.bias"):
        check_weights(SHAPE, weights)

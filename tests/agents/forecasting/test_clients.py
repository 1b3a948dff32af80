"""Training of many clients at once against training one by one, and what leaves a client."""

from typing import Any

import numpy as np
import pytest
import torch

from tests.agents.forecasting.tools import config, sites
from tests.house import ROOT, imports
from voltran.agents.forecasting.clients import ClientPool, LocalTraining
from voltran.agents.forecasting.files import network_shape
from voltran.agents.forecasting.network import forecast, initial_weights, stacked
from voltran.agents.forecasting.server import ClientUpdate, Server, federated_average
from voltran.agents.forecasting.training import run_rounds
from voltran.envs.errors import ScenarioError, VoltranError

HOW = LocalTraining(epochs=2, batch_size=8, learning_rate=3e-3, seed=0)


def weights(seed: int = 0) -> dict[str, Any]:
    return initial_weights(network_shape(config()), seed)


def close(first: dict[str, Any], second: dict[str, Any]) -> bool:
    return all(np.allclose(first[name], second[name], rtol=1e-4, atol=1e-5) for name in first)


def test_clients_train_together_as_they_train_alone() -> None:
    pool = ClientPool(sites(), 4)
    together = pool.train(weights(), np.arange(6), 2, HOW)
    for number, update in enumerate(together):
        [alone] = pool.train(weights(), np.array([number]), 2, HOW)
        assert alone.samples == update.samples
        assert close(dict(alone.weights), dict(update.weights))
    assert not close(dict(together[0].weights), dict(together[1].weights))


def test_training_is_adam_on_each_clients_windows() -> None:
    """One site, one step, all windows in the batch, beside autograd and PyTorch's Adam on a plain module."""
    pool, [site, *_] = ClientPool(sites(), 4), sites()
    count = len(site.training)
    [update] = pool.train(weights(), np.array([0]), 0, LocalTraining(1, count, 3e-3, 0))
    own = {name: value.requires_grad_() for name, value in stacked(weights(), 1).items()}
    windows = torch.from_numpy(np.stack([site.inputs[start : start + 4] for start in site.training]))[None]
    target = torch.from_numpy(site.target[site.training + 4])[None]
    fixed = torch.from_numpy(site.configuration).expand(1, count, -1)
    adam = torch.optim.Adam(own.values(), lr=3e-3)
    torch.nn.functional.mse_loss(forecast(own, windows, fixed), target).backward()  # type: ignore[no-untyped-call]
    adam.step()
    assert close(dict(update.weights), {name: value[0].detach().numpy() for name, value in own.items()})


def test_clients_with_different_numbers_of_windows_train_side_by_side() -> None:
    unequal = sites()
    unequal[1] = unequal[1]._replace(training=unequal[1].training[:11])
    pool = ClientPool(unequal, 4)
    together = pool.train(weights(), np.array([0, 1, 2]), 0, HOW)
    assert [update.samples for update in together] == [44, 11, 44]
    [alone] = pool.train(weights(), np.array([1]), 0, HOW)
    assert close(dict(alone.weights), dict(together[1].weights))


def test_a_central_network_of_one_site_is_that_sites_own() -> None:
    pool = ClientPool(sites(), 4)
    central = pool.trained_centrally(weights(), np.array([0]), LocalTraining(1, 10_000, 3e-3, 0))
    [update] = pool.train(weights(), np.array([0]), 0, LocalTraining(1, 10_000, 3e-3, 0))
    assert close({name: value[0].numpy() for name, value in central.items()}, dict(update.weights))


def test_training_lessens_errors() -> None:
    pool = ClientPool(sites(), 4)
    before = np.mean([(own**2).mean() for own in pool.errors(stacked(weights(), 1), np.arange(6))])
    server = Server(weights(), 6, 3, 0)
    run_rounds(server, pool, config(rounds=25), lambda _: None)
    after = np.mean([(own**2).mean() for own in pool.errors(stacked(server.weights, 1), np.arange(6))])
    assert after < 0.7 * before


def test_the_average_is_weighted_by_samples() -> None:
    updates = [
        ClientUpdate({"w": np.array([1.0, 2.0], np.float32)}, 1),
        ClientUpdate({"w": np.array([5.0, 6.0], np.float32)}, 3),
    ]
    assert federated_average(updates)["w"] == pytest.approx([4.0, 5.0])
    with pytest.raises(ScenarioError, match="no client has a sample"):
        federated_average([ClientUpdate({"w": np.zeros(1, np.float32)}, 0)])


def test_the_server_chooses_by_seed_and_round_alone() -> None:
    first, again, other = (Server({}, 50, 7, seed) for seed in (1, 1, 2))
    assert (first.choose() == again.choose()).all()
    assert len(set(first.choose().tolist())) == 7
    assert (first.choose() != other.choose()).any()
    again.round_number = 1
    assert (first.choose() != again.choose()).any()
    with pytest.raises(ScenarioError, match="clients_per_round = 9: there are 6 clients"):
        Server({}, 6, 9, 0)


def test_only_weights_and_counts_leave_a_client() -> None:
    """An update has two fields; the weights are copies, which share no memory with data or with other clients."""
    pool = ClientPool(sites(), 4)
    assert ClientUpdate._fields == ("weights", "samples")
    first, second = pool.train(weights(), np.array([0, 1]), 0, HOW)
    assert type(first.samples) is int
    private = [tensor.numpy() for tensor in vars(pool).values() if isinstance(tensor, torch.Tensor)]
    private += [array for site in pool._sites for array in site if isinstance(array, np.ndarray)]
    for name, value in first.weights.items():
        assert value.shape == network_shape(config()).weight_shapes[name]
        assert not any(np.shares_memory(value, data) for data in private)
        assert value.base is None or not np.shares_memory(value, second.weights[name])


def test_spoiling_what_the_server_got_changes_no_data() -> None:
    pool = ClientPool(sites(), 4)
    expected = pool.errors(stacked(weights(), 1), np.arange(6))
    server = Server(weights(), 6, 3, 0)
    for update in pool.train(server.weights, server.choose(), 0, HOW):
        for value in update.weights.values():
            value[...] = np.nan
    after = pool.errors(stacked(weights(), 1), np.arange(6))
    assert all((one == two).all() for one, two in zip(expected, after, strict=True))


def test_the_server_knows_no_data() -> None:
    """Its module imports nothing in which a client or its series could be named."""
    path = "agents/forecasting/server.py"
    own = {item.target for item in imports(path, (ROOT / path).read_text(encoding="utf-8")) if item.top == "voltran"}
    assert own == {"voltran.envs.errors", "voltran.physics.arrays"}


def test_what_diverges_says_so() -> None:
    with pytest.raises(VoltranError, match="training diverged; choose a lower one"):
        ClientPool(sites(), 4).train(weights(), np.arange(2), 0, LocalTraining(3, 8, 1e38, 0))

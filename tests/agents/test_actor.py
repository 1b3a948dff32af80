"""The NumPy actor must be the network that was trained."""

import numpy as np
import pytest
import torch
from gymnasium import spaces
from numpy.typing import NDArray

from voltran.agents.actor import Activation, Actor, ActorDescription
from voltran.agents.networks import SharedActorCritic
from voltran.envs.errors import FileFormatError, ScenarioError

OBSERVATIONS = spaces.Box(-5.0, 5.0, (7,), np.float32)


def network(activation: Activation = "silu", **options: object) -> SharedActorCritic:
    torch.manual_seed(3)
    action_space = spaces.Discrete(5)
    return SharedActorCritic(OBSERVATIONS, action_space, lambda _: 1e-3, activation=activation, **options)  # type: ignore[arg-type]


def rows(count: int = 50, scale: float = 1.0) -> NDArray[np.float32]:
    return (scale * np.random.default_rng(0).standard_normal((count, 7))).astype(np.float32)


@pytest.mark.parametrize("activation", ["tanh", "silu", "relu"])
@pytest.mark.parametrize("scale", [1.0, 300.0])
def test_numpy_actor_equals_the_torch_network(activation: Activation, scale: float) -> None:
    trained = network(activation, actor_widths=(16, 12, 8))
    with torch.no_grad():
        trained.action_net.weight.mul_(100.0)  # the small initial layer would hide differences
        latent = trained.mlp_extractor.forward_actor(torch.from_numpy(rows(scale=scale)))
        expected = trained.action_net(latent).numpy()
    found = Actor(trained.description, trained.arrays()).logits(rows(scale=scale))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max())


def test_actor_leaves_the_observations_alone() -> None:
    observations = rows()
    Actor(network("tanh").description, network("tanh").arrays()).logits(observations)
    np.testing.assert_array_equal(observations, rows())


def test_description_matches_the_network() -> None:
    description = network(actor_widths=(16, 12)).description
    assert description == ActorDescription(observation_size=7, widths=(16, 12), activation="silu", outputs=5)
    assert description.layer_sizes == [(7, 16), (16, 12), (12, 5)]


@pytest.mark.parametrize("name", ["actor.0.weight", "actor.2.bias"])
def test_a_missing_array_is_named(name: str) -> None:
    arrays = network().arrays()
    del arrays[name]
    with pytest.raises(FileFormatError, match=f"{name} is missing"):
        Actor(network().description, arrays)


def test_an_array_of_another_shape_is_named() -> None:
    arrays = network().arrays()
    arrays["actor.1.weight"] = arrays["actor.1.weight"][:-1]
    with pytest.raises(FileFormatError, match=r"actor.1.weight has shape \(127, 128\), expected \(128, 128\)"):
        Actor(network().description, arrays)


def test_weights_that_are_not_finite_are_refused() -> None:
    arrays = network().arrays()
    arrays["actor.0.bias"][4] = np.nan
    with pytest.raises(FileFormatError, match=r"actor.0.bias holds values that are not finite"):
        Actor(network().description, arrays)


def test_initial_bias_shifts_the_first_choices() -> None:
    plain, biased = network().arrays(), network(initial_bias=(0.0, 2.0)).arrays()
    np.testing.assert_allclose(biased["actor.2.bias"] - plain["actor.2.bias"], [0.0, 2.0, 0.0, 0.0, 0.0])
    actor = Actor(network().description, biased)
    assert (actor.logits(rows()).argmax(axis=1) == 1).all()


def test_an_initial_bias_longer_than_the_actions_is_refused() -> None:
    with pytest.raises(ScenarioError, match="initial_bias has 6 values for 5 action codes"):
        network(initial_bias=(0.0,) * 6)


def test_the_first_policy_is_nearly_uniform() -> None:
    logits = Actor(network().description, network().arrays()).logits(rows())
    assert np.abs(logits).max() < 0.1


def test_loading_weights_makes_two_networks_equal() -> None:
    source, target = network(initial_bias=(1.0,)), network()
    with torch.no_grad():
        source.value_net.bias.add_(3.0)
    target.load_arrays(source.arrays())
    assert all((target.arrays()[name] == value).all() for name, value in source.arrays().items())


def test_loading_only_an_actor_keeps_the_critic() -> None:
    source, target = network(initial_bias=(1.0,)), network()
    with torch.no_grad():
        source.value_net.bias.add_(3.0)
    target.load_arrays({name: value for name, value in source.arrays().items() if name.startswith("actor.")})
    assert target.arrays()["critic.2.bias"] == network().arrays()["critic.2.bias"]
    np.testing.assert_array_equal(target.arrays()["actor.2.bias"], source.arrays()["actor.2.bias"])


def test_loading_weights_of_another_width_changes_nothing() -> None:
    target = network()
    with pytest.raises(FileFormatError, match=r"actor.1.weight: found shape \(64, 128\), expected \(128, 128\)"):
        target.load_arrays(network(actor_widths=(128, 64)).arrays())
    assert all((target.arrays()[name] == value).all() for name, value in network().arrays().items())

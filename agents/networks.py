"""The actor-critic that PPO trains: one network shared by all agents of a role."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy
from stable_baselines3.common.type_aliases import Schedule
from torch import nn

from voltran.agents.actor import Activation, ActorDescription
from voltran.envs.errors import FileFormatError, ScenarioError
from voltran.physics.arrays import Float32Array

_ACTIVATIONS: dict[Activation, type[nn.Module]] = {"tanh": nn.Tanh, "silu": nn.SiLU, "relu": nn.ReLU}


class SharedActorCritic(MaskableActorCriticPolicy):
    """Two perceptrons, actor and critic, with masked actions and orthogonal initialisation (last actor layer 0.01).

    Args:
        observation_space: of one agent.
        action_space: of one agent, Discrete or MultiDiscrete.
        lr_schedule: learning rate by the share of training that is left.
        actor_widths: hidden units of the actor.
        critic_widths: hidden units of the critic.
        activation: function between the layers.
        initial_bias: added to the logits at the start, one value per action code; codes beyond its end get 0. With it
            training can begin near a sane plan, such as a simple rule's.
        **options: passed on to Stable-Baselines3.

    Raises:
        ScenarioError: ``initial_bias`` is longer than the number of action codes.
    """

    action_net: nn.Linear
    value_net: nn.Linear

    def __init__(
        self,
        observation_space: spaces.Space[Any],
        action_space: spaces.Space[Any],
        lr_schedule: Schedule,
        *,
        actor_widths: Sequence[int] = (128, 128),
        critic_widths: Sequence[int] = (128, 128),
        activation: Activation = "relu",
        initial_bias: Sequence[float] = (),
        **options: Any,
    ) -> None:
        self.activation = activation
        super().__init__(
            observation_space,
            action_space,
            lr_schedule,
            net_arch={"pi": list(actor_widths), "vf": list(critic_widths)},
            activation_fn=_ACTIVATIONS[activation],
            **options,
        )
        outputs = self.action_net.out_features
        if len(initial_bias) > outputs:
            raise ScenarioError(
                f"initial_bias has {len(initial_bias)} values for {outputs} action codes; give at most {outputs}"
            )
        with torch.no_grad():
            self.action_net.bias[: len(initial_bias)] += torch.tensor(list(initial_bias))

    @property
    def description(self) -> ActorDescription:
        """Shape of the actor, as stored in policy files."""
        layers = _linear_layers(self.mlp_extractor.policy_net)
        return ActorDescription(
            observation_size=int(np.prod(self.observation_space.shape or ())),
            widths=tuple(layer.out_features for layer in layers),
            activation=self.activation,
            outputs=int(self.action_net.out_features),
        )

    def arrays(self) -> dict[str, Float32Array]:
        """Copies of all weights: ``actor.<layer>.weight``, ``critic.<layer>.bias``, ... as policy files store them."""
        return {
            name: value.detach().cpu().numpy().astype(np.float32, copy=True)
            for name, value in self._named_weights().items()
        }

    def load_arrays(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take over the weights of a policy file, to train it further; a file without critic leaves the critic as is.

        Raises:
            FileFormatError: a weight is missing or of another shape; the network is then unchanged.
        """
        has_critic = any(name.startswith("critic.") for name in arrays)
        wanted = {
            name: value for name, value in self._named_weights().items() if has_critic or name.startswith("actor.")
        }
        for name, value in wanted.items():
            shape = arrays[name].shape if name in arrays else None
            if shape != tuple(value.shape):
                raise FileFormatError(
                    f"{name}: found shape {shape}, expected {tuple(value.shape)}; give the configuration the widths "
                    "of the policy file, or start from another file"
                )
        with torch.no_grad():
            for name, value in wanted.items():
                value.copy_(torch.from_numpy(np.array(arrays[name], np.float32)))

    def _named_weights(self) -> dict[str, nn.Parameter]:
        actor = [*_linear_layers(self.mlp_extractor.policy_net), self.action_net]
        critic = [*_linear_layers(self.mlp_extractor.value_net), self.value_net]
        return {
            f"{part}.{index}.{kind}": getattr(layer, kind)
            for part, layers in (("actor", actor), ("critic", critic))
            for index, layer in enumerate(layers)
            for kind in ("weight", "bias")
        }


def _linear_layers(network: nn.Module) -> list[nn.Linear]:
    return [module for module in network.modules() if isinstance(module, nn.Linear)]

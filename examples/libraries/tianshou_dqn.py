"""DQN of Tianshou on the turn-based face: it reads masks in observations only; all agents share one DQN."""

import voltran
from examples.libraries import options, show

chosen = options("tianshou", decisions=30_000)

import numpy as np
import torch
from tianshou.algorithm import DQN
from tianshou.algorithm.modelfree.dqn import DiscreteQLearningPolicy
from tianshou.algorithm.multiagent.marl import MultiAgentOffPolicyAlgorithm
from tianshou.algorithm.optim import AdamOptimizerFactory
from tianshou.data import Batch, Collector, VectorReplayBuffer
from tianshou.env import DummyVectorEnv, PettingZooEnv
from tianshou.trainer import OffPolicyTrainerParams
from tianshou.utils.net.common import Net

torch.manual_seed(0)
np.random.seed(0)  # noqa: NPY002  Tianshou draws from it
faces = []


def make():
    faces.append(voltran.make(chosen.scenario, face="aec", reward=chosen.reward, mask="obs"))
    return PettingZooEnv(faces[-1])


env = make()
count, seen = len(env.agents), env.observation_space["observation"]
policy = DiscreteQLearningPolicy(
    model=Net(state_shape=seen.shape, action_shape=env.action_space.n, hidden_sizes=[64, 64]),
    action_space=env.action_space,
    eps_training=0.1,
)
# A transition is one agent's turn: its own next observation comes as many turns later as there are agents.
shared = DQN(
    policy=policy,
    optim=AdamOptimizerFactory(lr=1e-3),
    gamma=0.97 ** (1 / count),
    n_step_return_horizon=count,
    target_update_freq=100 * count,
)
learner = MultiAgentOffPolicyAlgorithm(algorithms=[shared] * count, env=env)
turns = DummyVectorEnv([make] * 4)
collector = Collector(learner, turns, VectorReplayBuffer(200_000, 4), exploration_noise=True)
collector.reset()
collector.collect(n_step=64 * count)  # something to sample from
learner.run_training(
    OffPolicyTrainerParams(
        training_collector=collector,
        max_epochs=1,
        epoch_num_steps=chosen.decisions,
        collection_step_num_env_steps=4 * count,
        update_step_num_gradient_steps_per_sample=1 / (4 * count),
        batch_size=64 * count,
    )
)


def choose(observations, masks):
    return policy(Batch(obs=Batch(obs=observations, mask=masks), info={})).act


results = voltran.evaluate(
    chosen.scenario, [voltran.function_policy(choose, "tianshou"), chosen.reference], chosen.seeds
)
show(results, sum(face.illegal_actions for face in faces), sum(face.actions_taken for face in faces))

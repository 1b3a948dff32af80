"""IPPO of AgileRL: acts within masks once they are lists of numbers, and learns as if there were none."""

import voltran
from examples.libraries import options, show
from voltran.envs.team import Team

chosen = options("agilerl", decisions=40_000)

import agilerl.algorithms.ippo
import numpy as np
import torch
from agilerl.algorithms import IPPO

# AgileRL 2.58 compares each mask with None by ==, which arrays answer with an array.
agilerl.algorithms.ippo.coerce_action_mask = lambda mask: None if mask is None else np.asarray(mask).tolist()

torch.manual_seed(0)
np.random.seed(0)  # noqa: NPY002  AgileRL draws from it
env = voltran.make(chosen.scenario, reward=chosen.reward)
agents = env.possible_agents
learner = IPPO(
    observation_spaces=[env.observation_space(agent) for agent in agents],
    action_spaces=[env.action_space(agent) for agent in agents],
    agent_ids=agents,
    net_config={"latent_dim": 64, "encoder_config": {"hidden_size": [64]}, "head_config": {"hidden_size": [64]}},
    batch_size=256,
    lr=1e-3,
    gamma=0.97,
    ent_coef=0.005,
)
observations, infos = env.reset(seed=0)
done = dict.fromkeys(agents, np.zeros(1))
while env.actions_taken < chosen.decisions:
    rollout = [{agent: [] for agent in agents} for _ in range(6)]
    for _ in range(128):
        actions, log_probabilities, _, values = learner.get_action(obs=observations, infos=infos)
        seen = observations
        observations, rewards, ended, cut, infos = env.step({a: int(action.item()) for a, action in actions.items()})
        for kept, new in zip(rollout, (seen, actions, log_probabilities, rewards, done, values), strict=True):
            for agent in agents:
                kept[agent].append(np.atleast_1d(new[agent]))
        done = {agent: np.array([float(ended[agent] or cut[agent])]) for agent in agents}
        if not env.agents:
            observations, infos = env.reset()
    learner.learn((*rollout, observations, done))


def chooser(actor):
    def choose(observations, masks):
        with torch.no_grad():
            actor(torch.from_numpy(observations), action_mask=torch.from_numpy(masks).float())
        return actor.head_net.dist.logits.argmax(-1)

    return choose


team = Team({r: voltran.function_policy(chooser(actor), role=r) for r, actor in learner.actors.items()}, name="agilerl")
show(voltran.evaluate(chosen.scenario, [team, chosen.reference], chosen.seeds), env.illegal_actions, env.actions_taken)

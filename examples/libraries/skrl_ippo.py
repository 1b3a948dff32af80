"""IPPO of skrl, whose own models know no masks: this one reads the mask that stands in its observations."""

import voltran
from examples.libraries import options, show
from voltran.envs.team import Team

chosen = options("skrl", decisions=50_000)

import torch
from skrl.envs.wrappers.torch import wrap_env
from skrl.memories.torch import RandomMemory
from skrl.models.torch import CategoricalMixin, DeterministicMixin, Model
from skrl.multi_agents.torch.ippo import IPPO
from skrl.trainers.torch import SequentialTrainer
from skrl.utils.spaces.torch import unflatten_tensorized_space
from torch.nn import LazyLinear, Sequential, Tanh


class Policy(CategoricalMixin, Model):
    def __init__(self, observed, actions):
        Model.__init__(self, observation_space=observed, action_space=actions)
        CategoricalMixin.__init__(self)
        self.scores = Sequential(LazyLinear(64), Tanh(), LazyLinear(64), Tanh(), LazyLinear(actions.n))

    def compute(self, inputs, role=""):
        seen = unflatten_tensorized_space(self.observation_space, inputs["observations"])
        return self.scores(seen["observation"]).masked_fill(seen["action_mask"] == 0, -1e9), {}

    def choose(self, observations, masks):
        return self.scores(torch.from_numpy(observations)).masked_fill(~torch.from_numpy(masks), -1e9).argmax(-1)


class Value(DeterministicMixin, Model):
    def __init__(self, observed, actions):
        Model.__init__(self, observation_space=observed, action_space=actions)
        DeterministicMixin.__init__(self)
        self.value = Sequential(LazyLinear(64), Tanh(), LazyLinear(64), Tanh(), LazyLinear(1))

    def compute(self, inputs, role=""):
        return self.value(inputs["observations"]), {}


torch.manual_seed(0)
face = voltran.make(chosen.scenario, reward=chosen.reward, mask="obs")
env = wrap_env(face, wrapper="pettingzoo")
agents = {agent: agent.rsplit("_", 1)[0] for agent in face.possible_agents}  # those of a role share its models
spaces = {role: (face.observation_space(agent), face.action_space(agent)) for agent, role in agents.items()}
models = {role: {"policy": Policy(*both), "value": Value(*both)} for role, both in spaces.items()}
for model in (each for both in models.values() for each in both.values()):
    model.init_state_dict()  # lets its layers find their sizes
settings = {"rollouts": 128, "learning_epochs": 4, "discount_factor": 0.97, "entropy_loss_scale": 0.005}
settings |= {"time_limit_bootstrap": True, "experiment": {"write_interval": 0, "checkpoint_interval": 0}}
parts = ("learning_rate_scheduler", "observation_preprocessor", "state_preprocessor", "value_preprocessor")
settings |= {f"{part}_kwargs": {agent: {} for agent in agents} for part in parts}  # skrl 2.1 refuses its own defaults
learner = IPPO(
    possible_agents=list(agents),
    models={agent: models[role] for agent, role in agents.items()},
    memories={agent: RandomMemory(memory_size=128) for agent in agents},
    observation_spaces=env.observation_spaces,
    state_spaces=env.state_spaces,
    action_spaces=env.action_spaces,
    cfg=settings,
)
training = {"timesteps": max(chosen.decisions // len(agents), 128), "headless": True, "disable_progressbar": True}
SequentialTrainer(env=env, agents=learner, cfg=training).train()

team = {role: voltran.function_policy(both["policy"].choose, role=role) for role, both in models.items()}
results = voltran.evaluate(chosen.scenario, [Team(team, name="skrl"), chosen.reference], chosen.seeds)
show(results, face.illegal_actions, face.actions_taken)

"""MAPPO of BenchMARL: a policy and a centralised critic for each role; blackouts, and brownouts with retailers."""

import voltran
from examples.libraries import options, show
from voltran.envs.team import Team

chosen = options("benchmarl", decisions=50_000)

import torch
from benchmarl.algorithms import MappoConfig
from benchmarl.environments.pettingzoo.common import PettingZooClass
from benchmarl.experiment import Experiment, ExperimentConfig
from benchmarl.models.mlp import MlpConfig
from tensordict import TensorDict
from torchrl.envs import PettingZooWrapper
from torchrl.envs.utils import ExplorationType, set_exploration_type

world = voltran.make_world(chosen.scenario)
agents = sum(role.count for role in world.roles)
faces = []


class VoltranTask(PettingZooClass):
    def get_env_fun(self, num_envs, continuous_actions, seed, device):
        def make():
            faces.append(voltran.make(chosen.scenario, reward=chosen.reward))
            settings = {"use_mask": True, "categorical_actions": True, "return_state": True}
            return PettingZooWrapper(faces[-1], seed=seed, device=device, **settings)

        return make

    def supports_discrete_actions(self):
        return True

    def has_state(self):
        return True

    def max_steps(self, env):
        return world.max_decisions


config = ExperimentConfig.get_from_yaml()
config.max_n_frames = max(chosen.decisions // agents, 64)  # a frame is a decision of all agents
config.on_policy_collected_frames_per_batch = min(512, config.max_n_frames)
config.on_policy_n_envs_per_worker, config.on_policy_minibatch_size, config.on_policy_n_minibatch_iters = 4, 128, 4
config.lr, config.gamma, config.prefer_continuous_actions = 1e-3, 0.97, False
config.loggers, config.create_json, config.evaluation = [], False, False
algorithm, network = MappoConfig.get_from_yaml(), MlpConfig.get_from_yaml()
algorithm.entropy_coef, network.num_cells = 0.005, [64, 64]
learner = Experiment(
    VoltranTask(world.name, {}), algorithm, network, seed=0, config=config, critic_model_config=network
)
learner.run()


def chooser(role):
    def choose(observations, masks):
        seen = {"observation": torch.from_numpy(observations), "action_mask": torch.from_numpy(masks)}
        rows = TensorDict({role.name: TensorDict(seen, [len(masks)]).reshape(-1, role.count)})
        with torch.no_grad(), set_exploration_type(ExplorationType.DETERMINISTIC):
            return learner.group_policies[role.name](rows)[role.name, "action"].flatten()

    return choose


team = Team(
    {role.name: voltran.function_policy(chooser(role), role=role.name) for role in world.roles}, name="benchmarl"
)
results = voltran.evaluate(chosen.scenario, [team, chosen.reference], chosen.seeds)
show(results, sum(face.illegal_actions for face in faces), sum(face.actions_taken for face in faces))

"""MAPPO of BenchMARL: a policy and a centralised critic for each role; blackouts, and brownouts with retailers."""

import voltran
from examples.libraries import options, show
from voltran.envs.team import Team

chosen = options("benchmarl", decisions=200_000)

import torch
from benchmarl.algorithms import MappoConfig
from benchmarl.environments.pettingzoo.common import PettingZooClass
from benchmarl.experiment import Experiment, ExperimentConfig
from benchmarl.models.mlp import MlpConfig
from tensordict import TensorDict
from torchrl.envs import ExcludeTransform, TransformedEnv
from torchrl.envs.utils import ExplorationType, set_exploration_type

world = voltran.make_world(chosen.scenario)
faces = []


class OneOf:
    """What BenchMARL reads of a batch to build networks for one of its worlds."""

    def __init__(self, batch):
        self.observation_spec, self.group_map = batch.observation_spec_unbatched, batch.group_map
        self.full_action_spec = batch.full_action_spec_unbatched


class VoltranTask(PettingZooClass):
    def get_env_fun(self, num_envs, continuous_actions, seed, device):
        def make():
            settings = {"face": "torchrl", "n_worlds": num_envs, "reward": chosen.reward}
            faces.append(voltran.make(chosen.scenario, seed=seed, **settings))
            return TransformedEnv(faces[-1], ExcludeTransform("kpis"))

        return make

    def supports_discrete_actions(self):
        return True

    def has_state(self):
        return True

    def max_steps(self, env):
        return world.max_decisions


for name in ("state_spec", "action_mask_spec", "observation_spec", "info_spec", "action_spec"):
    read = getattr(PettingZooClass, name)
    setattr(VoltranTask, name, lambda self, env, read=read: read(self, OneOf(env)))
config = ExperimentConfig.get_from_yaml()
agents = sum(role.count for role in world.roles)  # who decide together in a frame
config.max_n_frames = max(chosen.decisions // agents, 64)
config.on_policy_collected_frames_per_batch = min(512, config.max_n_frames)
config.on_policy_n_envs_per_worker, config.on_policy_minibatch_size, config.on_policy_n_minibatch_iters = 32, 128, 4
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


team = {role.name: voltran.function_policy(chooser(role), role=role.name) for role in world.roles}
results = voltran.evaluate(chosen.scenario, [Team(team, name="benchmarl"), chosen.reference], chosen.seeds)
show(results, sum(face.illegal_actions for face in faces), sum(face.actions_taken for face in faces))

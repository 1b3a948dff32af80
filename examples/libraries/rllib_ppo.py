"""PPO of RLlib's new stack: a policy for each role, and a module that enforces masks, which others only see.

On a cluster: ``python -m examples.libraries.rllib_ppo --address auto --runners 8``, on one of its machines.
"""

import voltran
from examples.libraries import options, show
from voltran.envs.team import Team

chosen = options("rllib", decisions=50_000, on_cluster=True)

import ray
import torch
from gymnasium.spaces import Box, Dict
from ray.rllib.algorithms.ppo import PPOConfig
from ray.rllib.core.rl_module import MultiRLModuleSpec, RLModuleSpec
from ray.rllib.env.wrappers.pettingzoo_env import ParallelPettingZooEnv
from ray.rllib.examples.rl_modules.classes.action_masking_rlm import ActionMaskingTorchRLModule


class MaskedEnv(ParallelPettingZooEnv):
    # The module wants its own names, and masks of floats.
    def __init__(self, settings):
        super().__init__(voltran.make(settings["scenario"], reward=settings["reward"]))
        masks = {agent: Box(0, 1, mask.shape) for agent, mask in self.par_env.action_masks().items()}
        spaces = self.par_env.observation_spaces
        self.observation_space = Dict({a: Dict(action_mask=masks[a], observations=spaces[a]) for a in masks})

    def masked(self, observations):
        masks = {agent: mask.astype("float32") for agent, mask in self.par_env.action_masks().items()}
        return {agent: {"action_mask": masks[agent], "observations": seen} for agent, seen in observations.items()}

    def reset(self, **options):
        observations, infos = super().reset(**options)
        return self.masked(observations), infos

    def step(self, actions):
        observations, *others = super().step(actions)
        return self.masked(observations), *others


roles = [role.name for role in voltran.make_world(chosen.scenario).roles]
batch = min(512, chosen.decisions // 4)  # decisions of all agents together
specs = {role: RLModuleSpec(module_class=ActionMaskingTorchRLModule) for role in roles}
ray.init(chosen.address or "local", log_to_driver=False)
learner = (
    PPOConfig()
    # RLlib's check of an environment takes a step that knows no masks.
    .environment(MaskedEnv, env_config=vars(chosen), disable_env_checking=True)
    .multi_agent(policies=roles, policy_mapping_fn=lambda agent, *_, **__: agent.rsplit("_", 1)[0])
    .rl_module(rl_module_spec=MultiRLModuleSpec(rl_module_specs=specs), model_config={"fcnet_hiddens": [64, 64]})
    .training(lr=1e-3, gamma=0.97, num_epochs=4, train_batch_size_per_learner=batch, minibatch_size=batch)
    .env_runners(num_env_runners=chosen.runners)
    .debugging(seed=0, log_level="ERROR")
    .build_algo()
)


def counted():
    # Actions taken, and how many of them were illegal, wherever environments run.
    def by(runner):
        faces = [env.unwrapped.par_env for env in runner.env.envs] if runner.env is not None else []
        return sum(face.actions_taken for face in faces), sum(face.illegal_actions for face in faces)

    return map(sum, zip(*learner.env_runner_group.foreach_env_runner(by), strict=True))


while next(counted()) < chosen.decisions:
    learner.train()


def chooser(module):
    def choose(observations, masks):
        seen = {"action_mask": torch.from_numpy(masks).float(), "observations": torch.from_numpy(observations)}
        return module.forward_inference({"obs": seen})["action_dist_inputs"].argmax(-1)

    return choose


team = {role: voltran.function_policy(chooser(learner.get_module(role)), role=role) for role in roles}
results = voltran.evaluate(chosen.scenario, [Team(team, name="rllib"), chosen.reference], chosen.seeds)
taken, illegal = counted()
show(results, illegal, taken)

"""MaskablePPO of Stable-Baselines3: all agents of all worlds are rows of one ``VecEnv``, and share the network."""

import voltran
from examples.libraries import options, show

chosen = options("sb3", decisions=300_000)

from sb3_contrib import MaskablePPO

env = voltran.make(chosen.scenario, face="vector", n_worlds=32)
model = MaskablePPO(
    "MlpPolicy",
    env,
    learning_rate=1e-3,
    n_steps=16,
    batch_size=4 * env.num_envs,
    n_epochs=4,
    gamma=0.97,
    ent_coef=0.005,
    seed=0,
    device="cpu",
)
model.learn(chosen.decisions)


def choose(observations, masks):
    return model.predict(observations, action_masks=masks, deterministic=True)[0]


policy = voltran.function_policy(choose, "sb3")
show(
    voltran.evaluate(chosen.scenario, [policy, chosen.reference], chosen.seeds), env.illegal_actions, env.actions_taken
)

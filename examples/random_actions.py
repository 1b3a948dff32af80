"""Play one outage with random actions: the example of the README."""

import voltran

env = voltran.make("blackout_v0", scenario="urban19-medium")  # PettingZoo's Parallel API
observations, infos = env.reset(seed=0)
for number, agent in enumerate(env.agents):
    env.action_space(agent).seed(number)
total = dict.fromkeys(env.possible_agents, 0.0)

while env.agents:
    # Random actions, but only those that the site can carry out now.
    actions = {agent: env.action_space(agent).sample(env.action_mask(agent)) for agent in env.agents}
    observations, rewards, terminations, truncations, infos = env.step(actions)
    for agent, reward in rewards.items():
        total[agent] += reward

print(f"reward per site: {sum(total.values()) / len(total):.3f}")

"""PPO with action masks in one file of plain PyTorch, on a whole batch of worlds at once.

A world is a batch of episodes as arrays: the first axis counts the episodes, the second the agents of a role. Nothing
stands between it and the tensors. Each role learns a network of its own, which its agents share.
"""

import numpy as np

import voltran
from examples.libraries import options, show
from voltran.envs.seeds import training_seed
from voltran.envs.team import Team

chosen = options("single-file", decisions=300_000)

import torch
from torch import nn
from torch.distributions import Categorical

WORLDS = 32  # episodes side by side
STEPS = 16  # decisions of each agent between two updates
EPOCHS = 4  # times that an update looks at the same decisions
MINIBATCHES = 4
LEARNING_RATE = 1e-3
DISCOUNT = 0.97
GAE_LAMBDA = 0.95
CLIP = 0.2
ENTROPY_WEIGHT = 0.005
VALUE_WEIGHT = 0.5
LARGEST_GRADIENT = 0.5
SEED = 0


def layer(inputs, outputs, gain=2**0.5):
    """A linear layer with orthogonal weights."""
    made = nn.Linear(inputs, outputs)
    nn.init.orthogonal_(made.weight, gain)
    nn.init.zeros_(made.bias)
    return made


class Network(nn.Module):
    """Actor and critic of one role."""

    def __init__(self, features, codes):
        super().__init__()
        self.actor = nn.Sequential(layer(features, 64), nn.Tanh(), layer(64, 64), nn.Tanh(), layer(64, codes, 0.01))
        self.critic = nn.Sequential(layer(features, 64), nn.Tanh(), layer(64, 64), nn.Tanh(), layer(64, 1, 1.0))

    def distribution(self, observations, masks):
        """Over the legal codes: those that the mask forbids have probability zero."""
        return Categorical(logits=self.actor(observations).masked_fill(~masks, -torch.inf), validate_args=False)

    def value(self, observations):
        return self.critic(observations).squeeze(-1)


class Learner:
    """What one role has seen since the last update, and what it makes of it."""

    def __init__(self, role):
        self.name = role.name
        self.network = Network(role.observation_space.shape[0], role.mask_size)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=LEARNING_RATE, eps=1e-5)
        self.rollout = []
        self.illegal = self.taken = 0

    @torch.no_grad()
    def act(self, world):
        """Codes ``[worlds, agents]`` for the worlds as they are, kept with all that the update needs."""
        observations, masks = self.observe(world)
        distribution = self.network.distribution(observations, masks)
        codes = distribution.sample()
        self.illegal += int((~masks.gather(-1, codes[..., None])).sum())
        self.taken += codes.numel()
        self.rollout.append(
            {
                "observations": observations,
                "masks": masks,
                "codes": codes,
                "log_probabilities": distribution.log_prob(codes),
                "values": self.network.value(observations),
            }
        )
        return codes.numpy()

    @torch.no_grad()
    def reward(self, world, transition):
        """Note what the last codes brought; an episode that was only cut short is worth what would have followed."""
        rewards = torch.as_tensor(transition.rewards[self.name], dtype=torch.float32)
        cut = torch.as_tensor(transition.truncated & ~transition.terminated)
        if cut.any():
            rewards = rewards + DISCOUNT * cut[:, None] * self.network.value(self.observe(world)[0])
        over = torch.as_tensor(transition.terminated | transition.truncated)
        self.rollout[-1] |= {"rewards": rewards, "over": over[:, None].expand_as(rewards)}

    def update(self, world):
        """Some steps up the clipped objective."""
        batch = {key: torch.stack([step[key] for step in self.rollout]) for key in self.rollout[0]}
        self.rollout = []
        batch["advantages"] = self.advantages(batch, self.observe(world)[0])
        batch["returns"] = batch["advantages"] + batch["values"]
        rows = {key: values.flatten(0, 2) for key, values in batch.items()}
        for _ in range(EPOCHS):
            for picked in torch.randperm(len(rows["codes"])).chunk(MINIBATCHES):
                loss = self.loss({key: values[picked] for key, values in rows.items()})
                self.optimizer.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(self.network.parameters(), LARGEST_GRADIENT)
                self.optimizer.step()

    @torch.no_grad()
    def advantages(self, batch, last_observations):
        """Generalised advantage estimates, from the last decision back to the first."""
        following, advantage = self.network.value(last_observations), 0.0
        found = []
        for reward, value, over in zip(*(batch[key].flip(0) for key in ("rewards", "values", "over")), strict=True):
            error = reward + DISCOUNT * following * ~over - value
            advantage = error + DISCOUNT * GAE_LAMBDA * advantage * ~over
            following = value
            found.append(advantage)
        return torch.stack(found[::-1])

    def loss(self, rows):
        distribution = self.network.distribution(rows["observations"], rows["masks"])
        ratio = (distribution.log_prob(rows["codes"]) - rows["log_probabilities"]).exp()
        advantages = (rows["advantages"] - rows["advantages"].mean()) / (rows["advantages"].std() + 1e-8)
        gained = torch.min(ratio * advantages, ratio.clamp(1 - CLIP, 1 + CLIP) * advantages).mean()
        missed = (self.network.value(rows["observations"]) - rows["returns"]).square().mean()
        probabilities = distribution.probs
        entropy = -(probabilities * probabilities.clamp_min(1e-12).log()).sum(-1).mean()
        return VALUE_WEIGHT * missed - gained - ENTROPY_WEIGHT * entropy

    def observe(self, world):
        """Observations ``[worlds, agents, features]`` and masks ``[worlds, agents, codes]`` of the role."""
        observations, masks = world.observations()[self.name], world.action_masks()[self.name]
        return torch.from_numpy(observations), torch.from_numpy(masks)

    @torch.no_grad()
    def likeliest(self, observations, masks):
        """The likeliest codes, for evaluation."""
        distribution = self.network.distribution(torch.from_numpy(observations), torch.from_numpy(masks))
        return distribution.probs.argmax(-1).numpy()


torch.manual_seed(SEED)
world = voltran.make_world(chosen.scenario, n_worlds=WORLDS, reward=chosen.reward)
learners = [Learner(role) for role in world.roles]
episodes = np.zeros(WORLDS, np.int64)


def start(over):
    """Reset the worlds whose episode is over, each with a seed that no evaluation uses."""
    seeds = [training_seed(SEED, number, int(episode)) for number, episode in enumerate(episodes)]
    world.reset(seeds, over)
    episodes[over] += 1


start(np.ones(WORLDS, bool))
while sum(learner.taken for learner in learners) < chosen.decisions:
    for _ in range(STEPS):
        transition = world.step({learner.name: learner.act(world) for learner in learners})
        for learner in learners:
            learner.reward(world, transition)
        over = transition.terminated | transition.truncated
        if over.any():
            start(over)
    for learner in learners:
        learner.update(world)

team = {learner.name: voltran.function_policy(learner.likeliest, role=learner.name) for learner in learners}
policy = Team(team, name="single-file")
illegal, taken = (
    sum(counts) for counts in zip(*((learner.illegal, learner.taken) for learner in learners), strict=True)
)
show(voltran.evaluate(chosen.scenario, [policy, chosen.reference], chosen.seeds), illegal, taken)

"""PPO of TorchRL on the face for it: a batch of worlds, a group for each role, masks in the specs."""

import voltran
from examples.libraries import options, show
from voltran.envs.team import Team

chosen = options("torchrl", decisions=200_000)

import torch
from tensordict.nn import TensorDictModule, TensorDictSequential
from torchrl.collectors import Collector
from torchrl.modules import MLP, MaskedCategorical, ProbabilisticActor, ValueOperator
from torchrl.objectives import ClipPPOLoss
from torchrl.objectives.value import GAE

torch.manual_seed(0)
env = voltran.make(chosen.scenario, face="torchrl", n_worlds=32, reward=chosen.reward, seed=0)
agents = sum(role.count for role in env.world.roles)


class Learner:
    """Policy and critic that the agents of a role share."""

    def __init__(self, role):
        self.name, seen = role.name, (role.name, "observation")
        self.net = MLP(role.observation_space.shape[0], role.mask_size, num_cells=[64, 64])
        self.actor = ProbabilisticActor(
            TensorDictModule(self.net, in_keys=[seen], out_keys=[(role.name, "logits")]),
            in_keys={"logits": (role.name, "logits"), "mask": (role.name, "action_mask")},
            out_keys=[(role.name, "action")],
            distribution_class=MaskedCategorical,
            return_log_prob=True,
            log_prob_key=(role.name, "log_prob"),
        )
        values = MLP(role.observation_space.shape[0], 1, num_cells=[64, 64])
        critic = ValueOperator(values, in_keys=[seen], out_keys=[(role.name, "value")])
        names = ("value", "advantage", "value_target", "reward", "done", "terminated")
        keys = {name: (role.name, name) for name in names}
        self.advantages = GAE(gamma=0.97, lmbda=0.95, value_network=critic)
        self.advantages.set_keys(**keys)
        self.loss = ClipPPOLoss(self.actor, critic, entropy_coeff=0.005, normalize_advantage=True)
        self.loss.set_keys(action=(role.name, "action"), sample_log_prob=(role.name, "log_prob"), **keys)
        self.optimizer = torch.optim.Adam(self.loss.parameters(), lr=1e-3)

    def update(self, batch):
        rewards = batch["next", self.name, "reward"]
        for flag in ("done", "terminated"):  # of all agents together; the loss wants each agent's
            batch["next", self.name, flag] = batch["next", flag].unsqueeze(-2).expand_as(rewards)
        with torch.no_grad():
            self.advantages(batch)
        rows = batch.flatten()
        for _ in range(4):
            for picked in torch.randperm(len(rows)).chunk(4):
                losses = self.loss(rows[picked])
                self.optimizer.zero_grad()
                sum(value for name, value in losses.items() if name.startswith("loss_")).backward()
                self.optimizer.step()

    def choose(self, observations, masks):
        return self.net(torch.from_numpy(observations)).masked_fill(~torch.from_numpy(masks), -torch.inf).argmax(-1)


learners = [Learner(role) for role in env.world.roles]
policy = TensorDictSequential(*(learner.actor for learner in learners))
for batch in Collector(env, policy, frames_per_batch=32 * 16, total_frames=max(chosen.decisions // agents, 512)):
    for learner in learners:
        learner.update(batch)

team = Team({each.name: voltran.function_policy(each.choose, role=each.name) for each in learners}, name="torchrl")
results = voltran.evaluate(chosen.scenario, [team, chosen.reference], chosen.seeds)
show(results, env.illegal_actions, env.actions_taken)

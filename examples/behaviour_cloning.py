"""Clone a controller from a data set of what it did, and see whether the clone serves as many people."""

import tempfile

import numpy as np
import torch

import voltran
from voltran import datasets

SCENARIO, TEACHER, ROLE = "urban7-medium", "zoo:blackout", "bs"


class Clone:
    """Plays what a network scores highest among the legal actions of each site."""

    name, information = "clone", "aggregates"

    def __init__(self, network, sizes, world_options):
        self.network, self.sizes, self.world_options = network, sizes, world_options

    def reset(self, world):
        pass

    @torch.no_grad()
    def act(self, world):
        scores = self.network(torch.from_numpy(world.observations()[ROLE])).numpy()
        scores = np.where(world.action_masks()[ROLE], scores, -np.inf)
        choices = [part.argmax(axis=-1) for part in np.split(scores, np.cumsum(self.sizes)[:-1], axis=-1)]
        return {ROLE: choices[0] if len(choices) == 1 else np.stack(choices, axis=-1)}


def cloned(data, passes=30, width=256):
    """A clone whose network gives the recorded actions the highest scores among those that were legal."""
    torch.manual_seed(0)
    role, relu = data.datasheet.roles[ROLE], torch.nn.ReLU()
    layers = torch.nn.Linear(role.observation_size, width), relu, torch.nn.Linear(width, width), relu
    network = torch.nn.Sequential(*layers, torch.nn.Linear(width, role.mask_size))
    optimiser = torch.optim.Adam(network.parameters(), 1e-3)
    batches = datasets.TorchBatches(data, ROLE, size=512, seed=0)
    for _ in range(passes):
        for batch in batches:
            scores = network(batch["observations"]).masked_fill(~batch["masks"], -torch.inf)
            actions = batch["actions"].reshape(len(scores), -1).unbind(-1)
            parts = scores.split(role.action_sizes, dim=-1)
            loss = torch.stack(list(map(torch.nn.functional.cross_entropy, parts, actions))).sum()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return Clone(network, role.action_sizes, data.datasheet.options)


with tempfile.TemporaryDirectory() as folder:
    datasets.make(SCENARIO, TEACHER, episodes=60, out=folder)
    clone = cloned(datasets.read(folder))
results = voltran.evaluate(SCENARIO, [clone, TEACHER, "static"], seeds=20)  # seeds 1000, 1001, ...
for name, played in results.controllers.items():
    print(name, {key: f"{played.metrics[key].mean:.2f}" for key in ("service_hours", "survival_h")})

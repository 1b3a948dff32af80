"""What the tests of training several roles share: a configuration, worlds in which roles touch, and opponents."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import yaml
from numpy.typing import NDArray

from tests.envs.fake_world import FakeWorld
from voltran.agents.policy import read_policy
from voltran.envs.errors import ScenarioError
from voltran.envs.metric import Metric
from voltran.envs.scenario import Scenario
from voltran.envs.world import Transition, World
from voltran.envs.world_spec import WorldSpec

# 4 worlds x 6 steps: 72 decisions of bs and 48 of retailers per round, four rounds
ROUND = 120
CONFIG: dict[str, Any] = {
    "scenario": "anything",
    "n_worlds": 4,
    "total_decisions": 4 * ROUND,
    "n_steps": 6,
    "batch_size": 24,
    "n_epochs": 2,
    "learning_rate": 1e-3,
    "final_learning_rate": 0.0,
    "gamma": 0.99,
    "final_entropy_coefficient": 0.001,
    "actor_widths": [8],
    "critic_widths": [8],
    "seed": 3,
    "checkpoint_every": 2 * ROUND,
    "evaluate_every": 0,
    "deterministic": True,
    "roles": {"bs": None, "retailer": {"gamma": 0.5, "actor_widths": [4]}},
}
FAKE = WorldSpec(
    name="fake_v0",
    gymnasium_id="voltran/Fake-v0",
    summary="batteries",
    world="tests.envs.fake_world:FakeWorld",
    scenario=Scenario,
    default_scenario="anything",
    metrics=(Metric("survival_h", "Survival", "h"),),
    training_metric="survival_h",
)
LEAGUE = {"size": 2, "share": 0.5, "every": ROUND}


class Constant:
    """Plays one code in one role, wherever it is legal."""

    information = "local"

    def __init__(self, name: str, role: str, code: int) -> None:
        self.name, self.role, self.code = name, role, code

    def reset(self, world: World) -> None:
        pass

    def act(self, world: World) -> dict[str, Any]:
        masks = world.action_masks()[self.role]
        return {self.role: np.where(masks[..., self.code], self.code, 0)}


class CoupledWorld(FakeWorld):
    """The fake world, in which each role's rewards depend on what the others do."""

    def step(self, actions: Mapping[str, Any]) -> Transition:
        transition = super().step(actions)
        levels = {role: infos["level"].mean(axis=1) for role, infos in transition.agent_infos.items()}
        total = sum(levels.values(), np.ones(self.n_worlds))
        rewards = {role: own * (total - levels[role])[:, None] for role, own in transition.rewards.items()}
        return replace(transition, rewards=rewards)


def make_constant(name: str, **options: Any) -> Constant:
    """``cheap`` and ``dear`` play retailers, ``lamp`` plays sites."""
    known = {"cheap": ("retailer", 0), "dear": ("retailer", 2), "lamp": ("bs", 1)}
    if name not in known:
        raise ScenarioError(f"unknown controller {name!r}; known controllers: {', '.join(known)}")
    return Constant(name, *known[name])


def worlds_of(*roles: str) -> Callable[..., World]:
    def make_world(scenario: str, n_worlds: int, overrides: Mapping[str, Any], **options: Any) -> World:
        return cast("World", CoupledWorld(n_worlds, roles=roles))

    return make_world


def single_config(tmp_path: Path, **changes: Any) -> Path:
    path = tmp_path / "single.yaml"
    path.write_text(yaml.safe_dump({key: value for key, value in {**CONFIG, **changes}.items() if key != "roles"}))
    return path


def weights(run: Path) -> dict[str, NDArray[np.float32]]:
    """All weights of all roles of a run."""
    return {
        f"{path.parent.name}.{name}": value
        for path in sorted(run.glob("*/policy.safetensors"))
        for name, value in read_policy(path)[1].items()
    }


def equal(first: Mapping[str, NDArray[Any]], second: Mapping[str, NDArray[Any]]) -> bool:
    return first.keys() == second.keys() and all((first[name] == second[name]).all() for name in first)

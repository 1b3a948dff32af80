"""Policies that ship with the package: found by name, and each of them plays."""

from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from voltran.agents.policy import load_policy
from voltran.agents.zoo import policy_names, policy_path
from voltran.baselines.rules import Random
from voltran.envs.errors import ScenarioError
from voltran.envs.registry import make_world
from voltran.train.run_config import read_run_config


@pytest.fixture
def two_policies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A zoo of two, with a stranger's file in it."""
    for name in ("urban.safetensors", "rural.safetensors", "notes.txt"):
        (tmp_path / name).write_bytes(b"weights")
    monkeypatch.setattr(resources, "files", lambda package: tmp_path)
    return tmp_path


def test_policies_are_found_by_name(two_policies: Path) -> None:
    assert policy_names() == ["rural", "urban"]
    assert policy_path("urban") == two_policies / "urban.safetensors"


@pytest.mark.parametrize("name", ["unicorn", "urban.safetensors", "", "../urban"])
def test_an_unknown_name_is_refused_with_the_known_ones(two_policies: Path, name: str) -> None:
    with pytest.raises(ScenarioError, match=f"policy zoo:{name} is unknown; .*shipped policies: rural, urban"):
        policy_path(name)


def test_an_empty_zoo_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "files", lambda package: tmp_path)
    with pytest.raises(ScenarioError, match="policy zoo:urban is unknown; shipped policies: none"):
        policy_path("urban")


SCENARIOS = {
    "blackout_v0": "urban7-medium",
    "brownout_v0": "urban19-brownout-medium",
    "market_v0": "market8",
    "sharing_v0": "sharing12",
    "uplink_v0": "uplink20",
}


def test_every_shipped_policy_plays_legally() -> None:
    for name in policy_names():
        policy = load_policy(policy_path(name))
        world = make_world(SCENARIOS[policy.metadata.world], 1, **policy.world_options)
        world.reset([0])
        policy.reset(world)
        role, others = policy.metadata.role, Random().act(world)
        infos = world.step({**others, **policy.act(world)}).agent_infos[role]
        assert not np.any(infos.get("projected", False)), name


@pytest.mark.parametrize("name", ["blackout", "uplink", "sharing"])
def test_a_shipped_policy_is_what_its_configuration_trains(name: str) -> None:
    recorded = load_policy(policy_path(name)).metadata.training
    config = read_run_config(f"{name}_ppo", {}).model_dump(mode="json")
    differs = {key for key in config if recorded.get(key, config[key]) != config[key]}
    assert recorded["decisions"] >= config["total_decisions"]
    assert not differs


@pytest.mark.parametrize("name", ["brownout", "market"])
@pytest.mark.parametrize("role", ["bs", "retailer"])
def test_shipped_policies_of_two_roles_are_what_their_configuration_trains(name: str, role: str) -> None:
    recorded = load_policy(policy_path(f"{name}-{role}")).metadata.training
    config = read_run_config(f"{name}_ppo", {})
    own = config.settings_of(role).model_dump(mode="json", exclude={"total_decisions"})
    assert {key for key in own if recorded.get(key, own[key]) != own[key]} == set()
    assert recorded["decisions"] >= recorded["total_decisions"]

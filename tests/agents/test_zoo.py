"""Policies that ship with the package: found by name, and each of them plays."""

from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from voltran.agents.policy import load_policy
from voltran.agents.zoo import policy_names, policy_path
from voltran.envs.catalog import make_world
from voltran.envs.errors import ScenarioError


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
    with pytest.raises(ScenarioError, match=f"policy zoo:{name} is unknown; shipped policies: rural, urban"):
        policy_path(name)


def test_an_empty_zoo_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "files", lambda package: tmp_path)
    with pytest.raises(ScenarioError, match="policy zoo:urban is unknown; shipped policies: none"):
        policy_path("urban")


def test_every_shipped_policy_plays_legally() -> None:
    for name in policy_names():
        policy = load_policy(policy_path(name))
        world = make_world("urban7-medium", 1, **policy.world_options)
        world.reset([0])
        policy.reset(world)
        assert not np.any(world.step(policy.act(world)).agent_infos["bs"]["projected"]), name

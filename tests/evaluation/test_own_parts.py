"""Rewards and fields of the user's own: found by name in other processes, and episodes follow their code."""

import pickle
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from importlib import import_module, invalidate_caches
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from voltran import baselines
from voltran.envs.controller import Controller
from voltran.envs.registry import make_world
from voltran.evaluation.controller_spec import ControllerSpec
from voltran.evaluation.episode_key import EpisodeKey, episode_key
from voltran.evaluation.setting import Setting

PARTS = """
from helper_of_parts import WEIGHT
from voltran.envs.fields import Field

reserve = Field("reserve", "kWh", 0, 30, "world.usable_kwh")


def mine(period):
    return period.reward("team") + WEIGHT * period.world.soc
"""
OPTIONS: dict[str, Any] = {"reward": "own_parts:mine", "observe": ["default", "own_parts:reserve"]}


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a module with a reward and a field."""
    (tmp_path / "own_parts.py").write_text(PARTS)
    (tmp_path / "helper_of_parts.py").write_text("WEIGHT = 0.1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    forget()


def forget() -> None:
    """Let the next import read the files again, as a new process would."""
    invalidate_caches()
    for name in ("own_parts", "helper_of_parts"):
        sys.modules.pop(name, None)


def build(options: Mapping[str, Any]) -> Controller:
    """A rule whose worlds must be built with certain options, as those of learned policies are."""
    rule: Controller = baselines.make("independent")
    vars(rule)["world_options"] = options
    made: Controller = rule
    return made


def key(options: Mapping[str, Any], needed: Mapping[str, Any]) -> EpisodeKey:
    spec = ControllerSpec("mine", partial(build, needed), {"name": "mine"})
    return episode_key(Setting("toy3", {}, options), spec)


@pytest.mark.parametrize(("options", "needed"), [(OPTIONS, {}), ({}, OPTIONS), ({"reward": "own_parts:mine"}, {})])
@pytest.mark.parametrize("name", ["own_parts.py", "helper_of_parts.py"])
def test_an_episode_depends_on_the_code_of_what_its_options_name(
    own: Path, options: dict[str, Any], needed: dict[str, Any], name: str
) -> None:
    before, again = key(options, needed), key(options, needed)
    assert not before.untraceable
    assert before.digest(1) == again.digest(1)
    with (own / name).open("a") as stream:
        stream.write("# changed\n")
    forget()
    assert key(options, needed).digest(1) != before.digest(1)


def test_a_function_itself_counts_like_its_name(own: Path) -> None:
    parts = import_module("own_parts")
    options = {"reward": parts.mine, "observe": ["default", parts.reserve]}
    before = key(options, {})
    assert not before.untraceable
    with (own / "helper_of_parts.py").open("a") as stream:
        stream.write("# changed\n")
    forget()
    parts = import_module("own_parts")
    options = {"reward": parts.mine, "observe": ["default", parts.reserve]}
    assert key(options, {}).digest(1) != before.digest(1)


def test_a_reward_that_nobody_could_find_again_is_never_taken_for_the_same(own: Path) -> None:
    options = {"reward": lambda period: period.reward("team")}
    first, again = key(options, {}), key(options, {})
    assert "setting" in first.untraceable
    assert first.digest(1) != again.digest(1)


def rewards_of(make: Any) -> Any:
    """Rewards and observations of the first period; what a worker process does."""
    world = make()
    world.reset([3, 4])
    rule = baselines.make("rotating-sleep")
    rule.reset(world)
    rewards = world.step(rule.act(world)).rewards["bs"]
    return rewards, world.observations()["bs"], world.soc, world.usable_kwh


@pytest.mark.parametrize("by_name", [True, False])
def test_worlds_are_built_with_them_in_other_processes(own: Path, by_name: bool) -> None:
    parts = import_module("own_parts")
    options = OPTIONS if by_name else {"reward": parts.mine, "observe": ["default", parts.reserve]}
    make = partial(make_world, "toy3", 2, {"time.horizon_h": 1}, **options)
    with get_context("spawn").Pool(1) as pool:
        rewards, observed, soc, usable_kwh = pool.apply(rewards_of, [pickle.loads(pickle.dumps(make))])
    team = rewards_of(partial(make_world, "toy3", 2, {"time.horizon_h": 1}))[0]
    np.testing.assert_allclose(rewards, team + 0.1 * soc, rtol=1e-12)
    np.testing.assert_allclose(observed[..., -1], usable_kwh, rtol=1e-6)

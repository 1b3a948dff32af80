"""The conformance suite passes sound environments and names the rule that a broken one breaks."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
from gymnasium import spaces
from pettingzoo import ParallelEnv

from tests.envs.broken_worlds import BROKEN
from tests.envs.fake_world import make_fake_world
from voltran.envs.checks import RULES, ConformanceError, check_env
from voltran.envs.environment_functions import make
from voltran.envs.errors import ScenarioError
from voltran.envs.faces.parallel import MaskCarrier, ParallelFace


class PlainEnv(ParallelEnv[str, Any, Any]):  # type: ignore[misc]  # PettingZoo ships no types
    """A sound environment that knows nothing of worlds: two walkers on a line, four steps."""

    metadata = {"name": "plain_v0", "render_modes": []}  # noqa: RUF012 - PettingZoo's convention
    render_mode = None
    possible_agents = ["left", "right"]  # noqa: RUF012 - PettingZoo's convention

    def __init__(self) -> None:
        self.agents: list[str] = []
        self.observation_spaces = {a: spaces.Box(-9.0, 9.0, (1,), np.float64) for a in self.possible_agents}
        self.action_spaces = {a: spaces.Box(-1.0, 1.0, (1,), np.float64) for a in self.possible_agents}
        self.generator: np.random.Generator | None = None

    def observation_space(self, agent: str) -> spaces.Space[Any]:
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> spaces.Space[Any]:
        return self.action_spaces[agent]

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, Any]:
        if seed is not None or self.generator is None:
            self.generator = np.random.default_rng(seed)
        self.time, self.agents = 0, self.possible_agents[:]
        self.place = {agent: self.generator.uniform(-1, 1, 1) for agent in self.agents}
        return {a: p.copy() for a, p in self.place.items()}, {a: {} for a in self.agents}

    def step(self, actions: dict[str, Any]) -> tuple[Any, ...]:
        if set(actions) != set(self.agents) or not all(self.action_spaces[a].contains(x) for a, x in actions.items()):
            raise ValueError("actions must be one number in -1..1 for each agent")
        self.time += 1
        self.place = {agent: self.place[agent] + actions[agent] for agent in self.agents}
        over = dict.fromkeys(self.agents, self.time == 4)
        rewards = {agent: -abs(float(place[0])) for agent, place in self.place.items()}
        if self.time == 4:
            self.agents = []
        return (
            {a: p.copy() for a, p in self.place.items()},
            rewards,
            dict.fromkeys(over, False),
            over,
            {a: {} for a in over},
        )


@pytest.mark.parametrize(("factory", "rule"), BROKEN.values(), ids=BROKEN)
def test_names_the_rule_that_is_broken(factory: Callable[[], ParallelFace], rule: str) -> None:
    elsewhere = "seed_replays_across_processes"  # starts a new Python; the sound environments pass it in another test
    with pytest.raises(ConformanceError) as caught:
        check_env(factory, max_steps=60, skip=() if rule == elsewhere else [elsewhere])
    assert caught.value.rule == rule, str(caught.value)
    assert str(caught.value).startswith(rule)


def test_every_rule_is_broken_by_some_environment() -> None:
    assert {rule for _, rule in BROKEN.values()} - {"plays_without_error"} == set(RULES)


def test_finding_names_agent_step_and_what_was_expected() -> None:
    factory, _ = BROKEN["NanAtStepFive"]
    with pytest.raises(ConformanceError, match=r"agent bs_1, step 5.*finite numbers, got nan at index \[2\]") as caught:
        check_env(factory)
    assert (caught.value.agent, caught.value.step) == ("bs_1", 5)


@pytest.mark.parametrize("mask", ["info", "obs", None])
@pytest.mark.parametrize("roles", [("bs",), ("bs", "retailer", "ubs"), ("ubs", "operator")])
def test_passes_sound_worlds(roles: tuple[str, ...], mask: MaskCarrier) -> None:
    report = check_env(partial(ParallelFace, partial(make_fake_world, roles=roles), mask=mask), seed=2)
    expected_gaps = set()
    if mask is None:
        expected_gaps |= {"masks_not_empty", "masks_honest"}
    if "operator" in roles:
        expected_gaps |= {"central_face_tells_the_same"}
    assert set(report.not_applicable) == expected_gaps
    assert set(report) == set(RULES) - expected_gaps


@pytest.mark.filterwarnings("ignore:.*Casting input x to numpy array:UserWarning")
def test_passes_an_environment_of_somebody_else_and_names_what_does_not_apply() -> None:
    report = check_env(PlainEnv)
    assert {"snapshots_round_trip", "ledger_balances", "masks_honest", "vector_face_tells_the_same"} < set(
        report.not_applicable
    )
    assert {"observations_in_space", "seed_replays_across_processes", "illegal_input_changes_nothing"} < set(report)
    assert "not applicable: ledger_balances (the environment has no world)" in str(report)


def test_skipped_rules_are_named_and_unknown_ones_refused() -> None:
    factory, rule = BROKEN["LedgerLeaks"]
    assert check_env(factory, skip=[rule]).not_applicable == {rule: "skipped on request"}
    with pytest.raises(ScenarioError, match="no such rules"):
        check_env(PlainEnv, skip=["rewards_infinite"])


@pytest.mark.parametrize("face", ["aec", "central"])
def test_other_faces_are_told_to_come_as_the_parallel_one(face: Any) -> None:
    with pytest.raises(ScenarioError, match=r"is no ParallelEnv of PettingZoo; build the parallel face"):
        check_env(partial(make, "toy3", face=face))


def test_an_environment_in_place_of_what_builds_it_is_refused() -> None:
    with pytest.raises(ScenarioError, match="is no function; give one that builds an environment"):
        check_env(make("toy3"))

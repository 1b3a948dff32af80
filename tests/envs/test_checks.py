"""The conformance suite passes sound environments and names the rule that a broken one breaks."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.envs.broken_worlds import BROKEN
from tests.envs.fake_world import make_fake_world
from tests.envs.foreign_envs import (
    FOREIGN,
    UNKNOWABLE,
    ChoosingEnv,
    HasAWorldOfItsOwn,
    LeavingEnv,
    PlainEnv,
    StatelessGame,
)
from voltran.envs.checks import RULES, RULES_FOR_OTHERS, ConformanceError, check_env
from voltran.envs.environment_functions import make
from voltran.envs.errors import ScenarioError
from voltran.envs.faces.parallel import MaskCarrier, ParallelFace


@pytest.mark.parametrize(("factory", "rule"), BROKEN.values(), ids=BROKEN)
def test_names_the_rule_that_is_broken(factory: Callable[[], ParallelFace], rule: str) -> None:
    elsewhere = "seed_replays_across_processes"  # starts a new Python; the sound environments pass it in another test
    with pytest.raises(ConformanceError) as caught:
        check_env(factory, max_steps=60, skip=() if rule == elsewhere else [elsewhere])
    assert caught.value.rule == rule, str(caught.value)
    assert str(caught.value).startswith(rule)


def test_every_rule_is_broken_by_some_environment() -> None:
    assert {rule for _, rule in [*BROKEN.values(), *FOREIGN.values()]} - {"plays_without_error"} == set(RULES)


def test_finding_names_agent_step_and_what_was_expected() -> None:
    factory, _ = BROKEN["NanAtStepFive"]
    with pytest.raises(ConformanceError, match=r"agent bs_1, step 5.*finite numbers, got nan at index \[2\]") as caught:
        check_env(factory)
    assert (caught.value.agent, caught.value.step) == ("bs_1", 5)


@pytest.mark.parametrize("mask", ["info", "obs", None])
@pytest.mark.parametrize("roles", [("bs",), ("bs", "retailer", "ubs"), ("ubs", "operator")])
def test_passes_sound_worlds(roles: tuple[str, ...], mask: MaskCarrier) -> None:
    report = check_env(partial(ParallelFace, partial(make_fake_world, roles=roles), mask=mask), seed=2)
    expected_gaps = set(RULES_FOR_OTHERS)
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
    not_applicable = check_env(factory, skip=[rule]).not_applicable
    assert set(not_applicable) == {rule, *RULES_FOR_OTHERS}
    assert not_applicable[rule] == "skipped on request"
    with pytest.raises(ScenarioError, match="no such rules"):
        check_env(PlainEnv, skip=["rewards_infinite"])


@pytest.mark.parametrize("face", ["aec", "central"])
def test_other_faces_are_told_to_come_as_the_parallel_one(face: Any) -> None:
    with pytest.raises(ScenarioError, match=r"is no ParallelEnv of PettingZoo; build the parallel face"):
        check_env(partial(make, "toy3", face=face))


def test_an_environment_in_place_of_what_builds_it_is_refused() -> None:
    with pytest.raises(ScenarioError, match="is no function; give one that builds an environment"):
        check_env(make("toy3"))


@pytest.mark.filterwarnings("ignore:.*Casting input x to numpy array:UserWarning")
@pytest.mark.parametrize(("broken", "rule"), FOREIGN.values(), ids=FOREIGN)
def test_names_what_is_broken_in_an_environment_of_somebody_else(broken: Callable[[], Any], rule: str) -> None:
    with pytest.raises(ConformanceError) as caught:
        check_env(broken, skip=["seed_replays_across_processes"])
    assert caught.value.rule == rule, str(caught.value)


@pytest.mark.filterwarnings("ignore:.*Casting input x to numpy array:UserWarning")
@pytest.mark.parametrize("sound", [HasAWorldOfItsOwn, LeavingEnv, StatelessGame, ChoosingEnv, *UNKNOWABLE.values()])
def test_no_false_alarm_about_an_environment_of_somebody_else(sound: Callable[[], Any]) -> None:
    check_env(sound, skip=["seed_replays_across_processes"])

"""The conformance suite for controllers passes sound ones and names the rule that a broken one breaks."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.envs.broken_controllers import BROKEN, Sound
from voltran import baselines
from voltran.envs.checks import ConformanceError
from voltran.envs.checks.controllers import CONTROLLER_RULES, check_controller
from voltran.envs.errors import ScenarioError
from voltran.envs.team import Team
from voltran.envs.world import World
from voltran.evaluation.controller_spec import make_controller

SCENARIO_OF = {
    "blackout_v0": "urban7-medium",
    "market_v0": "market4",
    "uplink_v0": "uplink20",
    "brownout_v0": "urban19-brownout-light",
}
SLOW = {"trimsm", "trimsm-original", "trimsm-eipc", "msrc", "hindsight-rules", "social-optimum"}
PLAYED = [(name, world) for world in SCENARIO_OF for name in baselines.names(world)]
CASES = [
    pytest.param(name, world, marks=pytest.mark.slow if name in SLOW or world == "brownout_v0" else ())
    for name, world in PLAYED
]


@pytest.mark.parametrize(("broken", "rule"), BROKEN.values(), ids=BROKEN)
def test_names_the_rule_that_is_broken(broken: Callable[[], Any], rule: str) -> None:
    with pytest.raises(ConformanceError) as caught:
        check_controller(broken, ["market4"])
    assert caught.value.rule == rule, str(caught.value)
    assert rule in str(caught.value)


def test_every_rule_is_broken_by_somebody() -> None:
    assert {rule for _, rule in BROKEN.values()} == set(CONTROLLER_RULES)


def test_a_sound_controller_keeps_all_rules_that_apply() -> None:
    report = check_controller(Sound, ["market4", "market8"])
    assert report.not_applicable == {"local_means_own": "it says 'aggregates'"}
    assert list(report) == [rule for rule in CONTROLLER_RULES if rule != "local_means_own"]


class OwnRow(Sound):
    """Looks at what a site knows of itself."""

    information = "local"

    def numbers(self, world: World) -> Any:
        return 1e4 * world.charge_room_kw  # type: ignore[attr-defined]


def test_one_that_looks_at_itself_only_is_local() -> None:
    assert "local_means_own" in check_controller(OwnRow, ["market4"])


# what a controller has said that depends on a forecast
KNOWS = dict.fromkeys(("msrc", "msrc-fast", "msrc-levelling", "msrc-extended"), "forecast")


@pytest.mark.parametrize(("name", "world"), CASES)
def test_our_own_controllers_keep_the_rules(name: str, world: str, tmp_path: Path) -> None:
    scenario = SCENARIO_OF[world]
    if name == "exhaustive":  # for small networks only
        scenario = str(tmp_path / "small.yaml")
        Path(scenario).write_text("world: uplink_v0\nlayout: {n_ubs: 3}\nues: {count: 2}\nlimits: {ubs_per_ue: 2}\n")
    report = check_controller(lambda: baselines.make(name), [scenario], decisions=4)
    assert "world_left_alone" in report
    excuses = {"masks_kept": "commands", "local_means_own": "", "future_unknown": KNOWS.get(name, "hindsight")}
    if name == "random":
        excuses["batches_like_single_worlds"] = "batch_independent"
    for rule, why in report.not_applicable.items():
        assert excuses.get(rule, "no excuse") in why, rule


@pytest.mark.parametrize(
    ("text", "scenario"),
    [("zoo:blackout", "urban7-medium"), ("bs=zoo:market-bs+retailer=zoo:market-retailer", "market4")],
)
def test_policies_and_teams_keep_the_rules(text: str, scenario: str) -> None:
    report = check_controller(lambda: make_controller(text), [scenario])
    assert {"masks_kept", "batches_like_single_worlds", "future_unknown"} <= set(report)


def test_samples_depend_on_their_batch_and_say_so() -> None:
    report = check_controller(lambda: make_controller("zoo:blackout:deterministic=off"), ["toy3"])
    assert "batch_independent" in report.not_applicable["batches_like_single_worlds"]
    team = Team({"bs": baselines.make("random"), "retailer": baselines.make("price-cap")})
    assert not team.batch_independent


def test_rules_can_be_left_out() -> None:
    report = check_controller(BROKEN["CountsNothing"][0], ["market4"], skip=["counters_are_numbers"])
    assert report.not_applicable["counters_are_numbers"] == "skipped on request"


@pytest.mark.parametrize(
    "options", [{"scenarios": []}, {"seeds": [1]}, {"seeds": [1, 1]}, {"decisions": 1}, {"skip": ["no_such_rule"]}]
)
def test_what_cannot_be_checked_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ScenarioError):
        check_controller(Sound, **{"scenarios": ["market4"], **options})


def test_a_world_of_another_kind_is_an_error_of_the_play() -> None:
    with pytest.raises(
        ConformanceError, match=r"plays_without_error \(reset\): no error from reset; got ScenarioError"
    ):
        check_controller(lambda: baselines.make("msrc-fast"), ["market4"])


class BatchMean:
    """Compares sites with the mean of all worlds, not of their own."""

    def reset(self, world: World) -> None:
        pass

    def act(self, world: Any) -> dict[str, Any]:
        masks = world.action_masks()["bs"]
        last = masks.shape[-1] - 1 - masks[..., ::-1].argmax(axis=-1)
        return {"bs": np.where(world.soc > world.soc.mean(), last, masks.argmax(axis=-1))}


def test_where_episodes_do_not_differ_nothing_is_said_about_batches() -> None:
    report = check_controller(BatchMean, "toy3")
    assert "episodes of seeds 1 and 2 are the same in toy3" in report.not_applicable["batches_like_single_worlds"]
    with pytest.raises(ConformanceError, match="batches_like_single_worlds"):
        check_controller(BatchMean, "urban7-medium")


class Leaving(Sound):
    def act(self, world: World) -> Any:
        raise SystemExit(3)


class Wordy(Sound):
    declarations = "paper"


class Uncounted(Sound):
    def counters(self) -> Any:
        return None


@pytest.mark.parametrize(
    ("kind", "rule"),
    [(Leaving, "plays_without_error"), (Wordy, "says_what_it_is"), (Uncounted, "counters_are_numbers")],
)
def test_whatever_goes_wrong_belongs_to_a_rule(kind: Callable[[], Any], rule: str) -> None:
    with pytest.raises(ConformanceError) as caught:
        check_controller(kind, "market4")
    assert caught.value.rule == rule


@pytest.mark.parametrize(
    ("make", "message"),
    [
        ("own_rules:Mine", r"give for a reference, lambda: voltran.make_controller\('own_rules:Mine'\)"),
        (Sound(), "give its class, or a function"),
        (lambda: None, "builds None, which lacks reset or act"),
    ],
)
def test_what_builds_no_controllers_is_said_before_any_rule(make: Any, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        check_controller(make, "market4")

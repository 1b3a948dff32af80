"""Rewards as parts: by name, by reference, as functions, for one role or several; and what is refused."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from voltran.envs.errors import PartError, ScenarioError
from voltran.envs.rewards import Period, RewardChoice, RewardResult, Rewards

HERE = "tests.envs.test_rewards"
SOC = np.array([[0.25, 0.5, 1.0], [0.0, 0.75, 0.5]])
NOT_CALLABLE = 3


def team(period: Period) -> RewardResult:
    mean = period.world.soc.mean(axis=1)
    return RewardResult({"bs": np.repeat(mean[:, None], 3, axis=1), "retailer": mean[:, None]}, {"charge": mean})


def local(period: Period) -> RewardResult:
    return RewardResult(
        {"bs": period.world.soc, "retailer": -np.ones((2, 1))}, {"local": period.world.soc.mean(axis=1)}
    )


def mine(period: Period) -> Any:
    return period.reward("team") + 0.1 * period.world.soc


def count_down(period: Period) -> Any:
    return RewardResult(-np.ones((2, 3)), {"down": np.full(2, -1.0)})


def margins(period: Period) -> Any:
    return np.full((2, 1), 7.0)


SPEC: Any = SimpleNamespace(name="fake_v0", rewards={"team": f"{HERE}:team", "local": f"{HERE}:local"})
ROLES = (SimpleNamespace(name="bs", count=3), SimpleNamespace(name="retailer", count=1))
TEAM = np.repeat(SOC.mean(axis=1)[:, None], 3, axis=1)


def paid(chosen: RewardChoice) -> tuple[dict[str, Any], dict[str, Any]]:
    world = SimpleNamespace(spec=SPEC, roles=ROLES, n_worlds=2, soc=SOC)
    return Rewards(SPEC, ["bs", "retailer"], chosen)(Period(world))


@pytest.mark.parametrize("chosen", ["team", f"{HERE}:team", team])
def test_a_reward_by_name_by_reference_and_itself_is_the_same(chosen: RewardChoice) -> None:
    rewards, components = paid(chosen)
    assert np.array_equal(rewards["bs"], TEAM)
    assert np.array_equal(rewards["retailer"], TEAM[:, :1])
    assert list(components) == ["reward_charge"]
    assert np.array_equal(components["reward_charge"], TEAM[:, 0])


@pytest.mark.parametrize("chosen", [mine, f"{HERE}:mine", {"bs": mine}, {"bs": f"{HERE}:mine"}])
def test_an_own_reward_builds_on_another_and_other_roles_get_the_usual(chosen: RewardChoice) -> None:
    rewards, components = paid(chosen)
    assert np.array_equal(rewards["bs"], TEAM + 0.1 * SOC)
    assert np.array_equal(rewards["retailer"], TEAM[:, :1])
    assert list(components) == ["reward_charge"]


def test_each_role_may_have_its_own() -> None:
    rewards, components = paid({"bs": "local", "retailer": margins})
    assert np.array_equal(rewards["bs"], SOC)
    assert rewards["retailer"].tolist() == [[7.0], [7.0]]
    assert list(components) == ["reward_local"]


def test_components_of_an_own_reward_are_told() -> None:
    rewards, components = paid(count_down)
    assert (rewards["bs"] == -1.0).all()
    assert components["reward_down"].tolist() == [-1.0, -1.0]


def test_one_number_a_world_is_for_all_agents_alike() -> None:
    rewards, _ = paid(lambda period: period.world.soc.mean(axis=1))
    assert np.array_equal(rewards["bs"], TEAM)


def test_an_own_reward_may_say_it_for_all_roles() -> None:
    rewards, _ = paid(lambda period: {"retailer": np.ones((2, 1)), "bs": 2 * period.reward("local")})
    assert list(rewards) == ["bs", "retailer"]
    assert np.array_equal(rewards["bs"], 2 * SOC)
    assert rewards["retailer"].tolist() == [[1.0], [1.0]]


def test_what_is_done_to_a_reward_that_was_asked_for_changes_nothing() -> None:
    def greedy(period: Period) -> Any:
        first = period.reward("team")
        first += 100.0
        return period.reward("team")

    rewards, _ = paid(greedy)
    assert np.array_equal(rewards["bs"], TEAM)
    assert np.array_equal(rewards["retailer"], TEAM[:, :1])


def test_what_is_paid_is_no_array_of_the_users() -> None:
    kept = np.ones((2, 3))
    rewards, _ = paid(lambda period: kept)
    rewards["bs"][...] = 5.0
    assert (kept == 1.0).all()


def explode(period: Period) -> Any:
    raise KeyError("soc")


def around(period: Period) -> Any:
    return period.reward(f"{HERE}:around")


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        (explode, r"reward explode raised KeyError: 'soc'; mend it"),
        (f"{HERE}:explode", f"reward {HERE}:explode raised KeyError"),
        (around, "RecursionError"),
        (lambda period: period.reward("best"), "ScenarioError: reward = 'best' is unknown"),
        (lambda period: np.ones((3, 2)), r"role bs has the shape \(3, 2\); it must return \(2, 3\)"),
        (lambda period: 1.0, r"role bs has the shape \(\); it must return \(2, 3\)"),
        (lambda period: None, r"role bs is None; it must return numbers \(2, 3\)|role bs has the shape \(\)"),
        (lambda period: np.log(0.0 * SOC), "role bs = -inf in world 0, agent 0: must be finite"),
        (lambda period: {"ubs": np.ones((2, 3))}, "names role 'ubs'; roles are bs, retailer"),
        (lambda period: (SOC, SOC, SOC), r"returned a tuple; it must be \(rewards, name -> components\)"),
        (lambda period: (SOC, {"part": np.ones(3)}), r"component 'part' has the shape \(3,\); it must return \(2,\)"),
        (lambda period: (SOC, {"part": np.full(2, np.nan)}), "component 'part' = nan in world 0: must be finite"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_a_reward_that_does_not_work_is_named(chosen: RewardChoice, message: str) -> None:
    with pytest.raises(PartError, match=message):
        paid(chosen)


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ("best", "reward = 'best' is unknown; use one of team, local, module:function, or a function of the period"),
        (f"{HERE}:absent", "has no 'absent'"),
        (f"{HERE}:NOT_CALLABLE", "is 3; it must be a function of the period"),
        ("no_such_module:reward", "module no_such_module cannot be imported"),
        ({"ubs": "team"}, "no role 'ubs'; roles are bs, retailer"),
        (3, "reward = 3 is unknown"),
    ],
)
def test_a_reward_that_is_none_is_refused_before_anything_is_played(chosen: Any, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        paid(chosen)


@pytest.mark.parametrize("returned", [None, SOC * 1j])
def test_what_is_no_real_number_is_no_reward(returned: Any) -> None:
    with pytest.raises(PartError, match=r"role bs is .*; it must return numbers \(2, 3\)"):
        paid(lambda period: returned)


def test_a_reward_that_leaves_python_is_an_error_that_names_it() -> None:
    def leaving(period: Period) -> Any:
        raise SystemExit("done")

    with pytest.raises(PartError, match="leaving raised SystemExit: done"):
        paid(leaving)

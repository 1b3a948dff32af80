"""Functions of observations and masks as controllers: what they choose is played, checked and counted."""

from typing import Any

import numpy as np
import pytest

import voltran
from voltran.agents.policy import load_policy
from voltran.agents.zoo import policy_path
from voltran.envs.controller import name_of
from voltran.envs.errors import PartError, ScenarioError
from voltran.envs.team import Team
from voltran.evaluation.tables import caption


def first_legal(observations: Any, masks: Any) -> Any:
    return masks.argmax(axis=1)


def at_random(sizes: tuple[int, ...]) -> Any:
    """Codes that know nothing of masks."""
    generator = np.random.default_rng(5)
    return lambda observations, masks: generator.integers(0, sizes, (len(masks), len(sizes)))


def test_a_function_plays_as_the_policy_that_it_is_taken_from() -> None:
    policy = load_policy(policy_path("blackout"), deterministic=True)
    function = voltran.function_policy(policy.choose, "function", **policy.world_options)
    results = voltran.evaluate("toy3", [policy, function], [1000, 1001]).controllers
    played = {label: found.metrics["service_hours"].values for label, found in results.items()}
    assert played["blackout"] == played["function"]
    assert results["function"].information == results["blackout"].information


@pytest.mark.parametrize("form", ["joint", "multi"])
def test_illegal_actions_are_those_that_the_world_mends(form: str) -> None:
    world = voltran.make_world("toy3", n_worlds=3, action_form=form)
    space: Any = world.roles[0].action_space
    sizes = (int(space.n),) if form == "joint" else tuple(space.nvec.tolist())
    controller = voltran.function_policy(at_random(sizes), action_form=form)
    world.reset([1, 2, 3])
    controller.reset(world)
    mended = 0
    for _ in range(4):
        mended += int(world.step(controller.act(world)).agent_infos["bs"]["projected"].sum())
    assert controller.counters() == {"illegal_actions": mended, "actions_taken": 4 * 3 * 3}
    assert mended > 0
    world.reset([1, 2, 3])
    controller.reset(world)
    assert controller.counters() == {"illegal_actions": 0, "actions_taken": 0}


def test_a_table_tells_how_many_actions_were_illegal() -> None:
    blind = voltran.function_policy(at_random((16,)), "blind")
    results = voltran.evaluate("toy3", [voltran.function_policy(first_legal), blind, "static"], 2)
    count = sum(value or 0 for value in results.controllers["blind"].metrics["illegal_actions"].values)
    assert 0 < count < 96
    told = caption(results)
    assert told.endswith(f"; illegal actions: first_legal 0 of 96, blind {count:.0f} of 96.")
    assert "illegal" not in caption(voltran.evaluate("toy3", "static", 2))


def test_members_of_a_team_are_counted_together() -> None:
    team = Team({role: voltran.function_policy(first_legal, role=role) for role in ("bs", "retailer")}, name="team")
    results = voltran.evaluate("market4", [team], 1)
    sites, retailers = (role.count for role in voltran.make_world("market4").roles)
    decisions = results.controllers["team"].decisions
    assert caption(results).endswith(f"illegal actions: team 0 of {(sites + retailers) * decisions}.")
    assert results.controllers["team"].information == "aggregates"


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ([0.0, 0.0, 0.0], r"policy mine: chose float64 of shape \[3\]; give integers of shape \[3\]"),
        ([True, True, True], "chose bool of shape"),
        ([0, 0], r"chose int64 of shape \[2\]; give integers of shape \[3\]"),
        ([[0, 0, 0]], r"chose int64 of shape \[1, 3\]"),
        (3, r"chose int64 of shape \[\]"),
        (None, r"chose object of shape \[\]"),
        ([0, 16, 0], "chose 16 in row 1; codes are 0..15"),
        ([0, 0, -1], "chose -1 in row 2; codes are 0..15"),
    ],
)
def test_what_are_no_codes_is_refused(chosen: Any, message: str) -> None:
    world = voltran.make_world("toy3")
    world.reset([0])
    controller = voltran.function_policy(lambda observations, masks: chosen, "mine")
    controller.reset(world)
    with pytest.raises(PartError, match=message):
        controller.act(world)
    assert controller.counters() == {"illegal_actions": 0, "actions_taken": 0}


def test_what_cannot_play_is_refused() -> None:
    world = voltran.make_world("toy3")
    none: Any = 3
    with pytest.raises(ScenarioError, match="choose = 3: cannot be called"):
        voltran.function_policy(none)
    with pytest.raises(ScenarioError, match="role = 'retailer': world blackout_v0 has no such role"):
        voltran.function_policy(first_legal, role="retailer").reset(world)


def test_names_are_those_of_functions_unless_told() -> None:
    class Chooser:
        def __call__(self, observations: Any, masks: Any) -> Any:
            return masks.argmax(axis=1)

    assert [name_of(voltran.function_policy(choose)) for choose in (first_legal, Chooser())] == [
        "first_legal",
        "Chooser",
    ]

"""Teams: who is asked, what is taken from whom, and what a team says of itself."""

from collections.abc import Mapping
from typing import Any, cast

import numpy as np
import pytest

from tests.envs.fake_world import make_fake_world
from voltran.envs.controller import Controller
from voltran.envs.errors import EpisodeError, ScenarioError
from voltran.envs.team import Team
from voltran.envs.world import World


class Member:
    """Plays one code in each of its roles, and counts how often it is asked."""

    def __init__(self, name: str, codes: Mapping[str, int], **declared: Any) -> None:
        self.name, self.codes = name, codes
        self.information, self.commands, self.price_policy = "local", "paper", "none"
        self.resets = self.decisions = 0
        vars(self).update(declared)

    def reset(self, world: World) -> None:
        self.resets, self.decisions = self.resets + 1, 0

    def act(self, world: World) -> dict[str, Any]:
        self.decisions += 1
        counts = {role.name: role.count for role in world.roles}
        return {role: np.full((world.n_worlds, counts.get(role, 1)), code) for role, code in self.codes.items()}


def member(name: str, codes: Mapping[str, int], **declared: Any) -> Controller:
    return cast("Controller", Member(name, codes, **declared))


def fresh_world(*roles: str) -> World:
    world = make_fake_world(2, roles=roles)
    world.reset([1, 2])
    return cast("World", world)


def test_a_team_is_a_controller_that_plays_whole_episodes() -> None:
    world, team = (
        fresh_world("bs", "retailer"),
        Team({"bs": member("a", {"bs": 1}), "retailer": member("b", {"retailer": 2})}),
    )
    assert isinstance(team, Controller)
    team.reset(world)
    over = False
    while not over:
        transition = world.step(team.act(world))
        over = bool(transition.truncated.all())
    assert world.kpis()["survival_h"].tolist() == [3.0, 3.0]


def test_of_each_member_only_its_role_is_taken() -> None:
    greedy = member("greedy", {"bs": 3, "retailer": 2})
    team = Team({"bs": member("a", {"bs": 1}), "retailer": greedy})
    world = fresh_world("bs", "retailer")
    team.reset(world)
    actions = team.act(world)
    assert actions.keys() == {"bs", "retailer"}
    assert (actions["bs"] == 1).all()
    assert (actions["retailer"] == 2).all()


def test_who_plays_two_roles_is_asked_once() -> None:
    both = Member("both", {"bs": 1, "retailer": 2})
    team = Team({role: cast("Controller", both) for role in ("bs", "retailer")})
    world = fresh_world("bs", "retailer")
    team.reset(world)
    assert team.act(world).keys() == {"bs", "retailer"}
    assert (both.resets, both.decisions) == (1, 1)


def test_a_role_that_the_world_lacks_is_not_asked() -> None:
    seller = Member("seller", {"retailer": 2})
    team = Team({"bs": member("a", {"bs": 1}), "retailer": cast("Controller", seller)})
    world = fresh_world("bs")
    team.reset(world)
    assert team.act(world).keys() == {"bs"}
    assert (seller.resets, seller.decisions) == (0, 0)


def test_a_role_that_nobody_plays_is_refused_at_reset() -> None:
    team = Team({"bs": member("a", {"bs": 1})})
    with pytest.raises(ScenarioError, match=r"nobody plays role retailer of fake_v0; add .* bs=a\+retailer=NAME"):
        team.reset(fresh_world("bs", "retailer"))


def test_a_member_that_does_not_play_its_role_is_named() -> None:
    team = Team({"bs": member("a", {"bs": 1}), "retailer": member("b", {"bs": 0})})
    world = fresh_world("bs", "retailer")
    team.reset(world)
    with pytest.raises(ScenarioError, match="controller b was asked to play role retailer, but it plays bs; choose"):
        team.act(world)


@pytest.mark.parametrize(
    ("first", "second", "most"),
    [
        ("local", "global", "global"),
        ("hindsight", "forecast", "hindsight"),
        ("forecast", "global", "forecast"),
        ("neighbours", "local", "neighbours"),
        ("aggregates", "neighbours", "aggregates"),
        ("aggregates", "global", "global"),
    ],
)
def test_a_team_knows_what_its_most_knowing_member_knows(first: str, second: str, most: str) -> None:
    members = {"retailer": member("b", {}, information=first), "bs": member("a", {}, information=second)}
    assert Team(members).information == most


def test_a_team_declares_what_its_members_do_and_of_one_key_what_the_first_does() -> None:
    seller = member("b", {}, declarations={"prices": "ladder"})
    sites = member("a", {}, declarations={"commands": "extended", "prices": "none"})
    team = Team({"retailer": seller, "bs": sites})
    assert (team.name, team.declarations) == ("retailer=b+bs=a", {"prices": "ladder", "commands": "extended"})
    team = Team({"operator": sites, "retailer": seller}, name="mine")
    assert (team.name, team.declarations) == ("mine", {"prices": "none", "commands": "extended"})


def test_options_of_the_world_are_merged() -> None:
    sites = member("a", {}, world_options={"action_set": "extended", "timing": "same"})
    seller = member("b", {}, world_options={"timing": "same", "retailer_form": "box"})
    expected = {"action_set": "extended", "timing": "same", "retailer_form": "box"}
    assert Team({"bs": sites, "retailer": seller, "operator": member("c", {})}).world_options == expected


def test_members_that_need_different_worlds_are_refused() -> None:
    sites = member("a", {}, world_options={"timing": "same"})
    seller = member("b", {}, world_options={"timing": "next"})
    with pytest.raises(ScenarioError, match="bs=a needs timing=same, but retailer=b needs timing=next; choose members"):
        Team({"bs": sites, "retailer": seller})


def test_what_goes_by_role_is_merged_role_by_role() -> None:
    sites = member("a", {}, world_options={"observe": {"bs": ["default", "parts:reserve"]}, "action_set": "paper"})
    seller = member("b", {}, world_options={"observe": {"retailer": ["price"]}})
    expected = {"observe": {"bs": ["default", "parts:reserve"], "retailer": ["price"]}, "action_set": "paper"}
    assert Team({"bs": sites, "retailer": seller}).world_options == expected
    assert Team({"retailer": seller, "bs": sites}).world_options == expected


def test_what_a_member_says_of_another_members_role_does_not_count() -> None:
    """Policies that have learned together each bring what both observed; they may be played with others."""
    sites = member("a", {}, world_options={"observe": {"bs": ["soc"], "retailer": ["price"]}})
    seller = member("b", {}, world_options={"observe": {"retailer": ["posted"]}})
    assert Team({"bs": sites, "retailer": seller}).world_options == {"observe": {"bs": ["soc"], "retailer": ["posted"]}}
    assert Team({"bs": sites, "retailer": member("c", {})}).world_options == {"observe": {"bs": ["soc"]}}
    assert Team({"bs": sites, "retailer": sites}).world_options == {"observe": {"bs": ["soc"], "retailer": ["price"]}}


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (
            {"operator": ["soc"]},
            r"bs=a needs observe.operator=\['load'\], but retailer=b needs observe.operator=\['soc'\]",
        ),
        (["default"], r"bs=a needs observe.operator=\['load'\], but retailer=b needs observe=\['default'\]; choose"),
    ],
)
def test_members_at_odds_about_a_role_are_both_named(second: Any, message: str) -> None:
    sites = member("a", {}, world_options={"observe": {"operator": ["load"]}})
    seller = member("b", {}, world_options={"observe": second})
    with pytest.raises(ScenarioError, match=message):
        Team({"bs": sites, "retailer": seller})


def test_a_team_that_is_half_reset_does_not_play() -> None:
    """Members before the one that refuses have forgotten their episode: nothing could be gone on with."""

    class Choosy(Member):
        def reset(self, world: World) -> None:
            if world.n_worlds > 1:
                raise ScenarioError("one world, please")
            super().reset(world)

    several, single = fresh_world("bs", "retailer"), cast("World", make_fake_world(1, roles=("bs", "retailer")))
    single.reset([1])
    team = Team({"bs": member("a", {"bs": 1}), "retailer": cast("Controller", Choosy("b", {"retailer": 2}))})
    team.reset(single)
    with pytest.raises(ScenarioError, match="one world, please"):
        team.reset(several)
    with pytest.raises(EpisodeError, match=r"team bs=a\+retailer=b: its latest reset failed half-way; reset it on"):
        team.act(single)
    team.reset(single)
    assert team.act(single).keys() == {"bs", "retailer"}


def test_a_team_needs_members() -> None:
    with pytest.raises(ScenarioError, match="a team without members: name one controller per role"):
        Team({})


def test_counters_keep_their_names_unless_two_members_use_them() -> None:
    members = {
        "bs": member("a", {}, counters=lambda: {"iterations": 3.0, "repairs": 1.0}),
        "retailer": member("b", {}, counters=lambda: {"iterations": 5.0}),
        "operator": member("c", {}),
    }
    assert Team(members).counters() == {"bs_iterations": 3.0, "repairs": 1.0, "retailer_iterations": 5.0}

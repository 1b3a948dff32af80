"""What worlds show while they play: it fits in all worlds, and what does not fit is named."""

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest

from tests.envs.episodes import started
from tests.envs.fake_world import FakeWorld, make_fake_world
from tests.envs.watched import random_actions, watched
from voltran.envs.errors import ActionError, EpisodeError, PartError
from voltran.envs.registry import make_world
from voltran.envs.replay.base import column_m, places_m
from voltran.envs.replay.checked import CheckedReplay
from voltran.envs.replay.plain import PlainReplay
from voltran.envs.replay.rules import require_moment, require_stage
from voltran.envs.replay.stage import Joined, Links, Moment, Quantity, Stage, State, Things
from voltran.envs.scenario import scenario_names

QUICK = ("toy3", "market4", "uplink20-drop", "sharing-toy")


@pytest.mark.parametrize("scenario", QUICK)
def test_episodes_of_all_worlds_can_be_watched_to_their_ends(scenario: str) -> None:
    _watched_all_through(scenario, steps=30)


@pytest.mark.slow
@pytest.mark.parametrize("scenario", [name for name in scenario_names() if name not in QUICK])
def test_every_shipped_scenario_can_be_watched(scenario: str) -> None:
    _watched_all_through(scenario, steps=3)


def _watched_all_through(scenario: str, steps: int) -> None:
    world, generator = started(make_world(scenario)), np.random.default_rng(1)
    stage, moments = watched(world, lambda: random_actions(world, generator), steps)
    assert stage.things
    assert stage.strips
    assert moments[0].time_h == 0.0
    assert (np.diff([moment.time_h for moment in moments]) > 0.0).all()


@pytest.mark.parametrize("scenario", QUICK)
def test_one_world_of_a_batch_looks_as_it_does_alone(scenario: str) -> None:
    alone, batch = started(make_world(scenario), 4), started(make_world(scenario, 2), 3)
    generators = np.random.default_rng(2), np.random.default_rng(2)

    def in_batch() -> dict[str, Any]:
        masks = batch.action_masks()
        chosen = {
            name: np.argmax(generators[1].random(mask[1:].shape) * mask[1:], axis=-1) for name, mask in masks.items()
        }
        first = {name: mask[:1].argmax(axis=-1) for name, mask in masks.items()}
        return {name: np.concatenate([first[name], codes]) for name, codes in chosen.items()}

    _, expected = watched(alone, lambda: random_actions(alone, generators[0]), 3)
    _, found = watched(batch, in_batch, 3, index=1)
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_equal(asdict(other), asdict(one))


def test_a_world_without_a_replay_shows_agents_rewards_and_metrics() -> None:
    world, generator = started(make_fake_world(), 1), np.random.default_rng(0)
    stage, moments = watched(world, lambda: random_actions(world, generator), 4)
    assert [(things.key, list(things.names)) for things in stage.things] == [
        ("bs", ["bs_0", "bs_1", "bs_2"]),
        ("retailer", ["retailer_0", "retailer_1"]),
    ]
    assert [strip.title for strip in stage.strips] == [
        "Mean reward of bs", "Mean reward of retailer", "Survival time", "Energy left",
    ]  # fmt: skip
    assert moments[-1].strips["metric_energy_left_kwh"] == world.kpis()["energy_left_kwh"][0]
    assert all(text.isdigit() for text in moments[-1].texts["bs"]["action"])
    assert np.isnan(moments[0].quantities["bs"]["reward"]).all()


def test_only_a_world_in_an_episode_can_be_watched() -> None:
    with pytest.raises(EpisodeError, match="has not been reset"):
        PlainReplay(make_fake_world())
    world = started(make_world("toy3"))
    with pytest.raises(PartError, match=r"replay of blackout_v0: world = 1: the batch has worlds 0 to 0"):
        CheckedReplay(world, world.spec, 1)  # type: ignore[attr-defined]


def test_an_action_that_the_step_refuses_is_the_players_mistake() -> None:
    world = started(make_world("toy3"))
    replay = CheckedReplay(world, world.spec)  # type: ignore[attr-defined]
    with pytest.raises(ActionError, match="bs_2 in world 0 = 99"):
        replay.ask({"bs": np.array([[0, 0, 99]])})


@pytest.mark.parametrize("count", [1, 2, 7, 8, 61])
def test_places_on_rings_are_apart(count: int) -> None:
    apart_m = np.linalg.norm(places_m(count)[:, None] - places_m(count), axis=-1) + 1e9 * np.eye(count)
    assert (count, apart_m.min() >= 100.0 - 1e-9) == (len(places_m(count)), True)
    assert (column_m(3, places_m(count))[:, 0] > places_m(count)[:, 0].max()).all()


# --- what does not fit ------------------------------------------------------------------------------------------------

LAMPS = Things(
    "lamps", "Lamps", np.zeros((2, 2)), [State("On", "good", "dot")], ["a", "b"], "soc",
    [Quantity("soc", "Charge", "", 2, 0.0, 1.0)], {"why": "Why"},
)  # fmt: skip
WIRES = Links("wires", "Wires", "lamps", "lamps", "W", "first")
STAGE = Stage([LAMPS], [WIRES], [Quantity("light", "Light", "lm")])
WIRE = Joined(np.array([0]), np.array([1]), np.array([2.0]))
MOMENT = Moment(
    1.5, {"lamps": np.array([0, 0])}, {"lamps": {"soc": np.array([0.5, np.nan])}}, {"lamps": {"why": ["", "so"]}},
    {"wires": WIRE}, {"light": 3.0},
)  # fmt: skip


def lamps(**changed: Any) -> Stage:
    return replace(STAGE, things=[replace(LAMPS, **changed)])


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        (replace(STAGE, things=[LAMPS, LAMPS]), "things 'lamps' stand there twice"),
        (lamps(xy_m=np.zeros(2)), r"lamps.xy_m: shape \(2,\), float64; give \[n, 2\] numbers"),
        (lamps(xy_m=np.full((2, 2), np.nan)), "lamps.xy_m: is not finite"),
        (lamps(names=["a"]), "lamps.names: 1 for 2 things; name all, or none"),
        (lamps(names=["a", 1]), "lamps.names: names are texts"),
        (lamps(states=[]), "lamps.states: none; there is at least one"),
        (lamps(states=[State("On", "bright", "dot")]), "tone of 'On' = 'bright': use one of good, fair"),  # type: ignore[arg-type]
        (lamps(gauge="charge"), "lamps.gauge = 'charge': is not among its quantities: soc"),
        (replace(STAGE, links=[replace(WIRES, target="poles")]), "wires join 'poles', which are no things"),
        (replace(STAGE, outline_m=[np.zeros((4, 3))]), r"outline_m: shape \(4, 3\)"),
    ],
)
def test_a_stage_that_does_not_fit_is_refused(stage: Stage, message: str) -> None:
    require_stage(STAGE, "replay of lamps_v0")
    with pytest.raises(PartError, match=f"replay of lamps_v0: .*{message}"):
        require_stage(stage, "replay of lamps_v0")


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"time_h": np.nan}, "time_h = nan; give hours since the start"),
        ({"states": {}}, r"states: \[\]; the stage has \['lamps'\]"),
        ({"states": {"lamps": np.array([0, 1])}}, "lamps.states: codes from 0 to 0; got 0 to 1"),
        ({"states": {"lamps": np.array([0.0, 0.0])}}, r"lamps.states: shape \(2,\), float64; give \[2\] whole numbers"),
        ({"quantities": {"lamps": {}}}, r"lamps.quantities: \[\]; the stage has \['soc'\]"),
        ({"quantities": {"lamps": {"soc": np.zeros(3)}}}, r"lamps.soc: shape \(3,\)"),
        ({"texts": {"lamps": {"why": ["so"]}}}, "lamps.why: give 2 texts"),
        ({"texts": {"lamps": {"why": ["so", None]}}}, "lamps.why: give 2 texts"),
        ({"links": {"wires": replace(WIRE, target=np.array([2]))}}, "wires.target: indices of lamps are from 0 to 1"),
        ({"links": {"wires": replace(WIRE, size=np.zeros(0))}}, r"wires.size: shape \(0,\)"),
        ({"strips": {}}, r"strips: \[\]; the stage has \['light'\]"),
        ({"xy_m": {"poles": np.zeros((1, 2))}}, "xy_m of 'poles', which are no things"),
        ({"xy_m": {"lamps": np.full((2, 2), np.inf)}}, "lamps.xy_m: is not finite"),
    ],
)
def test_a_moment_that_does_not_fit_is_refused(changed: dict[str, Any], message: str) -> None:
    require_moment(STAGE, MOMENT, "replay of lamps_v0")
    with pytest.raises(PartError, match=f"replay of lamps_v0.*{message}"):
        require_moment(STAGE, replace(MOMENT, **changed), "replay of lamps_v0")


class Silent(PlainReplay):
    def moment(self, transition: Any = None) -> Moment:
        raise KeyError("soc")


def test_whatever_a_replay_raises_names_the_world() -> None:
    world: FakeWorld = started(make_fake_world())
    replay: Callable[..., Any] = CheckedReplay(world, replace(world.spec, replay=Silent)).moment
    with pytest.raises(PartError, match="replay of fake_v0: KeyError: 'soc'"):
        replay()

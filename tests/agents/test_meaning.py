"""Policies play only where inputs and action codes mean what they meant in training, and say what they saw."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.envs.fake_world import make_fake_world
from voltran.agents.policy import check_fits, load_policy, read_policy
from voltran.agents.zoo import policy_names, policy_path
from voltran.envs.blackout.scenario import BlackoutScenario
from voltran.envs.controller import information_from
from voltran.envs.errors import ScenarioError
from voltran.envs.registry import make_world
from voltran.envs.world import Role, Sight, World

BANDS = [band.model_dump() for band in BlackoutScenario(name="default").bands]
SMALL = {"users.count": 40, "time.horizon_h": 1}


def urban(**overrides: Any) -> World:
    return make_world("urban7-medium", 1, {**SMALL, **overrides}, action_set="extended", action_form="multi")


def refusal(name: str, world: World) -> str:
    world.reset([0])
    with pytest.raises(ScenarioError) as error:
        load_policy(policy_path(name)).reset(world)
    return str(error.value)


def test_bands_in_another_order_are_refused() -> None:
    """The same four bands, but every input and code about bands would mean another one."""
    text = refusal("blackout", urban(bands=BANDS[::-1]))
    assert "bands_mhz is [800.0, 1800.0, 2600.0, 3700.0]" in text
    assert "the world's is [3700.0, 2600.0, 1800.0, 800.0]; the order counts" in text


@pytest.mark.parametrize(
    ("bands", "found"),
    [
        ([{**BANDS[0], "frequency_mhz": 700}, *BANDS[1:]], "[700.0, 1800.0, 2600.0, 3700.0]; choose a scenario"),
        (BANDS[:3], "bands_mhz is [800.0, 1800.0, 2600.0, 3700.0], but the world's is [800.0, 1800.0, 2600.0]"),
    ],
)
def test_other_bands_are_refused(bands: list[dict[str, Any]], found: str) -> None:
    assert found in refusal("blackout", urban(bands=bands))


def test_what_has_no_bearing_on_meanings_is_free() -> None:
    """Other loads, sites and batteries are what policies are to be tried on."""
    for overrides in (
        {"traffic.load_factor": 3.0},
        {"battery.capacity_kwh": 5},
        {"bands": [*BANDS[:3], {**BANDS[3], "bandwidth_mhz": 60}]},
    ):
        world = urban(**overrides)
        world.reset([0])
        policy = load_policy(policy_path("blackout"))
        policy.reset(world)
        world.step(policy.act(world))


def retold(world: World, change: Callable[[dict[str, Any]], dict[str, Any]]) -> World:
    role, *others = world.roles
    vars(world)["roles"] = (replace(role, meaning=change(dict(role.meaning))), *others)
    return world


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda meaning: {**meaning, "neighbours": "8, nearest first"},
            "neighbours is '6, nearest first', but the world's is '8,",
        ),
        (
            lambda meaning: {**meaning, "service_classes": meaning["service_classes"][::-1]},
            "service_classes is .*the order counts",
        ),
        (
            lambda meaning: {**meaning, "service_classes": meaning["service_classes"][:3]},
            "service_classes is .*choose a scenario",
        ),
        (
            lambda meaning: {
                **meaning,
                "features": [*meaning["features"][:1], "own energy: 1 x kWh / 24 in [0, 2]", *meaning["features"][2:]],
            },
            r"features\[1\] is 'own energy: 1 x kWh / 12 in \[0, 2\]', but the world's is 'own energy: 1 x kWh / 24",
        ),
        (lambda meaning: {**meaning, "weather": "cloudy"}, "weather is None, but the world's is 'cloudy'"),
        (
            lambda meaning: {name: value for name, value in meaning.items() if name != "modes"},
            "modes is .*, but the world's is None",
        ),
    ],
)
def test_every_difference_is_named(change: Callable[[dict[str, Any]], dict[str, Any]], message: str) -> None:
    world = retold(urban(), change)
    world.reset([0])
    with pytest.raises(ScenarioError, match=message):
        load_policy(policy_path("blackout")).reset(world)


def test_a_policy_with_features_of_ones_own_says_how_to_build_its_world() -> None:
    options: dict[str, Any] = {"action_set": "extended", "action_form": "multi"}
    metadata, _ = read_policy(policy_path("blackout"))
    assert metadata.world_options == options

    def own_world(observe: list[str] | None) -> World:
        world = make_world("urban7-medium", 1, SMALL, observe=observe, **options)
        world.reset([0])
        return world

    observe = ["soc", "own.alive"]
    role = own_world(observe).roles[0]
    network = metadata.network.model_copy(update={"observation_size": role.observation_space.shape[0]})
    learned = {
        "world_options": {**options, "observe": {"bs": observe}},
        "observation_version": role.observation_version,
        "meaning": dict(role.meaning),
        "network": network,
    }
    fits = metadata.model_copy(update=learned)
    check_fits(fits, own_world(observe), "mine")
    expected = r"features\[\d\] is .*; build the world with observe=\{'bs': \['soc', 'own.alive'\]\}, or train"
    for other in (None, observe[::-1], ["own.alive", "own.mode"]):
        with pytest.raises(ScenarioError, match=expected):
            check_fits(fits, own_world(other), "mine")
    with pytest.raises(ScenarioError, match=r"features\[2\] is None, but .*; build the world with observe="):
        check_fits(fits, own_world([*observe, "price"]), "mine")
    with pytest.raises(ScenarioError, match=r"features\[1\] is .*; build the world without observe, or train"):
        check_fits(metadata, own_world(observe), "mine")


@pytest.mark.parametrize("name", policy_names())
def test_shipped_files_say_what_they_mean(name: str) -> None:
    """What is recorded is what the scenario of their training means, and the scenario itself."""
    metadata, _ = read_policy(policy_path(name))
    training = metadata.training
    world = make_world(
        training["scenario"], 1, training["scenario_overrides"], **load_policy(policy_path(name)).world_options
    )
    role = next(role for role in world.roles if role.name == metadata.role)
    assert metadata.meaning == dict(role.meaning)
    assert metadata.information == information_from(role) == ("neighbours" if name == "sharing" else "aggregates")
    assert metadata.scenarios[0]["name"] == training["scenario"]
    for key, value in training["scenario_overrides"].items():
        section, field = key.split(".")
        assert metadata.scenarios[0][section][field] == value


@pytest.mark.parametrize(
    ("sees", "expected"),
    [
        (("own",), "local"),
        (("own", "neighbours"), "neighbours"),
        (("own", "network"), "aggregates"),
        (("own", "neighbours", "network"), "aggregates"),
    ],
)
def test_information_follows_from_what_is_seen(sees: tuple[Sight, ...], expected: str) -> None:
    role: Role = make_fake_world(roles=("bs",)).roles[0]
    assert information_from(replace(role, sees=sees)) == expected
    assert information_from(role) == "aggregates"  # unless a world says otherwise


@pytest.mark.parametrize(
    ("scenario", "expected"),
    [
        ("toy3", {"bs": {"own", "neighbours", "network"}}),
        ("uplink20", {"ubs": {"own", "neighbours", "network"}}),
        ("market4", {"bs": {"own", "neighbours", "network"}, "retailer": {"own", "network"}}),
        ("urban19-brownout-light", {"bs": {"own", "neighbours", "network"}, "retailer": {"own", "network"}}),
    ],
)
def test_what_agents_see(scenario: str, expected: dict[str, set[str]]) -> None:
    assert {role.name: set(role.sees) for role in make_world(scenario).roles} == expected

"""Every world can be built with any of its fields and rewards, and with the user's own."""

from collections.abc import Sequence
from itertools import groupby
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from voltran.envs import market_v0
from voltran.envs.checks import check_env
from voltran.envs.errors import PartError, ScenarioError
from voltran.envs.fields import Field
from voltran.envs.registry import make_world, world_specs
from voltran.envs.world import World
from voltran.envs.world_spec import WorldSpec

SPECS = world_specs()
EVERY_WORLD = pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
OWN = Field("own_index", "", 0, 100, lambda view: np.ones((view.world.n_worlds, 1)) * np.arange(count_of(view.world)))


def count_of(world: Any) -> int:
    return int(world.roles[0].count)


def build(spec: WorldSpec, **options: Any) -> Any:
    """A batch of two worlds after a period of random legal actions, and its transition."""
    world = make_world(spec.default_scenario, 2, **options)
    world.reset([5, 6])
    return world, world.step(random_actions(world))


def random_actions(world: World) -> dict[str, NDArray[np.int64]]:
    """One legal code for each agent, the same in every world of the same kind."""
    generator, masks = np.random.default_rng(3), world.action_masks()
    return {
        role.name: np.argmax(generator.random(masks[role.name].shape) * masks[role.name], axis=-1)
        for role in world.roles
    }


def columns(fields: Sequence[Field]) -> dict[str, list[int]]:
    """Field -> its entries in the vector."""
    found: dict[str, list[int]] = {field.qualified_name: [] for field in fields}
    start = 0
    for times, members in groupby(fields, key=lambda field: int(field.times)):
        for field in [*members] * times:
            found[field.qualified_name] += range(start, start + int(field.size))
            start += int(field.size)
    return found


@EVERY_WORLD
def test_fields_can_be_chosen_in_any_order(spec: WorldSpec) -> None:
    whole, _ = build(spec)
    names = {role.name: [field.qualified_name for field in whole.observed[role.name].fields] for role in whole.roles}
    chosen = {role: [name for name in reversed(own) if name != own[0]] for role, own in names.items()}
    other: Any = make_world(spec.default_scenario, 2, observe=chosen)
    other.set_state(whole.get_state())
    before, after = whole.observations(), other.observations()
    for role, own in names.items():
        old, new = columns(whole.observed[role].fields), columns(other.observed[role].fields)
        assert sum(map(len, old.values())) == before[role].shape[-1]
        for name in own[1:]:
            assert np.array_equal(before[role][..., old[name]], after[role][..., new[name]]), name
    assert [role.observation_space for role in other.roles] != [role.observation_space for role in whole.roles]
    assert other.observation_version != whole.observation_version


@EVERY_WORLD
def test_a_field_of_ones_own_stands_at_the_end(spec: WorldSpec) -> None:
    plain, _ = build(spec)
    world, _ = build(spec, observe=["default", OWN])
    role, observed = plain.roles[0].name, world.observations()
    assert np.array_equal(observed[role][..., :-1], plain.observations()[role])
    assert np.array_equal(observed[role][0, :, -1], np.arange(plain.roles[0].count))
    for other in plain.roles[1:]:
        assert np.array_equal(observed[other.name], plain.observations()[other.name])
    assert np.array_equal(world.state(), plain.state())
    assert world.observation_version == world.roles[0].observation_version != plain.observation_version
    assert world.roles[0].meaning["features"] == [*plain.roles[0].meaning["features"], world.observed[role].lines[-1]]


@EVERY_WORLD
def test_names_of_roles_and_fields_that_are_none_are_refused(spec: WorldSpec) -> None:
    with pytest.raises(ScenarioError, match="no role 'nobody'"):
        make_world(spec.default_scenario, observe={"nobody": "default"})
    with pytest.raises(ScenarioError, match="has no field 'colour'"):
        make_world(spec.default_scenario, observe=["colour"])
    with pytest.raises(ScenarioError, match="reward = 'best' is unknown; use one of " + ", ".join(spec.rewards)):
        make_world(spec.default_scenario, reward="best")


@EVERY_WORLD
def test_a_declared_reward_is_the_same_by_its_reference(spec: WorldSpec) -> None:
    assert spec.training_reward in spec.rewards
    for name, reference in spec.rewards.items():
        (_, by_name), (_, by_reference) = build(spec, reward=name), build(spec, reward=reference)
        assert by_name.rewards.keys() == by_reference.rewards.keys()
        assert by_name.episode_infos.keys() == by_reference.episode_infos.keys()
        for role, rewards in by_name.rewards.items():
            assert np.array_equal(rewards, by_reference.rewards[role]), (name, role)


@EVERY_WORLD
def test_the_first_reward_is_paid_unless_told_otherwise(spec: WorldSpec) -> None:
    (_, plain), (_, named) = build(spec), build(spec, reward=next(iter(spec.rewards)))
    for role, rewards in plain.rewards.items():
        assert np.array_equal(rewards, named.rewards[role])


@EVERY_WORLD
def test_an_own_reward_sees_the_world_after_the_period_and_the_others(spec: WorldSpec) -> None:
    names = list(spec.rewards)

    def mine(period: Any) -> Any:
        assert (period.world.decision == 1).all()
        half = period.reward(names[0]) / 2
        return half + half, {"ones": np.ones(2)}

    (_, plain), (_, own) = build(spec), build(spec, reward=mine)
    for role, rewards in plain.rewards.items():
        assert np.array_equal(rewards, own.rewards[role])
    assert own.episode_infos["reward_ones"].tolist() == [1.0, 1.0]
    assert plain.episode_infos.keys() == own.episode_infos.keys() - {"reward_ones"}


def test_a_reward_for_another_role_leaves_the_first_alone() -> None:
    spec = next(spec for spec in SPECS if spec.name == "market_v0")
    world, plain = build(spec)
    _, own = build(spec, reward={"retailer": lambda period: period.world.market.sales.offered_kwh})
    assert np.array_equal(own.rewards["bs"], plain.rewards["bs"])
    assert np.array_equal(own.rewards["retailer"], world.market.sales.offered_kwh)


def test_a_reward_that_does_not_work_is_named_by_the_world() -> None:
    with pytest.raises(PartError, match=r"reward .*lambda.* raised AttributeError"):
        build(SPECS[0], reward=lambda period: period.world.happiness)


def env_with_own_parts() -> Any:
    charge = Field("charge", "share", 0, 1, "world.soc")
    return market_v0.parallel_env("market4", reward=more_charge, observe=["default", charge], max_cycles=8)


def more_charge(period: Any) -> Any:
    return period.reward("own") + period.world.soc


def test_an_environment_with_own_parts_keeps_all_rules() -> None:
    assert "rewards_finite" in check_env(env_with_own_parts, episodes=1)


def test_an_own_reward_and_field_can_be_learnt_from() -> None:
    charge = Field("charge", "share", 0, 1, "world.soc")

    def cheapest(world: World) -> dict[str, Any]:
        return {"retailer": np.zeros((2, world.roles[1].count), dtype=np.int64)}

    env = market_v0.vector_env("market4", n_worlds=2, reward=more_charge, observe=[charge], others=cheapest)
    observed = env.reset()
    assert observed.shape == (8, 1)
    _, rewards, _, _ = env.step(np.zeros(8, dtype=np.int64))
    assert np.isfinite(rewards).all()

"""Action codes: what they stand for, which of them are legal, and what happens to the others and to bad input."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from tests.envs.blackout.tools import (
    assert_same,
    codes_of,
    commands,
    depleted_beside_a_vehicle,
    outage_world,
    random_codes,
)
from tests.envs.episodes import started
from voltran.envs.blackout.actions import EV_LEVELS, ActionForm, ActionSet
from voltran.envs.blackout.world import BlackoutWorld
from voltran.envs.errors import ActionError
from voltran.physics.power import ASSISTED, HELPING, NORMAL, SLEEP

ALL, LOW, LTE_800 = 0b1111, 0b0011, 0b0001
SETS_AND_FORMS = [(action_set, form) for action_set in ("paper", "extended") for form in ("joint", "multi")]


def test_the_papers_codes_are_mode_times_level() -> None:
    codec = outage_world().codec
    assert codec.space().n == 16  # type: ignore[union-attr]
    assert list(zip(codec.code_mode, codec.code_level, strict=True)) == [(m, k) for m in range(4) for k in range(4)]
    assert [codec.code_bands[4 * mode] for mode in range(4)] == [ALL, ALL, LOW, 0]


def test_the_extended_codes_are_the_valid_combinations() -> None:
    """15 non-empty sets in normal operation, 8 that keep 800 MHz when helping, 3 when assisted, one asleep."""
    codec = outage_world(action_set="extended").codec
    assert codec.space().n == 4 * (15 + 8 + 3 + 1)  # type: ignore[union-attr]
    triples = list(zip(codec.code_mode, codec.code_bands, codec.code_level, strict=True))
    assert len(set(triples)) == len(triples)
    for mode, bands, _ in triples:
        assert (bands == 0) == (mode == SLEEP)
        assert mode != HELPING or bands & LTE_800
        assert mode != ASSISTED or bands & ~LOW == 0


def test_each_space_has_its_own_version() -> None:
    versions = [outage_world(action_set=one, action_form=form).action_version for one, form in SETS_AND_FORMS]
    assert len(set(versions)) == 4


@pytest.mark.parametrize(("action_set", "form"), SETS_AND_FORMS)
def test_masks_are_honest(action_set: ActionSet, form: ActionForm) -> None:
    """Legal values are carried out, illegal ones are reported as projected, in every state of an episode."""
    world = started(
        outage_world("urban7-medium", 3, {"battery.capacity_kwh": 7}, action_set=action_set, action_form=form)
    )
    generator = np.random.default_rng(0)
    illegal_seen = 0
    for _ in range(20):
        mask, alive = world.action_masks()["bs"], world.alive
        sizes = world.codec.sizes
        actions = np.stack([generator.integers(size, size=(3, 7)) for size in sizes], axis=-1)
        parts = np.split(mask, np.cumsum(sizes)[:-1], axis=-1)
        legal = np.ones((3, 7), dtype=bool)
        for index, part in enumerate(parts):
            assert part.any(axis=-1).all()
            legal &= np.take_along_axis(part, actions[..., index : index + 1], axis=-1)[..., 0]
        infos = world.step({"bs": actions[..., 0] if form == "joint" else actions}).agent_infos["bs"]
        expected = infos["projected"]
        if form == "joint" or action_set == "paper":
            assert np.array_equal(expected, ~legal)
        else:  # A dead site's bands do not matter, and bands that the mode does not allow are silently reduced.
            assert np.array_equal(expected[alive], ~legal[alive])
        illegal_seen += int((~legal).sum())
    assert illegal_seen > 0
    assert not world.alive.all()


def test_what_is_legal_in_toy3() -> None:
    """All may help or be helped while their neighbours live; vehicle power needs vehicles."""
    world = started(outage_world())
    levels = [[True, False, False, False]] * 4
    assert world.action_masks()["bs"][0].reshape(3, 4, 4).tolist() == [levels] * 3
    for _ in range(2):
        world.step(commands(world, [NORMAL, SLEEP, NORMAL]))  # A dies in minute 21, C does not
    assert world.alive[0].tolist() == [False, True, True]
    mode = world.action_masks()["bs"][0].reshape(3, 4, 4)[:, :, 0]
    assert mode.tolist() == [[False, False, False, True], [True] * 4, [True] * 4]
    world.step(commands(world, [NORMAL, SLEEP, NORMAL]))  # C is down from minute 43 on
    mode = world.action_masks()["bs"][0].reshape(3, 4, 4)[:, :, 0]
    # B has nobody left to help it, but may help the dead.
    assert mode[1].tolist() == [True, True, False, False]


def test_without_links_only_normal_operation_is_legal() -> None:
    world = started(outage_world(overrides={"cooperation.k_max": 0}))
    legal = world.action_masks()["bs"].reshape(3, 4, 4).any(axis=-1)
    assert legal.tolist() == [[True, False, False, False]] * 3


def test_a_single_site_can_only_be_normal() -> None:
    lone = {"layout.n_sites": 1, "layout.positions_m": [[0, 0]], "battery.initial_soc": 0.8}
    overrides = {**lone, "users.covered_at_start": False}
    world = started(outage_world(overrides=overrides))
    assert world.action_masks()["bs"].reshape(4, 4).any(axis=-1).tolist() == [True, False, False, False]
    transition = world.step({"bs": np.array([[codes_of(world, [SLEEP])[0, 0]]])})
    assert transition.agent_infos["bs"]["projected"].tolist() == [[True]]
    assert world.mode.tolist() == [[NORMAL]]


def test_levels_are_shares_of_what_vehicles_offer() -> None:
    """Site A has 4 kW of load; its vehicle offers 7 kW, and what the load does not take goes into the battery."""
    world = depleted_beside_a_vehicle()
    revived = world.get_state()
    revived["state"]["alive"][0, 0], revived["state"]["soc"][0, 0] = True, 0.5
    for level, share in enumerate(EV_LEVELS):
        world.set_state(revived)
        assert world.action_masks()["bs"][0, 0].reshape(4, 4)[NORMAL].all()
        codes = codes_of(world, [NORMAL] * 3)
        codes[0, 0] += level
        world.step({"bs": codes})
        # In the last minute of the period the vehicle is still there, with more than enough energy.
        assert world.ledger()["ev_kw"][0, 0] == pytest.approx(7.0 * share)
        assert world.ledger()["battery_kw"][0, 0] == pytest.approx(4.0 - 7.0 * share)


@pytest.mark.parametrize(
    ("codes", "message"),
    [
        (np.array([[0, np.nan, 0]]), "dtype float64; expected integers"),
        (np.array([[0.0, 0.0, 0.0]]), "dtype float64; expected integers"),
        (np.array([[True, False, True]]), "dtype bool; expected integers"),
        (np.array([["0", "0", "0"]]), "expected integers"),
        (np.array([[0, 16, 0]]), r"bs_1 in world 0 = 16: must lie in \[0, 15\]"),
        (np.array([[0, 0, -1]]), r"bs_2 in world 0 = -1: must lie in \[0, 15\]"),
        (np.array([0, 0, 0]), r"shape \(3,\); expected \(1, 3\)"),
        (np.zeros((1, 4), dtype=int), r"shape \(1, 4\); expected \(1, 3\)"),
        (np.zeros((2, 3), dtype=int), r"shape \(2, 3\); expected \(1, 3\)"),
        (None, "shape"),
        ([[0, 0, [1, 2]]], "ragged: give one action per agent"),
        ([[0, 0], [0]], "ragged: give one action per agent"),
    ],
)
def test_codes_outside_their_space_change_nothing(codes: Any, message: str) -> None:
    world = started(outage_world())
    world.step({"bs": codes_of(world, [NORMAL] * 3)})
    before = world.get_state()
    with pytest.raises(ActionError, match=message):
        world.step({"bs": codes})
    assert_same(world.get_state(), before)
    world.step({"bs": codes_of(world, [NORMAL] * 3)})


def test_a_dimension_outside_its_range_is_named() -> None:
    world = started(outage_world(action_set="extended", action_form="multi"))
    actions = np.zeros((1, 3, 3), dtype=int)
    actions[0, 2, 1] = 15
    with pytest.raises(ActionError, match=r"bs_2 in world 0 = 15: must lie in \[0, 14\]"):
        world.step({"bs": actions})


@pytest.mark.parametrize("roles", [[], ["retailer"], ["bs", "retailer"]])
def test_only_the_role_bs_acts(roles: list[str]) -> None:
    world = started(outage_world())
    before = world.get_state()
    with pytest.raises(ActionError, match="exactly the role bs"):
        world.step({role: codes_of(world, [NORMAL] * 3) for role in roles})
    assert_same(world.get_state(), before)


def test_codes_and_commands_say_the_same() -> None:
    """A joint code is the same as the commands it stands for, by way of either form of actions."""
    generator = np.random.default_rng(4)
    joint, multi, direct = (
        started(outage_world("urban7-medium", action_set="extended", action_form=form))
        for form in ("joint", "multi", "joint")
    )
    for _ in range(6):
        codes = random_codes(joint, generator)
        codec = joint.codec
        mode, bands, level = codec.code_mode[codes], codec.code_bands[codes], codec.code_level[codes]
        offered_kw = joint.get_state()["state"]["offered_kw"]
        power_kw = np.asarray(EV_LEVELS)[level] * offered_kw
        joint.step({"bs": codes})
        multi.step({"bs": np.stack([mode, np.maximum(bands, 1) - 1, level], axis=-1)})
        direct.step(_as_commands(direct, mode[0], bands, power_kw))
        assert_same(joint.get_state(), multi.get_state())
        assert_same(joint.get_state(), direct.get_state())


def _as_commands(world: BlackoutWorld, mode: Any, bands: Any, power_kw: Any) -> dict[str, Any]:
    return commands(world, mode, band_bits=bands, ev_power_kw=power_kw, command_set="extended")


def test_band_sets_are_listed_from_all_to_the_lowest() -> None:
    """The first code of each mode is that of the paper, so that a policy starts from what the paper allows."""
    codec = outage_world(action_set="extended").codec
    for mode in range(4):
        bands = codec.code_bands[(codec.code_mode == mode) & (codec.code_level == 0)]
        assert bands[0] == [ALL, ALL, LOW, 0][mode]
        assert all(first > second for first, second in pairwise(bands.tolist()))

"""Action codes: what they mean, which are legal when, and what becomes of those that are not."""

import numpy as np
import pytest

from tests.envs.episodes import started
from tests.envs.uplink.tools import CONSTANT, random_codes, uplink_world
from voltran.envs.uplink.actions import ActionCodec
from voltran.envs.uplink.architecture import build_architecture
from voltran.envs.uplink.scenario import UplinkScenario

SCENARIO = UplinkScenario(name="default")


def codec(form: str) -> ActionCodec:
    return ActionCodec(build_architecture(SCENARIO, "fd-ran"), 8, form)  # type: ignore[arg-type]


def test_a_joint_code_serves_the_strongest_active_ues() -> None:
    """One UBS without limits on servers: the repair leaves its offer alone, and the other UBS takes the rest."""
    overrides = {**CONSTANT, "layout.n_ubs": 2, "limits.ubs_per_ue": 2}
    world = started(uplink_world("uplink20-drop", overrides=overrides))
    gain = world.deployment().gain
    for count in range(9):
        started(world)
        world.step({"ubs": np.array([[count, 8]])})
        served = np.flatnonzero(world.association[0, 0])
        assert served.tolist() == sorted(np.argsort(-gain[0])[:count].tolist())
        assert world.association[0, 1].all()


def test_multi_choices_name_the_ues() -> None:
    overrides = {**CONSTANT, "layout.n_ubs": 2, "limits.ubs_per_ue": 2}
    world = started(uplink_world("uplink20-drop", overrides=overrides, action_form="multi"))
    choices = np.array([[[0, 1, 0, 0, 1, 0, 0, 1], [1] * 8]])
    transition = world.step({"ubs": choices})
    assert np.array_equal(world.association, choices.astype(bool))
    assert not transition.agent_infos["ubs"]["repaired"].any()


@pytest.mark.parametrize("form", ["joint", "multi"])
def test_masks_allow_what_names_active_ues_only(form: str) -> None:
    active = np.array([[True] * 3 + [False] * 5, [False] * 8])
    mask = codec(form).mask(active)
    if form == "joint":
        assert mask.shape == (2, 20, 11)
        assert mask[0, 7].tolist() == [True] * 4 + [False] * 7
        assert mask[1, 7].tolist() == [True] + [False] * 10
    else:
        assert mask.shape == (2, 20, 16)
        assert mask[0, 7].tolist() == [True] * 6 + [True, False] * 5
        assert mask[1, 7].tolist() == [True, False] * 8


@pytest.mark.parametrize("form", ["joint", "multi"])
def test_illegal_codes_do_what_the_nearest_legal_ones_do(form: str) -> None:
    codes = codec(form)
    active = np.array([[True] * 3 + [False] * 5])
    strength = np.broadcast_to(np.arange(8), (1, 20, 8))
    everybody = np.full((1, 20), 10) if form == "joint" else np.ones((1, 20, 8), dtype=np.int64)
    nearest = np.full((1, 20), 3) if form == "joint" else everybody * active
    illegal, legal = (codes.decode(actions, strength, active) for actions in (everybody, nearest))
    assert illegal.projected.all()
    assert not legal.projected.any()
    assert np.array_equal(illegal.association, legal.association)
    assert np.array_equal(legal.association, np.broadcast_to(active[:, None], (1, 20, 8)))


def test_versions_spaces_and_sizes() -> None:
    joint, multi = codec("joint"), codec("multi")
    assert joint.version != multi.version
    assert (joint.sizes, multi.sizes) == ([11], [2] * 8)
    assert joint.space().n == 11  # type: ignore[union-attr]
    assert multi.space().nvec.tolist() == [2] * 8  # type: ignore[union-attr]


def test_cell_free_ubss_may_serve_everybody() -> None:
    world = started(uplink_world("uplink20-drop", architecture="cell-free"))
    transition = world.step({"ubs": np.full((1, 20), 8)})
    assert world.association.all()
    assert not transition.agent_infos["ubs"]["repaired"].any()


def test_infos_tell_who_was_repaired_and_who_is_awake() -> None:
    world = started(uplink_world("uplink20-drop", 2))
    transition = world.step({"ubs": np.zeros((2, 20), dtype=np.int64)})
    infos = transition.agent_infos["ubs"]
    assert np.array_equal(infos["repaired"], infos["awake"])
    assert np.array_equal(infos["awake"], world.association.any(axis=2))
    assert (world.association.sum(axis=1) == 1).all()


def test_masks_follow_the_day() -> None:
    world, generator = started(uplink_world("uplink20", 3)), np.random.default_rng(0)
    counts = set()
    for _ in range(24):
        legal = world.action_masks()["ubs"].sum(axis=-1)
        assert np.array_equal(legal, np.repeat(1 + world.active.sum(axis=1)[:, None], 20, axis=1))
        counts |= set(legal[:, 0].tolist())
        world.step(random_codes(world, generator))
    assert len(counts) > 3

"""Codes of operators: they are what their definition says, come back from commands, and masks tell what is possible."""

import itertools

import numpy as np
import pytest

from tests.envs.sharing.tools import SHORT, sharing_world, small
from voltran.envs.errors import ScenarioError
from voltran.envs.sharing.actions import VOTES

# Operator 0 has two sites at the first infrastructure, operator 1 one; another operator has three at the second.
UNEVEN = {
    "network": {"sites": [{"infrastructure": i, "operator": m} for i, m in [(0, 0), (0, 0), (0, 1), *[(1, 2)] * 3]]}
}
HAS = [[1, 1, 0], [1, 0, 0], [1, 1, 1]]


@pytest.mark.parametrize("form", ["joint", "multi"])
def test_every_code_means_what_the_definition_says(form: str) -> None:
    world = sharing_world(overrides=UNEVEN, action_form=form)
    can_charge = np.ones((1, 3), dtype=bool)
    for bits in itertools.product([0, 1], repeat=3):
        for vote, share in enumerate(VOTES):
            code = 3 * sum(bit << place for place, bit in enumerate(bits)) + vote if form == "joint" else [*bits, vote]
            decoded = world.codec.decode(np.array([[code] * 3]), can_charge)
            assert decoded.commands.charge_share[0].tolist() == [share] * 3
            expected = [bit for has in HAS for bit, there in zip(bits, has, strict=True) if there]
            assert decoded.commands.battery_sites[0].tolist() == expected
            illegal = [any(bit and not there for bit, there in zip(bits, has, strict=True)) for has in HAS]
            assert decoded.projected[0].tolist() == illegal
            if form == "joint":
                assert (~world.codec.mask(can_charge)[0, :, code]).tolist() == illegal
            legal = np.array([[code] * 3])[:, ~np.array(illegal)]
            assert np.array_equal(world.codec.encode(decoded.commands, can_charge)[:, ~np.array(illegal)], legal)


def test_the_multi_mask_allows_what_the_joint_mask_allows() -> None:
    joint, multi = (sharing_world(overrides=UNEVEN, action_form=form) for form in ("joint", "multi"))
    for can_charge in (np.ones((1, 3), dtype=bool), np.array([[False, True, False]])):
        of_joint, of_multi = joint.codec.mask(can_charge)[0], multi.codec.mask(can_charge)[0]
        for agent in range(3):
            parts = np.split(of_multi[agent], np.cumsum(multi.codec.sizes)[:-1])
            legal = {
                3 * (a + 2 * b + 4 * c) + vote
                for a, b, c, vote in itertools.product(*[np.flatnonzero(part) for part in parts])
            }
            assert set(np.flatnonzero(of_joint[agent])) == legal


def test_nobody_charges_from_a_grid_that_is_off() -> None:
    world = small(1, {"grid": {"feeders": 2, "outages": [{"start_h": 0, "length_h": 1, "feeders": [1]}]}})
    masks = world.action_masks()["operator"][0]
    assert masks.tolist() == [[True] * 6] * 3 + [[True, False, False] * 2] * 3
    transition = world.step({"operator": np.full((1, 6), 2)})
    assert transition.agent_infos["operator"]["projected"][0].tolist() == [False] * 3 + [True] * 3
    assert world.trace()["grid_charge_kw"][-1, 0] > 0.0
    assert world.trace()["grid_charge_kw"][-1, 1] == 0.0


def test_votes_are_weighted_by_shares() -> None:
    sites = [{"infrastructure": 0, "operator": m, "share": share} for m, share in enumerate((0.5, 0.3, 0.2))]
    world = sharing_world(overrides={**SHORT, "network": {"sites": sites}, "battery.initial_soc": 0.2})
    world.step({"operator": np.array([[2, 0, 1]])})  # all, nothing, half
    solar_kw = world.trace()["solar_charge_kw"][-1, 0]
    assert world.trace()["grid_charge_kw"][-1, 0] == pytest.approx(0.6 * 12.5 - max(solar_kw - 0.4 * 12.5, 0.0))


def test_unknown_forms_are_refused() -> None:
    with pytest.raises(ScenarioError, match="action_form = 'box' is unknown; use 'joint' or 'multi'"):
        small(action_form="box")

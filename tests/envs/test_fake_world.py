"""The fake world keeps the promises that other tests build on."""

import numpy as np
import pytest

from tests.envs.fake_world import ROLE_KINDS, make_fake_world
from voltran.envs.errors import ActionError, EpisodeError
from voltran.envs.world import World


def idle(world: World) -> dict[str, np.ndarray]:
    return {r.name: np.zeros((world.n_worlds, r.count, *(r.action_space.shape or ())), int) for r in world.roles}


def test_implements_the_world_protocol() -> None:
    assert isinstance(make_fake_world(2, roles=tuple(ROLE_KINDS)), World)


@pytest.mark.parametrize(("seed", "terminates"), [(0, True), (3, True), (1, False), (2, False)])
def test_seeds_decide_how_the_episode_ends(seed: int, terminates: bool) -> None:
    world = make_fake_world()
    world.reset([seed])
    for _ in range(12):
        result = world.step(idle(world))
        if result.terminated[0] or result.truncated[0]:
            break
    assert (bool(result.terminated[0]), bool(result.truncated[0])) == (terminates, not terminates)
    assert (world.kpis()["survival_h"][0] == 12 * 0.25) == (not terminates)
    with pytest.raises(EpisodeError, match="reset"):
        world.step(idle(world))


def test_batch_rows_equal_single_worlds() -> None:
    batch, singles = make_fake_world(3), [make_fake_world() for _ in range(3)]
    batch.reset([4, 5, 7])
    for index, single in enumerate(singles):
        single.reset([[4, 5, 7][index]])
    for _ in range(5):
        result = batch.step(idle(batch))
        for index, single in enumerate(singles):
            assert np.array_equal(single.step(idle(single)).rewards["bs"][0], result.rewards["bs"][index])
    for index, single in enumerate(singles):
        assert np.array_equal(single.observations()["retailer"][0], batch.observations()["retailer"][index])


def test_partial_reset_accepts_the_worlds_own_end_flags() -> None:
    world = make_fake_world(2, max_decisions=1)
    world.reset([1, 2])
    world.step(idle(world))
    world.reset([5, 6], world.over)
    assert not world.over.any()
    assert world.decision.tolist() == [0, 0]


def test_bad_actions_change_nothing() -> None:
    world = make_fake_world(roles=("bs",))
    world.reset([1])
    before = world.state()
    for bad in (np.array([[0, 0, 9]]), np.array([[0.0, np.nan, 1.0]]), np.array([[0, 0]])):
        with pytest.raises(ActionError, match="bs"):
            world.step({"bs": bad})
    assert np.array_equal(world.state(), before)

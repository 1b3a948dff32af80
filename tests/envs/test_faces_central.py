"""What the Gymnasium face promises beyond the conformance suite."""

from functools import partial
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium import spaces

from tests.envs.fake_world import make_fake_world
from voltran.envs.errors import ActionError, EpisodeError, ScenarioError
from voltran.envs.faces.central import CentralFace, LastMetrics
from voltran.envs.seeds import TRAINING_SEEDS


def face(*roles: str, **options: Any) -> CentralFace:
    return CentralFace(partial(make_fake_world, roles=roles or ("bs", "ubs")), **options)


def test_action_is_everybodys_choices_in_a_row() -> None:
    env = face()
    assert env.action_space.nvec.tolist() == [4, 4, 4, 3, 2, 3, 2]  # type: ignore[attr-defined]
    env.reset(seed=1)
    infos = env.step(np.array([0, 2, 0, 0, 0, 2, 1]))[4]
    assert infos["bs"]["level"].tolist() == [0.0, 2 / 3, 0.0]
    assert infos["ubs"]["level"].tolist() == [0.0, 1.0]


def test_masks_cover_the_whole_action_and_fit_sampling() -> None:
    env = face()
    _, infos = env.reset(seed=3)
    assert env.action_masks().shape == (3 * 4 + 2 * 5,)
    assert np.array_equal(np.concatenate(infos["action_mask"]), env.action_masks())
    for _ in range(3):
        infos = env.step(env.action_space.sample(mask=infos["action_mask"]))[4]
        assert not infos["bs"]["projected"].any()
        assert not infos["ubs"]["projected"].any()


def test_metrics_come_at_the_end_of_an_episode() -> None:
    env = face(max_cycles=2)
    env.reset(seed=1)
    action = np.zeros(7, int)
    assert "kpis" not in env.step(action)[4]
    _, _, terminated, truncated, infos = env.step(action)
    assert (terminated, truncated) == (False, True)
    assert infos["kpis"]["survival_h"] == 0.5
    with pytest.raises(EpisodeError, match="reset"):
        env.step(action)


@pytest.mark.parametrize(
    ("action", "message"),
    [
        ([0, 0, 0, 0, 0, 3, 0], r"action\[5\] \(of ubs_1\) = 3: give an integer in 0..2"),
        ([0, 0, 4, 0, 0, 0, 0], r"action\[2\] \(of bs_2\) = 4: give an integer in 0..3"),
        ([0.0] * 7, "array of 7 integers"),
        ([0] * 6, "array of 7 integers"),
        ([np.nan] * 7, "array of 7 integers"),
        ([[0], [0, 1]], "give 7 integers"),
        (None, "array of 7 integers"),
    ],
)
def test_an_illegal_action_changes_nothing(action: Any, message: str) -> None:
    env = face()
    env.reset(seed=1)
    before = env.world.state()
    with pytest.raises(ActionError, match=message):
        env.step(action)
    assert np.array_equal(env.world.state(), before)


def test_continuous_roles_do_not_fit() -> None:
    with pytest.raises(ScenarioError, match=r"role operator: continuous actions and other roles' choices do not fit"):
        face("bs", "operator")


def test_continuous_roles_alone_make_a_flat_box() -> None:
    env = CentralFace(partial(make_fake_world, roles=("operator",), counts={"operator": 3}))
    assert env.action_space == spaces.Box(-1.0, 1.0, (6,), np.float32)
    _, infos = env.reset(seed=1)
    assert "action_mask" not in infos
    infos = env.step(np.array([1.0, 0.0, 0.5, -0.5, 0.0, 0.0]))[4]
    assert infos["operator"]["level"].tolist() == [0.5, 0.5, 0.0]
    with pytest.raises(ActionError, match=r"action\[4\] \(of operator_2\) = nan: give a number in -1.0..1.0"):
        env.step(np.array([0, 0, 0, 0, np.nan, 0]))


def test_the_reward_may_be_that_of_one_role() -> None:
    def rewards(reward_of: str | None) -> float:
        env = face("bs", "ubs", reward_of=reward_of)
        env.reset(seed=1)
        return env.step(np.zeros(7, int))[1]

    assert rewards(None) == pytest.approx((3 * rewards("bs") + 2 * rewards("ubs")) / 5, abs=1e-12)
    assert rewards("bs") != rewards("ubs")
    with pytest.raises(ScenarioError, match="reward_of = 'retailer': unknown; roles are bs, ubs, or None"):
        face(reward_of="retailer")


@pytest.mark.filterwarnings("ignore:.*not having a spec:UserWarning")
def test_metrics_come_also_where_a_wrapper_ends_the_episode() -> None:
    env = LastMetrics(gymnasium.wrappers.TimeLimit(face(), 2))
    env.reset(seed=1)
    action = np.zeros(7, int)
    assert "kpis" not in env.step(action)[4]
    _, _, _, truncated, infos = env.step(action)
    assert truncated
    assert infos["kpis"] == face_kpis(env) == {"survival_h": 0.5, "energy_left_kwh": infos["energy_kwh"]}


def face_kpis(env: gymnasium.Env[Any, Any]) -> dict[str, float]:
    unwrapped = env.unwrapped
    assert isinstance(unwrapped, CentralFace)
    return unwrapped.kpis()


def test_seeds_work_as_in_the_parallel_face() -> None:
    env = face()
    with pytest.raises(ScenarioError, match="seed = -1"):
        env.reset(seed=-1)
    env.reset(seed=0)
    assert env.world.seeds.tolist() == [0]  # type: ignore[attr-defined]
    env.reset()
    assert int(env.world.seeds[0]) in TRAINING_SEEDS  # type: ignore[attr-defined]

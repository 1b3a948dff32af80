"""What the Stable-Baselines3 face promises beyond the conformance suite."""

import warnings
from functools import partial
from typing import Any

import numpy as np
import pytest
from sb3_contrib import MaskablePPO
from sb3_contrib.common.maskable.evaluation import evaluate_policy
from sb3_contrib.common.maskable.utils import get_action_masks, is_masking_supported
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import VecMonitor

from tests.envs.fake_world import FakeWorld, make_fake_world
from voltran.envs.errors import ActionError, EpisodeError, ScenarioError
from voltran.envs.faces.vector import VectorFace
from voltran.envs.seeds import training_seed


def face(n_worlds: int = 4, seed: int = 0, **options: Any) -> VectorFace:
    return VectorFace(make_fake_world(n_worlds, roles=("bs",), **options), "bs", seed)


def fake(vector: VectorFace) -> FakeWorld:
    assert isinstance(vector.world, FakeWorld)
    return vector.world


def test_rows_are_worlds_times_agents() -> None:
    vector = face(4)
    assert vector.num_envs == 12
    assert vector.reset().shape == (12, 5)
    rows = vector.reset().reshape(4, 3, 5)
    assert np.array_equal(rows, vector.world.observations()["bs"])


def test_each_episode_has_its_documented_seed() -> None:
    vector = face(3, seed=9, max_decisions=2)
    vector.reset()
    for episode in range(3):
        assert fake(vector).seeds.tolist() == [training_seed(9, world, episode) for world in range(3)]
        for _ in range(2):
            infos = vector.step(np.zeros(9, int))[3]
        assert infos[3]["episode_seed"] == training_seed(9, 1, episode)


def test_infos_are_empty_until_the_end_and_then_complete() -> None:
    vector = face(2)
    vector.reset()
    fake(vector).reset([3, 1])  # the first world terminates early, the second is truncated at decision 12
    ends: dict[int, tuple[int, Any]] = {}
    returns = np.zeros(6)
    for decision in range(1, 13):
        before = fake(vector).over.copy()
        _, rewards, dones, infos = vector.step(np.zeros(6, int))
        returns += rewards
        assert not before.any()
        for row in range(6):
            assert bool(infos[row]) == bool(dones[row])
            if dones[row] and row not in ends:
                ends[row] = (decision, infos[row])
                assert infos[row]["episode"] == {"r": pytest.approx(returns[row], abs=1e-12), "l": decision}
    assert ends[0][0] < 8
    assert ends[3][0] == 12
    assert ends[0][1]["TimeLimit.truncated"] is False
    assert ends[3][1]["TimeLimit.truncated"] is True
    assert ends[0][1]["kpis"]["survival_h"] == ends[0][0] * 0.25
    assert [row for row, (_, info) in ends.items() if "kpis" in info] == [0, 3]
    assert ends[3][1]["terminal_observation"][3] == np.float32(12 / 50)


def test_masks_reach_maskable_ppo() -> None:
    vector = face(3)
    vector.reset()
    assert is_masking_supported(vector)
    assert np.array_equal(get_action_masks(vector), vector.action_masks())
    assert get_action_masks(vector).shape == (9, 4)
    assert [mask.tolist() for mask in vector.env_method("action_masks", indices=[5])] == [
        vector.action_masks()[5].tolist()
    ]
    with pytest.raises(AttributeError, match="action_masks"):
        vector.env_method("fly")


def test_maskable_ppo_trains_through_the_usual_wrapper() -> None:
    vector = face(4)
    constants = MaskablePPO(
        "MlpPolicy", VecMonitor(vector), n_steps=16, batch_size=48, n_epochs=1, seed=0, device="cpu"
    )
    constants.learn(2 * 16 * vector.num_envs)
    assert constants.num_timesteps == 2 * 16 * 12
    assert len(constants.ep_info_buffer or []) > 0
    assert not vector.last_transition.agent_infos["bs"]["projected"].any()


def test_seeding_anew_replays_the_run() -> None:
    vector = face(2)
    vector.seed(5)
    first = vector.reset()
    following = vector.reset()
    assert vector.seed(5) == [5] * 6
    assert np.array_equal(vector.reset(), first)
    assert not np.array_equal(first, following)
    vector.seed(None)
    assert not np.array_equal(vector.reset(), first)


def test_a_snapshot_continues_the_run() -> None:
    def rollout(vector: VectorFace) -> list[Any]:
        steps: list[Any] = [vector.step(np.full(6, 2)) for _ in range(20)]
        return [np.concatenate([rewards, dones, observations.ravel()]) for observations, rewards, dones, _ in steps]

    vector, other = face(2, seed=1), face(2, seed=8)
    vector.reset()
    other.reset()
    for _ in range(5):
        vector.step(np.zeros(6, int))
    other.set_state(vector.get_state())
    assert np.array_equal(other.observe(), vector.observe())
    assert np.array_equal(rollout(vector), rollout(other))


def test_other_roles_need_somebody_to_play_them() -> None:
    with pytest.raises(ScenarioError, match="retailer"):
        VectorFace(make_fake_world(2), "bs", 0)
    with pytest.raises(ScenarioError, match="role = 'ubs'"):
        VectorFace(make_fake_world(2), "ubs", 0)
    vector = VectorFace(make_fake_world(2), "bs", 0, others=lambda world: {"retailer": np.ones((2, 2), int)})
    vector.reset()
    vector.step(np.zeros(6, int))
    assert (vector.last_transition.agent_infos["retailer"]["level"] == 0.5).all()


@pytest.mark.parametrize("actions", [np.zeros(5, int), np.zeros((6, 1), int), np.full(6, 4), np.full(6, np.nan)])
def test_illegal_actions_change_nothing(actions: np.ndarray[Any, Any]) -> None:
    vector = face(2)
    vector.reset()
    before = vector.world.state()
    with pytest.raises(ActionError, match=r"actions? of (role )?bs"):
        vector.step(actions)
    assert np.array_equal(vector.world.state(), before)


def test_steps_need_a_reset() -> None:
    with pytest.raises(EpisodeError, match="reset"):
        face().step(np.zeros(12, int))


def test_attributes_are_shared_by_all_rows() -> None:
    vector = face(1)
    assert vector.get_attr("render_mode", indices=[0, 2]) == [None, None]
    assert not vector.has_attr("nothing_like_it")
    vector.set_attr("note", "x")
    assert vector.get_attr("note") == ["x"] * 3
    with pytest.raises(ScenarioError, match="indices"):
        vector.set_attr("note", "y", indices=[0])
    assert vector.env_is_wrapped(VecMonitor) == [False] * 3
    assert vector.env_is_wrapped(Monitor) == [True] * 3
    assert vector.env_is_wrapped(Monitor, indices=[1]) == [True]


def test_evaluation_reads_the_returns_of_whole_episodes() -> None:
    vector = face(2)
    model = MaskablePPO("MlpPolicy", vector, n_steps=16, batch_size=48, device="cpu")
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # SB3's is that returns may be modified by wrappers
        returns, lengths = evaluate_policy(model, vector, 6, return_episode_rewards=True)
    assert len(returns) == len(lengths) == 6  # type: ignore[arg-type]


def test_pictures_show_the_first_world() -> None:
    vector = VectorFace(make_fake_world(3, roles=("bs",)), "bs", render_mode="rgb_array")
    with pytest.raises(EpisodeError, match="reset"):
        vector.render()
    vector.reset()
    picture = vector.render()
    assert np.array_equal(picture, vector.world.render("rgb_array", 0))
    assert [image is not None for image in vector.get_images()] == [True]
    assert vector.metadata["render_fps"]
    with pytest.raises(ScenarioError, match="mode = 'human'"):
        vector.render("human")
    with pytest.raises(ScenarioError, match="render_mode = 'movie'"):
        VectorFace(make_fake_world(3, roles=("bs",)), "bs", render_mode="movie")


def test_batch_size_does_not_change_an_episode() -> None:
    single, batch = face(1, seed=2), face(5, seed=2)
    make = partial(np.full, fill_value=1)
    assert np.array_equal(single.reset(), batch.reset()[:3])
    for _ in range(15):
        assert np.array_equal(single.step(make(3))[1], batch.step(make(15))[1][:3])

"""What the PettingZoo faces promise beyond the conformance suite: arguments, errors, seeds, masks, rendering."""

import pickle
from functools import partial
from typing import Any

import numpy as np
import pytest

from tests.envs.fake_world import make_fake_world
from voltran.envs.errors import ActionError, EpisodeError, ScenarioError
from voltran.envs.faces.aec import aec_face, raw_aec_face
from voltran.envs.faces.parallel import ParallelFace
from voltran.envs.seeds import EVALUATION_SEEDS, TRAINING_SEEDS, training_seed


def face(*roles: str, **options: Any) -> ParallelFace:
    return ParallelFace(partial(make_fake_world, roles=roles or ("bs", "retailer")), **options)


def idle(env: ParallelFace) -> dict[str, Any]:
    return {agent: np.zeros(env.action_space(agent).shape or (), int)[()] for agent in env.possible_agents}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bs_1": None}, "bs_1 = None: give one integer in 0..3"),
        ({"bs_1": float("nan")}, "bs_1 = nan: give one integer in 0..3"),
        ({"bs_1": 1.0}, "bs_1 = 1.0: give one integer in 0..3"),
        ({"bs_2": 4}, "bs_2 = 4: out of range or NaN; give one integer in 0..3"),
        ({"retailer_0": -1}, "retailer_0 = -1: out of range or NaN; give one integer in 0..2"),
        ({"bs_0": np.array([1.0])}, r"bs_0 = array\(\[1.\]\): give one integer in 0..3"),
        ({"bs_0": np.array([1, 1])}, r"bs_0 = array\(\[1, 1\]\): give one integer in 0..3"),
        ({"bs_0": [[1], [2, 3]]}, "bs_0 = .* give one integer in 0..3"),
        ({"bs_7": 1}, "bs_7 unknown; agents are bs_0 .. retailer_1"),
    ],
)
def test_an_illegal_action_names_agent_value_and_remedy(change: dict[str, Any], message: str) -> None:
    env = face()
    env.reset(seed=1)
    before = env.world.state()
    with pytest.raises(ActionError, match=message):
        env.step({**idle(env), **change})
    assert np.array_equal(env.world.state(), before)


def test_a_missing_agent_is_named() -> None:
    env = face()
    env.reset(seed=1)
    with pytest.raises(ActionError, match="retailer_1 missing"):
        env.step(dict.fromkeys(env.possible_agents[:-1], 0))
    with pytest.raises(ActionError, match="give a dict"):
        env.step([0, 0, 0, 0, 0])  # type: ignore[arg-type]


@pytest.mark.parametrize("action", [1, np.int64(1), np.int32(1), np.uint8(1), np.array(1), np.array([1]), [1]])
def test_integers_of_every_kind_are_the_same_action(action: Any) -> None:
    env, plain = face(), face()
    for one in (env, plain):
        one.reset(seed=4)
    reward = env.step({**idle(env), "bs_0": action})[1]
    assert reward == plain.step({**idle(plain), "bs_0": 1})[1]


def test_whole_numbers_may_come_as_arrays_of_one_entry_from_all() -> None:
    env, plain = face("bs"), face("bs")
    for one in (env, plain):
        one.reset(seed=4)
    reward = env.step({agent: np.array([1]) for agent in env.agents})[1]
    assert reward == plain.step(dict.fromkeys(plain.agents, 1))[1]


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_continuous_actions_of_every_precision_are_the_same(dtype: Any) -> None:
    env, plain = face("operator"), face("operator")
    for one in (env, plain):
        one.reset(seed=4)
    reward = env.step({"operator_0": np.array([1, 0], dtype)})[1]
    assert reward == plain.step({"operator_0": np.array([1.0, 0.0], np.float32)})[1]


def test_mixed_integer_types_keep_their_values() -> None:
    env = face()
    env.reset(seed=4)
    infos = env.step({**idle(env), "bs_0": np.uint64(2), "bs_1": np.int64(0)})[4]
    assert [infos[f"bs_{index}"]["level"] for index in range(3)] == [2 / 3, 0.0, 0.0]


def test_steps_need_a_running_episode() -> None:
    env = face(max_cycles=1)
    with pytest.raises(EpisodeError, match="reset"):
        env.step(idle(env))
    env.reset(seed=1)
    assert env.step(idle(env))[3] == dict.fromkeys(env.possible_agents, True)
    with pytest.raises(EpisodeError, match="reset"):
        env.step({})


@pytest.mark.parametrize("seed", [-1, 1.5, "7", True])
def test_bad_seeds_are_refused_and_the_episode_goes_on(seed: Any) -> None:
    env = face()
    env.reset(seed=1)
    with pytest.raises(ScenarioError, match=r"seed = .*integer of at least 0"):
        env.reset(seed=seed)
    env.step(idle(env))


def test_a_seed_is_the_episode_and_unseeded_resets_follow_from_it() -> None:
    env, other = face(), face()
    env.reset(seed=0)
    assert env.world.seeds.tolist() == [0]  # type: ignore[attr-defined]
    other.reset(seed=0)
    drawn = []
    for _ in range(5):
        env.reset()
        other.reset()
        drawn.append(int(env.world.seeds[0]))  # type: ignore[attr-defined]
        assert other.world.seeds.tolist() == [drawn[-1]]  # type: ignore[attr-defined]
    assert len(set(drawn)) == 5
    assert all(seed in TRAINING_SEEDS for seed in drawn)


def test_training_seeds_avoid_the_evaluation_range_and_rarely_meet() -> None:
    seeds = {training_seed(base, world, episode) for base in (0, 1) for world in range(32) for episode in range(32)}
    assert len(seeds) == 2 * 32 * 32
    assert not any(seed in EVALUATION_SEEDS for seed in seeds)


def test_masks_travel_as_asked() -> None:
    observations, infos = face().reset(seed=3)
    assert observations["bs_0"].shape == (5,)
    assert infos["bs_0"]["action_mask"].dtype == np.int8
    observations, infos = face(mask="obs").reset(seed=3)
    assert set(observations["bs_0"]) == {"observation", "action_mask"}
    assert infos["bs_0"] == {}
    assert face(mask=None).reset(seed=3)[1]["bs_0"] == {}
    tuple_mask = face("ubs").reset(seed=3)[1]["ubs_0"]["action_mask"]
    assert [part.shape for part in tuple_mask] == [(3,), (2,)]


def test_flat_masks_of_all_agents() -> None:
    env = face("bs", "ubs", "operator")
    env.reset(seed=3)
    sizes = {agent: mask.size for agent, mask in env.action_masks().items()}
    assert {sizes["bs_0"], sizes["ubs_1"], sizes["operator_0"]} == {4, 5, 0}
    assert all(np.array_equal(env.action_mask(agent), mask) for agent, mask in env.action_masks().items())


def test_infos_are_plain_numbers_with_the_worlds_own_entries() -> None:
    env = face(mask=None)
    env.reset(seed=1)
    info = env.step(idle(env))[4]["bs_0"]
    assert {key: type(value) for key, value in info.items()} == {
        "projected": bool,
        "level": float,
        "decision": int,
        "energy_kwh": float,
    }


@pytest.mark.parametrize("max_cycles", [0, -3, 2.5, "four", None])
def test_bad_horizons_are_refused(max_cycles: Any) -> None:
    env = face()
    with pytest.raises(ScenarioError, match="max_cycles"):
        env.max_cycles = max_cycles
    assert env.max_cycles == 12


def test_unknown_mask_and_render_mode_are_refused() -> None:
    with pytest.raises(ScenarioError, match=r"mask = 'both'"):
        face(mask="both")
    with pytest.raises(ScenarioError, match=r"render_mode = 'movie'.*human, ansi, rgb_array"):
        face(render_mode="movie")


def test_human_mode_prints_the_text(capsys: pytest.CaptureFixture[str]) -> None:
    env, text = face(render_mode="human"), face(render_mode="ansi")
    env.reset(seed=1)
    text.reset(seed=1)
    assert env.render() is None
    assert capsys.readouterr().out == text.render() + "\n"


def test_a_pickled_face_goes_on_where_it_was() -> None:
    env = face()
    env.reset(seed=1)
    env.step(idle(env))
    copy = pickle.loads(pickle.dumps(env))
    assert copy.step(idle(copy))[1] == env.step(idle(env))[1]
    env.reset()
    copy.reset()
    assert copy.world.seeds.tolist() == env.world.seeds.tolist()  # type: ignore[attr-defined]


def test_agents_sample_their_actions_independently() -> None:
    env = face()
    env.action_space("bs_0").seed(3)
    first = [env.action_space("bs_0").sample() for _ in range(20)]
    env.action_space("bs_0").seed(3)
    other = face()
    for space in (env.action_space("bs_1"), other.action_space("bs_0")):
        space.sample()
    assert first == [env.action_space("bs_0").sample() for _ in range(20)]


def test_aec_refuses_an_illegal_action_at_once_and_the_agent_can_act_again() -> None:
    env = aec_face(face())
    env.reset(seed=1)
    with pytest.raises(ActionError, match="bs_0 = 9"):
        env.step(9)
    assert env.agent_selection == "bs_0"
    env.step(0)
    assert env.agent_selection == "bs_1"


def test_raw_aec_refuses_an_illegal_action_before_the_world_moves() -> None:
    env = raw_aec_face(face("bs"))
    env.reset(seed=1)
    before = env.state()
    for _ in range(2):
        env.step(0)
    with pytest.raises(ActionError, match="bs_2 = 9"):
        env.step(9)
    assert np.array_equal(env.state(), before)

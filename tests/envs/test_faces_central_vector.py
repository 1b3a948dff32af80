"""Gymnasium's VectorEnv of a batch tells what Gymnasium's own batch of single environments tells, in all its modes."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers.vector import RecordEpisodeStatistics

from tests.envs.fake_world import make_fake_world
from voltran.envs.checks.recording import difference
from voltran.envs.errors import ActionError, EpisodeError, ScenarioError
from voltran.envs.faces.central import CentralFace
from voltran.envs.faces.central_vector import CentralVectorFace
from voltran.envs.seeds import TRAINING_SEEDS

N = 4
WORLDS = {
    "discrete": partial(make_fake_world, roles=("bs", "retailer")),
    "multi": partial(make_fake_world, roles=("ubs", "bs")),
    "continuous": partial(make_fake_world, roles=("operator",), counts={"operator": 2}),
}
pytestmark = pytest.mark.filterwarnings("ignore::voltran.envs.errors.IllegalActionsWarning")
modes = pytest.mark.parametrize("mode", list(AutoresetMode), ids=lambda mode: mode.value)


def plain(infos: Any) -> Any:
    """Infos with masks as flat arrays, and arrays of arrays as lists."""
    if isinstance(infos, Mapping):
        return {key: _flat(value) if key == "action_mask" else plain(value) for key, value in infos.items()}
    return [None if item is None else np.asarray(item) for item in infos] if infos.dtype == object else infos


def _flat(masks: Any) -> Any:
    rows = [
        np.zeros(0, np.int8) if row is None else np.concatenate(row) if isinstance(row, tuple) else row for row in masks
    ]
    size = max(row.size for row in rows)
    return np.stack([row if row.size else np.zeros(size, np.int8) for row in rows])


def unordered(tree: Any) -> Any:
    return {key: unordered(tree[key]) for key in sorted(tree)} if isinstance(tree, Mapping) else tree


def require_same(ours: tuple[Any, ...], theirs: tuple[Any, ...], step: int) -> None:
    *values, infos = ours
    *expected, other_infos = theirs
    assert difference(expected, values, f"step {step}") is None
    assert difference(unordered(plain(other_infos)), unordered(plain(infos)), f"step {step}, infos") is None


@modes
@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize("episodes", [None, range(30, 38)])
def test_it_is_what_single_environments_are(mode: AutoresetMode, world: str, episodes: Any) -> None:
    make = WORLDS[world]
    shares = [None if episodes is None else [*episodes[2 * i :], *episodes[: 2 * i]] for i in range(N)]
    theirs = SyncVectorEnv([partial(CentralFace, make, episodes=share) for share in shares], autoreset_mode=mode)
    ours = CentralVectorFace(make, N, autoreset_mode=mode, episodes=episodes)
    assert ours.action_space == theirs.action_space
    assert ours.observation_space == theirs.observation_space
    assert ours.metadata == theirs.metadata
    seed = None if episodes is not None else 5
    require_same(ours.reset(seed=seed), theirs.reset(seed=seed), 0)
    rng = np.random.default_rng(0)
    ends = 0
    for step in range(1, 40):
        actions = _actions(ours, rng)
        returned, expected = ours.step(actions), theirs.step(actions)
        require_same(returned, expected, step)
        if not ours._over.any():
            assert np.array_equal(ours.action_masks(), np.stack(theirs.call("action_masks")))
        over = returned[2] | returned[3]
        ends += int(over.sum())
        if mode is AutoresetMode.DISABLED and over.any():
            flags = {"reset_mask": over}
            require_same(ours.reset(options=flags), theirs.reset(options=dict(flags)), step)
    assert ends > 2 * N


def _actions(env: CentralVectorFace, rng: np.random.Generator) -> Any:
    space = env.single_action_space
    if isinstance(space, gymnasium.spaces.Box):
        return rng.uniform(space.low, space.high, (env.num_envs, *space.low.shape)).astype(np.float32)
    return rng.integers(space.nvec, size=(env.num_envs, space.nvec.size))  # type: ignore[attr-defined]


def test_a_list_of_seeds_names_an_episode_for_each_world() -> None:
    env = CentralVectorFace(WORLDS["discrete"], 3)
    env.reset(seed=[4, None, 9])
    first = env.world.seeds.tolist()  # type: ignore[attr-defined]
    assert (first[0], first[2]) == (4, 9)
    assert first[1] in TRAINING_SEEDS
    env.reset(options={"episode": 20})
    assert env.world.seeds.tolist() == [20, 21, 22]  # type: ignore[attr-defined]
    env.reset(options={"episode": [5, 5, 6], "reset_mask": np.array([True, False, True])})
    assert env.world.seeds.tolist() == [5, 21, 6]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"seed": [1, 2]}, "seed: 2 given for 3 worlds"),
        ({"seed": -1}, "seed = -1"),
        ({"seed": 2**63}, "too large for a batch"),
        ({"seed": "7"}, "seed = '7'"),
        ({"options": {"episodes": 1}}, r"options\['episodes'\] is unknown; there are 'episode' and 'reset_mask'"),
        ({"options": {"reset_mask": [True, True, True]}}, "give an array of 3 flags"),
        ({"options": {"reset_mask": np.zeros(3, bool)}}, "at least one of them True"),
        ({"options": {"reset_mask": np.ones(2, bool)}}, "give an array of 3 flags"),
        ({"options": 3}, "give a dict"),
    ],
)
def test_a_bad_reset_changes_nothing(arguments: dict[str, Any], message: str) -> None:
    env = CentralVectorFace(WORLDS["discrete"], 3)
    env.reset(seed=1)
    before = env.state()
    with pytest.raises(ScenarioError, match=message):
        env.reset(**arguments)
    assert np.array_equal(env.state(), before)


def test_calls_out_of_order_are_refused() -> None:
    env = CentralVectorFace(partial(make_fake_world, roles=("bs",), max_decisions=1), 2, autoreset_mode="Disabled")
    actions = np.zeros((2, 3), int)
    with pytest.raises(EpisodeError, match="call reset"):
        env.step(actions)
    with pytest.raises(EpisodeError, match="reset all of them first"):
        env.reset(options={"reset_mask": np.array([True, False])})
    env.reset(seed=1)
    env.step(actions)
    with pytest.raises(EpisodeError, match="episode of world 0 is over; reset it, with the option 'reset_mask'"):
        env.step(actions)


@pytest.mark.parametrize(
    ("actions", "message"),
    [
        (np.zeros((2, 4), int), "array of 3 integers in each of 2 worlds"),
        (np.zeros(3, int), "array of 3 integers in each of 2 worlds"),
        (np.zeros((2, 3)), "array of 3 integers"),
        ([[0, 0, 0], [0, 9, 0]], r"action\[1\] \(of bs_1\) in world 1 = 9: give an integer in 0..3"),
    ],
)
def test_illegal_actions_change_nothing(actions: Any, message: str) -> None:
    env = CentralVectorFace(partial(make_fake_world, roles=("bs",)), 2)
    env.reset(seed=1)
    before = env.state()
    with pytest.raises(ActionError, match=message):
        env.step(actions)
    assert np.array_equal(env.state(), before)


def test_options_out_of_range_are_refused() -> None:
    make = WORLDS["discrete"]
    for options, message in (
        (
            {"autoreset_mode": "later"},
            "autoreset_mode = 'later': unknown; use one of 'NextStep', 'SameStep', 'Disabled'",
        ),
        ({"max_cycles": 0}, "max_cycles = 0"),
        ({"render_mode": "movie"}, "render_mode = 'movie'"),
        ({"reward_of": "ubs"}, "reward_of = 'ubs'"),
        ({"episodes": []}, "at least one episode"),
    ):
        with pytest.raises(ScenarioError, match=message):
            CentralVectorFace(make, 2, **options)


@modes
def test_gymnasiums_statistics_are_right(mode: AutoresetMode) -> None:
    env = RecordEpisodeStatistics(CentralVectorFace(WORLDS["discrete"], 2, autoreset_mode=mode, max_cycles=3))
    env.reset(seed=4)
    returns, seen = np.zeros(2), 0
    for _ in range(3):
        _, rewards, terminated, truncated, infos = env.step(np.zeros((2, 5), int))
        returns += rewards
        if (terminated | truncated).all():
            assert infos["episode"]["l"].tolist() == [3, 3]
            assert np.allclose(infos["episode"]["r"], returns)
            seen += 1
    assert seen == 1


def test_only_chosen_actions_count() -> None:
    env = CentralVectorFace(partial(make_fake_world, roles=("bs",)), 2, max_cycles=2)
    env.reset(seed=4)
    for _ in range(5):  # the third step restarts both worlds
        env.step(np.zeros((2, 3), int))
    assert (env.actions_taken, env.illegal_actions) == (4 * 6, 0)


def test_pictures_are_those_of_all_worlds() -> None:
    env = CentralVectorFace(WORLDS["discrete"], 2, render_mode="rgb_array")
    with pytest.raises(EpisodeError, match="reset"):
        env.render()
    env.reset(seed=4)
    pictures = env.render()
    assert pictures is not None
    assert [picture.shape for picture in pictures] == [(24, 32, 3)] * 2


@pytest.mark.parametrize("mode", ["vector_entry_point", "sync", None])
def test_gymnasium_makes_it(mode: Any) -> None:
    env = gymnasium.make_vec("voltran/Blackout-v0", num_envs=2, vectorization_mode=mode, scenario="toy3", max_cycles=2)
    assert isinstance(env, CentralVectorFace) == (mode != "sync")
    observations, _ = env.reset(seed=3)
    assert observations.shape == env.observation_space.shape
    single = gymnasium.make("voltran/Blackout-v0", scenario="toy3")
    assert np.array_equal(observations[1], single.reset(seed=4)[0])
    idle = np.zeros(env.action_space.shape or (), int)
    env.step(idle)
    infos = env.step(idle)[4]
    assert infos["_kpis"].all()


def test_gymnasiums_own_word_for_the_horizon_works() -> None:
    env: Any = gymnasium.make_vec(
        "voltran/Blackout-v0", 2, vectorization_mode="vector_entry_point", scenario="toy3", max_episode_steps=1
    )
    env.reset(seed=3)
    assert env.step(np.zeros((2, 3), int))[3].all()

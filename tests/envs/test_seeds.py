"""Seeds: every integer of 128 bits means an episode of its own, in every world and wherever one is taken."""

from functools import partial
from typing import Any

import numpy as np
import pytest

from tests.envs.brownout.tools import brownout_world
from voltran.baselines import make
from voltran.envs.errors import ScenarioError
from voltran.envs.faces.central import CentralFace
from voltran.envs.faces.parallel import ParallelFace
from voltran.envs.faces.vector import VectorFace
from voltran.envs.registry import make_world
from voltran.envs.seeds import SEED_LIMIT, TRAINING_SEEDS, checked_seed, short_seed, training_seed
from voltran.envs.world import World
from voltran.evaluation.controller_spec import parse_controllers
from voltran.evaluation.evaluation import Evaluation
from voltran.train.checkpoints import pack, unpack

LARGE = (2**31, 2**32, 2**63 - 1, 2**63, 2**64, 2**128 - 1)
NAMES = ("toy3", "uplink20", "market4", "brownout")


def built(name: str, n_worlds: int = 1) -> World:
    return brownout_world(n_worlds) if name == "brownout" else make_world(name, n_worlds)


@pytest.mark.parametrize("name", NAMES)
def test_worlds_take_large_seeds_and_keep_them(name: str) -> None:
    """Each world of a batch plays its seed's episode, also from a snapshot, also from one that went through a file."""
    world, alone, copy = built(name, len(LARGE)), built(name), built(name, len(LARGE))
    player = make("random")
    world.reset(list(LARGE))
    player.reset(world)
    actions = player.act(world)
    world.step(actions)
    copy.set_state(unpack(pack(world.get_state())))
    for index, seed in enumerate(LARGE):
        alone.reset([seed])
        alone.step({role: values[index : index + 1] for role, values in actions.items()})
        for role, values in world.observations().items():
            np.testing.assert_array_equal(values[index], alone.observations()[role][0])
            np.testing.assert_array_equal(copy.observations()[role][index], values[index])
    actions = player.act(world)
    mine, other = world.step(actions).rewards, copy.step(actions).rewards
    for role in mine:
        np.testing.assert_array_equal(mine[role], other[role])


def test_faces_take_large_seeds() -> None:
    seed = 2**128 - 1
    parallel, central = ParallelFace(partial(built, "toy3")), CentralFace(partial(built, "toy3"))
    parallel.reset(seed=seed)
    central.reset(seed=seed)
    expected = built("toy3")
    expected.reset([seed])
    np.testing.assert_array_equal(parallel.state(), expected.state()[0])
    vector = VectorFace(built("toy3", 2), "bs", seed)
    vector.reset()
    first, again = (unpack(pack(vector.get_state())) for _ in range(2))
    assert first["base_seed"] == again["base_seed"] == seed
    assert training_seed(seed, 0, 0) in TRAINING_SEEDS


def test_evaluations_and_controllers_take_large_seeds() -> None:
    seeds = [2**31, 2**128 - 1]
    results = Evaluation("toy3", parse_controllers(f"static,random:seed={2**100}"), seeds).run()
    assert results.seeds == seeds
    with pytest.raises(ScenarioError, match="below 2\\*\\*128"):
        Evaluation("toy3", parse_controllers("static"), [2**128])


@pytest.mark.parametrize("seed", [-1, SEED_LIMIT, 1.0, "1", None, True, np.True_, np.nan, [1]])
def test_what_is_no_seed_is_an_error(seed: Any) -> None:
    with pytest.raises(ScenarioError, match=r"seed = .*must be an integer of at least 0 and below 2\*\*128"):
        checked_seed(seed)


def test_seeds_are_integers_of_python() -> None:
    for seed in (0, np.int64(5), np.uint64(2**64 - 1), SEED_LIMIT - 1):
        assert checked_seed(seed) == int(seed)
        assert type(checked_seed(seed)) is int


def test_short_seeds_differ_and_stay() -> None:
    assert [short_seed(seed) for seed in (0, 7, 2**32 - 1)] == [0, 7, 2**32 - 1]
    shortened = [short_seed(seed) for seed in LARGE[1:]]
    assert len(set(shortened)) == len(shortened)
    assert all(0 <= seed < 2**32 for seed in shortened)

"""What libraries look for on environments is there on every face."""

from functools import partial
from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

from tests.envs.fake_world import make_fake_world
from voltran.envs.errors import EpisodeError
from voltran.envs.faces.aec import aec_face, raw_aec_face
from voltran.envs.faces.central import CentralFace
from voltran.envs.faces.central_vector import CentralVectorFace
from voltran.envs.faces.parallel import ParallelFace
from voltran.envs.faces.vector import VectorFace

make_world = partial(make_fake_world, roles=("bs", "ubs"))
parallel = partial(ParallelFace, make_world)

COUNTS = ["actions_taken", "illegal_actions"]
MULTI_AGENT = [
    "action_mask", "action_masks", "action_space", "action_spaces", "agents", "close", "kpis", "max_cycles", "metadata",
    "np_random", "num_agents", "observation_space", "observation_spaces", "possible_agents", "render", "render_mode",
    "reset", "state", "state_space", "step", "unwrapped", *COUNTS,
]  # fmt: skip
CUSTOMARY: dict[str, tuple[Any, list[str]]] = {
    "parallel": (parallel, MULTI_AGENT),
    "aec": (lambda: aec_face(parallel()), [*MULTI_AGENT, "agent_selection", "infos", "last", "observe", "rewards"]),
    "raw aec": (lambda: raw_aec_face(parallel()), [*MULTI_AGENT, "agent_selection", "infos", "last", "observe"]),
    "central": (
        partial(CentralFace, make_world),
        ["action_masks", "action_space", "close", "kpis", "metadata", "np_random", "observation_space", "render",
         "render_mode", "reset", "spec", "state", "step", "unwrapped", *COUNTS],
    ),
    "central-vector": (
        partial(CentralVectorFace, make_world, 2),
        ["action_masks", "action_space", "close", "kpis", "metadata", "np_random", "num_envs", "observation_space",
         "render", "render_mode", "reset", "single_action_space", "single_observation_space", "spec", "state", "step",
         "unwrapped", *COUNTS],
    ),
    "vector": (
        lambda: VectorFace(make_fake_world(2, roles=("bs",)), "bs"),
        ["action_masks", "action_space", "close", "env_is_wrapped", "env_method", "get_attr", "metadata", "num_envs",
         "observation_space", "render", "render_mode", "reset", "reset_infos", "seed", "set_attr", "step", *COUNTS],
    ),
}  # fmt: skip


@pytest.mark.parametrize("face", CUSTOMARY)
def test_customary_attributes_are_there(face: str) -> None:
    make, names = CUSTOMARY[face]
    env = make()
    env.reset()
    assert [name for name in names if not hasattr(env, name)] == []


@pytest.mark.parametrize("face", ["parallel", "aec", "raw aec"])
@pytest.mark.filterwarnings("error")
def test_dictionaries_of_spaces_hold_the_spaces_themselves(face: str) -> None:
    env = CUSTOMARY[face][0]()
    assert list(env.observation_spaces) == list(env.action_spaces) == env.possible_agents
    for agent in env.possible_agents:
        assert env.observation_spaces[agent] is env.observation_space(agent)
        assert env.action_spaces[agent] is env.action_space(agent)
        assert isinstance(env.action_space(agent), spaces.Discrete | spaces.MultiDiscrete)


@pytest.mark.parametrize("face", ["aec", "raw aec"])
def test_the_turn_based_faces_tell_what_the_parallel_one_tells(face: str) -> None:
    env, other = CUSTOMARY[face][0](), parallel()
    env.reset(seed=3)
    other.reset(seed=3)
    for agent in env.possible_agents:
        env.step(env.action_space(agent).sample() * 0)
    other.step({agent: other.action_space(agent).sample() * 0 for agent in other.agents})
    assert np.array_equal(env.state(), other.state())
    assert env.kpis() == other.kpis()
    assert all(np.array_equal(env.action_mask(agent), other.action_mask(agent)) for agent in other.agents)
    assert list(env.action_masks()) == other.agents
    assert env.actions_taken == other.actions_taken == len(other.agents)


@pytest.mark.parametrize("face", ["parallel", "aec", "raw aec", "central"])
def test_there_is_no_picture_before_an_episode(face: str) -> None:
    make = partial(CentralFace, make_world) if face == "central" else parallel
    env: Any = make(render_mode="rgb_array")
    env = {"aec": aec_face, "raw aec": raw_aec_face}.get(face, lambda same: same)(env)
    with pytest.raises(EpisodeError, match="reset"):
        env.render()
    env.reset()
    assert env.render().dtype == np.uint8

"""All functions of all worlds take the same options, and work without any."""

import inspect
from importlib import import_module
from typing import Any

import numpy as np
import pytest

import voltran
from voltran.baselines.registry import make as make_controller
from voltran.envs.environment_functions import FACES, EnvironmentFunctions
from voltran.envs.errors import ScenarioError
from voltran.envs.registry import make_world, world_spec, world_specs
from voltran.envs.stand_ins import StandIns, stand_ins
from voltran.envs.world_faces import WorldFaces

COMMON = ["scenario", "overrides", "render_mode", "max_cycles", "episodes", "options"]
BESIDES = {
    "parallel_env": {"mask"},
    "env": {"mask"},
    "raw_env": {"mask"},
    "central_env": {"reward_of"},
    "vector_env": {"role", "others", "n_worlds", "seed"},
    "central_vector_env": {"n_worlds", "autoreset_mode", "reward_of"},
    "torchrl_env": {"n_worlds", "seed", "device"},
}


def functions() -> list[str]:
    return list(EnvironmentFunctions._fields)


def parameters(name: str) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(getattr(WorldFaces("blackout_v0"), name)).parameters)


@pytest.mark.parametrize("name", functions())
def test_options_are_the_same_everywhere(name: str) -> None:
    taken, usual = parameters(name), parameters("parallel_env")
    assert set(taken) == {*COMMON, *BESIDES[name]}
    for option in COMMON:
        assert taken[option].kind == usual[option].kind
        assert (taken[option].annotation, taken[option].default) == (usual[option].annotation, usual[option].default)
    assert all(
        each.default is not inspect.Parameter.empty or each.kind.name == "VAR_KEYWORD" for each in taken.values()
    )


def test_every_face_has_a_function_and_every_function_is_reached() -> None:
    assert set(FACES.values()) | {"raw_env"} == set(functions())


OWN = [spec.name for spec in world_specs() if str(spec.world).startswith("voltran.envs.")]


@pytest.mark.parametrize("world", OWN)
def test_every_function_works_without_arguments(world: str) -> None:
    module = import_module(f"voltran.envs.{world}")
    for name in functions():
        if name == "torchrl_env":
            continue  # its library need not be there; see tests/interop
        env: Any = getattr(module, name)()
        env.reset()
        if name in ("vector_env", "central_vector_env"):
            actions = np.zeros((env.num_envs, *_shape(env)), int)
            assert len(env.step(actions)[0]) == env.num_envs


def _shape(env: Any) -> tuple[int, ...]:
    return tuple(getattr(env, "single_action_space", env.action_space).shape or ())


@pytest.mark.parametrize("world", OWN)
@pytest.mark.parametrize("face", ["parallel", "aec", "central", "vector", "central-vector"])
def test_every_face_takes_them_all(world: str, face: str) -> None:
    small = {"brownout_v0": {"layout.n_sites": 7, "users.count": 20}}.get(world, {})
    batch = {"n_worlds": 2} if "vector" in face else {}
    options: dict[str, Any] = {"overrides": small, "max_cycles": 1, "render_mode": "ansi", "episodes": [7], **batch}
    env: Any = voltran.make(world, face=face, **options)  # type: ignore[call-overload]
    env.reset()
    held = env.unwrapped.world if face in ("aec", "central") else env.world
    assert held.max_decisions == 1
    assert held.episodes.seed.tolist() == [7] * held.n_worlds
    assert env.render()
    with pytest.raises(ScenarioError, match="max_cycles = 0"):
        voltran.make(world, face=face, **{**options, "max_cycles": 0})  # type: ignore[call-overload]
    with pytest.raises(ScenarioError, match="render_mode = 'movie'"):
        voltran.make(world, face=face, **{**options, "render_mode": "movie"})  # type: ignore[call-overload]
    with pytest.raises(ScenarioError, match="at least one episode"):
        voltran.make(world, face=face, **{**options, "episodes": []})  # type: ignore[call-overload]
    with pytest.raises(ScenarioError, match="has no option 'colour'"):
        voltran.make(world, face=face, **{**options, "colour": 1})  # type: ignore[call-overload]


def test_other_roles_are_played_by_the_controllers_of_the_declaration() -> None:
    spec = world_spec("market_v0")
    world: Any = make_world("market4", 2)
    world.reset([1, 2])
    players = stand_ins(spec, world, "bs")
    assert players is not None
    controller = make_controller(spec.default_opponents["retailer"])
    controller.reset(world)
    chosen, expected = players(world)["retailer"], controller.act(world)["retailer"]
    assert np.array_equal(chosen.price, expected.price)
    assert stand_ins(spec, world, "retailer") is not None
    assert stand_ins(world_spec("blackout_v0"), make_world("toy3"), "bs") is None


def test_they_forget_whenever_an_episode_begins() -> None:
    class Counting:
        resets = 0

        def reset(self, world: Any) -> None:
            self.resets += 1

        def act(self, world: Any) -> dict[str, Any]:
            return {"retailer": np.zeros((world.n_worlds, 2), int)}

    member = Counting()
    players = StandIns({})
    players._members = {"retailer": member}
    world: Any = make_world("market4", 2)
    world.reset([1, 2])
    sites = {"bs": np.zeros((2, 4), int)}
    seen = []
    for step in range(4):
        world.step({**sites, **players(world)})
        seen.append(member.resets)
        if step == 1:
            world.reset([3, 3], np.array([False, True]))
    assert seen == [1, 1, 2, 2]


def test_worlds_without_them_still_ask_who_plays() -> None:
    with pytest.raises(ScenarioError, match="role = 'nobody': unknown"):
        voltran.make("market4", face="vector", n_worlds=1, role="nobody")

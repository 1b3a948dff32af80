"""The TorchRL face passes TorchRL's own check, and plays the episodes that the Parallel face plays, bit for bit."""

import re
from functools import partial
from typing import Any

import numpy as np
import pytest

import voltran
from tests.envs.fake_world import make_fake_world
from tests.house import ROOT
from voltran.envs.errors import ActionError, EpisodeError, ScenarioError
from voltran.envs.faces.parallel import ParallelFace
from voltran.envs.registry import world_specs
from voltran.envs.world import Role

torch = pytest.importorskip("torch")
pytest.importorskip("torchrl")
pytestmark = [
    pytest.mark.interop,
    pytest.mark.filterwarnings("ignore::voltran.envs.errors.IllegalActionsWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

WORLDS: dict[str, Any] = {
    "discrete": partial(make_fake_world, roles=("bs", "retailer")),
    "multi": partial(make_fake_world, roles=("ubs", "bs")),
    "mixed": partial(make_fake_world, roles=("bs", "operator")),
}
SHIPPED: list[tuple[str, dict[str, Any]]] = [
    ("toy3", {"action_set": "extended", "action_form": "multi", "reward": "local"}),
    ("market4", {"retailer_form": "box"}),
    ("uplink20-drop", {}),
    ("sharing12", {}),
]


def face(world: Any, n_worlds: int = 3, **options: Any) -> Any:
    from voltran.envs.faces.torchrl import TorchRLFace

    return TorchRLFace(world, n_worlds, **options)


@pytest.mark.parametrize("world", WORLDS)
def test_torchrls_own_check_accepts_it(world: str) -> None:
    from torchrl.envs.utils import check_env_specs

    check_env_specs(face(WORLDS[world]))


@pytest.mark.parametrize(("scenario", "options"), SHIPPED, ids=[scenario for scenario, _ in SHIPPED])
def test_and_the_worlds_that_ship(scenario: str, options: dict[str, Any]) -> None:
    from torchrl.envs.utils import check_env_specs

    env: Any = voltran.make(scenario, face="torchrl", n_worlds=2, **options)
    check_env_specs(env)
    env.rollout(5, break_when_any_done=False)
    assert env.illegal_actions == 0 < env.actions_taken


@pytest.mark.parametrize("legal", [True, False])
@pytest.mark.parametrize("world", WORLDS)
def test_it_plays_what_the_parallel_face_plays(world: str, legal: bool) -> None:
    make, n_worlds = WORLDS[world], 3
    env, others = face(make, n_worlds, seed=5), [ParallelFace(make) for _ in range(n_worlds)]
    told = env.reset()
    for index, other in enumerate(others):
        other.reset(seed=5 + index)
    rng = np.random.default_rng(0)
    ends = 0
    for _ in range(30):
        for role in others[0].world.roles:
            told[role.name, "action"] = torch.from_numpy(_actions(env, role, told, legal, rng))
        after, told = env.step_and_maybe_reset(told)
        for index, other in enumerate(others):
            actions = {
                agent: after[role.name, "action"][index, place].numpy()
                for role in other.world.roles
                for place, agent in enumerate(role.agent_ids)
            }
            _, rewards, terminations, truncations, infos = other.step(actions)
            over = not other.agents
            moment = after["next"]
            for role in other.world.roles:
                expected = np.array([rewards[agent] for agent in role.agent_ids], np.float32)
                assert np.array_equal(moment[role.name, "reward"][index, :, 0].numpy(), expected)
            _same_moment(moment, other, index)
            agent = other.possible_agents[0]
            for name, flag in (("terminated", terminations[agent]), ("truncated", truncations[agent]), ("done", over)):
                assert bool(moment[name][index]) == flag
            metrics = list(infos[agent]["kpis"].values()) if over else [0.0] * len(env.kpi_names)
            assert moment["kpis"][index].tolist() == metrics
            if over:
                ends += 1
                other.reset()
                _same_moment(told, other, index)
    assert ends > n_worlds
    assert env.actions_taken == sum(other.actions_taken for other in others)
    assert env.illegal_actions == sum(other.illegal_actions for other in others)
    assert (env.illegal_actions == 0) == legal


def _actions(env: Any, role: Role, told: Any, legal: bool, rng: np.random.Generator) -> Any:
    if legal:
        return env.full_action_spec[role.name, "action"].rand().numpy()
    space, shape = role.action_space, told[role.name, "observation"].shape[:2]
    if role.mask_size == 0:
        return rng.uniform(-1.0, 1.0, (*shape, *space.shape)).astype(np.float32)  # type: ignore[misc]
    return rng.integers(getattr(space, "nvec", getattr(space, "n", 0)), size=(*shape, *(space.shape or ())))


def _same_moment(told: Any, other: ParallelFace, index: int) -> None:
    """What one world of the batch shows is what the other face shows."""
    for role in other.world.roles:
        seen = other.world.observations()[role.name][0]
        assert np.array_equal(told[role.name, "observation"][index].numpy(), seen)
        if role.mask_size:
            assert np.array_equal(
                told[role.name, "action_mask"][index].numpy(), other.world.action_masks()[role.name][0]
            )
    assert np.array_equal(told["state"][index].numpy(), other.state())


def test_a_masked_policy_never_chooses_what_is_forbidden() -> None:
    from tensordict.nn import TensorDictModule
    from torchrl.modules import MaskedCategorical, ProbabilisticActor

    env: Any = voltran.make("toy3", face="torchrl", n_worlds=4)
    size = env.observation_spec["bs", "observation"].shape[-1]
    network = TensorDictModule(torch.nn.Linear(size, 16), [("bs", "observation")], [("bs", "logits")])
    policy = ProbabilisticActor(
        network,
        in_keys={"logits": ("bs", "logits"), "mask": ("bs", "action_mask")},
        out_keys=[("bs", "action")],
        distribution_class=MaskedCategorical,
    )
    rollout = env.rollout(20, policy, break_when_any_done=False)
    assert rollout.batch_size == (4, 20)
    assert env.illegal_actions == 0
    assert env.actions_taken == 4 * 20 * 3


def test_rollouts_stop_or_go_on_at_the_end_of_an_episode() -> None:
    env = face(WORLDS["discrete"], max_cycles=4)
    assert env.rollout(10).batch_size == (3, 4)
    rollout = env.rollout(10, break_when_any_done=False)
    assert rollout["next", "done"].squeeze(-1).sum(dim=1).tolist() == [2, 2, 2]


def test_lists_seeds_and_named_episodes() -> None:
    env = face(WORLDS["discrete"], episodes=range(30, 36), max_cycles=1)
    env.rollout(3, break_when_any_done=False)
    assert env.world.seeds.tolist() == [32, 34, 30]
    env.set_seed(7)
    env.reset()
    assert env.world.seeds.tolist() == [7, 8, 9]
    env.reset(episode=[1, 2, 3])
    assert env.world.seeds.tolist() == [1, 2, 3]
    for options, message in (
        ({"episodes": 3}, r"reset\(episodes=...\) is unknown"),
        ({"episode": [1, 2]}, "episode: 2 given for 3 worlds"),
        ({"episode": -1}, "seed = -1"),
    ):
        with pytest.raises(ScenarioError, match=message):
            env.reset(**options)
    assert env.world.seeds.tolist() == [1, 2, 3]


def test_what_cannot_be_is_refused() -> None:
    env = face(WORLDS["discrete"])
    told = env.rand_action(env.fake_tensordict().exclude("next"))
    with pytest.raises(EpisodeError, match="call reset"):
        env.step(told)
    told = env.rand_action(env.reset())
    before = env.world.state()
    told["bs", "action"][1, 2] = 9
    with pytest.raises(ActionError, match="bs_2 in world 1 = 9"):
        env.step(told)
    assert np.array_equal(env.world.state(), before)
    for options, message in (
        ({"max_cycles": 0}, "max_cycles = 0"),
        ({"render_mode": "movie"}, "render_mode = 'movie'"),
    ):
        with pytest.raises(ScenarioError, match=message):
            face(WORLDS["discrete"], **options)


def test_pictures_show_the_first_world() -> None:
    env = face(WORLDS["discrete"], render_mode="rgb_array")
    with pytest.raises(EpisodeError, match="reset"):
        env.render()
    env.reset()
    assert env.render().shape == (24, 32, 3)


def test_the_example_of_the_documentation_runs() -> None:
    page = (ROOT / "docs" / "interop.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"^```py\n(.*?)^```$", page, flags=re.DOTALL | re.MULTILINE)
    variables: dict[str, Any] = {"__name__": "snippet"}
    exec(compile(program, "snippet", "exec"), variables)
    assert variables["env"].illegal_actions == 0 < variables["env"].actions_taken


@pytest.mark.parametrize("scenario", ["toy3", "market4"])
def test_torchrls_wrapper_of_the_parallel_face_plays_on_after_an_end(scenario: str) -> None:
    from torchrl.envs.libs.pettingzoo import PettingZooWrapper

    inner = voltran.make(scenario, max_cycles=3)
    env = PettingZooWrapper(inner, use_mask=True, categorical_actions=True, return_state=True)
    rollout = env.rollout(7, break_when_any_done=False)
    assert rollout["next", "done"].sum() == 2
    assert inner.illegal_actions == 0 < inner.actions_taken


@pytest.mark.parametrize("world", [spec.name for spec in world_specs() if str(spec.world).startswith("voltran.envs.")])
def test_it_works_without_arguments_in_every_world(world: str) -> None:
    env: Any = voltran.make(world, face="torchrl")
    assert env.rollout(1).batch_size == (32, 1)

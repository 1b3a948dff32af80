"""Learning in several scenarios at once and one after the other: splits, stopped runs, and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from voltran.agents.policy import read_policy
from voltran.envs.errors import ActionError, ScenarioError
from voltran.envs.faces.vector import VectorFace
from voltran.envs.registry import make_world
from voltran.train import ppo
from voltran.train.mixed_face import MixedFace, parts_of
from voltran.train.run_config import RunConfig, read_run_config
from voltran.train.training_evaluation import read_evaluations, weighted_mean
from voltran.train.training_worlds import split, stage_seed

SMALL = {"time.horizon_h": 1}
SITES = {"toy3": 3, "urban7-medium": 7}
SETTINGS: dict[str, Any] = {
    "scenario_overrides": SMALL,
    "n_worlds": 3,
    "n_steps": 4,
    "batch_size": 24,
    "final_learning_rate": None,
    "final_entropy_coefficient": None,
    "actor_widths": [8],
    "critic_widths": [8],
    "evaluate_every": 0,
}
# 4 decisions of 2 worlds with 3 sites and 1 with 7
ROLLOUT = 4 * (2 * 3 + 7)
BOTH = {"toy3": 2, "urban7-medium": 1}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "tiny.yaml"
    path.write_text("scenario: toy3\n")
    return path


def equal(first: Path, second: Path) -> bool:
    one, other = read_policy(first)[1], read_policy(second)[1]
    return one.keys() == other.keys() and all((one[name] == other[name]).all() for name in one)


@pytest.mark.parametrize(
    ("n_worlds", "weights", "expected"),
    [
        (3, {"a": 2, "b": 1}, {"a": 2, "b": 1}),
        (32, {"a": 1, "b": 1, "c": 1}, {"a": 11, "b": 11, "c": 10}),
        (4, {"a": 1000, "b": 1}, {"a": 3, "b": 1}),
        (2, {"a": 5, "b": 0.1}, {"a": 1, "b": 1}),
        (7, {"a": 1}, {"a": 7}),
    ],
)
def test_worlds_are_split_by_weight(n_worlds: int, weights: dict[str, float], expected: dict[str, int]) -> None:
    assert split(n_worlds, weights) == expected


def test_every_scenario_needs_a_world() -> None:
    with pytest.raises(ScenarioError, match="n_worlds = 1: below the 2 scenarios; every one needs a world"):
        split(1, {"a": 1, "b": 1})


def test_a_list_of_scenarios_weighs_all_alike(config: Path) -> None:
    assert read_run_config(config, {"scenario": ["toy3", "urban7-medium"]}).scenarios(0)[0] == dict.fromkeys(SITES, 1.0)
    assert read_run_config(config, {}).scenarios(0)[0] == {"toy3": 1.0}


def test_rows_of_a_mixed_face_are_those_of_its_parts() -> None:
    """Each batch goes on as it would alone, with the seeds that its worlds have in the whole."""

    def faces() -> list[VectorFace]:
        small, large = (make_world(name, n, SMALL) for name, n in (("toy3", 2), ("urban7-medium", 1)))
        return [VectorFace(small, "bs", 5), VectorFace(large, "bs", 5, first_world=2)]

    mixed, alone = MixedFace(faces()), faces()
    assert (mixed.num_envs, parts_of(mixed)) == (13, mixed.parts)
    np.testing.assert_array_equal(mixed.reset(), np.concatenate([face.reset() for face in alone]))
    seeds = {int(seed) for part in mixed.parts for seed in part.get_state()["counts"]["episode_seeds"]}
    assert len(seeds) == 3
    generator = np.random.default_rng(0)
    for _ in range(15):  # beyond the end of the episodes
        masks = np.concatenate([face.action_masks() for face in alone])
        np.testing.assert_array_equal(np.stack(mixed.env_method("action_masks")), masks)
        actions = np.array([generator.choice(np.flatnonzero(mask)) for mask in masks])
        observations, rewards, dones, infos = mixed.step(actions)
        parts = [face.step(part) for face, part in zip(alone, np.split(actions, [6]), strict=True)]
        for result, expected in zip((observations, rewards, dones), zip(*parts, strict=True), strict=False):
            np.testing.assert_array_equal(result, np.concatenate(expected))
        assert [set(info) for info in infos] == [set(info) for part in parts for info in part[3]]
    with pytest.raises(ActionError, match="12 given for 13 rows"):
        mixed.step(actions[:12])


def test_one_network_learns_in_several_scenarios(config: Path, tmp_path: Path) -> None:
    settings = {**SETTINGS, "scenario": BOTH, "total_decisions": 2 * ROLLOUT, "evaluate_every": ROLLOUT}
    policy = ppo.train(config, {**settings, "evaluation_episodes": 1}, tmp_path / "run")
    metadata, _ = read_policy(policy)
    assert [scenario["name"] for scenario in metadata.scenarios] == ["toy3", "urban7-medium"]
    assert metadata.training["decisions"] == 2 * ROLLOUT
    assert list(read_evaluations(tmp_path / "run" / "evaluations.csv")) == [ROLLOUT, 2 * ROLLOUT]


def test_several_scenarios_count_by_their_weights() -> None:
    metrics = {"a": {"x": 1.0, "only_a": 5.0}, "b": {"x": 4.0}}
    assert weighted_mean(metrics, {"a": 2.0, "b": 1.0}) == {"x": 2.0}


STAGES = [
    {"from_decision": ROLLOUT, "scenario": {"urban7-medium": 1}},
    {"from_decision": 2 * ROLLOUT + 1, "scenario_overrides": {"traffic": {"load_factor": 2.0}}},
]


@pytest.mark.parametrize("extra", [{}, {"curriculum": STAGES}])
@pytest.mark.parametrize("stop", [1, 2, 3])
def test_a_run_stopped_in_any_stage_continues_bit_for_bit(
    config: Path, tmp_path: Path, extra: dict[str, Any], stop: int
) -> None:
    settings = {**SETTINGS, "scenario": BOTH, **extra}
    whole = ppo.train(config, {**settings, "total_decisions": 6 * ROLLOUT}, tmp_path / "whole")
    ppo.train(config, {**settings, "total_decisions": stop * ROLLOUT}, tmp_path / "parts")
    resumed = ppo.train(config, {**settings, "total_decisions": 6 * ROLLOUT}, tmp_path / "parts", resume=True)
    assert equal(resumed, whole)


def test_a_curriculum_goes_through_its_stages(config: Path, tmp_path: Path) -> None:
    settings = read_run_config(config, {**SETTINGS, "scenario": BOTH, "curriculum": STAGES, "total_decisions": 200})
    assert [settings.stage_at(decisions) for decisions in (0, ROLLOUT - 1, ROLLOUT, 2 * ROLLOUT, 9999)] == [
        0,
        0,
        1,
        1,
        2,
    ]
    assert settings.scenarios(1) == ({"urban7-medium": 1.0}, SMALL)
    assert settings.scenarios(2) == ({"toy3": 2.0, "urban7-medium": 1.0}, {**SMALL, "traffic.load_factor": 2.0})
    run = ppo.Run(settings, tmp_path / "run")
    run.learn(shows_progress=False)
    (learner,) = run.learners.values()
    assert learner.stage == 2
    assert [part.world.scenario.name for part in parts_of(learner.face)] == ["toy3", "urban7-medium"]
    assert learner.model.rollout_buffer.n_envs == 13
    # rollouts of 13 rows, then of 21 from the second on, until the third stage is reached
    assert run.decisions == 4 * 13 + 4 * 21 + 4 * 13 + 4 * 13
    assert stage_seed(3, 0) == 3
    assert len({stage_seed(3, stage) for stage in range(4)}) == 4


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scenario": ["toy3", "market8"]}, "scenario market8 is played in market_v0, but toy3 in blackout_v0; train"),
        ({"curriculum": [{"from_decision": 5, "scenario": "uplink20"}]}, "uplink20 is played in uplink_v0"),
        ({"scenario": ["toy3", "urban8"]}, "unknown scenario 'urban8'"),
        ({"curriculum": [{"from_decision": 5, "scenario_overrides": {"user.count": 3}}]}, "unknown key 'user'"),
        ({"n_worlds": 1, "scenario": BOTH}, "n_worlds = 1: below the 2 scenarios"),
    ],
)
def test_scenarios_that_do_not_go_together_are_refused(
    config: Path, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ScenarioError, match=message):
        ppo.train(config, {**SETTINGS, **changes}, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_what_differs_between_scenarios_is_named(config: Path, tmp_path: Path) -> None:
    bands = make_world("toy3").scenario.model_dump(mode="json")["bands"]
    stage = {"from_decision": 5, "scenario_overrides": {"bands": bands[:3]}}
    with pytest.raises(ScenarioError, match=r"scenario toy3: meaning of .* of role bs is .*; one policy"):
        ppo.train(config, {**SETTINGS, "curriculum": [stage]}, tmp_path / "run")


def test_what_a_configuration_leaves_out_is_the_worlds(config: Path) -> None:
    given = ppo.Run(read_run_config(config, {"total_decisions": 1, "n_worlds": 1}), Path("unused")).settings
    assert isinstance(given, RunConfig)
    assert (given.role, given.reward, given.opponents) == ("bs", "local", {})
    assert given.scenario_overrides["survival.end"] == "late"
    assert given.world_options == {"action_set": "extended", "action_form": "multi"}
    own = {"scenario_overrides.survival.end": "horizon", "world_options": {"action_form": "joint"}}
    changed = ppo.Run(read_run_config(config, {"n_worlds": 1, **own}), Path("unused")).settings
    assert changed.scenario_overrides["survival.end"] == "horizon"
    assert changed.world_options == {"action_set": "extended", "action_form": "joint"}
    market = read_run_config(config, {"scenario": "market8", "n_worlds": 1})
    assert ppo.Run(market, Path("unused")).settings.opponents == {"retailer": "dpa"}
    other = read_run_config(config, {"scenario": "market8", "n_worlds": 1, "role": "retailer"})
    assert ppo.Run(other, Path("unused")).settings.opponents == {"bs": "price-threshold"}


# 4 decisions of the sites of both worlds, and of their retailers
SITES_ROLLOUT, RETAILERS_ROLLOUT = 4 * (4 + 8), 4 * (2 + 2)


@pytest.mark.parametrize(
    ("players", "rollout", "folder"),
    [
        ({"opponents": {"retailer": "cost-plus"}}, SITES_ROLLOUT, ""),
        ({"roles": {"bs": {}, "retailer": {}}}, SITES_ROLLOUT + RETAILERS_ROLLOUT, "retailer"),
    ],
    ids=["opponents", "roles"],
)
def test_other_roles_play_in_every_scenario(
    config: Path, tmp_path: Path, players: dict[str, Any], rollout: int, folder: str
) -> None:
    """Those of each batch know its sites; a run that is stopped goes on as if it had not been."""
    short = {"time.horizon_h": 4}
    settings = {**SETTINGS, "scenario": ["market4", "market8"], "scenario_overrides": short, "n_worlds": 2, **players}
    ppo.train(config, {**settings, "total_decisions": 2 * rollout}, tmp_path / "whole")
    ppo.train(config, {**settings, "total_decisions": rollout}, tmp_path / "parts")
    ppo.train(config, {**settings, "total_decisions": 2 * rollout}, tmp_path / "parts", resume=True)
    file = Path(folder) / "policy.safetensors"
    assert equal(tmp_path / "parts" / file, tmp_path / "whole" / file)

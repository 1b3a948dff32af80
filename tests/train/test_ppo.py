"""Training: what a run leaves behind, that it learns, and that it can be stopped and continued."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
import torch
import yaml
from numpy.typing import NDArray
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.envs.fake_world import make_fake_world
from tests.train.joint_runs import FAKE
from voltran.agents.policy import load_policy, read_policy
from voltran.envs.errors import FileFormatError, ScenarioError, VoltranError
from voltran.envs.faces.vector import VectorFace
from voltran.envs.world import World
from voltran.train import learner, ppo, training_worlds
from voltran.train.checkpoints import pack, read_checkpoint, unpack

# 4 worlds x 3 agents x 6 steps = 72 decisions per rollout
CONFIG: dict[str, Any] = {
    "scenario": "anything",
    "n_worlds": 4,
    "total_decisions": 288,
    "n_steps": 6,
    "batch_size": 24,
    "n_epochs": 2,
    "learning_rate": 1e-3,
    "final_entropy_coefficient": 0.001,
    "actor_widths": [8],
    "critic_widths": [8],
    "seed": 3,
    "checkpoint_every": 144,
    "evaluate_every": 0,
    "final_learning_rate": 0.0,
    "gamma": 0.99,
    "deterministic": True,
}


def make_world(scenario: str, n_worlds: int, overrides: Mapping[str, Any], **options: Any) -> World:
    world = make_fake_world(n_worlds, roles=("bs",))
    vars(world).update(observation_version="fake-obs-1", action_version="fake-actions-1", options=options)
    return cast("World", world)


@pytest.fixture(autouse=True)
def fake_worlds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_worlds, "make_world", make_world)
    monkeypatch.setattr(training_worlds, "spec_of_scenario", lambda scenario: FAKE)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(yaml.safe_dump(CONFIG))
    return path


def weights(path: Path) -> dict[str, NDArray[np.float32]]:
    return read_policy(path)[1]


def equal(first: Mapping[str, NDArray[Any]], second: Mapping[str, NDArray[Any]]) -> bool:
    return first.keys() == second.keys() and all((first[name] == second[name]).all() for name in first)


def stop_after(rollouts: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let training be interrupted in the middle of the rollout after so many complete ones."""
    steps = 0
    step_wait = VectorFace.step_wait

    def interrupted(face: VectorFace) -> Any:
        nonlocal steps
        steps += 1
        if steps > rollouts * CONFIG["n_steps"] + 2:
            raise KeyboardInterrupt
        return step_wait(face)

    monkeypatch.setattr(VectorFace, "step_wait", interrupted)


def test_a_run_leaves_a_policy_that_plays(config: Path, tmp_path: Path) -> None:
    path = ppo.train(config, {"seed": 5}, tmp_path / "run")
    assert path == tmp_path / "run" / "policy.safetensors"
    metadata, _ = read_policy(path)
    assert (metadata.world, metadata.role, metadata.observation_version) == ("fake_v0", "bs", "fake-obs-1")
    assert (metadata.world_options, metadata.action_form, metadata.action_sizes) == ({}, "joint", (4,))
    assert (metadata.training["seed"], metadata.training["decisions"]) == (5, 288)
    policy, world = load_policy(path), make_world("", 1, {})
    world.reset([1])
    policy.reset(world)
    assert policy.act(world)["bs"].shape == (1, 3)
    assert yaml.safe_load((tmp_path / "run" / "config.yaml").read_text(encoding="utf-8"))["learning_rate"] == 1e-3


def test_the_default_folder_is_named_after_the_configuration(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert ppo.train(config, {"total_decisions": 72}) == Path("runs/small/policy.safetensors")
    assert Path("runs/small/policy.safetensors").is_file()


def test_worlds_are_built_as_configured(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[tuple[Any, ...]] = []

    def recorded(*arguments: Any, **options: Any) -> World:
        calls.append((*arguments, options))
        return make_world(*arguments, **options)

    monkeypatch.setattr(training_worlds, "make_world", recorded)
    own = {"world_options": {"action_set": "extended"}, "reward": "local"}
    overrides = {"total_decisions": 72, "scenario_overrides.traffic.load_factor": [0.5, 1.8], **own}
    ppo.train(config, overrides, tmp_path / "run")
    options = {"action_set": "extended", "reward": "local"}
    assert [call for call in calls if call[1] == 4] == [("anything", 4, {"traffic.load_factor": [0.5, 1.8]}, options)]


def mean_return(choose: Callable[[World], NDArray[Any]]) -> float:
    """Mean over 64 fresh episodes of the sum of all agents' rewards."""
    world = make_world("", 64, {})
    world.reset([3 * index + 1 for index in range(64)])
    return float(np.mean(sum(world.step({"bs": choose(world)}).rewards["bs"].sum(axis=1) for _ in range(12))))


def test_it_learns_to_be_as_good_as_the_best_constant_action(config: Path, tmp_path: Path) -> None:
    def highest_legal(world: World, level: int) -> NDArray[Any]:
        return np.asarray(np.minimum(level, world.action_masks()["bs"].sum(axis=2) - 1))

    constant = [mean_return(lambda world, level=level: highest_legal(world, level)) for level in range(4)]  # type: ignore[misc]
    settings: dict[str, Any] = {
        "n_worlds": 16,
        "n_steps": 24,
        "batch_size": 192,
        "n_epochs": 4,
        "learning_rate": 0.01,
        "gamma": 0.5,
    }
    settings |= {"initial_bias": [2.0], "total_decisions": 20_000}
    policy = load_policy(ppo.train(config, settings, tmp_path / "run"))
    assert constant[0] < min(constant[1:])  # the initial bias starts it at the worst
    assert mean_return(lambda world: policy.act(world)["bs"]) >= max(constant) - 0.01


def test_a_run_can_be_repeated(config: Path, tmp_path: Path) -> None:
    runs = [
        weights(ppo.train(config, {"seed": seed}, tmp_path / name)) for name, seed in (("a", 1), ("b", 1), ("c", 2))
    ]
    assert equal(runs[0], runs[1])
    assert not equal(runs[0], runs[2])


@pytest.mark.parametrize("evaluate_every", [0, 100])
def test_an_interrupted_run_continues_bit_for_bit(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, evaluate_every: int
) -> None:
    whole = weights(ppo.train(config, {}, tmp_path / "whole"))
    with monkeypatch.context() as patch:
        stop_after(3, patch)
        with pytest.raises(KeyboardInterrupt):
            ppo.train(config, {"evaluate_every": evaluate_every}, tmp_path / "parts")
    assert read_checkpoint(tmp_path / "parts" / "checkpoint.pt")[1]["learners"]["bs"]["decisions"] == 144
    assert not equal(weights(tmp_path / "parts" / "policy.safetensors"), whole)
    np.random.seed(99)  # noqa: NPY002 - nothing that happened in between may matter
    torch.manual_seed(99)
    resumed = ppo.train(config, {"evaluate_every": evaluate_every}, tmp_path / "parts", resume=True)
    assert equal(weights(resumed), whole)


def test_a_finished_run_can_be_made_longer(config: Path, tmp_path: Path) -> None:
    constant = {"final_learning_rate": None, "final_entropy_coefficient": None}
    whole = weights(ppo.train(config, constant, tmp_path / "whole"))
    ppo.train(config, {**constant, "total_decisions": 144}, tmp_path / "parts")
    assert equal(weights(ppo.train(config, constant, tmp_path / "parts", resume=True)), whole)


def test_resuming_a_finished_run_changes_nothing(config: Path, tmp_path: Path) -> None:
    before = weights(ppo.train(config, {}, tmp_path / "run"))
    assert equal(weights(ppo.train(config, {}, tmp_path / "run", resume=True)), before)


def test_training_goes_on_from_a_policy_file(config: Path, tmp_path: Path) -> None:
    first = ppo.train(config, {}, tmp_path / "first")
    settings = {"initial_policy": str(first), "learning_rate": 1e-12, "total_decisions": 1, "seed": 8}
    second = weights(ppo.train(config, settings, tmp_path / "second"))
    for name, value in weights(first).items():
        np.testing.assert_allclose(second[name], value, atol=1e-9)


def test_tensorboard_shows_kpis_and_what_the_worlds_report(config: Path, tmp_path: Path) -> None:
    ppo.train(config, {"evaluate_every": 144, "evaluation_episodes": 3}, tmp_path / "run")
    events = EventAccumulator(str(tmp_path / "run" / "tensorboard"))
    events.Reload()
    survival_h = [event.value for event in events.Scalars("kpi/survival_h")]
    assert survival_h
    assert all(0.25 <= value <= 3.0 for value in survival_h)
    tags = set(events.Tags()["scalars"])
    levels = [event.value for event in events.Scalars("world/level")]
    assert len(levels) == 4
    assert all(0.0 < value < 1.0 for value in levels)
    assert {
        "world/projected",
        "eval/survival_h",
        "kpi/energy_left_kwh",
        "rollout/ep_rew_mean",
        "train/learning_rate",
    } <= tags


def test_a_folder_in_use_is_refused_and_left_alone(config: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "results.json").write_text("{}")
    with pytest.raises(ScenarioError, match=r"run: already holds files; continue that run with --resume"):
        ppo.train(config, {}, run)
    assert [path.name for path in run.iterdir()] == ["results.json"]
    with pytest.raises(ScenarioError, match=r"results\.json: is a file; choose a folder"):
        ppo.train(config, {}, run / "results.json")


def test_a_run_that_stopped_before_its_first_checkpoint_says_what_to_do(config: Path, tmp_path: Path) -> None:
    """Neither going on nor beginning anew works there, and neither error may send one to the other."""
    run = tmp_path / "run"
    run.mkdir()
    (run / "config.yaml").write_text("scenario: toy3")
    with pytest.raises(ScenarioError, match=r"stopped before its first checkpoint.*remove the folder"):
        ppo.train(config, {}, run)
    with pytest.raises(FileFormatError, match="into a folder that is not there yet"):
        ppo.train(config, {}, run, resume=True)


def test_resuming_without_a_checkpoint_is_refused(config: Path, tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"checkpoint\.pt: no such file, so there is nothing to resume"):
        ppo.train(config, {}, tmp_path / "run", resume=True)
    assert not (tmp_path / "run").exists()


def test_resuming_with_other_settings_is_refused(config: Path, tmp_path: Path) -> None:
    ppo.train(config, {"total_decisions": 72}, tmp_path / "run")
    with pytest.raises(ScenarioError, match=r"gamma = 0.5: .*checkpoint\.pt was trained with 0.99"):
        ppo.train(config, {"gamma": 0.5}, tmp_path / "run", resume=True)


@pytest.mark.parametrize("kept", [0, 100, -200])
def test_a_truncated_checkpoint_is_refused(config: Path, tmp_path: Path, kept: int) -> None:
    ppo.train(config, {"total_decisions": 72}, tmp_path / "run")
    checkpoint = tmp_path / "run" / "checkpoint.pt"
    checkpoint.write_bytes(checkpoint.read_bytes()[:kept])
    with pytest.raises(FileFormatError, match=r"checkpoint\.pt: corrupt or truncated"):
        ppo.train(config, {}, tmp_path / "run", resume=True)


def test_a_checkpoint_of_something_else_is_refused(config: Path, tmp_path: Path) -> None:
    checkpoint = tmp_path / "checkpoint.pt"
    torch.save({"format": "other"}, checkpoint)
    with pytest.raises(FileFormatError, match="format is 'other', expected 'voltran-checkpoint-2'"):
        read_checkpoint(checkpoint)


def test_a_checkpoint_runs_no_code(tmp_path: Path) -> None:
    class Harmful:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "touched",))

    torch.save({"format": Harmful()}, tmp_path / "checkpoint.pt")
    with pytest.raises(FileFormatError, match="corrupt or truncated"):
        read_checkpoint(tmp_path / "checkpoint.pt")
    assert not (tmp_path / "touched").exists()


def test_a_checkpoint_of_other_worlds_is_refused(config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"total_decisions": 72, "role": "bs"}
    ppo.train(config, settings, tmp_path / "run")

    def changed(*arguments: Any, **options: Any) -> World:
        return cast("World", make_fake_world(4, roles=("ubs",)))

    monkeypatch.setattr(training_worlds, "make_world", changed)
    with pytest.raises(ScenarioError, match="role = 'bs': world fake_v0 has no such role"):
        ppo.train(config, settings, tmp_path / "run", resume=True)


# The product of so many weights of this size is beyond single precision.
DIVERGING = {"learning_rate": 1e6, "max_grad_norm": 1e6, "actor_widths": [8] * 8, "critic_widths": [8] * 8}


def test_divergence_is_reported_and_not_saved(config: Path, tmp_path: Path) -> None:
    with pytest.raises(VoltranError, match=r"training diverged: .* is not finite after 72 decisions; lower learning"):
        ppo.train(config, {**DIVERGING, "checkpoint_every": 72}, tmp_path / "run")
    assert read_checkpoint(tmp_path / "run" / "checkpoint.pt")[1]["learners"]["bs"]["decisions"] == 0


def test_training_leaves_torchs_settings_as_they_were(config: Path, tmp_path: Path) -> None:
    before = torch.get_num_threads(), torch.distributions.Distribution._validate_args
    ppo.train(config, {"total_decisions": 72}, tmp_path / "run")
    assert (torch.get_num_threads(), torch.distributions.Distribution._validate_args) == before


@pytest.mark.parametrize(
    ("rows", "wanted", "expected"),
    [(19456, 9728, 9728), (19456, 10_000, 9728), (72, 9728, 72), (72, 7, 8), (70, 20, 35), (13, 4, 13)],
)
def test_batches_cover_a_rollout_evenly(rows: int, wanted: int, expected: int) -> None:
    assert learner.equal_batches(rows, wanted) == expected


def test_arrays_of_any_shape_and_kind_survive_packing() -> None:
    content = {
        "empty": np.zeros((0, 3)),
        "flags": np.array([[True, False]]),
        "large": np.array([2**64 - 1], np.uint64),
        "scalar": np.float32(1.5),
        "zero_dimensional": np.array(7),
        "names": np.array(["normal", "sleep"]),
        "strided": np.arange(6).reshape(2, 3).T,
        "nested": [{"a": (1, None, "x", 2.5)}, True],
    }
    found = unpack(pack(content))
    assert found.keys() == content.keys()
    for name, value in content.items():
        assert type(found[name]) is type(value)
        if isinstance(value, np.ndarray | np.generic):
            assert found[name].dtype == value.dtype
            np.testing.assert_array_equal(found[name], value)
    assert found["nested"] == content["nested"]


@pytest.mark.parametrize("value", [object(), np.array([object()]), {"rng": np.random.default_rng(0)}])
def test_what_cannot_be_packed_is_an_error(value: Any) -> None:
    with pytest.raises(TypeError, match="cannot be stored"):
        pack(value)

"""Policy files and the controller that plays them."""

import errno
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import save_file

from tests.envs.fake_world import make_fake_world
from voltran.agents.actor import ActorDescription
from voltran.agents.policy import HEADER_KEY, LearnedPolicy, PolicyMetadata, load_policy, read_policy, save_policy
from voltran.envs.controller import Controller
from voltran.envs.errors import FileFormatError, ScenarioError, VoltranError
from voltran.envs.world import World


def metadata(role: str = "bs", features: int = 5, sizes: tuple[int, ...] = (4,), **changes: Any) -> PolicyMetadata:
    fields: dict[str, Any] = {
        "world": "fake_v0",
        "role": role,
        "observation_version": "fake-obs-1",
        "action_version": "fake-actions-1",
        "action_form": "joint" if len(sizes) == 1 else "multi",
        "world_options": {"action_set": "paper"},
        "declarations": {"commands": "paper"},
        "action_sizes": sizes,
        "network": ActorDescription(observation_size=features, widths=(6,), activation="tanh", outputs=sum(sizes)),
        "training": {"seed": 7},
        "information": "local",
        "meaning": {},
        "scenarios": [{}],
    }
    return PolicyMetadata(**{**fields, **changes})


def weights(description: ActorDescription) -> dict[str, NDArray[np.float32]]:
    generator = np.random.default_rng(1)
    arrays = {}
    for index, (inputs, outputs) in enumerate(description.layer_sizes):
        arrays[f"actor.{index}.weight"] = generator.standard_normal((outputs, inputs)).astype(np.float32)
        arrays[f"actor.{index}.bias"] = generator.standard_normal(outputs).astype(np.float32)
    return arrays


def fake_world(n_worlds: int = 1, roles: tuple[str, ...] = ("bs",), **options: Any) -> World:
    world = make_fake_world(n_worlds, roles=roles, **options)
    vars(world).update(observation_version="fake-obs-1", action_version="fake-actions-1")
    world.reset(list(range(1, n_worlds + 1)))
    return cast("World", world)


@pytest.fixture
def policy_file(tmp_path: Path) -> Path:
    return save_policy(tmp_path / "mine.safetensors", weights(metadata().network), metadata())


def hand_logits(observation: NDArray[Any], arrays: dict[str, NDArray[np.float32]]) -> NDArray[Any]:
    hidden = np.tanh(arrays["actor.0.weight"] @ observation + arrays["actor.0.bias"])
    return np.asarray(arrays["actor.1.weight"] @ hidden + arrays["actor.1.bias"])


def test_a_saved_policy_comes_back(policy_file: Path) -> None:
    read, arrays = read_policy(policy_file)
    assert read == metadata()
    assert arrays.keys() == weights(metadata().network).keys()
    assert all((arrays[name] == value).all() for name, value in weights(metadata().network).items())


def test_a_role_may_have_its_actions_by_options_of_its_own(tmp_path: Path) -> None:
    described = metadata("retailer", 3, (3,), world_options={"retailer_form": "ladder"})
    path = save_policy(tmp_path / "mine.safetensors", weights(described.network), described)
    assert load_policy(path).world_options == {"retailer_form": "ladder"}
    silent = described.model_copy(update={"world_options": {}})
    assert load_policy(save_policy(path, weights(described.network), silent)).world_options == {}


def test_roles_may_have_versions_of_their_own() -> None:
    """What sites can do may change while what retailers can do does not."""
    world = fake_world(roles=("bs", "retailer"))
    roles = tuple(replace(role, action_version={"retailer": "ladder-1"}.get(role.name)) for role in world.roles)
    vars(world).update(roles=roles, action_version="fake-actions-2")
    described = metadata("retailer", 3, (3,), action_version="ladder-1", world_options={})
    LearnedPolicy(described, weights(described.network), name="mine").reset(world)
    sites = LearnedPolicy(metadata(), weights(metadata().network), name="mine")
    with pytest.raises(ScenarioError, match="action_version is 'fake-actions-1', but the world's is 'fake-actions-2'"):
        sites.reset(world)
    older = LearnedPolicy(
        described.model_copy(update={"action_version": "ladder-0"}), weights(described.network), name="mine"
    )
    with pytest.raises(ScenarioError, match="is 'ladder-1'; build the world with the default actions of the role"):
        older.reset(world)


def test_a_learned_policy_is_a_controller(policy_file: Path) -> None:
    policy = load_policy(policy_file)
    assert isinstance(policy, Controller)
    assert (policy.name, policy.information) == ("mine", "local")
    assert policy.declarations == {"commands": "paper"}
    assert policy.world_options == {"action_set": "paper"}
    assert load_policy(policy_file, name="other").name == "other"


@pytest.mark.parametrize("count", [3, 37])
def test_it_takes_each_agents_best_legal_action_for_any_number_of_agents(policy_file: Path, count: int) -> None:
    world = fake_world(2, counts={"bs": count})
    policy = load_policy(policy_file)
    policy.reset(world)
    for _ in range(6):
        codes = policy.act(world)["bs"]
        observations, masks = world.observations()["bs"], world.action_masks()["bs"]
        assert codes.shape == (2, count)
        for index in np.ndindex(2, count):
            logits = hand_logits(observations[index], weights(metadata().network))
            assert codes[index] == max(np.flatnonzero(masks[index]), key=lambda code: logits[code])
        world.step({"bs": codes})


def test_several_action_dimensions_are_chosen_apart(tmp_path: Path) -> None:
    multi = metadata("ubs", 4, (3, 2))
    arrays = weights(multi.network)
    policy = load_policy(save_policy(tmp_path / "multi.safetensors", arrays, multi))
    world = fake_world(roles=("bs", "ubs"))
    policy.reset(world)
    codes = policy.act(world)["ubs"]
    assert codes.shape == (1, 2, 2)
    for agent in range(2):
        logits = hand_logits(world.observations()["ubs"][0, agent], arrays)
        masked = np.where(world.action_masks()["ubs"][0, agent], logits, -np.inf)
        assert codes[0, agent].tolist() == [int(masked[:3].argmax()), int(masked[3:].argmax())]


def test_samples_follow_the_masked_softmax() -> None:
    policy = LearnedPolicy(metadata(), weights(metadata().network), name="sampled", deterministic=False, seed=5)
    observation = np.full((40_000, 5), 0.3, np.float32)
    masks = np.tile([True, False, True, True], (len(observation), 1))
    logits = hand_logits(observation[0], weights(metadata().network))
    expected = np.exp(logits) * masks[0] / (np.exp(logits) * masks[0]).sum()
    counts = np.bincount(policy.choose(observation, masks)[:, 0], minlength=4)
    assert counts[1] == 0
    error = np.sqrt(expected * (1 - expected) / len(observation))
    assert (np.abs(counts / len(observation) - expected) <= 5 * error).all()


def test_every_episode_repeats_the_same_samples(policy_file: Path) -> None:
    def play(seed: int) -> NDArray[Any]:
        policy, world = load_policy(policy_file, deterministic=False, seed=seed), fake_world(4)
        episodes = []
        for _ in range(2):
            policy.reset(world)
            episodes.append(np.stack([policy.act(world)["bs"] for _ in range(5)]))
        np.testing.assert_array_equal(episodes[0], episodes[1])
        return episodes[0]

    np.testing.assert_array_equal(play(0), play(0))
    assert (play(0) != play(1)).any()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileFormatError, match=r"nowhere\.safetensors: no such file"):
        load_policy(tmp_path / "nowhere.safetensors")


@pytest.mark.parametrize("kept", [0, 5, 200, -1])
def test_a_truncated_file_is_refused(policy_file: Path, kept: int) -> None:
    policy_file.write_bytes(policy_file.read_bytes()[:kept])
    with pytest.raises(FileFormatError, match=r"mine\.safetensors: corrupt or truncated"):
        load_policy(policy_file)


def test_seeds_of_samples_are_checked(policy_file: Path) -> None:
    assert load_policy(policy_file, seed=2**128 - 1).seed == 2**128 - 1
    with pytest.raises(ScenarioError, match="seed = -1: must be an integer"):
        load_policy(policy_file, seed=-1)


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    text, tensors = tmp_path / "text.safetensors", tmp_path / "tensors.safetensors"
    text.write_text("survival_h,continuity\n" * 20)
    save_file({"weight": np.zeros(3)}, str(tensors))
    with pytest.raises(FileFormatError, match="corrupt or truncated"):
        load_policy(text)
    with pytest.raises(FileFormatError, match="its header lacks 'voltran_policy'"):
        load_policy(tensors)


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("{", "''"),
        ('{"format_version": 1}', "'format_version' = 1"),
        ('{"format_version": 2}', "'format_version' = 2"),
        ('{"format_version": 3}', "'world'"),
    ],
)
def test_a_header_of_another_version_is_refused(tmp_path: Path, header: str, field: str) -> None:
    path = tmp_path / "old.safetensors"
    save_file(weights(metadata().network), str(path), {HEADER_KEY: header})
    with pytest.raises(FileFormatError, match=f"header field {field}"):
        load_policy(path)


def test_weights_that_do_not_fit_the_header_are_refused(tmp_path: Path) -> None:
    arrays = weights(metadata().network)
    arrays["actor.1.bias"] = arrays["actor.1.bias"][:2]
    path = save_policy(tmp_path / "odd.safetensors", arrays, metadata())
    with pytest.raises(FileFormatError, match=r"odd\.safetensors: actor.1.bias has shape \(2,\), expected \(4,\)"):
        load_policy(path)
    path = save_policy(tmp_path / "odd.safetensors", arrays, metadata(action_sizes=(3,)))
    with pytest.raises(FileFormatError, match=r"action_sizes = \(3,\) do not add up"):
        load_policy(path)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"world": "market_v0"}, "world is 'market_v0', but the world's is 'fake_v0'"),
        ({"role": "ubs"}, "role = 'ubs': world fake_v0 has no such role; its roles: bs"),
        ({"observation_version": "fake-obs-2"}, "observation_version is 'fake-obs-2', but the world's is 'fake-obs-1'"),
        (
            {"action_version": "other"},
            "action_version is 'other', but the world's is 'fake-actions-1'; build",
        ),
        ({"features": 6}, "observation size is 6, but the world's is 5; train the policy again"),
        ({"sizes": (5,)}, r"action_sizes is \(5,\), but the world's is \(4,\); build the world with action_set=paper"),
    ],
)
def test_a_policy_for_another_world_is_refused(changes: dict[str, Any], message: str) -> None:
    other = metadata(**changes)
    policy = LearnedPolicy(other, weights(other.network), name="mine")
    with pytest.raises(ScenarioError, match=message):
        policy.reset(fake_world())


def test_a_role_without_codes_is_refused() -> None:
    policy = LearnedPolicy(metadata("operator", 4), weights(metadata("operator", 4).network), name="mine")
    with pytest.raises(ScenarioError, match=r"role operator: action space .* is continuous"):
        policy.reset(fake_world(roles=("bs", "operator")))


def test_a_full_disk_leaves_the_earlier_file(policy_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    changed = metadata(training={"seed": 8})
    with pytest.raises(VoltranError, match=r"mine\.safetensors: cannot be written \(No space left on device\)"):
        save_policy(policy_file, weights(changed.network), changed)
    monkeypatch.undo()
    assert read_policy(policy_file)[0] == metadata()
    assert [path.name for path in policy_file.parent.iterdir()] == ["mine.safetensors"]


def test_playing_a_policy_needs_no_torch(policy_file: Path) -> None:
    code = (
        "import sys\n"
        "sys.modules['torch'] = None\n"
        "from voltran.agents.policy import load_policy\n"
        f"print(load_policy({str(policy_file)!r}).name)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "mine\n"


@pytest.mark.parametrize(
    ("trained_for", "asked", "expected"), [(False, None, False), (True, None, True), (False, True, True)]
)
def test_the_file_says_how_to_play_unless_the_user_does(
    tmp_path: Path, trained_for: bool, asked: bool | None, expected: bool
) -> None:
    path = save_policy(tmp_path / "p.safetensors", weights(metadata().network), metadata(deterministic=trained_for))
    assert load_policy(path, deterministic=asked).deterministic is expected

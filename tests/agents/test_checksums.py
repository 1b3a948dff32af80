"""Damage to a file of weights is found when it is read, wherever it is; without a checksum there is a warning."""

import hashlib
import warnings
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from voltran.agents.actor import ActorDescription
from voltran.agents.checksums import bare_content
from voltran.agents.forecasting.files import load_forecaster
from voltran.agents.policy import HEADER_KEY, PolicyMetadata, read_policy, save_policy
from voltran.agents.weight_files import seal_weights
from voltran.agents.zoo import forecaster_names, forecaster_path, policy_names, policy_path
from voltran.envs.errors import FileFormatError, UncheckedFileWarning
from voltran.evaluation.controller_spec import parse_controllers

METADATA = PolicyMetadata(
    world="fake_v0",
    role="bs",
    observation_version="obs-1",
    action_version="actions-1",
    action_form="joint",
    world_options={},
    action_sizes=(2,),
    network=ActorDescription(observation_size=2, widths=(2,), activation="tanh", outputs=2),
    information="local",
    meaning={"features": ["own soc"]},
    scenarios=({"name": "fake"},),
)
ARRAYS = {"actor.0.weight": np.arange(4, dtype=np.float32).reshape(2, 2), "actor.0.bias": np.zeros(2, np.float32)}


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return save_policy(tmp_path / "mine.safetensors", ARRAYS, METADATA)


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A policy as it was written before there were checksums."""
    path = tmp_path / "bare.safetensors"
    save_file(ARRAYS, str(path), {HEADER_KEY: METADATA.model_dump_json()})
    return path


def test_no_changed_bit_goes_unseen(policy: Path) -> None:
    whole = policy.read_bytes()
    for place in range(len(whole)):
        policy.write_bytes(whole[:place] + bytes([whole[place] ^ 1 << place % 8]) + whole[place + 1 :])
        with pytest.raises(FileFormatError, match=r"mine\.safetensors: "):
            read_policy(policy)


def test_a_file_cut_short_anywhere_is_refused(policy: Path) -> None:
    whole = policy.read_bytes()
    for length in range(0, len(whole), 3):
        policy.write_bytes(whole[:length])
        with pytest.raises(FileFormatError, match=r"mine\.safetensors: corrupt or truncated"):
            read_policy(policy)


def test_weights_and_header_of_two_policies_do_not_mix(policy: Path, tmp_path: Path) -> None:
    other = save_policy(tmp_path / "other.safetensors", {name: 1 + array for name, array in ARRAYS.items()}, METADATA)
    weights = sum(array.nbytes for array in ARRAYS.values())
    policy.write_bytes(policy.read_bytes()[:-weights] + other.read_bytes()[-weights:])
    with pytest.raises(FileFormatError, match="its checksum is not that of its content"):
        read_policy(policy)


def test_a_file_without_a_checksum_loads_with_a_warning_until_it_gets_one(bare: Path) -> None:
    with pytest.warns(UncheckedFileWarning, match=r"has no checksum.*run: voltran seal .*bare\.safetensors"):
        before = read_policy(bare)
    content = bare.read_bytes()
    assert seal_weights(bare)
    after = read_policy(bare)
    assert after[0] == before[0]
    assert all((after[1][name] == array).all() for name, array in before[1].items())
    assert bare_content(bare.read_bytes()) == content
    sealed = bare.read_bytes()
    assert not seal_weights(bare)
    assert bare.read_bytes() == sealed


def test_a_policy_is_recognised_as_the_same_with_and_without_checksum(tmp_path: Path) -> None:
    bare = tmp_path / "bare.safetensors"
    bare.write_bytes(bare_content(policy_path(policy_names()[0]).read_bytes()))
    with pytest.warns(UncheckedFileWarning):
        [before] = parse_controllers([str(bare)])
    assert before.identity["policy"] == hashlib.sha256(bare.read_bytes()).hexdigest()
    seal_weights(bare)
    assert parse_controllers([str(bare)])[0].identity == before.identity


@pytest.mark.parametrize("content", [b"", b"\0" * 7, b"\xff" * 100, b'{"checksum":"', b"PK\3\4"])
def test_what_is_no_file_of_weights_stays_as_it_is(content: bytes) -> None:
    assert bare_content(content) == content


def test_what_cannot_be_sealed_is_refused_and_left_alone(policy: Path, tmp_path: Path) -> None:
    policy.write_bytes(policy.read_bytes()[:-1] + b"\1")
    tensors = tmp_path / "tensors.safetensors"
    save_file(ARRAYS, str(tensors))
    for path, message in ((policy, "checksum"), (tensors, "not one that training wrote"), (tmp_path / "no", "no such")):
        before = path.read_bytes() if path.exists() else None
        with pytest.raises(FileFormatError, match=message):
            seal_weights(path)
        assert (path.read_bytes() if path.exists() else None) == before


def test_whatever_ships_has_a_checksum() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name in policy_names():
            read_policy(policy_path(name))
        for name in forecaster_names():
            load_forecaster(forecaster_path(name))

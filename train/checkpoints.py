"""Checkpoints: everything a training run needs to continue as if it had never stopped.

Continued on the same machine, with the same versions of the libraries, a run gives bit for bit the weights of an
uninterrupted one. Restored are network, optimiser, counters (and with them the schedules of learning rate and entropy),
the random states of NumPy and PyTorch, and every world mid-episode. Not restored, because nothing learnt depends on
them: wall-clock times, the averages of the progress bar, and the state of a CUDA device's random generator (a run on a
GPU continues soundly, but not bit for bit).

The file is read with PyTorch's weights-only loader: it holds tensors and plain values, and loading it runs no code.
"""

import io
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from pydantic import ValidationError

from voltran import __version__
from voltran.envs.errors import FileFormatError, UncheckedFileWarning
from voltran.envs.files import write_atomically
from voltran.evaluation.files import digest_of
from voltran.train.league import PastPolicies
from voltran.train.learner import Learner
from voltran.train.run_config import RunConfig

FORMAT = "voltran-checkpoint-2"
CHECKSUM = b"voltran-sha256 "  # begins the file's first line; what torch.save wrote follows
# an array as the weights-only loader takes it: its bytes, dtype and shape, and whether it was a NumPy number
_PACKED_KEYS = {"array_bytes", "dtype", "shape", "is_scalar"}
_INTEGER_KEYS = {"integers", "shape"}
_FIELDS = {"config", "random", "learners", "past"}


def save_checkpoint(path: Path, learners: Mapping[str, Learner], past: PastPolicies, config: RunConfig) -> None:
    """Write a checkpoint; call it between rollouts only.

    Raises:
        VoltranError: the file cannot be written; the earlier checkpoint stays as it was.
    """
    content = {
        "format": FORMAT,
        "voltran_version": __version__,
        "config": config.model_dump_json(),
        "learners": {role: _learner_state(learner) for role, learner in learners.items()},
        "past": pack(past.get_state()),
        "random": {"torch": torch.get_rng_state(), "numpy": pack(np.random.get_state())},  # noqa: NPY002 - SB3's
    }
    buffer = io.BytesIO()
    torch.save(content, buffer)
    write_atomically(path, CHECKSUM + digest_of(buffer.getvalue()).encode() + b"\n" + buffer.getvalue())


def read_checkpoint(path: Path) -> tuple[RunConfig, dict[str, Any]]:
    """Read a checkpoint without running any code from it.

    Returns:
        The configuration of the run, and the content for :func:`restore_checkpoint`.

    Raises:
        FileFormatError: no such file, or one that is corrupt, truncated, or not a checkpoint of this version.
    """
    if not path.is_file():
        raise FileFormatError(
            f"checkpoint {path}: no such file, so there is nothing to resume; train without --resume, "
            "into a folder that is not there yet"
        )
    content, is_checked = _content(path)
    if not isinstance(content, dict) or content.get("format") != FORMAT or not content.keys() >= _FIELDS:
        stored = content.get("format") if isinstance(content, dict) else type(content).__name__
        raise FileFormatError(
            f"checkpoint {path}: format is {stored!r}, expected {FORMAT!r} with all its fields; "
            "resume with the version of VoltRAN that wrote it, or train into another folder"
        )
    if not is_checked:
        warnings.warn(
            f"checkpoint {path}: has no checksum, so that damage to it would not be noticed; the next one will have it",
            UncheckedFileWarning,
            stacklevel=2,
        )
    try:
        return RunConfig.model_validate_json(content["config"]), content
    except ValidationError as error:
        raise FileFormatError(
            f"checkpoint {path}: its configuration is not valid in VoltRAN {__version__} "
            f"({error.errors()[0]['msg']}); resume with version {content.get('voltran_version')}"
        ) from error


def restore_checkpoint(
    path: Path, content: Mapping[str, Any], learners: Mapping[str, Learner], past: PastPolicies
) -> None:
    """Put fresh learners, their worlds and the past policies into the checkpoint's state.

    Raises:
        FileFormatError: the content does not fit the models or the worlds.
    """
    with _fitting(path, content):
        for role, learner in learners.items():
            _restore_learner(content["learners"][role], learner)
        past.set_state(unpack(content["past"]))
        _restore_random(content["random"])


def _content(path: Path) -> tuple[Any, bool]:
    """What a file holds, and whether it has a checksum."""
    try:
        stored = path.read_bytes()
        is_checked = stored.startswith(CHECKSUM)
        if is_checked:
            first, _, stored = stored.partition(b"\n")
            if first != CHECKSUM + digest_of(stored).encode():
                raise ValueError("its checksum is not that of its content")
        return torch.load(io.BytesIO(stored), map_location="cpu", weights_only=True), is_checked
    except Exception as error:  # whatever a damaged file makes the loader raise
        reason = str(error).partition("\n")[0]
        raise FileFormatError(
            f"checkpoint {path}: corrupt or truncated ({reason}); copy it again, or train into another folder"
        ) from error


def _learner_state(learner: Learner) -> dict[str, Any]:
    model = learner.model
    return {
        "stage": learner.stage,
        "decisions": model.num_timesteps,
        "updates": model._n_updates,
        "network": model.policy.state_dict(),
        "optimizer": model.policy.optimizer.state_dict(),
        "observations": pack(model._last_obs),
        "episode_starts": pack(model._last_episode_starts),
        "worlds": pack(learner.face.get_state()),
    }


def _restore_learner(state: Mapping[str, Any], learner: Learner) -> None:
    model = learner.model
    learner.enter(state["stage"])
    model.policy.load_state_dict(state["network"])
    model.policy.optimizer.load_state_dict(state["optimizer"])
    learner.face.set_state(unpack(state["worlds"]))
    model._last_obs = unpack(state["observations"])
    model._last_episode_starts = unpack(state["episode_starts"])
    model.num_timesteps = state["decisions"]
    model._n_updates = state["updates"]


def _restore_random(state: Mapping[str, Any]) -> None:
    torch.set_rng_state(state["torch"])
    np.random.set_state(unpack(state["numpy"]))  # noqa: NPY002 - Stable-Baselines3 draws from it


@contextmanager
def _fitting(path: Path, content: Mapping[str, Any]) -> Iterator[None]:
    """Say what a content that does not fit means."""
    try:
        yield
    except (RuntimeError, KeyError, ValueError, TypeError) as error:
        raise FileFormatError(
            f"checkpoint {path}: does not fit this version's network or worlds ({error}); "
            f"resume with VoltRAN {content.get('voltran_version')}, or train into another folder"
        ) from error


def pack(value: Any) -> Any:
    """Turn NumPy arrays and numbers, at any depth, into what the weights-only loader accepts.

    Raises:
        TypeError: an object that is neither an array, a plain value, nor a dict, list or tuple of such.
    """
    if isinstance(value, np.ndarray | np.generic):
        if value.dtype == np.object_ and all(isinstance(item, int) for item in value.flat):  # seeds
            return {"integers": value.reshape(-1).tolist(), "shape": list(value.shape)}
        if value.dtype.kind not in "biufcUS":
            raise TypeError(f"an array of dtype {value.dtype} cannot be stored; use numbers, booleans or strings")
        data = np.ascontiguousarray(value).reshape(-1).view(np.uint8)
        return {
            "array_bytes": torch.tensor(data),
            "dtype": value.dtype.str,
            "shape": list(value.shape),
            "is_scalar": isinstance(value, np.generic),
        }
    if isinstance(value, Mapping):
        return {key: pack(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(pack(item) for item in value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"a {type(value).__name__} cannot be stored; use arrays, plain values, dicts, lists or tuples")


def unpack(value: Any) -> Any:
    """Undo :func:`pack`."""
    if isinstance(value, dict) and value.keys() == _PACKED_KEYS:
        array = value["array_bytes"].numpy().view(value["dtype"]).reshape(value["shape"]).copy()
        return array[()] if value["is_scalar"] else array
    if isinstance(value, dict) and value.keys() == _INTEGER_KEYS:
        return np.array(value["integers"], dtype=np.object_).reshape(value["shape"])
    if isinstance(value, dict):
        return {key: unpack(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(unpack(item) for item in value)
    return value

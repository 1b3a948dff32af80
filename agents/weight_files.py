"""Files of weights: the safetensors format with a JSON header, loaded without pickle."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from voltran import __version__
from voltran.agents.checksums import checksum, with_checksum, without_checksum
from voltran.envs.errors import FileFormatError, MissingExtraError, UncheckedFileWarning
from voltran.envs.files import write_atomically
from voltran.physics.arrays import Float32Array

try:
    from safetensors import SafetensorError, safe_open
    from safetensors.numpy import save
except ModuleNotFoundError as error:
    raise MissingExtraError("files of weights need the package safetensors: pip install 'voltran[train]'") from error

SUFFIX = ".safetensors"
CALLER = 4  # frames between a warning and whoever loads a policy
HeaderT = TypeVar("HeaderT", bound=BaseModel)


def save_weights(path: str | Path, arrays: Mapping[str, NDArray[Any]], key: str, header: BaseModel) -> Path:
    """Write a file of weights.

    Args:
        path: where to; by convention it ends in ``.safetensors``.
        arrays: weights by name.
        key: under which the header stands; it says what kind of file this is.
        header: what to know of the weights.

    Returns:
        The path.

    Raises:
        VoltranError: the file cannot be written; an earlier file stays as it was.
    """
    contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    text = with_checksum(header.model_dump_json(), contiguous)
    write_atomically(Path(path), save(contiguous, {key: text}))
    return Path(path)


def seal_weights(path: str | Path) -> bool:
    """Write a file of weights again with a checksum, if it has none; nothing else in it changes.

    Returns:
        Whether it had none.

    Raises:
        FileFormatError: no such file, one that is corrupt or truncated, or none of ours.
        VoltranError: it cannot be written; the file stays as it was.
    """
    metadata, arrays = _content(path, "file")
    if len(metadata) != 1:
        raise FileFormatError(f"file {path}: a safetensors file, but not one that training wrote; give one of those")
    [(key, text)] = metadata.items()
    bare, found = without_checksum(text)
    _check(path, "file", bare, found, arrays)
    if not found:
        write_atomically(Path(path), save(arrays, {key: with_checksum(bare, arrays)}))
    return not found


def read_weights(
    path: str | Path, key: str, header: type[HeaderT], kind: str
) -> tuple[HeaderT, dict[str, Float32Array]]:
    """Read header and weights of a file.

    Args:
        path: of the file.
        key: under which the header stands.
        header: its model.
        kind: of the file, in messages, such as ``policy``.

    Raises:
        FileFormatError: no such file, or one that is corrupt, truncated, of another kind or of another version.

    Warns:
        UncheckedFileWarning: it has no checksum.
    """
    metadata, arrays = _content(path, kind)
    text = metadata.get(key)
    if text is None:
        raise FileFormatError(
            f"{kind} {path}: a safetensors file, but its header lacks {key!r}; give a file that training wrote"
        )
    bare, found = without_checksum(text)
    _check(path, kind, bare, found, arrays)
    parsed = _parsed(path, bare, header, kind)
    if not found:
        warnings.warn(
            f"{kind} {path}: has no checksum, so that damage to it would not be noticed; run: "
            f"voltran seal {quote(str(path))}",
            UncheckedFileWarning,
            stacklevel=CALLER,
        )
    return parsed, arrays


def _content(path: str | Path, kind: str) -> tuple[dict[str, str], dict[str, Float32Array]]:
    """The header's texts, and the weights."""
    if not Path(path).is_file():
        raise FileFormatError(f"{kind} {path}: no such file; give the path of a {SUFFIX} file that training wrote")
    try:
        with safe_open(str(path), framework="numpy") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
            return dict(file.metadata() or {}), arrays
    except (SafetensorError, OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise FileFormatError(
            f"{kind} {path}: corrupt or truncated ({error}); copy it again or train it again"
        ) from error


def _check(path: str | Path, kind: str, header: str, expected: str, arrays: Mapping[str, NDArray[Any]]) -> None:
    if expected and checksum(header, arrays) != expected:
        raise FileFormatError(
            f"{kind} {path}: corrupt or truncated (its checksum is not that of its content); "
            "copy it again or train it again"
        )


def _parsed(path: str | Path, text: str, header: type[HeaderT], kind: str) -> HeaderT:
    try:
        return header.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise FileFormatError(
            f"{kind} {path}: header field {field!r} = {first['input']!r} ({first['msg']}); it was written by another "
            f"version of VoltRAN (this is {__version__}): use that version or train the {kind} again"
        ) from error

"""Files of weights: the safetensors format with a JSON header, loaded without pickle."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError

from voltran import __version__
from voltran.envs.errors import FileFormatError, MissingExtraError
from voltran.envs.files import write_atomically
from voltran.physics.arrays import Float32Array

try:
    from safetensors import SafetensorError, safe_open
    from safetensors.numpy import save
except ModuleNotFoundError as error:
    raise MissingExtraError("files of weights need the package safetensors: pip install 'voltran[train]'") from error

SUFFIX = ".safetensors"
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
    write_atomically(Path(path), save(contiguous, {key: header.model_dump_json()}))
    return Path(path)


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
    """
    if not Path(path).is_file():
        raise FileFormatError(f"{kind} {path}: no such file; give the path of a {SUFFIX} file that training wrote")
    try:
        with safe_open(str(path), framework="numpy") as file:
            text = (file.metadata() or {}).get(key)
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    except (SafetensorError, OSError, ValueError) as error:
        raise FileFormatError(
            f"{kind} {path}: corrupt or truncated ({error}); copy it again or train it again"
        ) from error
    if text is None:
        raise FileFormatError(
            f"{kind} {path}: a safetensors file, but its header lacks {key!r}; give a file that training wrote"
        )
    return _parsed(path, text, header, kind), arrays


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

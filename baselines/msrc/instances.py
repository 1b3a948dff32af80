"""Planning problems as files, so that solvers can be compared on the same ones. NumPy's npz, never pickle."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from voltran.baselines.msrc.groups import Groups
from voltran.baselines.msrc.instance import Instance
from voltran.baselines.msrc.options import Options
from voltran.baselines.msrc.settings import PlannerSettings
from voltran.envs.errors import FileFormatError
from voltran.envs.files import write_atomically

FORMAT = 1
PARTS: dict[str, Any] = {"options": Options, "groups": Groups}
ARRAYS = ("alive", "energy_kwh", "previous_mode", "may_help", "assistance_potential")
NUMBERS = {"k_max": int, "literal_links": bool}
REMEDY = "save the instance again with save_instance"


def save_instance(path: Path, instance: Instance) -> None:
    """Write a planning problem; a reader sees the earlier file or the whole new one.

    Raises:
        VoltranError: the file cannot be written.
    """
    content: dict[str, Any] = {"format": FORMAT, "settings": instance.settings.model_dump_json()}
    for part in PARTS:
        content |= {f"{part}.{name}": value for name, value in getattr(instance, part)._asdict().items()}
    content |= {name: getattr(instance, name) for name in (*ARRAYS, *NUMBERS)}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **content)
    write_atomically(path, buffer.getvalue())


def load_instance(path: Path) -> Instance:
    """Read a planning problem.

    Raises:
        FileFormatError: a file that is missing, corrupt, truncated or of another version.
    """
    try:
        with path.open("rb") as stream, NpzFile(stream, allow_pickle=False) as archive:
            return _instance(path, {name: archive[name] for name in archive.files})
    except FileFormatError:
        raise
    except Exception as error:  # whatever a damaged archive makes NumPy raise
        raise FileFormatError(f"{path}: no readable planning instance ({error}); {REMEDY}") from error


def _instance(path: Path, content: dict[str, NDArray[Any]]) -> Instance:
    if int(content["format"]) != FORMAT:
        raise FileFormatError(f"{path}: format = {content['format']}, this version reads {FORMAT}; {REMEDY}")
    fields: dict[str, Any] = {name: content[name] for name in ARRAYS}
    fields |= {name: kind(content[name]) for name, kind in NUMBERS.items()}
    for part, kind in PARTS.items():
        fields[part] = kind(**{name: content[f"{part}.{name}"] for name in kind._fields})
    return Instance(settings=PlannerSettings.model_validate_json(str(content["settings"])), **fields)

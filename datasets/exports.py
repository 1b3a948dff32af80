"""Hands data sets on in the formats of other libraries."""

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from voltran.datasets.reading import read
from voltran.envs.errors import MissingExtraError, ScenarioError

# format -> module with its ``export``, and what it needs
FORMATS = {
    "minari": ("voltran.datasets.minari_export", "minari[hdf5]"),
    "vault": ("voltran.datasets.vault_export", "flashbax[vault]"),
}


def export(
    folder: str | Path,
    to: str,
    name: str,
    *,
    roles: Sequence[str] = (),
    controllers: Sequence[str] = (),
) -> Path:
    """Write a data set in the format of another library.

    Args:
        folder: the data set.
        to: "minari" (Gymnasium's: one controller for all agents) or "vault" (Flashbax, as OG-MARL reads it: one role).
        name: of what is made.
        roles: those to hand on; all by default.
        controllers: labels of those whose episodes to hand on; all by default.

    Returns:
        Where it was written.

    Raises:
        ScenarioError: an unknown format, a name that is taken or none, or data that the format cannot hold.
        FileFormatError: a data set that is cut short or damaged.
        MissingExtraError: the library is not installed.
    """
    if to not in FORMATS:
        raise ScenarioError(f"format {to!r} is unknown; use one of {', '.join(FORMATS)}")
    data = read(folder, roles=roles, controllers=controllers)
    module, needs = FORMATS[to]
    try:
        written: Path = import_module(module).export(data, name)
    except ModuleNotFoundError as error:
        raise MissingExtraError(
            f"format {to} needs {error.name}, which is not installed; run: pip install '{needs}'"
        ) from error
    return written

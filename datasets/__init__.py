"""Data sets of what controllers did: made, read, and handed to others.

::

    from voltran import datasets

    datasets.make("urban19-medium", "rotating-sleep", episodes=100, out="data/rotating")
    data = datasets.read("data/rotating")
    for batch in data.agent_batches("bs", size=256, seed=0):
        ...

A data set is a folder: a datasheet (JSON) that says what everything is, and shards (Parquet) with a row for each
decision. It needs pyarrow, which the extra ``datasets`` brings.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from voltran.datasets.making import make
    from voltran.datasets.reading import read
    from voltran.datasets.torch_batches import TorchBatches

_HOMES = {
    "TorchBatches": "voltran.datasets.torch_batches",
    "make": "voltran.datasets.making",
    "read": "voltran.datasets.reading",
}

__all__ = ["TorchBatches", "make", "read"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}; it offers {', '.join(__all__)}")
    try:
        return getattr(import_module(_HOMES[name]), name)
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        from voltran.envs.errors import MissingExtraError

        raise MissingExtraError(
            f"{name} needs torch, which is not installed; run: pip install 'voltran[train]'"
        ) from error

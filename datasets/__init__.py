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

from typing import TYPE_CHECKING, Any

from voltran.offered import offered

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


_find, __dir__ = offered(__name__, _HOMES)


def __getattr__(name: str) -> Any:
    try:
        return _find(name)
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        from voltran.envs.errors import MissingExtraError

        raise MissingExtraError(
            f"{name} needs torch, which is not installed; run: pip install 'voltran[train]'"
        ) from error

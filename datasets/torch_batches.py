"""Batches for torch's ``DataLoader``."""

from collections.abc import Iterator
from dataclasses import fields, replace

import numpy as np
import torch
from torch.utils.data import IterableDataset, get_worker_info

from voltran.datasets.reading import SHARDS_AT_ONCE, DataSet
from voltran.datasets.transitions import AgentTransitions

TensorBatch = dict[str, torch.Tensor]


class TorchBatches(IterableDataset[TensorBatch]):
    """Batches of single agents' transitions, as dictionaries of tensors, for ``DataLoader(batches, batch_size=None)``.

    Numbers are single precision, actions of discrete roles int64, masks and ends bool; names as in
    :class:`~voltran.datasets.transitions.AgentTransitions`, infos and labels left out. Workers of a loader share the
    shards among them. Every pass shuffles anew.

    Args:
        dataset: that :func:`voltran.datasets.read` gave.
        role: whose.
        size: transitions in a batch.
        seed: of the shuffling; None leaves everything in order.
        shards_at_once: as in :meth:`DataSet.agent_batches`.
    """

    def __init__(
        self, dataset: DataSet, role: str, size: int, seed: int | None = None, shards_at_once: int = SHARDS_AT_ONCE
    ) -> None:
        super().__init__()
        self.dataset, self.role, self.size, self.seed, self.shards_at_once = dataset, role, size, seed, shards_at_once
        self._passes = 0

    def __iter__(self) -> Iterator[TensorBatch]:
        worker, mine, seed = get_worker_info(), self.dataset, self.seed
        if seed is not None:
            # A loader's workers begin anew with each pass; torch gives them a seed of their own each time.
            self._passes = self._passes + 1 if worker is None else torch.initial_seed() % 2**32
            seed = int(np.random.SeedSequence([seed, self._passes]).generate_state(1)[0])
        if worker is not None:
            mine = replace(mine, shards=mine.shards[worker.id :: worker.num_workers])
        for batch in mine.agent_batches(self.role, self.size, seed, shards_at_once=self.shards_at_once):
            yield _tensors(batch)


def _tensors(batch: AgentTransitions) -> TensorBatch:
    arrays = {item.name: getattr(batch, item.name) for item in fields(batch)}
    return {
        name: torch.from_numpy(values.astype(np.float32 if values.dtype == np.float64 else values.dtype))
        for name, values in arrays.items()
        if isinstance(values, np.ndarray) and values.dtype.kind in "fiub"
    }

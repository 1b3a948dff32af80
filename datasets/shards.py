"""Shards: some episodes of one controller in a Parquet file."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voltran.datasets.arrow import arrow, parquet
from voltran.datasets.columns import CONTROLLER, DECISION, FINAL, IDENTIFYING, SEED, Arrays, Column, Layout
from voltran.datasets.recording import RecordedEpisode
from voltran.envs.errors import FileFormatError

GROUP_EPISODES = 16  # in a group of rows; the memory of a group serves the next one, and touching new memory costs
REMEDY = "make the data set again with the same --out and --resume, which replaces what is damaged"


class ShardWriter:
    """Makes a shard's file of episodes that come one after the other; the same episodes give the same bytes.

    Args:
        controller: who played.
        layout: columns.
    """

    def __init__(self, controller: str, layout: Layout) -> None:
        self._controller, self._layout = controller, layout
        self._sink = arrow().BufferOutputStream()
        self._writer: Any = None
        self._waiting: list[RecordedEpisode] = []

    def add(self, episode: RecordedEpisode) -> None:
        """Add the next episode of the file."""
        self._waiting.append(episode)
        if len(self._waiting) == GROUP_EPISODES:
            self._write()

    def content(self) -> bytes:
        """The file, once all its episodes, at least one, have been added."""
        if self._waiting:
            self._write()
        self._writer.close()
        return bytes(self._sink.getvalue())

    def _write(self) -> None:
        """Write a group of rows."""
        table = _table(self._waiting, self._controller, self._layout)
        if self._writer is None:
            self._writer = parquet().ParquetWriter(
                self._sink,
                table.schema,
                compression="zstd",
                use_dictionary=[CONTROLLER],
                write_statistics=[SEED, DECISION],
                store_schema=False,
                write_page_checksum=True,
            )
        self._writer.write_table(table)
        self._waiting.clear()


def _table(episodes: Sequence[RecordedEpisode], controller: str, layout: Layout) -> Any:
    """Rows of episodes, one after the other."""
    pa = arrow()
    lengths = [episode.decisions + 1 for episode in episodes]
    arrays = {
        SEED: np.repeat([episode.seed for episode in episodes], lengths),
        DECISION: np.concatenate([np.arange(length, dtype=np.int32) for length in lengths]),
        FINAL: np.concatenate([np.arange(1, length + 1) == length for length in lengths]),
    }
    for column in layout.columns:
        arrays[column.name] = np.concatenate([episode.arrays[column.name] for episode in episodes])
    names = pa.DictionaryArray.from_arrays(np.zeros(sum(lengths), dtype=np.int32), pa.array([controller]))
    stored = {column.name: _stored(column, arrays[column.name]) for column in (*IDENTIFYING, *layout.columns)}
    return pa.table({CONTROLLER: names, **stored})


def shard_arrays(content: bytes, columns: Sequence[Column], where: str) -> Arrays:
    """Columns of a shard, in the order of its rows; arrays may not be written to.

    Args:
        content: of the file.
        columns: those to read.
        where: the file, for messages.

    Raises:
        FileFormatError: not a shard with these columns.
    """
    pa = arrow()
    try:
        names = [column.name for column in columns]
        table = parquet().read_table(pa.BufferReader(content), columns=names, page_checksum_verification=True)
        return {column.name: _read(column, table.column(column.name)) for column in columns}
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        first = str(error).splitlines()[0]
        raise FileFormatError(f"shard {where}: cannot be read ({first}); {REMEDY}") from error


def _stored(column: Column, values: NDArray[Any]) -> Any:
    pa = arrow()
    values = np.ascontiguousarray(values, dtype=column.dtype)
    if column.storage == "value":
        return pa.array(values)
    if column.storage == "list":
        return pa.FixedSizeListArray.from_arrays(pa.array(values.ravel()), int(np.prod(column.shape)))
    little = values.astype(values.dtype.newbyteorder("<"), copy=False)
    width = little.itemsize * int(np.prod(column.shape))
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), len(little), [None, pa.py_buffer(little)])


def _read(column: Column, chunks: Any) -> NDArray[Any]:
    """A column as an array ``[rows, *shape]``."""
    array = chunks.combine_chunks()
    if hasattr(array, "chunks"):
        array = array.chunk(0)
    rows = len(array)
    if column.storage == "bytes":
        dtype = np.dtype(column.dtype).newbyteorder("<")
        width = dtype.itemsize * int(np.prod(column.shape))
        if array.type.byte_width != width:
            raise ValueError(f"column {column.name} has {array.type.byte_width} bytes a row, expected {width}")
        values = np.frombuffer(
            array.buffers()[1], dtype, offset=array.offset * width, count=rows * width // dtype.itemsize
        )
        return values.astype(column.dtype, copy=False).reshape(rows, *column.shape)
    flat = array.flatten() if column.storage == "list" else array
    return np.asarray(flat.to_numpy(zero_copy_only=False), dtype=column.dtype).reshape(rows, *column.shape)

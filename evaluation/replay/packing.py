"""Arrays and what is said of them as few bytes, which Python and the page read alike.

The bytes are a line that names the format, then a deflated body: the length of a JSON header (four bytes), the header,
and the arrays that it refers to by number. All numbers are little-endian. Arrays that are equal are stored once, so
that recordings of one seed share what their controllers do not change.
"""

import json
import struct
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voltran.envs.errors import FileFormatError

FORMAT = "voltran-replay-1"
REMEDY = "run voltran evaluate again with --resume and the same --out: what is missing or unreadable is recorded anew"
ALIGNMENT = 8  # bytes, so that a browser can look at an array where it lies
_FIRST_LINE = f"{FORMAT}\n".encode()
_FAMILY = FORMAT.rpartition("-")[0].encode()
_LENGTH = struct.Struct("<I")

AnyArray = NDArray[Any]


class ArrayWriter:
    """Collects the arrays that a header refers to."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.body = bytearray()
        self._known: dict[tuple[str, tuple[int, ...], bool, bytes], int] = {}

    def add(self, array: AnyArray, changes: bool = False) -> int:
        """Keep an array; returns its number.

        Args:
            array: integers or floats of up to eight bytes.
            changes: store each row of an integer array as its difference from the one before, which is smaller where
                little changes with time.
        """
        stored = np.diff(array, axis=0, prepend=np.zeros_like(array[:1])) if changes else array
        content = np.ascontiguousarray(stored, stored.dtype.newbyteorder("<")).tobytes()
        kind = stored.dtype.str[1:]
        known = (kind, array.shape, changes, content)
        if known not in self._known:
            self._known[known] = len(self.entries)
            self.body += bytes(-len(self.body) % ALIGNMENT)
            entry = {"type": kind, "shape": list(array.shape), "at": len(self.body), "changes": changes}
            self.entries.append(entry)
            self.body += content
        return self._known[known]


class ArrayReader:
    """The arrays that a header refers to, by number."""

    def __init__(self, entries: list[Mapping[str, Any]], body: bytes) -> None:
        self._entries = entries
        self._body = body

    def __getitem__(self, number: int) -> AnyArray:
        entry = self._entries[number]
        shape, kind = tuple(entry["shape"]), np.dtype(f"<{entry['type']}")
        count = int(np.prod(shape))
        array = np.frombuffer(self._body, kind, count, entry["at"]).reshape(shape).astype(kind.newbyteorder("="))
        return np.cumsum(array, axis=0, dtype=array.dtype) if entry["changes"] else array


def packed(header: Mapping[str, Any], arrays: ArrayWriter) -> bytes:
    """A header and its arrays as bytes.

    Args:
        header: JSON data; not-a-number is None in it.
        arrays: what its numbers refer to.
    """
    text = json.dumps({**header, "arrays": arrays.entries}, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
    head = text.encode("utf-8", "surrogatepass")
    head += b" " * (-(_LENGTH.size + len(head)) % ALIGNMENT)
    return _FIRST_LINE + zlib.compress(_LENGTH.pack(len(head)) + head + bytes(arrays.body), 9)


def unpacked(content: bytes, name: str) -> tuple[dict[str, Any], ArrayReader]:
    """Header and arrays of :func:`packed`.

    Args:
        content: the bytes.
        name: what they are, for messages.

    Raises:
        FileFormatError: no recording, one of another version, or one that was cut or damaged.
    """
    body = inflated(content, name)
    try:
        (length,) = _LENGTH.unpack_from(body)
        header: dict[str, Any] = json.loads(body[_LENGTH.size : _LENGTH.size + length])
        return header, ArrayReader(header["arrays"], body[_LENGTH.size + length :])
    except (struct.error, ValueError, KeyError, TypeError) as error:
        raise damaged(name, error) from error


def is_of_this_version(content: bytes) -> bool:
    """Whether a file says that it is one that :func:`unpacked` reads."""
    return content.startswith(_FIRST_LINE)


def inflated(content: bytes, name: str) -> bytes:
    """The body of :func:`packed`, as the page finds it.

    Raises:
        FileFormatError: as :func:`unpacked`.
    """
    if not is_of_this_version(content):
        raise FileFormatError(f"{name}: {_foreign(content)}; {REMEDY}")
    unpacker = zlib.decompressobj()
    try:
        body = unpacker.decompress(content[len(_FIRST_LINE) :])
    except zlib.error as error:
        raise damaged(name, error) from error
    if not unpacker.eof or unpacker.unused_data:
        raise damaged(name, "its end is missing" if not unpacker.eof else "something follows its end")
    return body


def deflated(content: bytes) -> bytes:
    """The part of :func:`packed` after the line that names the format."""
    return content[len(_FIRST_LINE) :]


def damaged(name: str, why: object) -> FileFormatError:
    """What to raise where a recording cannot be read."""
    return FileFormatError(f"{name}: cut or damaged ({why}); {REMEDY}")


def _foreign(content: bytes) -> str:
    first = content.partition(b"\n")[0]
    if first.startswith(_FAMILY) and len(first) < 2 * len(_FIRST_LINE):
        return f"format = {first.decode(errors='replace')!r}, this version reads {FORMAT!r}"
    return "empty" if not content else "not a recording of an episode"

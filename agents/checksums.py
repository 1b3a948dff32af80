"""Checksums in files of weights: damage is found when a file is read, and files without one can be told.

A checksum stands at the beginning of the header, whose text and all weights it is of.
"""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

BEGIN = '{"checksum":"'
DIGITS = 64
# As it stands in the file, where the header is text in JSON.
IN_FILE = re.compile(rb'\{\\"checksum\\":\\"[0-9a-f]{64}\\",')
LENGTH_BYTES = 8  # of the number in front of the JSON, which is filled up with spaces to a multiple of as many bytes


def checksum(header: str, arrays: Mapping[str, NDArray[Any]]) -> str:
    """SHA-256 of a header and of names, types, shapes and values of all arrays.

    Args:
        header: without a checksum.
        arrays: weights by name.
    """
    digest = hashlib.sha256(header.encode())
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"\n{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.data if array.size else b"")
    return digest.hexdigest()


def with_checksum(header: str, arrays: Mapping[str, NDArray[Any]]) -> str:
    """A header, an object in JSON with something in it, with the checksum in front."""
    return f'{BEGIN}{checksum(header, arrays)}",{header[1:]}'


def without_checksum(header: str) -> tuple[str, str]:
    """A header as it was without its checksum, and the checksum; empty where it has none."""
    end = len(BEGIN) + DIGITS
    if not header.startswith(BEGIN) or header[end : end + 2] != '",':
        return header, ""
    return "{" + header[end + 2 :], header[len(BEGIN) : end]


def bare_content(content: bytes) -> bytes:
    """A file of weights as it was without its checksum; any other content as it is.

    So that what a policy is recognised by does not change when it gets one.
    """
    size = int.from_bytes(content[:LENGTH_BYTES], "little")
    json, weights = content[LENGTH_BYTES : LENGTH_BYTES + size], content[LENGTH_BYTES + size :]
    bare, count = IN_FILE.subn(b"{", json, count=1)
    if not count:
        return content
    bare = bare.rstrip(b" ")
    bare += b" " * (-len(bare) % LENGTH_BYTES)
    return len(bare).to_bytes(LENGTH_BYTES, "little") + bare + weights

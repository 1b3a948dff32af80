"""The one reader of text that users write: UTF-8, or UTF-16 where a file says so, as Windows programs save it."""

import codecs
from pathlib import Path

from voltran.envs.errors import ScenarioError

MEBIBYTE = 2**20
UTF_16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def read_text(path: str | Path, source: str, most_mib: int) -> str:
    """The text of a file, without its byte-order mark.

    Args:
        path: of the file.
        source: what to call it in messages.
        most_mib: larger files are refused, in MiB.

    Raises:
        ScenarioError: no such file, or one that cannot be read, is too large or no text.
    """
    try:
        with open(path, "rb") as stream:
            content = stream.read(most_mib * MEBIBYTE + 1)
    except (OSError, ValueError) as error:  # a path that no file can have is a ValueError
        raise ScenarioError(f"{source}: cannot be read ({getattr(error, 'strerror', None) or error})") from error
    if len(content) > most_mib * MEBIBYTE:
        raise ScenarioError(f"{source}: cannot be read (it has more than {most_mib} MiB); use a smaller file")
    try:
        text = content.decode("utf-16" if content.startswith(UTF_16_MARKS) else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise ScenarioError(f"{source}: cannot be read as text ({error.reason}); save it as UTF-8") from error
    if "\0" in text:  # as in UTF-16 without a mark
        raise ScenarioError(f"{source}: cannot be read as text (it has NUL characters); save it as UTF-8")
    return text

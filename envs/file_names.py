"""Names of files and folders made of anybody's text: every file system takes them, and no two texts share one."""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping

OTHERS = re.compile(r"[^A-Za-z0-9._=-]+")
LONGEST, DIGITS = 120, 8
# What Windows keeps for devices, whatever the ending.
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


def file_name(text: str, longest: int = LONGEST) -> str:
    """A text as the name of a file or a folder.

    What is a name already stays as it is: letters, digits and ``. _ = -``, neither hidden nor reserved nor too long.
    Of anything else the name ends in a digest of the text, so that other texts have other names. They never lead out of
    the folder they stand in.

    Args:
        text: anything, such as the name of a controller.
        longest: characters that the name may have.
    """
    plain = OTHERS.sub("-", text)
    if plain == text and 0 < len(text) <= longest and text[0] not in ".-" and text[-1] != "." and not _reserved(text):
        return text
    start = plain[: longest - DIGITS - 1].strip(".-")
    return f"{'_' if _reserved(start) else ''}{start}-{_digest(text)}".removeprefix("-")


def file_names(wanted: Mapping[str, str], longest: int = LONGEST) -> dict[str, str]:
    """Names for files that lie beside each other, of which no two are the same, whatever a file system thinks of case.

    Args:
        wanted: what is to be named, each once, to the text of its name. Where two texts make one name, both end in a
            digest of what they name.
        longest: characters that a name may have.
    """
    names = {key: file_name(text, longest) for key, text in wanted.items()}
    count = Counter(name.casefold() for name in names.values())
    return {
        key: f"{name[: longest - DIGITS - 1]}-{_digest(key)}" if count[name.casefold()] > 1 else name
        for key, name in names.items()
    }


def _reserved(name: str) -> bool:
    return RESERVED.fullmatch(name) is not None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:DIGITS]

"""What somebody may have meant who wrote a name that nobody has."""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A question to put before the list of what is known; empty where nothing is near.

    Args:
        name: as it was written.
        known: names that there are.
    """
    near = get_close_matches(name, list(known), n=3)
    return f"did you mean {' or '.join(map(repr, near))}? " if near else ""

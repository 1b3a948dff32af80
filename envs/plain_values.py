"""Numbers are numbers and switches are switches: ``true`` is not 1, "12" not 12, "no" not false, and 1e308 nothing."""

from collections.abc import Iterator
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

NUMBERS = frozenset((int, float))
NOTHING = frozenset((type(None),))
LEAST, LARGEST = 1e-30, 1e15  # beyond which products and sums of such numbers overflow, and nothing was measured
SWITCH = frozenset((bool,))


class Disguised:
    """A value that looks like what a field takes, and is another; no field takes it.

    Args:
        value: as it was written.
        remedy: what to say of it.
    """

    def __init__(self, value: Any, remedy: str) -> None:
        self.value, self.remedy = value, remedy

    def __repr__(self) -> str:
        return repr(self.value)


def undisguised(value: Any, annotation: Any) -> Any:
    """The same, with a mark where a text or a switch stands for a number, or something else for a switch.

    Args:
        value: as it was written; lists are looked into.
        annotation: type of the field.
    """
    scalars, item = _accepted(annotation)
    if isinstance(value, list | tuple):
        return value if item is None else type(value)([undisguised(part, item) for part in value])
    remedy = _remedy(value, scalars)
    return Disguised(value, remedy) if remedy else value


def _remedy(value: Any, scalars: frozenset[Any]) -> str:
    """What to say of a single value; nothing where it is what it looks like."""
    takes_numbers = bool(scalars & NUMBERS) and scalars <= NUMBERS | NOTHING
    takes_switches = bool in scalars and scalars <= SWITCH | NOTHING
    if isinstance(value, bool):
        return f"{str(value).lower()} is no number; write one" if takes_numbers else ""
    if isinstance(value, str) and takes_numbers:
        return f"the text {value[:40]!r} is no number; write one, without quotes"
    if isinstance(value, str | int | float) and takes_switches:
        return "write true or false" + (", without quotes" if isinstance(value, str) else "")
    return ""


def require_size(value: Any) -> None:
    """Refuse numbers that formulas overflow with, whatever they are of; tuples are looked into.

    Raises:
        ValueError: names the number.
    """
    if isinstance(value, tuple):
        for part in value:
            require_size(part)
    elif isinstance(value, float) and value != 0.0 and not LEAST <= abs(value) <= LARGEST:
        raise ValueError(f"{value:g} is out of proportion; give 0, or a size from {LEAST:g} to {LARGEST:g}")


@lru_cache(maxsize=4096)
def _accepted(annotation: Any) -> tuple[frozenset[Any], Any]:
    """Types of single values that a field takes, and the annotation of what a list in it holds, where there is one."""
    scalars, items = set(), set()
    for option in _options(annotation):
        origin = get_origin(option)
        if origin is Literal:
            scalars |= {type(choice) for choice in get_args(option)}
        elif origin in (tuple, list):
            items |= {item for item in get_args(option) if item is not Ellipsis}
        else:
            scalars.add(origin or option)
    return frozenset(scalars), items.pop() if len(items) == 1 else None


def _options(annotation: Any) -> Iterator[Any]:
    """The parts of a union, without what qualifies them."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _options(get_args(annotation)[0])
    elif origin in (Union, UnionType):
        for option in get_args(annotation):
            yield from _options(option)
    else:
        yield annotation

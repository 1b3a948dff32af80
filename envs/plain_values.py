"""Numbers are numbers and switches are switches: ``true`` is not 1, "12" is not 12, and "no" is not false."""

from collections.abc import Iterator
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

NUMBERS = frozenset((int, float))
NOTHING = frozenset((type(None),))
SWITCH = frozenset((bool,))


def require_plain(value: Any, annotation: Any) -> None:
    """Refuse a text or a switch where a field takes numbers alone, and numbers or texts where it takes switches alone.

    Args:
        value: as it was written; lists are looked into.
        annotation: type of the field.

    Raises:
        ValueError: says what stands there, and what to write.
    """
    scalars, item = _accepted(annotation)
    if isinstance(value, list | tuple):
        for part in value if item is not None else ():
            require_plain(part, item)
    elif isinstance(value, bool):
        if scalars & NUMBERS and bool not in scalars:
            raise ValueError(f"{str(value).lower()} is no number; write one")
    elif isinstance(value, str):
        if scalars & NUMBERS and scalars <= NUMBERS | NOTHING:
            raise ValueError(f"the text {value[:40]!r} is no number; write one, without quotes")
        if bool in scalars and scalars <= SWITCH | NOTHING:
            raise ValueError("write true or false, without quotes")
    elif isinstance(value, int | float) and bool in scalars and scalars <= SWITCH | NOTHING:
        raise ValueError("write true or false")


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

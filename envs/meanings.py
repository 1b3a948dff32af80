"""What docstrings say of fields and arguments, for those who list them."""

import inspect
import re
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel

from voltran.envs.scenario import Section

ENTRY = re.compile(r"^ {4}(\S.*(?:\n {8}.+)*)", re.MULTILINE)


def field_meanings(model: type[BaseModel]) -> dict[str, str]:
    """Meaning of every field of a settings model, as its docstring says, or that of the class that it has it from."""
    found: dict[str, str] = {}
    for ancestor in reversed(model.__mro__):
        if issubclass(ancestor, Section) and ancestor is not Section:
            found |= entries(ancestor, "Attributes")
    return found


def entries(documented: type | Callable[..., Any], section: str) -> dict[str, str]:
    """Name to meaning in a section of a docstring; empty where there is none.

    Args:
        documented: whose docstring.
        section: ``Attributes`` or ``Args``.
    """
    _, _, after = inspect.cleandoc(documented.__doc__ or "").partition(f"{section}:\n")
    body = re.split(r"^\S", after, maxsplit=1, flags=re.MULTILINE)[0]
    found: dict[str, str] = {}
    for entry in ENTRY.findall(body):
        names, _, meaning = " ".join(entry.split()).replace("``", "`").partition(": ")
        found |= dict.fromkeys(names.split(", "), meaning)
    return found


def summary(documented: object) -> str:
    """The first sentences of a docstring, in one line, without where they come from."""
    first = inspect.cleandoc(getattr(documented, "__doc__", None) or "").partition("\n\n")[0]
    return " ".join(first.split()).partition(" Source:")[0].replace("``", "")

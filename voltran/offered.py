"""What a package offers by name, each loaded with its part of the package when it is first used."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def offered(package: str, homes: Mapping[str, str]) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """The package's ``__getattr__`` and ``__dir__``.

    Args:
        package: its name; its ``__all__`` says what it offers.
        homes: name to the module that it is from; what is offered beside these is a module of the package.
    """

    def find(name: str) -> Any:
        here = vars(import_module(package))
        if name not in here["__all__"]:
            offer = ", ".join(here["__all__"]) or "nothing"
            raise AttributeError(f"module {package!r} has no attribute {name!r}; it offers {offer}")
        if name not in homes:
            return import_module(f"{package}.{name}")
        here[name] = found = getattr(import_module(homes[name]), name)
        return found

    def names() -> list[str]:
        here = vars(import_module(package))
        return sorted({*here, *here["__all__"]})

    return find, names

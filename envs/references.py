"""``module:attribute``: how anything of one's own is named wherever a name stands."""

import re
from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.metadata import EntryPoint
from typing import Any

from voltran.envs.errors import ScenarioError

REFERENCE = re.compile(r"[A-Za-z_]\w*(\.\w+)*:[A-Za-z_]\w*(\.\w+)*")


def is_reference(text: str) -> bool:
    """Whether a text has the form ``module:attribute``."""
    return REFERENCE.fullmatch(text) is not None


def resolve(reference: str, what: str) -> Any:
    """What a reference names; the module is imported.

    Args:
        reference: ``module:attribute``; the attribute may be one of an attribute, as in ``module:Class.method``.
        what: it is wanted for, in messages, such as "reward".

    Raises:
        ScenarioError: not of this form, a module that cannot be imported, or without that attribute.
    """
    if not is_reference(reference):
        raise ScenarioError(f"{what} {reference!r}: write it as module:attribute, such as my_package.my_module:name")
    module, _, attribute = reference.partition(":")
    try:
        value: Any = import_module(module)
    except (Exception, SystemExit) as error:
        # whatever the user's module does on its way is the user's to mend
        raise ScenarioError(
            f"{what} {reference!r}: module {module} cannot be imported ({type(error).__name__}: {error}); "
            f"{_remedy(module, error)}"
        ) from error
    for part in attribute.split("."):
        if not hasattr(value, part):
            raise ScenarioError(f"{what} {reference!r}: {module} has no {attribute!r}; name something that it defines")
        value = getattr(value, part)
    return value


def resolve_entry_point(point: EntryPoint, what: str) -> Any:
    """What an entry point of an installed package names, whichever extras it asks for.

    Raises:
        ScenarioError: as :func:`resolve`.
    """
    return resolve(point.value.partition("[")[0].strip(), what)


def register_offered(
    points: Iterable[EntryPoint], group: str, register: Callable[[str, Any], object]
) -> dict[str, str]:
    """Register what installed packages offer, one by one, whatever becomes of the others.

    Args:
        points: their entry points.
        group: of the entry points, for messages.
        register: takes the name of an entry point, and what it names.

    Returns:
        Entry points that cannot be used -> why.
    """
    broken: dict[str, str] = {}
    for point in points:
        place = f"entry point {point.name} of {group}"
        try:
            register(point.name, resolve_entry_point(point, place))
        except ScenarioError as error:
            problem = str(error)
            broken[point.name] = problem if place in problem else f"{place}: {problem}"
    return broken


def _remedy(module: str, error: BaseException) -> str:
    """What to do about a module that cannot be imported: it is not found, or what it needs is not, or it is broken."""
    missing = error.name if isinstance(error, ModuleNotFoundError) else None
    if missing is None:
        return f"mend {module}"
    if module.endswith(".py") and f"{module}.".startswith(f"{missing}."):
        return f"name the module without .py, as {module.removesuffix('.py')}"
    if f"{module}.".startswith(f"{missing}."):
        return "run Python where it can be found, or install it"
    return f"install {missing.partition('.')[0]}, or mend {module}"

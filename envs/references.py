"""``module:attribute``: how anything of one's own is named wherever a name stands."""

import re
from importlib import import_module
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
    except Exception as error:
        # whatever the user's module does on its way is the user's to mend
        raise ScenarioError(
            f"{what} {reference!r}: module {module} cannot be imported ({type(error).__name__}: {error}); run Python "
            "where it can be found, or install it"
        ) from error
    for part in attribute.split("."):
        if not hasattr(value, part):
            raise ScenarioError(f"{what} {reference!r}: {module} has no {attribute!r}; name something that it defines")
        value = getattr(value, part)
    return value

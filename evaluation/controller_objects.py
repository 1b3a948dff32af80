"""Controllers as programs give them: references, objects and classes, one after another."""

import copy
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

from voltran.envs.controller import Controller, name_of, named_errors
from voltran.envs.errors import ScenarioError
from voltran.evaluation.controller_spec import ControllerSpec, parse_controllers

Entry: TypeAlias = str | ControllerSpec | Controller | Callable[[], Controller]


def controller_specs(controllers: Entry | Sequence[Entry]) -> list[ControllerSpec]:
    """Controllers that worker processes can build for themselves.

    Args:
        controllers: references as on the command line, several of which may share a text; controllers, of which every
            episode plays a copy; classes or functions that make one without arguments; or what this function gives.

    Returns:
        One entry per controller, in the order given.

    Raises:
        ScenarioError: see :func:`parse_controllers`, or something that is no controller.
        PartError: a class or function that raises.
    """
    entries = list(controllers) if isinstance(controllers, list | tuple) else [controllers]
    if all(isinstance(entry, str) for entry in entries):
        return parse_controllers(map(str, entries))  # together, so that labels tell them apart
    return [
        spec for entry in entries for spec in (parse_controllers(entry) if isinstance(entry, str) else [_spec(entry)])
    ]


def _spec(entry: Any) -> ControllerSpec:
    if isinstance(entry, ControllerSpec):
        return entry
    if isinstance(entry, Controller) and not isinstance(entry, type):
        kind = type(entry)
        return ControllerSpec(name_of(entry), partial(copy.deepcopy, entry), {"object": _name(kind)})
    if not callable(entry):
        raise ScenarioError(f"controller {entry!r}: has no reset and act; give a reference, a controller or its class")
    with named_errors(f"controller {entry!r}: building it without arguments"):
        made = entry()
    if not isinstance(made, Controller):
        raise ScenarioError(f"controller {entry!r}: makes {made!r}, which has no reset and act")
    return ControllerSpec(name_of(made), entry, {"builder": _name(entry)})


def _name(value: Any) -> str:
    return f"{value.__module__}:{value.__qualname__}"

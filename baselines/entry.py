"""What is known of a controller that has a name: how it is built, its options, and the worlds that it plays."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from voltran.envs.controller import Controller
from voltran.envs.errors import ScenarioError
from voltran.envs.plain_values import LARGEST
from voltran.envs.scenario import Section
from voltran.envs.seeds import SEED_LIMIT

WHOLE = (int, "int")
NUMBERS = (*WHOLE, float, "float")
SWITCHES = (bool, "bool")
MANY = inspect.Parameter.VAR_KEYWORD
LISTED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


class Entry(NamedTuple):
    """How a controller is built, and what options it has.

    Attributes:
        build: makes it from options: its class, or a function.
        settings: model whose fields are its options, and which it checks; None where they are the parameters of
            ``build``.
        worlds: names of the worlds that it plays; empty for any.
    """

    build: Callable[..., Controller]
    settings: type[Section] | None = None
    worlds: tuple[str, ...] = ()

    @property
    def options(self) -> list[str]:
        """Names of its options."""
        return list(_parameters(self.build) if self.settings is None else self.settings.model_fields)

    def make(self, name: str, options: Mapping[str, Any]) -> Controller:
        """Build the controller.

        Args:
            name: what it is called in messages.
            options: name to value.

        Raises:
            ScenarioError: an option that is unknown, missing or of the wrong type, or what is built is no controller.
        """
        self._check_names(name, options)
        if self.settings is None:
            _check_types(name, _parameters(self.build), options)
        return require_controller(self.build(**options), name)

    def _check_names(self, name: str, options: Mapping[str, Any]) -> None:
        known = self.options
        takes_more = self.settings is None and any(p.kind is MANY for p in _signature(self.build).values())
        for option in options:
            if option not in known and not takes_more:
                raise ScenarioError(
                    f"controller {name!r} has no option {option!r}; its options: {', '.join(known) or 'none'}"
                )


def require_controller(built: Any, name: str) -> Controller:
    """What was built, if it is a controller.

    Raises:
        ScenarioError: it lacks ``reset`` or ``act``, or they do not take a world.
    """
    _check_methods(built, name, what=f"an object of type {type(built).__name__}")
    controller: Controller = built
    return controller


def require_controller_class(kind: type, name: str) -> None:
    """Make sure that objects of a class would be controllers, before one is built.

    Raises:
        ScenarioError: it lacks ``reset`` or ``act``.
    """
    _require_methods(kind, name, f"class {kind.__name__}")


def _check_methods(built: Any, name: str, what: str) -> None:
    _require_methods(built, name, what)
    for method in ("reset", "act"):
        try:
            signature = inspect.signature(getattr(built, method))
        except (TypeError, ValueError):
            continue  # a compiled one, which says nothing of what it takes
        try:
            signature.bind("world")
        except TypeError as error:
            raise ScenarioError(
                f"controller {name!r}: {method}{signature} cannot be called with a world ({error}); define "
                f"{method}(self, world)"
            ) from error


def _require_methods(value: Any, name: str, what: str) -> None:
    lacking = [method for method in ("reset", "act") if not callable(getattr(value, method, None))]
    if lacking:
        raise ScenarioError(
            f"controller {name!r}: {what} has no method {' and no '.join(lacking)}; a controller is a class with "
            "reset(self, world) and act(self, world)"
        )


def _signature(build: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(build).parameters
    except (TypeError, ValueError):
        return {}


def _parameters(build: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """What can be given by name."""
    return {name: parameter for name, parameter in _signature(build).items() if parameter.kind in LISTED}


def _check_types(name: str, parameters: Mapping[str, inspect.Parameter], options: Mapping[str, Any]) -> None:
    """Numbers and switches must be such where a parameter is declared as one; the rest is for the builder to check."""
    for option, parameter in parameters.items():
        if option not in options:
            if parameter.default is parameter.empty:
                raise ScenarioError(f"controller {name!r} needs the option {option!r}; write {name}:{option}=VALUE")
            continue
        value = options[option]
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        largest = SEED_LIMIT if isinstance(value, int) else LARGEST
        if parameter.annotation in NUMBERS and not (is_number and abs(value) <= largest):
            raise ScenarioError(f"controller {name!r}: option {option} = {value!r} must be a number up to {largest:g}")
        if parameter.annotation in WHOLE and value != int(value):
            raise ScenarioError(f"controller {name!r}: option {option} = {value!r} must be a whole number")
        if parameter.annotation in SWITCHES and not isinstance(value, bool):
            raise ScenarioError(f"controller {name!r}: option {option} = {value!r} must be true or false")

"""Controllers by name: ``make("rotating-sleep", keep_helper=3)``."""

import difflib
import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

from voltran.baselines.msrc.controller import VARIANTS, Msrc
from voltran.baselines.msrc.settings import PlannerSettings
from voltran.baselines.rules import Random, RotatingSleep, carrier_shutdown, independent, static, static_v2g
from voltran.envs.controller import Controller
from voltran.envs.errors import ScenarioError

CONTROLLERS: dict[str, Callable[..., Controller]] = {
    "independent": independent,
    "static": static,
    "static-v2g": static_v2g,
    "carrier-shutdown": carrier_shutdown,
    "rotating-sleep": RotatingSleep,
    "random": Random,
    **{name: partial(Msrc, name, **settings) for name, settings in VARIANTS.items()},
}


def names() -> list[str]:
    """Names of all controllers."""
    return list(CONTROLLERS)


def make(name: str, **options: Any) -> Controller:
    """Build a controller.

    Args:
        name: one of :func:`names`.
        **options: what its class takes; for the planners, fields of their settings.

    Raises:
        ScenarioError: unknown name or option, or an option of the wrong type.
    """
    if name not in CONTROLLERS:
        close = difflib.get_close_matches(name, CONTROLLERS, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise ScenarioError(f"unknown controller {name!r}: {hint}known controllers: {', '.join(CONTROLLERS)}")
    build = CONTROLLERS[name]
    planner = isinstance(build, partial)
    known = list(PlannerSettings.model_fields) if planner else list(inspect.signature(build).parameters)
    for option, value in options.items():
        if option not in known:
            listed = ", ".join(known) or "none"
            raise ScenarioError(f"controller {name!r} has no option {option!r}; its options: {listed}")
        if not planner and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise ScenarioError(f"controller {name!r}: option {option} = {value!r} must be a number")
    return build(**options)

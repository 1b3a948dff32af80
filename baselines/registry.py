"""Controllers by name: ``make("rotating-sleep", keep_helper=3)``."""

import difflib
import inspect
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from voltran.baselines import market
from voltran.baselines.hindsight import HindsightRules
from voltran.baselines.msrc.controller import VARIANTS, Msrc
from voltran.baselines.msrc.settings import PlannerSettings
from voltran.baselines.rules import Random, RotatingSleep, carrier_shutdown, independent, static, static_v2g
from voltran.baselines.trimsm import uplink_controller
from voltran.baselines.trimsm.outage_controller import TrimsmOutage
from voltran.baselines.trimsm.outage_settings import TrimsmSettings
from voltran.envs.controller import Controller
from voltran.envs.errors import ScenarioError
from voltran.envs.scenario import Section


class Entry(NamedTuple):
    """How a controller is built, and what options it has.

    Attributes:
        build: makes it from options.
        settings: model whose fields are its options, and which it checks; None where its options are the parameters of
            ``build``, all of them numbers.
    """

    build: Callable[..., Controller]
    settings: type[Section] | None = None

    @property
    def options(self) -> list[str]:
        """Names of its options."""
        return list(inspect.signature(self.build).parameters if self.settings is None else self.settings.model_fields)


# of sites in an outage; some of them play other worlds, too
OUTAGE_CONTROLLERS: dict[str, Entry] = {
    "independent": Entry(independent),
    "static": Entry(static),
    "static-v2g": Entry(static_v2g),
    "carrier-shutdown": Entry(carrier_shutdown),
    "rotating-sleep": Entry(RotatingSleep),
    "hindsight-rules": Entry(HindsightRules),
    "random": Entry(Random),
    **{name: Entry(partial(Msrc, name, **changed), PlannerSettings) for name, changed in VARIANTS.items()},
    "trimsm": Entry(TrimsmOutage, TrimsmSettings),
}
CONTROLLERS: dict[str, Entry] = {
    **OUTAGE_CONTROLLERS,
    **{name: Entry(build, settings) for name, (build, settings) in uplink_controller.CONTROLLERS.items()},
    **{name: Entry(build, settings) for name, (build, settings) in market.CONTROLLERS.items()},
}


def names() -> list[str]:
    """Names of all controllers."""
    return list(CONTROLLERS)


def make(name: str, **options: Any) -> Controller:
    """Build a controller.

    Args:
        name: one of :func:`names`.
        **options: what its class takes; for planners, fields of their settings.

    Raises:
        ScenarioError: unknown name or option, or an option of the wrong type.
    """
    if name not in CONTROLLERS:
        close = difflib.get_close_matches(name, CONTROLLERS, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise ScenarioError(f"unknown controller {name!r}: {hint}known controllers: {', '.join(CONTROLLERS)}")
    entry = CONTROLLERS[name]
    for option, value in options.items():
        if option not in entry.options:
            listed = ", ".join(entry.options) or "none"
            raise ScenarioError(f"controller {name!r} has no option {option!r}; its options: {listed}")
        if entry.settings is None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise ScenarioError(f"controller {name!r}: option {option} = {value!r} must be a number")
    return entry.build(**options)

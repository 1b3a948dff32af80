"""Controllers by name: ``make("rotating-sleep", keep_helper=3)``; those of this folder, and anybody's.

An installed package offers one by an entry point of the group ``voltran.controllers``; a script by
:func:`register_controller`; and any class or function can be named as ``module:attribute``.
"""

import inspect
from collections.abc import Callable, Sequence
from functools import cache, partial
from importlib.metadata import entry_points
from typing import Any

from voltran.baselines import collective, market
from voltran.baselines.entry import Entry, require_controller_class
from voltran.baselines.hindsight import HindsightRules
from voltran.baselines.msrc.controller import VARIANTS, Msrc
from voltran.baselines.msrc.settings import PlannerSettings
from voltran.baselines.rules import Random, RotatingSleep, carrier_shutdown, independent, static, static_v2g
from voltran.baselines.trimsm import uplink_controller
from voltran.baselines.trimsm.outage_controller import TrimsmOutage
from voltran.baselines.trimsm.outage_settings import TrimsmSettings
from voltran.envs.controller import Controller
from voltran.envs.errors import ScenarioError, VoltranError
from voltran.envs.nearest import did_you_mean
from voltran.envs.references import is_reference, register_offered, resolve
from voltran.envs.scenario import Section

ENTRY_POINTS = "voltran.controllers"
OUTAGES = ("blackout_v0", "brownout_v0")  # in the second, their sites buy as they did before, or nothing

CONTROLLERS: dict[str, Entry] = {
    "independent": Entry(independent, None, OUTAGES),
    "static": Entry(static, None, OUTAGES),
    "static-v2g": Entry(static_v2g, None, OUTAGES),
    "carrier-shutdown": Entry(carrier_shutdown, None, OUTAGES),
    "rotating-sleep": Entry(RotatingSleep, None, OUTAGES),
    "hindsight-rules": Entry(HindsightRules, None, OUTAGES),
    "random": Entry(Random),
    **{name: Entry(partial(Msrc, name, **changed), PlannerSettings, OUTAGES) for name, changed in VARIANTS.items()},
    "trimsm": Entry(TrimsmOutage, TrimsmSettings, OUTAGES),
    **uplink_controller.CONTROLLERS,
    **market.CONTROLLERS,
    **collective.CONTROLLERS,
}
_SHIPPED = frozenset(CONTROLLERS)
_BROKEN: dict[str, str] = {}  # entry point that cannot be used -> why


def register_controller(
    name: str,
    build: Callable[..., Controller],
    settings: type[Section] | None = None,
    worlds: Sequence[str] = (),
) -> None:
    """Make a controller known by its name, wherever this process and its workers read names.

    Args:
        name: as written on command lines: letters, digits, dashes, underscores and dots.
        build: its class, or a function that returns one; options are its keyword arguments. Workers import it, so
            define it by name in a module.
        settings: model whose fields are its options, where the builder takes them all as ``**settings``.
        worlds: names of the worlds that it plays; empty for any.

    Raises:
        ScenarioError: a name that cannot be written or is another controller's, or something that builds none.
    """
    _check_name(name)
    if isinstance(worlds, str):
        raise ScenarioError(f"controller {name!r}: worlds = {worlds!r}: give a list, such as [{worlds!r}]")
    entry = Entry(build, settings, tuple(worlds))
    if CONTROLLERS.get(name, entry) != entry:
        raise ScenarioError(f"controller {name!r} is registered already, as {CONTROLLERS[name].build}; choose another")
    _check_builder(name, build)
    CONTROLLERS[name] = entry


def names(world: str | None = None) -> list[str]:
    """Names of all controllers, or of those that play a world.

    Args:
        world: name of the world, such as ``blackout_v0``.
    """
    _discover_installed()
    return [name for name, entry in CONTROLLERS.items() if world is None or not entry.worlds or world in entry.worlds]


def make(name: str, **options: Any) -> Controller:
    """Build a controller.

    Args:
        name: one of :func:`names`, or ``module:attribute`` of a class, or of a function that returns a controller.
        **options: what its class or function takes; for planners, fields of their settings.

    Raises:
        ScenarioError: unknown name or option, an option of the wrong type, or what is named is no controller.
    """
    try:
        return entry_of(name).make(name, options)
    except VoltranError:
        raise
    except (Exception, SystemExit) as error:
        if name in _SHIPPED:
            raise
        # whatever a class of the user's raises on its way is the user's to mend
        raise ScenarioError(
            f"controller {name!r} cannot be built from {options or 'no options'} ({type(error).__name__}: {error}); "
            "change its options, or mend it"
        ) from error


def entry_of(name: str) -> Entry:
    """What is known of a controller.

    Args:
        name: as in :func:`make`.

    Raises:
        ScenarioError: unknown, or it builds no controllers.
    """
    if is_reference(name):
        build = resolve(name, "controller")
        _check_builder(name, build)
        return Entry(build)
    if name not in CONTROLLERS:
        _discover_installed()
    if name not in CONTROLLERS:
        hint = did_you_mean(name, CONTROLLERS)
        broken = "".join(f"; {problem}" for problem in _BROKEN.values())
        raise ScenarioError(f"unknown controller {name!r}: {hint}known controllers: {', '.join(CONTROLLERS)}{broken}")
    return CONTROLLERS[name]


def entries_to_carry() -> dict[str, Entry]:
    """All that other processes may not find, by name."""
    return {name: entry for name, entry in CONTROLLERS.items() if name not in _SHIPPED}


def broken_entry_points() -> dict[str, str]:
    """Entry points of installed packages that offer no controller, and why."""
    _discover_installed()
    return dict(_BROKEN)


def _check_name(name: object) -> None:
    if (
        not isinstance(name, str)
        or not name
        or not all(part.isalnum() for part in name.replace("-", "_").replace(".", "_").split("_"))
    ):
        raise ScenarioError(
            f"controller {name!r}: not a name that can be written on a command line; use letters, digits, dashes, "
            "underscores and dots, such as my-rule"
        )


def _check_builder(name: str, build: Any) -> None:
    if inspect.isclass(build):
        require_controller_class(build, name)
    elif not callable(build):
        raise ScenarioError(
            f"controller {name!r}: an object of type {type(build).__name__} builds no controllers; name a class, or a "
            "function that returns one"
        )


@cache
def _discover_installed() -> None:
    """Register the controllers of installed packages; one that fails is named whenever a controller is not found."""
    _BROKEN.update(register_offered(entry_points(group=ENTRY_POINTS), ENTRY_POINTS, register_controller))

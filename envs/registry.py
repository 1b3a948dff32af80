"""The worlds that there are, by name: those in this folder, those of installed packages, and whatever is registered.

A world is a folder with a ``WORLD`` in its ``__init__.py``. An installed package offers one by an entry point of the
group ``voltran.worlds``; a script by :func:`register_world`; and a scenario may name its own, as ``world:
my_package.my_world:WORLD``.
"""

import pkgutil
import re
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import gymnasium
import pettingzoo
from gymnasium.envs.registration import parse_env_id

from voltran.envs.errors import ScenarioError
from voltran.envs.references import is_reference, register_offered, resolve
from voltran.envs.scenario import apply_overrides, read_scenario
from voltran.envs.world import World
from voltran.envs.world_spec import WorldSpec

ENTRY_POINTS = "voltran.worlds"
DECLARATION = "WORLD"
NAME = re.compile(r"\w+")

_SPECS: dict[str, WorldSpec] = {}
_OWN: set[str] = set()  # names of the worlds of this folder
_BROKEN: dict[str, str] = {}  # entry point that cannot be used -> why


def register_world(spec: WorldSpec) -> WorldSpec:
    """Make a world known by its name, to this process, and to Gymnasium's and PettingZoo's registries.

    Returns:
        The declaration, so that one can write ``WORLD = register_world(WorldSpec(...))``.

    Raises:
        ScenarioError: not a declaration, a name or Gymnasium id that is none, or another world has one of them.
    """
    if not isinstance(spec, WorldSpec):
        raise ScenarioError(f"world {spec!r}: must be a WorldSpec, the declaration of a world")
    earlier = _SPECS.get(spec.name)
    if earlier is not None and earlier != spec:
        raise ScenarioError(
            f"world {spec.name!r} is registered already, as {earlier.world}; give {spec.world} another name or version"
        )
    if earlier is None:
        _check_names(spec)
        _register_elsewhere(spec)
        _SPECS[spec.name] = spec
    return spec


def world_specs() -> tuple[WorldSpec, ...]:
    """Declarations of all worlds that can be found by name."""
    _discover_installed()
    return tuple(_SPECS.values())


def worlds_to_carry() -> tuple[WorldSpec, ...]:
    """Declarations of worlds that other processes may not find: all that are not of this folder."""
    return tuple(spec for spec in _SPECS.values() if spec.name not in _OWN)


def world_spec(name: str) -> WorldSpec:
    """Declaration of a world.

    Args:
        name: its name, or ``module:attribute`` of its declaration.

    Raises:
        ScenarioError: no such world.
    """
    if is_reference(name):
        return register_world(resolve(name, "world"))
    if name not in _SPECS:
        _discover_installed()
    if name not in _SPECS:
        broken = "".join(f"; {problem}" for problem in _BROKEN.values())
        raise ScenarioError(f"world = {name!r} is unknown; known worlds: {', '.join(_SPECS)}{broken}")
    return _SPECS[name]


def broken_entry_points() -> dict[str, str]:
    """Entry points of installed packages that offer no world, and why."""
    _discover_installed()
    return dict(_BROKEN)


def spec_of_scenario(scenario: str | Path) -> WorldSpec:
    """Declaration of the world that a scenario is played in.

    Raises:
        ScenarioError: unknown scenario or world.
    """
    return _spec_named(scenario, read_scenario(scenario))


def evaluation_overrides(scenario: str | Path) -> dict[str, Any]:
    """Scenario keys, and their values, under which a scenario is evaluated; none for a world that nobody declares.

    Raises:
        ScenarioError: unknown scenario.
    """
    data = read_scenario(scenario)
    try:
        return dict(_spec_named(scenario, data).evaluation_overrides)
    except ScenarioError:
        return {}  # whoever builds the world says what is unknown


def make_world(
    scenario: str | Path,
    n_worlds: int = 1,
    overrides: Mapping[str, Any] | None = None,
    **options: Any,
) -> World:
    """Build a batch of worlds from a scenario.

    Args:
        scenario: name of a shipped scenario, or path of a YAML file.
        n_worlds: batch size ``B``.
        overrides: dotted scenario keys and their values, for example ``{"radio.r_exp_m": 800}``.
        **options: what the world's class takes, for example ``action_set="extended"``, ``reward="local"``.

    Raises:
        ScenarioError: unknown scenario, world, key or option, or a value out of range.
    """
    data = apply_overrides(read_scenario(scenario), overrides or {})
    spec = _spec_named(scenario, data)
    return spec.build({**data, "world": spec.name}, n_worlds, options)


def register_own_worlds() -> None:
    """Register the worlds of this folder; nothing is built, and little imported, for it."""
    package = import_module("voltran.envs")
    for module in pkgutil.iter_modules(package.__path__):
        if module.ispkg:
            spec = getattr(import_module(f"{package.__name__}.{module.name}"), DECLARATION, None)
            if spec is not None:
                _OWN.add(register_world(spec).name)


def _spec_named(scenario: str | Path, data: Mapping[str, Any]) -> WorldSpec:
    if data.get("world") is None:
        _discover_installed()
        raise ScenarioError(f"scenario {scenario}: names no world; write one, such as world: {', '.join(_SPECS)}")
    try:
        return world_spec(str(data["world"]))
    except ScenarioError as error:
        raise ScenarioError(f"scenario {scenario}: {error}") from error


@cache
def _discover_installed() -> None:
    """Register the worlds of installed packages; one that fails is named whenever a world is not found."""
    points = entry_points(group=ENTRY_POINTS)
    _BROKEN.update(register_offered(points, ENTRY_POINTS, lambda _, spec: register_world(spec)))


def _check_names(spec: WorldSpec) -> None:
    """Make sure that a new world's names can be written, and are nobody else's."""
    if not NAME.fullmatch(str(spec.name)):
        raise ScenarioError(f"world {spec.name!r}: a name is letters, digits and underscores, such as my_world_v0")
    try:
        parse_env_id(str(spec.gymnasium_id))
    except gymnasium.error.Error as error:
        raise ScenarioError(
            f"world {spec.name!r}: gymnasium_id = {spec.gymnasium_id!r}: must be of the form mine/MyWorld-v0"
        ) from error
    if spec.gymnasium_id in gymnasium.registry:
        raise ScenarioError(
            f"world {spec.name!r}: gymnasium_id = {spec.gymnasium_id!r} is another environment's; choose another"
        )


def _register_elsewhere(spec: WorldSpec) -> None:
    """The central face with Gymnasium and, from PettingZoo 1.27 on, the others with it."""
    functions, name = "voltran.envs.environment_functions", f"voltran/{spec.name}"
    entry_point, keywords = f"{functions}:make_face", {"world": spec.name}
    gymnasium.register(
        spec.gymnasium_id,
        entry_point=entry_point,
        vector_entry_point=f"{functions}:make_gymnasium_vector",
        order_enforce=False,  # the face does it, with the errors of all faces
        kwargs={**keywords, "face": "central"},
    )
    if hasattr(pettingzoo, "register"):
        for face in ("parallel", "aec"):
            pettingzoo.register(face, name, entry_point=entry_point, kwargs={**keywords, "face": face})

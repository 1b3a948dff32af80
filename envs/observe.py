"""The option ``observe`` of worlds: which fields agents observe, by name, by reference, or as :class:`Field` itself."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from voltran.envs.errors import ScenarioError
from voltran.envs.fields import Field
from voltran.envs.observations import Observation
from voltran.envs.references import is_reference, resolve

DEFAULT = "default"
Observe = str | Field | Sequence[Any] | Mapping[str, Any] | None


def role_observations(
    world: str,
    counts: Mapping[str, int],
    defaults: Mapping[str, Sequence[Field]],
    observe: Observe = None,
    dimensions: Mapping[str, int] | None = None,
) -> dict[str, Observation]:
    """What each role of a world observes.

    Args:
        world: its name, such as ``blackout_v0``.
        counts: role -> number of its agents, the first role first.
        defaults: role -> its built-in fields.
        observe: names of built-in fields, ``default`` for all of them, references ``module:attribute`` of a
            :class:`Field` or of several, and such fields themselves: of the world's first role, or role -> such a list.
            A name that several fields have is told apart by whom they tell of, as in ``neighbours.alive``.
        dimensions: names and numbers that fields may refer to.

    Raises:
        ScenarioError: an unknown role, field, reference or dimension, or a field that stands twice.
    """
    chosen = _by_role(observe, list(counts))
    observations = {}
    for role, count in counts.items():
        built_in = tuple(defaults[role])
        fields = tuple(_fields(chosen[role], role, built_in)) if role in chosen else built_in
        prefix = f"{re.sub(r'_v[0-9]+$', '', world)}-{role}"
        observations[role] = Observation(role, count, fields, dimensions, built_in, prefix)
    return observations


def _by_role(observe: Observe, roles: Sequence[str]) -> dict[str, Any]:
    if observe is None:
        return {}
    if not isinstance(observe, Mapping):
        return {roles[0]: observe}
    for role in observe:
        if role not in roles:
            raise ScenarioError(f"observe: no role {role!r}; roles are {', '.join(roles)}")
    return dict(observe)


def _fields(chosen: Any, role: str, built_in: tuple[Field, ...]) -> Iterator[Field]:
    """Fields that an entry of ``observe`` stands for."""
    if isinstance(chosen, Field):
        yield chosen
    elif isinstance(chosen, list | tuple):
        for part in chosen:
            yield from _fields(part, role, built_in)
    elif not isinstance(chosen, str):
        raise ScenarioError(
            f"observe: {chosen!r} is no field; give a Field, the name of a built-in one, default, or module:attribute"
        )
    elif chosen == DEFAULT:
        yield from built_in
    elif is_reference(chosen):
        yield from _of_user(resolve(chosen, "observe"), chosen)
    else:
        yield _named(chosen, role, built_in)


def _of_user(value: Any, reference: str) -> Sequence[Field]:
    fields = value if isinstance(value, list | tuple) else [value]
    if not all(isinstance(field, Field) for field in fields):
        raise ScenarioError(f"observe: {reference} is {value!r}; it must be a Field, or a list of them")
    return fields


def _named(name: str, role: str, built_in: tuple[Field, ...]) -> Field:
    fields = [field for field in built_in if name in (field.name, field.qualified_name)]
    if len(fields) == 1:
        return fields[0]
    if fields:
        several = ", ".join(field.qualified_name for field in fields)
        raise ScenarioError(f"observe: role {role} has several fields {name!r}; use one of {several}")
    known = ", ".join(field.name for field in built_in)
    raise ScenarioError(f"observe: role {role} has no field {name!r}; its fields: {known}; or give module:attribute")

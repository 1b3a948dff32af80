"""Observations made of fields: what an agent sees is a list of quantities, each with its unit, range and meaning.

A field of one's own joins those of a world, by itself or by its reference::

    from voltran.envs.fields import Field

    reserve = Field("reserve", "kWh", 0, 12, "world.usable_kwh")
    env = blackout_v0.parallel_env(observe=["default", reserve])
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from voltran.envs.errors import PartError, ScenarioError
from voltran.envs.fields import Field
from voltran.envs.world import ActionSpace, Role, Sight
from voltran.physics.arrays import Float32Array, FloatArray


class View:
    """What fields are computed from at one moment; a world's own view adds what several of its fields need.

    Attributes:
        world: the world, with its public properties.
    """

    def __init__(self, world: Any) -> None:
        self.world = world


class Observation:
    """What the agents of one role observe: fields one after the other, in one vector per agent.

    Fields in a row that stand as many ``times`` take turns: all fields of the first neighbour, then of the second.

    Args:
        role: name of the role.
        count: number of its agents ``n``.
        fields: what they observe.
        dimensions: names and numbers that fields may refer to in ``size`` and ``times``.
        built_in: fields that need no checks.
        prefix: beginning of the version.

    Attributes:
        fields: as given, with numbers for sizes.
        space: of one agent's vector.
        low, high: its bounds, ``[F]``.
        version: changes with the fields' names, units, sizes, scales, bounds and order.
        sees: of whom the fields tell.
        lines: the fields as texts, for the ``meaning`` of a :class:`~voltran.envs.world.Role`.

    Raises:
        ScenarioError: no fields, two of one name, or an unknown dimension.
    """

    def __init__(
        self,
        role: str,
        count: int,
        fields: Sequence[Field],
        dimensions: Mapping[str, int] | None = None,
        built_in: Sequence[Field] = (),
        prefix: str = "",
    ) -> None:
        _require_distinct(role, fields)
        self.role, self.count = role, count
        self.fields = tuple(field.in_numbers(dimensions or {}) for field in fields)
        self._runs = _runs(self.fields, [field not in built_in for field in fields])
        self._strict = [(run, place) for run, places in self._runs for place in places if place.is_strict]
        order = [place.field for run, places in self._runs for place in places * run.times]
        self.low, self.high, self._scale = _limits(order)
        self.space = spaces.Box(self.low, self.high, dtype=np.float32)
        self.version = f"{prefix or role}-{_digest(self.fields)}"
        self.sees: tuple[Sight, ...] = tuple(dict.fromkeys(field.sees for field in self.fields))
        self.lines = [_line(field) for field in self.fields]

    def __call__(self, view: View) -> Float32Array:
        """Vectors ``[B, n, F]`` at the moment of a view.

        Raises:
            PartError: a field of the user's raises, or gives another shape, or something out of its range.
        """
        vector = np.empty((view.world.n_worlds, self.count, self.low.size))
        for run, places in self._runs:
            block = run.of(vector)
            for place in places:
                values = self._checked(place.field, view) if place.check else np.asarray(place.compute(view))
                place.put(block, values)
        np.divide(vector, self._scale, out=vector)
        observed = vector.astype(np.float32)
        for run, place in self._strict:
            self._require_range(place, run.of(observed)[place.within])
        return np.asarray(np.clip(observed, self.low, self.high, out=observed))

    def entries(self) -> list[tuple[Field, list[int]]]:
        """The fields, and the places of each one's entries in a vector."""
        return [
            (place.field, run.of(np.arange(self.low.size)[None, None])[place.within].ravel().tolist())
            for run, places in self._runs
            for place in places
        ]

    def as_role(self, action_space: ActionSpace, action_version: str, meaning: Mapping[str, Any]) -> Role:
        """The role of these agents; ``meaning`` tells what else its policies are tied to."""
        described = {**meaning, "features": self.lines}
        return Role(self.role, self.count, self.space, action_space, self.version, action_version, self.sees, described)

    def _checked(self, field: Field, view: View) -> FloatArray:
        """Values of a field of the user's, once they are known to be numbers of its shape."""
        name = f"field {field.name!r} of role {self.role}"
        try:
            computed = _function(field)(view)
            if np.iscomplexobj(computed):
                raise TypeError("its values are complex numbers")
            values = np.asarray(computed, dtype=np.float64)
        except (Exception, SystemExit) as error:
            # whatever the user's function does on its way is the user's to mend
            raise PartError(
                f"{name}: computing it raised {type(error).__name__}: {error}; mend its compute, a function of the view"
            ) from error
        agents = (view.world.n_worlds, self.count, *([field.times] if field.times != 1 else []))
        several = (*agents, field.size)
        allowed = [agents[:1], agents, several] if field.size == 1 else [several]
        if values.shape not in allowed:
            expected = " or ".join(str(shape) for shape in allowed[1:] or allowed)
            raise PartError(f"{name} has the shape {values.shape}; its compute must give {expected}, worlds first")
        if not np.isfinite(values).all():
            bad = tuple(int(index) for index in np.argwhere(~np.isfinite(values))[0])
            agent = f"{self.role}_{bad[1]}" if len(bad) > 1 else f"role {self.role}"
            raise PartError(
                f"field {field.name!r} of {agent} in world {bad[0]} = {values[bad]}: must be finite; mend its compute"
            )
        return values

    def _require_range(self, place: "_Place", values: Float32Array) -> None:
        """Make sure that a field's entries, divided by its scale, lie in its range."""
        field = place.field
        bad = (values < np.float32(field.low)) | (values > np.float32(field.high))
        if bad.any():
            index = tuple(int(part) for part in np.argwhere(bad)[0])
            shown = f"{values[index] * field.scale:g} {field.unit}".rstrip()
            divided = "" if field.scale == 1.0 else f" / {field.scale:g} = {values[index]:g}"
            raise PartError(
                f"field {field.name!r} of {self.role}_{index[1]} in world {index[0]} = {shown}{divided}: must lie in "
                f"[{field.low:g}, {field.high:g}]; widen its bounds, or give it clip=True"
            )


class GlobalState:
    """What centralised critics see of a world: the vectors of all agents of several kinds, one after the other.

    Args:
        parts: what each kind of agents shows; what is there once counts as one agent.

    Attributes:
        space: of one world's vector.
    """

    def __init__(self, parts: Sequence[Observation]) -> None:
        self._parts = tuple(parts)
        low, high = (
            np.concatenate([np.tile(getattr(part, name), part.count) for part in self._parts])
            for name in ("low", "high")
        )
        self.space = spaces.Box(low, high, dtype=np.float32)

    def __call__(self, view: View) -> Float32Array:
        """Vectors ``[B, S]`` at the moment of a view."""
        n_worlds = view.world.n_worlds
        return np.concatenate([part(view).reshape(n_worlds, -1) for part in self._parts], axis=1)


class _Run(NamedTuple):
    """Where fields in a row that stand as many times are in the vectors of a role."""

    part: slice
    times: int

    def of(self, vectors: NDArray[Any]) -> NDArray[Any]:
        """That part of the vectors, ``[B, n, size]``, or ``[B, n, times, size]``."""
        part = vectors[:, :, self.part]
        return part if self.times == 1 else part.reshape(*part.shape[:2], self.times, -1)


class _Place(NamedTuple):
    """Where a field is in its run."""

    field: Field
    compute: Callable[[Any], Any]
    within: tuple[Any, ...]
    is_single: bool  # one entry, without an axis of its own
    check: bool  # it is no built-in field

    @property
    def is_strict(self) -> bool:
        """Whether values beyond its range are errors."""
        return self.check and not self.field.clip

    def put(self, block: FloatArray, values: NDArray[Any]) -> None:
        """Write the field's values into its run."""
        if values.ndim == 1:  # the same for all agents
            values = values[:, None] if block.ndim == 3 else values[:, None, None]
        elif self.is_single and values.ndim == block.ndim:
            values = values[..., 0]
        block[self.within] = values


def _runs(fields: Sequence[Field], check: Sequence[bool]) -> list[tuple[_Run, list[_Place]]]:
    """The fields, with numbers for sizes, by run."""
    runs: list[tuple[_Run, list[_Place]]] = []
    start = 0
    for times, members in groupby(zip(fields, check, strict=True), key=lambda member: _times(member[0])):
        places, first = [], 0
        for field, checked in members:
            size = _size(field)
            within = (..., first if size == 1 else slice(first, first + size))
            places.append(_Place(field, _function(field), within, size == 1, checked))
            first += size
        runs.append((_Run(slice(start, start + first * times), times), places))
        start += first * times
    return runs


def _times(field: Field) -> int:
    return int(field.times)


def _size(field: Field) -> int:
    return int(field.size)


def _function(field: Field) -> Callable[[Any], Any]:
    return attrgetter(field.compute) if isinstance(field.compute, str) else field.compute


def _limits(fields: Sequence[Field]) -> tuple[Float32Array, Float32Array, FloatArray]:
    """Low and high bounds and scales of a vector made of these fields."""
    sizes = [_size(field) for field in fields]
    low, high, scale = (
        np.repeat([float(getattr(field, name)) for field in fields], sizes) for name in ("low", "high", "scale")
    )
    return low.astype(np.float32), high.astype(np.float32), scale


def _line(field: Field) -> str:
    turns = f", {field.times} times" if field.times != 1 else ""
    limits = f"[{field.low:g}, {field.high:g}]"
    return f"{field.sees} {field.name}: {field.size} x {field.unit or 'number'} / {field.scale:g} in {limits}{turns}"


def _digest(fields: Sequence[Field]) -> str:
    names = ("sees", "name", "unit", "size", "times", "scale", "low", "high")
    content = [[getattr(field, name) for name in names[:5]] + [float(getattr(field, name)) for name in names[5:]]
               for field in fields]  # fmt: skip
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:8]


def _require_distinct(role: str, fields: Sequence[Field]) -> None:
    if not fields:
        raise ScenarioError(f"observe: role {role} would observe nothing; name a field, or default for all")
    names = [field.qualified_name for field in fields]
    for name in names:
        if names.count(name) > 1:
            raise ScenarioError(f"observe: role {role} has two fields {name}; leave one out, or rename it")

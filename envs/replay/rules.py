"""What a world's replay must keep to, so that whoever draws it can rely on it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

import numpy as np

from voltran.envs.errors import PartError
from voltran.envs.replay.stage import Links, Moment, Quantity, Shape, Stage, Things, Tone


def require_stage(stage: Stage, whose: str) -> None:
    """Make sure that a stage says each thing once, and names only what it has.

    Args:
        stage: the stage.
        whose: such as "replay of blackout_v0", for messages.

    Raises:
        PartError: names the part and what is wrong with it.
    """
    _require_unique([things.key for things in stage.things], whose, "things")
    _require_unique([links.key for links in stage.links], whose, "links")
    _require_unique([strip.key for strip in stage.strips], whose, "strips")
    kinds = {things.key for things in stage.things}
    for things in stage.things:
        _require_things(things, f"{whose}: {things.key}")
    for links in stage.links:
        if missing := {links.source, links.target} - kinds:
            raise PartError(f"{whose}: {links.key} join {sorted(missing)[0]!r}, which are no things of the stage")
    for line in stage.outline_m:
        _require_array(line, (None, 2), f"{whose}: outline_m", finite=True)


def require_moment(stage: Stage, moment: Moment, whose: str) -> None:
    """Make sure that a moment fits the stage.

    Args:
        stage: the stage; it has been checked.
        moment: the moment.
        whose: such as "replay of blackout_v0", for messages.

    Raises:
        PartError: names the moment, the part and what is wrong with it.
    """
    where = f"{whose}, at {moment.time_h:g} h"
    if not np.isfinite(moment.time_h):
        raise PartError(f"{whose}: time_h = {moment.time_h}; give hours since the start")
    keys = [things.key for things in stage.things]
    for part in ("states", "quantities", "texts"):
        _require_keys(getattr(moment, part), keys, f"{where}: {part}")
    _require_keys(moment.links, [links.key for links in stage.links], f"{where}: links")
    _require_keys(moment.strips, [strip.key for strip in stage.strips], f"{where}: strips")
    if unknown := moment.xy_m.keys() - set(keys):
        raise PartError(f"{where}: xy_m of {sorted(unknown)[0]!r}, which are no things of the stage")
    for things in stage.things:
        _require_moment_of(things, moment, f"{where}: {things.key}")
    counts = {things.key: len(things.xy_m) for things in stage.things}
    for links in stage.links:
        _require_joined(links, moment, counts, f"{where}: {links.key}")


def _require_things(things: Things, where: str) -> None:
    _require_array(things.xy_m, (None, 2), f"{where}.xy_m", finite=True)
    if things.names and len(things.names) != len(things.xy_m):
        raise PartError(f"{where}.names: {len(things.names)} for {len(things.xy_m)} things; name all, or none")
    if not all(isinstance(name, str) for name in things.names):
        raise PartError(f"{where}.names: names are texts")
    if not things.states:
        raise PartError(f"{where}.states: none; there is at least one")
    for state in things.states:
        for part, known in (("tone", get_args(Tone)), ("shape", get_args(Shape))):
            if (value := getattr(state, part)) not in known:
                raise PartError(f"{where}: {part} of {state.title!r} = {value!r}: use one of {', '.join(known)}")
    keys = _keys(things.quantities)
    _require_unique(keys, where, "quantities")
    if things.gauge is not None and things.gauge not in keys:
        raise PartError(f"{where}.gauge = {things.gauge!r}: is not among its quantities: {', '.join(keys) or 'none'}")


def _require_moment_of(things: Things, moment: Moment, where: str) -> None:
    count = len(things.xy_m)
    states = _require_array(moment.states[things.key], (count,), f"{where}.states", kind=np.integer)
    if ((states < 0) | (states >= len(things.states))).any():
        raise PartError(
            f"{where}.states: codes from 0 to {len(things.states) - 1}; got {states.min()} to {states.max()}"
        )
    quantities, texts = moment.quantities[things.key], moment.texts[things.key]
    _require_keys(quantities, _keys(things.quantities), f"{where}.quantities")
    for key, values in quantities.items():
        _require_array(values, (count,), f"{where}.{key}")
    _require_keys(texts, list(things.texts), f"{where}.texts")
    for key, lines in texts.items():
        if len(lines) != count or not all(isinstance(line, str) for line in lines):
            raise PartError(f"{where}.{key}: give {count} texts, empty where there is nothing to say")
    if things.key in moment.xy_m:
        _require_array(moment.xy_m[things.key], (count, 2), f"{where}.xy_m", finite=True)


def _require_joined(links: Links, moment: Moment, counts: Mapping[str, int], where: str) -> None:
    joined = moment.links[links.key]
    for end, kind in (("source", links.source), ("target", links.target)):
        index = _require_array(getattr(joined, end), (len(joined.source),), f"{where}.{end}", kind=np.integer)
        if ((index < 0) | (index >= counts[kind])).any():
            raise PartError(f"{where}.{end}: indices of {kind} are from 0 to {counts[kind] - 1}")
    sizes = len(joined.source) if links.unit else 0
    _require_array(joined.size, (sizes,), f"{where}.size", finite=True)


def _require_array(
    values: Any, shape: tuple[int | None, ...], where: str, *, kind: Any = None, finite: bool = False
) -> Any:
    array = np.asarray(values)
    fits = array.ndim == len(shape) and all(
        want in (None, have) for want, have in zip(shape, array.shape, strict=False)
    )
    if not fits or not np.issubdtype(array.dtype, kind or np.number):
        wanted = "[" + ", ".join("n" if size is None else str(size) for size in shape) + "]"
        noun = "whole numbers" if kind else "numbers"
        raise PartError(f"{where}: shape {array.shape}, {array.dtype}; give {wanted} {noun}")
    if finite and not np.isfinite(array).all():
        raise PartError(f"{where}: is not finite")
    return array


def _require_keys(given: Mapping[str, Any], wanted: Sequence[str], where: str) -> None:
    if set(given) != set(wanted):
        raise PartError(f"{where}: {sorted(given)}; the stage has {sorted(wanted)}")


def _require_unique(keys: Sequence[str], where: str, what: str) -> None:
    if len(set(keys)) < len(keys):
        twice = next(key for key in keys if keys.count(key) > 1)
        raise PartError(f"{where}: {what} {twice!r} stand there twice; give each a key of its own")


def _keys(quantities: Iterable[Quantity]) -> list[str]:
    return [quantity.key for quantity in quantities]

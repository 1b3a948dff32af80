"""A stage and its moments as a header and arrays, and back."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from itertools import pairwise
from typing import Any

import numpy as np

from voltran.envs.errors import PartError
from voltran.envs.replay import Joined, Links, Moment, Quantity, Stage, State, Things
from voltran.evaluation.replay.numbers import placed, places, restored, rounded, short_floats
from voltran.evaluation.replay.packing import AnyArray, ArrayReader, ArrayWriter
from voltran.physics.arrays import FloatArray

Header = dict[str, Any]
SHORT = 2**16  # things that two bytes can count


def described(stage: Stage, moments: Sequence[Moment], arrays: ArrayWriter) -> Header:
    """Everything that is shown, as JSON data that refers to arrays.

    Raises:
        PartError: there are no moments, or they do not fit the stage.
    """
    if not moments:
        raise PartError("replay: no moments; give at least the one at the start of the episode")
    return {
        "times_h": [float(moment.time_h) for moment in moments],
        "measured": stage.measured,
        "outline_title": stage.outline_title,
        "outline": [arrays.add(np.asarray(line, np.float32).reshape(-1, 2)) for line in stage.outline_m],
        "things": [_things(things, moments, arrays) for things in stage.things],
        "links": [_links(links, stage, moments, arrays) for links in stage.links],
        "strips": [_strip(strip, moments, arrays) for strip in stage.strips],
    }


def moments_of(header: Header, arrays: ArrayReader) -> tuple[Stage, list[Moment]]:
    """Stage and moments that :func:`described` stored."""
    kinds, joints = header["things"], header["links"]
    states = {kind["key"]: arrays[kind["state"]] for kind in kinds}
    moved = {kind["key"]: places(kind["moved"], arrays) for kind in kinds if kind["moved"]}
    quantities = {kind["key"]: _restored(kind["quantities"], arrays) for kind in kinds}
    texts = {kind["key"]: _texts_of(kind["texts"], arrays) for kind in kinds}
    joined = {kind["key"]: _joined_of(kind, arrays) for kind in joints}
    strips = _restored(header["strips"], arrays)
    moments = [
        Moment(
            time_h,
            states={key: codes[now] for key, codes in states.items()},
            quantities={key: {each: rows[now] for each, rows in of.items()} for key, of in quantities.items()},
            texts={key: {each: rows[now] for each, rows in of.items()} for key, of in texts.items()},
            links={key: rows[now] for key, rows in joined.items()},
            strips={key: float(row[now]) for key, row in strips.items()},
            xy_m={key: xy_m[now] for key, xy_m in moved.items()},
        )
        for now, time_h in enumerate(header["times_h"])
    ]
    return _stage(header, arrays), moments


def _stage(header: Header, arrays: ArrayReader) -> Stage:
    things = [
        Things(
            kind["key"],
            kind["title"],
            places(kind["places"], arrays)[0],
            [State(**state) for state in kind["states"]],
            kind["names"],
            kind["gauge"],
            [_quantity(said) for said in kind["quantities"]],
            {text["key"]: text["title"] for text in kind["texts"]},
        )
        for kind in header["things"]
    ]
    links = [Links(*(kind[word] for word in LINK_WORDS)) for kind in header["links"]]
    outline = [arrays[line].astype(float) for line in header["outline"]]
    strips = [_quantity(said) for said in header["strips"]]
    return Stage(things, links, strips, header["measured"], outline, header["outline_title"])


def _things(things: Things, moments: Sequence[Moment], arrays: ArrayWriter) -> Header:
    n, of = len(things.xy_m), f"{things.key} of the replay"
    codes = _stacked([moment.states[things.key] for moment in moments], (n,), f"states of {of}", len(things.states))
    start = _stacked([things.xy_m], (n, 2), f"places of {of}")
    if len(things.names) not in (0, n):
        raise PartError(f"names of {of}: {len(things.names)} for {n}; give one of each, or none")
    return {
        "key": things.key,
        "title": things.title,
        "names": list(things.names),
        "gauge": things.gauge,
        "states": [asdict(state) for state in things.states],
        "state": arrays.add(codes.astype(np.uint8), True),
        "places": placed(start, arrays),
        "moved": placed(_moved(things, moments, n, of), arrays) if _move(things, moments) else None,
        "quantities": [_numbers(each, things.key, moments, n, of, arrays) for each in things.quantities],
        "texts": [_texts(key, title, things.key, moments, n, arrays) for key, title in things.texts.items()],
    }


def _move(things: Things, moments: Sequence[Moment]) -> bool:
    return any(things.key in moment.xy_m for moment in moments)


def _moved(things: Things, moments: Sequence[Moment], n: int, of: str) -> FloatArray:
    rows, last = [], things.xy_m
    for moment in moments:
        last = moment.xy_m.get(things.key, last)
        rows.append(last)
    return _stacked(rows, (n, 2), f"places of {of}")


def _numbers(
    quantity: Quantity, things: str, moments: Sequence[Moment], n: int, of: str, arrays: ArrayWriter
) -> Header:
    none = np.full(n, np.nan)
    rows = [moment.quantities.get(things, {}).get(quantity.key, none) for moment in moments]
    return {**asdict(quantity), **rounded(_stacked(rows, (n,), f"{quantity.key} of {of}"), quantity.digits, arrays)}


def _strip(strip: Quantity, moments: Sequence[Moment], arrays: ArrayWriter) -> Header:
    values = [moment.strips.get(strip.key, np.nan) for moment in moments]
    return {**asdict(strip), **rounded(np.array(values, float), strip.digits, arrays)}


def _restored(said: Sequence[Header], arrays: ArrayReader) -> dict[str, FloatArray]:
    return {each["key"]: restored(each, arrays) for each in said}


def _quantity(said: Header) -> Quantity:
    return Quantity(*(said[word] for word in ("key", "title", "unit", "digits", "low", "high")))


def _texts(key: str, title: str, things: str, moments: Sequence[Moment], n: int, arrays: ArrayWriter) -> Header:
    rows = [moment.texts.get(things, {}).get(key, [""] * n) for moment in moments]
    if any(len(row) != n for row in rows):
        raise PartError(f"texts {key} of {things} of the replay: {[len(row) for row in rows]}, must be {n} each")
    numbers: dict[str, int] = {"": 0}
    codes = [[numbers.setdefault(str(text), len(numbers)) for text in row] for row in rows]
    return {"key": key, "title": title, "table": list(numbers), "codes": arrays.add(np.array(codes, np.uint32), True)}


def _texts_of(said: Sequence[Header], arrays: ArrayReader) -> dict[str, list[list[str]]]:
    return {text["key"]: [[text["table"][code] for code in row] for row in arrays[text["codes"]]] for text in said}


LINK_WORDS = ("key", "title", "source", "target", "unit", "tone")


def _links(links: Links, stage: Stage, moments: Sequence[Moment], arrays: ArrayWriter) -> Header:
    nothing = Joined(np.zeros(0, int), np.zeros(0, int), np.zeros(0))
    rows = [moment.links.get(links.key, nothing) for moment in moments]
    counts = {things.key: len(things.xy_m) for things in stage.things}
    sized = any(len(row.size) for row in rows)
    of = f"links {links.key} of the replay"

    def ends(part: Callable[[Joined], AnyArray], end: str) -> int:
        parts = [_stacked([part(row)], (len(row.source),), f"ends of {of}", counts[end])[0] for row in rows]
        return arrays.add(np.concatenate(parts).astype(np.uint16 if counts[end] <= SHORT else np.uint32))

    sizes = [_stacked([row.size], (len(row.source),), f"sizes of {of}")[0] for row in rows if sized]
    return {
        **{word: getattr(links, word) for word in LINK_WORDS},
        "starts": arrays.add(np.cumsum([0, *(len(row.source) for row in rows)]).astype(np.uint32)),
        "sources": ends(lambda row: row.source, links.source),
        "targets": ends(lambda row: row.target, links.target),
        "sizes": arrays.add(short_floats(np.concatenate(sizes))) if sized else None,
    }


def _joined_of(said: Header, arrays: ArrayReader) -> list[Joined]:
    starts, sources, targets = (arrays[said[part]] for part in ("starts", "sources", "targets"))
    sizes = np.zeros(0) if said["sizes"] is None else arrays[said["sizes"]].astype(float)
    spans = [slice(first, last) for first, last in pairwise(starts)]
    return [Joined(sources[span].astype(int), targets[span].astype(int), sizes[span]) for span in spans]


def _stacked(rows: Sequence[Any], shape: tuple[int, ...], what: str, below: int | None = None) -> AnyArray:
    """Rows as one array of floats, or of whole numbers from 0 and below a limit.

    Raises:
        PartError: a row of another shape, or a number out of range.
    """
    kept = [np.asarray(row, float if below is None else int) for row in rows]
    for time, row in enumerate(kept):
        if row.shape != shape:
            raise PartError(f"{what}: shape {row.shape} at moment {time}, must be {shape}")
        if below is not None and row.size and not 0 <= row.min() <= row.max() < below:
            raise PartError(f"{what}: {row.min()} to {row.max()} at moment {time}, must be from 0 to {below - 1}")
    return np.stack(kept)

"""A stage and its moments as a header and arrays, and back."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from itertools import pairwise
from typing import Any

import numpy as np

from voltran.envs.replay.stage import Joined, Links, Moment, Quantity, Stage, State, Things
from voltran.evaluation.replay.numbers import placed, places, restored, rounded, short_floats
from voltran.evaluation.replay.packing import AnyArray, ArrayReader, ArrayWriter
from voltran.physics.arrays import FloatArray

Header = dict[str, Any]
SHORT = 2**16  # things that two bytes can count


def described(stage: Stage, moments: Sequence[Moment], arrays: ArrayWriter) -> Header:
    """Everything that is shown, as JSON data that refers to arrays.

    Args:
        stage: everything that can be seen; it keeps to :mod:`voltran.envs.replay.rules`, and so do the moments.
        moments: at least the one at the start.
        arrays: where arrays are kept.
    """
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
    n = len(things.xy_m)
    codes = np.array([moment.states[things.key] for moment in moments], np.uint8)
    return {
        "key": things.key,
        "title": things.title,
        "names": list(things.names),
        "gauge": things.gauge,
        "states": [asdict(state) for state in things.states],
        "state": arrays.add(codes, True),
        "places": placed(np.array([things.xy_m], float), arrays),
        "moved": placed(_moved(things, moments), arrays) if _move(things, moments) else None,
        "quantities": [_numbers(each, things.key, moments, n, arrays) for each in things.quantities],
        "texts": [_texts(key, title, things.key, moments, n, arrays) for key, title in things.texts.items()],
    }


def _move(things: Things, moments: Sequence[Moment]) -> bool:
    return any(things.key in moment.xy_m for moment in moments)


def _moved(things: Things, moments: Sequence[Moment]) -> FloatArray:
    rows, last = [], things.xy_m
    for moment in moments:
        last = moment.xy_m.get(things.key, last)
        rows.append(last)
    return np.array(rows, float)


def _numbers(quantity: Quantity, things: str, moments: Sequence[Moment], n: int, arrays: ArrayWriter) -> Header:
    none = np.full(n, np.nan)
    rows = [moment.quantities.get(things, {}).get(quantity.key, none) for moment in moments]
    return {**asdict(quantity), **rounded(np.array(rows, float), quantity.digits, arrays)}


def _strip(strip: Quantity, moments: Sequence[Moment], arrays: ArrayWriter) -> Header:
    values = [moment.strips.get(strip.key, np.nan) for moment in moments]
    return {**asdict(strip), **rounded(np.array(values, float), strip.digits, arrays)}


def _restored(said: Sequence[Header], arrays: ArrayReader) -> dict[str, FloatArray]:
    return {each["key"]: restored(each, arrays) for each in said}


def _quantity(said: Header) -> Quantity:
    return Quantity(*(said[word] for word in ("key", "title", "unit", "digits", "low", "high")))


def _texts(key: str, title: str, things: str, moments: Sequence[Moment], n: int, arrays: ArrayWriter) -> Header:
    rows = [moment.texts.get(things, {}).get(key, [""] * n) for moment in moments]
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

    def ends(part: Callable[[Joined], AnyArray], end: str) -> int:
        kind = np.uint16 if counts[end] <= SHORT else np.uint32
        return arrays.add(np.concatenate([part(row) for row in rows]).astype(kind))

    return {
        **{word: getattr(links, word) for word in LINK_WORDS},
        "starts": arrays.add(np.cumsum([0, *(len(row.source) for row in rows)]).astype(np.uint32)),
        "sources": ends(lambda row: row.source, links.source),
        "targets": ends(lambda row: row.target, links.target),
        "sizes": arrays.add(short_floats(np.concatenate([row.size for row in rows]))) if sized else None,
    }


def _joined_of(said: Header, arrays: ArrayReader) -> list[Joined]:
    starts, sources, targets = (arrays[said[part]] for part in ("starts", "sources", "targets"))
    sizes = np.zeros(0) if said["sizes"] is None else arrays[said["sizes"]].astype(float)
    spans = [slice(first, last) for first, last in pairwise(starts)]
    return [Joined(sources[span].astype(int), targets[span].astype(int), sizes[span]) for span in spans]

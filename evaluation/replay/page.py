"""The page on which recorded episodes play: one file that needs no network."""

import base64
import hashlib
import html
import re
from collections.abc import Sequence
from importlib.resources import files
from typing import Any

from voltran.envs.errors import VoltranError
from voltran.envs.panels import DASH_DOTTED, DASHED, DOTTED
from voltran.evaluation.palette import looks
from voltran.evaluation.replay.document import Recording, together
from voltran.evaluation.replay.packing import deflated

MOST = 4  # recordings of a page
LIBRARY, LICENSE, LIBRARY_STYLE = "uplot/uPlot.iife.min.js", "uplot/LICENSE", "uplot/uPlot.min.css"
SCRIPTS = (
    "data",
    "format",
    "marks",
    "layout",
    "names",
    "crowd",
    "map",
    "player",
    "legend",
    "kpis",
    "details",
    "strips",
    "tooltip",
    "controls",
    "app",
)
LINE_PX = 1.8  # width of lines over time, in which dashes are measured
_PLACE = re.compile(r"<!--(\w+)-->")


def page(recordings: Sequence[Recording]) -> str:
    """The page of recordings, as HTML that stands alone.

    Args:
        recordings: of one seed, a controller each, up to four.

    Raises:
        VoltranError: there are none or too many, or they are not of the same episode.
    """
    _require_together(recordings)
    script, style = _script(), f"{_file(LIBRARY_STYLE)}\n{_file('web/replay.css')}"
    parts = {
        "title": html.escape(f"{recordings[0].scenario}, seed {recordings[0].seed}"),
        "policy": _policy(script, style),
        "style": style,
        "data": base64.b64encode(deflated(together(recordings, _lines(recordings)))).decode(),
        "script": script,
    }
    return _PLACE.sub(lambda place: parts[place[1]], _file("web/page.html"))


def _require_together(recordings: Sequence[Recording]) -> None:
    if not 1 <= len(recordings) <= MOST:
        raise VoltranError(f"a replay page of {len(recordings)} recordings; give from 1 to {MOST}")
    episodes = {(recording.world, recording.scenario, int(recording.seed)) for recording in recordings}
    if len(episodes) > 1:
        shown = "; ".join(f"{world}, {scenario}, seed {seed}" for world, scenario, seed in sorted(episodes))
        raise VoltranError(f"a replay page of several episodes ({shown}); give recordings of one scenario and seed")


def _lines(recordings: Sequence[Recording]) -> list[dict[str, Any]]:
    """How each controller is drawn over time: as in all other plots, but no two with the same dashes.

    So one sees both where their values are the same.
    """
    chosen = looks([recording.label for recording in recordings])
    dashes: list[list[float]] = []
    for each in recordings:
        others = [_dash(line) for line in ("-", DASHED, DOTTED, DASH_DOTTED)]
        wanted = _dash(chosen[each.label].line)
        dashes.append(next(dash for dash in [wanted, *others] if dash not in dashes))
    return [{"colour": chosen[each.label].colour, "dash": dash} for each, dash in zip(recordings, dashes, strict=True)]


def _dash(line: Any) -> list[float]:
    """Lengths of dashes and gaps in pixels; none for a line that has no gaps."""
    return [] if isinstance(line, str) else [round(LINE_PX * length, 2) for length in line[1]]


def _script() -> str:
    """The library with its licence, and ours, in a scope of its own."""
    own = "\n".join(_file(f"web/{name}.js") for name in SCRIPTS)
    return f'/*\n{_file(LICENSE)}*/\n{_file(LIBRARY)}\n(() => {{\n"use strict";\n{own}}})();\n'


def _policy(script: str, style: str) -> str:
    """What the page may do: run its own script, use its own style, and nothing else, the network least of all."""
    allowed = {"default-src": "'none'", "script-src": _hash(script), "style-src": _hash(style)}
    closed = dict.fromkeys(("base-uri", "form-action"), "'none'")
    return "; ".join(f"{name} {value}" for name, value in {**allowed, **closed}.items())


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _file(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")

"""The page on which recorded episodes play: one file that needs no network."""

import base64
import hashlib
import html
from collections.abc import Sequence
from importlib.resources import files

from voltran.envs.errors import VoltranError
from voltran.evaluation.replay.document import Recording, together
from voltran.evaluation.replay.packing import deflated

MOST = 4  # recordings of a page
SCRIPTS = ("uplot/uPlot.iife.min.js", "replay.js")
STYLES = ("uplot/uPlot.min.css", "replay.css")
HERE = "voltran.evaluation.replay"


def page(recordings: Sequence[Recording]) -> str:
    """The page of recordings, as HTML that stands alone.

    Args:
        recordings: of one seed, a controller each, up to four.

    Raises:
        VoltranError: there are none or too many, or they are not of the same episode.
        PartError: moments that do not fit their stage.
    """
    _require_together(recordings)
    script, style = (_joined(names) for names in (SCRIPTS, STYLES))
    first = recordings[0]
    parts = {
        "title": html.escape(f"{first.scenario}, seed {first.seed}"),
        "policy": f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; base-uri 'none'; "
        "form-action 'none'",
        "style": style,
        "data": base64.b64encode(deflated(together(recordings))).decode(),
        "script": script,
    }
    text = _file("page.html")
    for name, part in parts.items():
        before, mark, after = text.partition(f"<!--{name}-->")
        if not mark:
            raise ValueError(f"page.html has no place for its {name}")
        text = before + part + after
    return text


def _require_together(recordings: Sequence[Recording]) -> None:
    if not 1 <= len(recordings) <= MOST:
        raise VoltranError(f"a replay page of {len(recordings)} recordings; give from 1 to {MOST}")
    episodes = {(recording.world, recording.scenario, int(recording.seed)) for recording in recordings}
    if len(episodes) > 1:
        shown = "; ".join(f"{world}, {scenario}, seed {seed}" for world, scenario, seed in sorted(episodes))
        raise VoltranError(f"a replay page of several episodes ({shown}); give recordings of one scenario and seed")


def _file(name: str) -> str:
    return files(HERE).joinpath(name).read_text(encoding="utf-8")


def _joined(names: Sequence[str]) -> str:
    return "\n".join(_file(name) for name in names)


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

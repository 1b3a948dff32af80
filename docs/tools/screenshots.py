"""Screenshots of the replay page for the documentation: ``python -m docs.tools.screenshots``.

Plays an episode in four worlds, opens each page in Chromium without a window, and writes pictures to docs/images/.
Needs a browser and ``pip install 'voltran[browser]'``.
"""

import io
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import numpy as np
import typer
from numpy.typing import NDArray
from PIL import Image
from scipy.spatial import cKDTree

from voltran.cli.browser import running_browser
from voltran.evaluation.evaluation import evaluate
from voltran.evaluation.replay.pages import REPLAY_FILE

IMAGES = Path(__file__).parents[1] / "images"
SEED = 1000
WIDE, PHONE = (1280, 800), (390, 844)
SETTLES_MS = 800  # until a page stands still
COLOURS, FREQUENT, FEWEST_PIXELS = 256, 176, 10


@dataclass(frozen=True)
class Shot:
    """One picture.

    Attributes:
        name: of its file; dark ones end in ``-dark``.
        scenario, controllers: what is played.
        address: what the page's address says: time, controllers, what is chosen.
        size: of the window, pixels.
        dark: also a picture in dark colours.
        overrides: scenario keys and their values.
    """

    name: str
    scenario: str
    controllers: Sequence[str]
    address: dict[str, str]
    size: tuple[int, int] = WIDE
    dark: bool = False
    overrides: dict[str, Any] = field(default_factory=dict)


RULES = ("static", "rotating-sleep")
OUTAGE = {"t": "3.5", "left": "static", "right": "rotating-sleep", "select": "sites:0"}
SHOTS = (
    Shot("replay-outage", "urban19-medium", RULES, OUTAGE, dark=True),
    Shot("replay-phone", "urban19-medium", RULES, {"t": "3.5", "left": "rotating-sleep", "right": ""}, PHONE),
    Shot(
        "replay-market",
        "market8",
        ("bs=price-threshold+retailer=dpa", "bs=buy-all+retailer=cost-plus"),
        {"t": "12", "select": "sites:4"},
    ),
    Shot("replay-uplink", "uplink20", ("trimsm-eipc", "tsap"), {"t": "9", "select": "ubs:10"}),
    Shot("replay-sharing", "sharing12-outage", ("grid-only", "tariff-threshold"), {"t": "91", "select": "operators:3"}),
)


def main() -> None:
    """Write all of them."""
    with tempfile.TemporaryDirectory() as folder:
        pages = {shot.scenario: _page(shot, Path(folder)) for shot in SHOTS}
        with running_browser() as browser:
            for shot in SHOTS:
                for dark in (False, True)[: 1 + shot.dark]:
                    path = IMAGES / f"{shot.name}{'-dark' if dark else ''}.png"
                    path.write_bytes(_picture(browser, pages[shot.scenario], shot, dark))
                    typer.echo(f"{path}: {path.stat().st_size / 1000:.0f} kB")


def _page(shot: Shot, folder: Path) -> Path:
    """The page of an episode."""
    out = folder / shot.scenario
    if not out.exists():
        evaluate(shot.scenario, list(shot.controllers), [SEED], overrides=shot.overrides, out=out)
    return out / REPLAY_FILE


def _picture(browser: Any, page: Path, shot: Shot, dark: bool) -> bytes:
    """A PNG file of what a window shows."""
    size = {"width": shot.size[0], "height": shot.size[1]}
    context = browser.new_context(viewport=size, color_scheme="dark" if dark else "light", reduced_motion="reduce")
    shown = context.new_page()
    shown.goto(f"{page.as_uri()}#{urlencode(shot.address)}")
    shown.wait_for_timeout(SETTLES_MS)
    picture = _with_few_colours(shown.screenshot())
    context.close()
    return picture


def _with_few_colours(picture: bytes) -> bytes:
    """The same in a third of the bytes: most colours stay, and others become the nearest of them."""
    pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"))
    colours, places, counts = np.unique(pixels.reshape(-1, 3), axis=0, return_inverse=True, return_counts=True)
    palette = _palette(colours, counts)
    nearest = cKDTree(palette.astype(float)).query(colours.astype(float))[1]
    reduced = Image.fromarray(nearest[places].reshape(pixels.shape[:2]).astype(np.uint8), "P")
    reduced.putpalette(palette.tobytes())
    stream = io.BytesIO()
    reduced.save(stream, "PNG", optimize=True)
    return stream.getvalue()


def _palette(colours: NDArray[np.uint8], counts: NDArray[np.int64]) -> NDArray[np.uint8]:
    """The most frequent colours, and then, one after the other, the one that is least like those that are there.

    Args:
        colours: ``[n, 3]``.
        counts: ``[n]`` pixels of each.
    """
    order = np.argsort(-counts, kind="stable")
    chosen = list(order[:FREQUENT])
    distance = cKDTree(colours[chosen].astype(float)).query(colours.astype(float))[0]
    while len(chosen) < min(COLOURS, len(colours)):
        chosen.append(np.argmax(np.where(counts >= FEWEST_PIXELS, distance, 0.0)))
        from_it = np.linalg.norm(colours.astype(float) - colours[chosen[-1]], axis=1)
        distance = np.minimum(distance, from_it)
    return colours[chosen]


if __name__ == "__main__":
    main()

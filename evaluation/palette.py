"""The look of all plots: one colour, line and marker per controller, on a page of any colour.

Pictures have no background of their own. Every colour stands out from white pages and from dark ones.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from voltran.envs.panels import DASH_DOT_DOTTED, DASH_DOTTED, DASHED, DOTTED, LONG_DASHED

# everything that is not data; the grid lets the page shine through
TEXT, FAINT, GRID = "#757b82", "#868e96", "#868e9640"


@dataclass(frozen=True)
class Look:
    """How one controller is drawn."""

    colour: str
    line: Any = "-"
    marker: Any = "o"
    size: float = 7.0


# hues of Okabe and Ito, which the colour-blind can tell apart, at a middle lightness
LOOKS: dict[str, Look] = {
    "independent": Look("#6e7781", DOTTED, "X"),
    "static": Look("#b97700", DASHED, "s"),
    "static-v2g": Look("#c4500c", DASH_DOTTED, "D"),
    "carrier-shutdown": Look("#2b8cc4", DASHED, "^"),
    "rotating-sleep": Look("#00805c", DASH_DOTTED, "v"),
    "random": Look("#8f7a00", DOTTED, "P"),
    # one family: pinks and purples, stars of different points
    "msrc": Look("#a8447f", DASHED, "*", 11.0),
    "msrc-fast": Look("#d667ab", DOTTED, (4, 1, 0), 11.0),
    "msrc-levelling": Look("#6c58e0", DASH_DOTTED, (3, 1, 0), 11.0),
    "msrc-extended": Look("#9550b8", "-", (8, 1, 0), 11.0),
    # TriMSM: blues
    "trimsm": Look("#2f6fdc", "-", ">"),
    "trimsm-eipc": Look("#1668c7", "-", "o"),
    "trimsm-original": Look("#8d52b5", DASHED, "*", 11.0),
    "trimsm-qopc": Look("#1e93c9", LONG_DASHED, "^"),
    "trimsm-fipc": Look("#7575e0", DASH_DOTTED, "v"),
    "trimsm-no-sleep": Look("#a8623c", DASH_DOT_DOTTED, "X"),
    # its peers: warm
    "tsap": Look("#c4500c", "-", "s"),
    "recp": Look("#b97700", DASHED, "D"),
    "llsf": Look("#c9384d", DASH_DOTTED, "P"),
    # architectures: cell-free green as in [FDRAN] Fig. 3, single connections brown and grey
    "uc-cell-free": Look("#00805c", DASHED, "^"),
    "uc-cell-free:idle_sleep=0.5": Look("#169a73", "-", "D", 6.0),
    "uc-cell-free:idle_sleep=0": Look("#6b8e23", DOTTED, "v"),
    "cell-free": Look("#a8447f", DASH_DOTTED, "s"),
    "small-cell": Look("#c4500c", DASHED, "P"),
    "cellular": Look("#6e7781", DOTTED, "X"),
    "policy": Look("#1668c7", "-", "o"),
    "blackout": Look("#cf3f55", "-", "H"),
    # what knows the future is grey
    "social-optimum": Look("#757b82", "-", "*", 11.0),
    "hindsight-rules": Look("#757b82", DASHED, "*", 11.0),
    "dpa": Look("#1668c7", "-", "o"),
}
# no two have the same line and the same kind of marker
OTHERS = (
    Look("#8d52b5", "-", "h"),
    Look("#a8623c", DASHED, "p"),
    Look("#63830f", DASH_DOTTED, "<"),
    Look("#007f8a", LONG_DASHED, "d"),
    Look("#5f5fd3", DOTTED, ">"),
    Look("#c4500c", DASH_DOT_DOTTED, "s"),
    Look("#00805c", "-", "^"),
    Look("#a8447f", DASHED, "D"),
    Look("#b97700", DASH_DOTTED, "v"),
    Look("#cf3f55", LONG_DASHED, "P"),
    Look("#2b8cc4", DOTTED, "X"),
    Look("#6e7781", DASH_DOT_DOTTED, "H"),
)


def looks(labels: Sequence[str]) -> dict[str, Look]:
    """How to draw controllers: known names always look the same, others keep theirs as long as none collide.

    A known name with options looks like the name itself where that is not in the picture. Others differ from all in
    colour and marker as long as there are looks left.

    Args:
        labels: controllers in one picture.
    """
    chosen = {label: LOOKS[label] for label in labels if label in LOOKS}
    names = {label: label.partition(":")[0] for label in labels}
    for label, name in names.items():
        if name in LOOKS and LOOKS[name] not in chosen.values():
            chosen.setdefault(label, LOOKS[name])
    for label in labels:
        if label not in chosen:
            chosen[label] = _free(label, list(chosen.values()))
    return {label: chosen[label] for label in labels}


def _free(label: str, taken: Sequence[Look]) -> Look:
    """A look of its own for another controller; where none is left, the one that its name gives it."""
    wanted = zlib.crc32(label.encode()) % len(OTHERS)
    colours, markers = {look.colour for look in taken}, {look.marker for look in taken}

    def likeness(index: int) -> tuple[bool, bool, int]:
        look = OTHERS[index]
        return look.colour in colours, look.marker in markers, (index - wanted) % len(OTHERS)

    return OTHERS[min(range(len(OTHERS)), key=likeness)]


def style() -> dict[str, Any]:
    """Matplotlib settings of all pictures."""
    return {
        "figure.facecolor": "none",
        "axes.facecolor": "none",
        "savefig.facecolor": "none",
        "axes.edgecolor": FAINT,
        "axes.labelcolor": TEXT,
        "axes.titlecolor": TEXT,
        "text.color": TEXT,
        "legend.labelcolor": TEXT,
        "xtick.color": FAINT,
        "ytick.color": FAINT,
        "xtick.labelcolor": TEXT,
        "ytick.labelcolor": TEXT,
        "grid.color": GRID,
        "grid.linewidth": 0.8,
        "axes.grid": True,
        "axes.axisbelow": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.8,
        "axes.titlesize": 10.5,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.labelsize": 10,
        "xtick.labelsize": 9,
        "ytick.labelsize": 9,
        "legend.fontsize": 9,
        "legend.frameon": False,
        "font.family": ["DejaVu Sans"],
        "text.parse_math": False,  # names may have a $
        "svg.fonttype": "none",
        "svg.hashsalt": "voltran",  # the same names in the file for the same picture
        "lines.linewidth": 1.9,
        "lines.solid_capstyle": "round",
    }

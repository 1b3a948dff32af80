"""The look of all plots: one colour, line and marker per controller, on a page of any colour.

Pictures have no background of their own. Every colour stands out from white pages and from dark ones.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

# everything that is not data; the grid lets the page shine through
TEXT, FAINT, GRID = "#757b82", "#868e96", "#868e9640"


@dataclass(frozen=True)
class Look:
    """How one controller is drawn."""

    colour: str
    line: Any = "-"
    marker: Any = "o"
    size: float = 7.0


DASHED = (0, (5, 1.4))
DOTTED = (0, (1.4, 1.2))
DASH_DOTTED = (0, (6, 1.3, 1.4, 1.3))

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
    "trimsm-qopc": Look("#1e93c9", DASHED, "^"),
    "trimsm-fipc": Look("#7575e0", DASH_DOTTED, "v"),
    "trimsm-no-sleep": Look("#a8623c", DOTTED, "X"),
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
OTHERS = (
    Look("#8d52b5", "-", "h"),
    Look("#a8623c", "-", "p"),
    Look("#63830f", "-", "<"),
    Look("#007f8a", "-", "d"),
    Look("#5f5fd3", "-", ">"),
    Look("#c4500c", "-", "s"),
    Look("#00805c", "-", "^"),
    Look("#a8447f", "-", "D"),
    Look("#b97700", "-", "v"),
    Look("#cf3f55", "-", "P"),
    Look("#2b8cc4", "-", "X"),
    Look("#6e7781", "-", "H"),
)


def looks(labels: Sequence[str]) -> dict[str, Look]:
    """How to draw controllers: known names always look the same, others keep theirs as long as none collide.

    A known name with options looks like the name itself where that is not in the picture.

    Args:
        labels: controllers in one picture.
    """
    chosen = {label: LOOKS[label] for label in labels if label in LOOKS}
    names = {label: label.partition(":")[0] for label in labels}
    for label, name in names.items():
        if name in LOOKS and LOOKS[name] not in chosen.values():
            chosen.setdefault(label, LOOKS[name])
    colours = {look.colour for look in chosen.values()}
    free = [index for index, look in enumerate(OTHERS) if look.colour not in colours]
    for label in labels:
        if label not in chosen:
            wanted = zlib.crc32(label.encode()) % len(OTHERS)
            taken = min(free, key=lambda index: (index - wanted) % len(OTHERS), default=wanted)
            free = [index for index in free if index != taken]
            chosen[label] = OTHERS[taken]
    return {label: chosen[label] for label in labels}


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
        "svg.fonttype": "none",
        "svg.hashsalt": "voltran",  # the same names in the file for the same picture
        "lines.linewidth": 1.9,
        "lines.solid_capstyle": "round",
    }

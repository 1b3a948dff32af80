"""The look of all plots: one colour, line and marker per controller, in a light and a dark theme."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

ThemeName = Literal["light", "dark"]


@dataclass(frozen=True)
class Theme:
    """Colours of everything that is not data."""

    name: ThemeName
    background: str
    text: str
    faint: str
    grid: str

    @property
    def suffix(self) -> str:
        """What the theme adds to a file's name."""
        return "-dark" if self.name == "dark" else ""


# backgrounds are those of the pages that the pictures are shown on
LIGHT = Theme("light", "#ffffff", "#1f2328", "#8c959f", "#e4e8ec")
DARK = Theme("dark", "#0d1117", "#e6edf3", "#7d8590", "#262c36")
THEMES = (LIGHT, DARK)


@dataclass(frozen=True)
class Look:
    """How one controller is drawn."""

    light: str
    dark: str
    line: Any = "-"
    marker: Any = "o"
    size: float = 7.0

    def colour(self, theme: Theme) -> str:
        """Its colour on a background."""
        return self.light if theme.name == "light" else self.dark


DASHED = (0, (5, 1.4))
DOTTED = (0, (1.4, 1.2))
DASH_DOTTED = (0, (6, 1.3, 1.4, 1.3))

# Okabe and Ito's colour-blind safe hues, each a little darker on white and lighter on black than the original
LOOKS: dict[str, Look] = {
    "independent": Look("#6e7781", "#a0a8b2", DOTTED, "X"),
    "static": Look("#b97700", "#e69f00", DASHED, "s"),
    "static-v2g": Look("#c4500c", "#f07f3c", DASH_DOTTED, "D"),
    "carrier-shutdown": Look("#2b8cc4", "#6cc0f0", DASHED, "^"),
    "rotating-sleep": Look("#00805c", "#1fbf92", DASH_DOTTED, "v"),
    "random": Look("#8f7a00", "#d6c52a", DOTTED, "P"),
    # one family: purples of different lightness, stars of different points
    "msrc": Look("#a8447f", "#e08cbc", DASHED, "*", 11.0),
    "msrc-fast": Look("#d667ab", "#ffd3ea", DOTTED, (4, 1, 0), 11.0),
    "msrc-levelling": Look("#33127a", "#7f5af5", DASH_DOTTED, (3, 1, 0), 11.0),
    "msrc-extended": Look("#4d0a30", "#b84c90", "-", (8, 1, 0), 11.0),
    # TriMSM: blues, in the outage too
    "trimsm": Look("#1f4fc4", "#7ba4ff", "-", ">"),
    "trimsm-eipc": Look("#0a4fa3", "#5aa2ff", "-", "o"),
    "trimsm-original": Look("#0b1f4d", "#c3d6ff", DASHED, "*", 11.0),
    "trimsm-qopc": Look("#1e93c9", "#52c6f5", DASHED, "^"),
    "trimsm-fipc": Look("#5b6fd6", "#94a3ff", DASH_DOTTED, "v"),
    "trimsm-no-sleep": Look("#8a4b2a", "#cf8f6a", DOTTED, "X"),
    # its peers: warm
    "tsap": Look("#c4500c", "#f07f3c", "-", "s"),
    "recp": Look("#b97700", "#e69f00", DASHED, "D"),
    "llsf": Look("#a31f34", "#ff7b8a", DASH_DOTTED, "P"),
    # architectures: cell-free green as in [FDRAN] Fig. 3, single connections brown and grey
    "uc-cell-free": Look("#00664a", "#37d6a6", DASHED, "^"),
    "uc-cell-free:idle_sleep=0.5": Look("#00805c", "#1fbf92", "-", "D", 6.0),
    "uc-cell-free:idle_sleep=0": Look("#3f9d80", "#0f8f6b", DOTTED, "v"),
    "cell-free": Look("#a8447f", "#e08cbc", DASH_DOTTED, "s"),
    "small-cell": Look("#c4500c", "#f07f3c", DASHED, "P"),
    "cellular": Look("#6e7781", "#a0a8b2", DOTTED, "X"),
    "policy": Look("#0a4fa3", "#5aa2ff", "-", "o"),
    "blackout": Look("#a31f34", "#ff7b8a", "-", "H"),
    # worlds with retailers: what knows the future is black or white
    "social-optimum": Look("#1f2328", "#e6edf3", "-", "*", 11.0),
    "hindsight-rules": Look("#1f2328", "#e6edf3", DASHED, "*", 11.0),
    "dpa": Look("#0a4fa3", "#5aa2ff", "-", "o"),
}
OTHERS = (
    Look("#7a3fa0", "#b98ae0", "-", "h"),
    Look("#8a4b2a", "#cf8f6a", "-", "p"),
    Look("#4f6b00", "#a3c23c", "-", "<"),
    Look("#006d77", "#3fbfc9", "-", "d"),
    Look("#3d3d8f", "#9a9aff", "-", ">"),
    Look("#c4500c", "#f07f3c", "-", "s"),
    Look("#00805c", "#1fbf92", "-", "^"),
    Look("#a8447f", "#e08cbc", "-", "D"),
    Look("#b97700", "#e69f00", "-", "v"),
    Look("#a31f34", "#ff7b8a", "-", "P"),
    Look("#2b8cc4", "#6cc0f0", "-", "X"),
    Look("#6e7781", "#a0a8b2", "-", "H"),
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
    free = list(range(len(OTHERS)))
    for label in labels:
        if label not in chosen:
            wanted = zlib.crc32(label.encode()) % len(OTHERS)
            taken = min(free, key=lambda index: (index - wanted) % len(OTHERS), default=wanted)
            free = [index for index in free if index != taken]
            chosen[label] = OTHERS[taken]
    return {label: chosen[label] for label in labels}


def style(theme: Theme) -> dict[str, Any]:
    """Matplotlib settings of a theme."""
    return {
        "figure.facecolor": theme.background,
        "axes.facecolor": theme.background,
        "savefig.facecolor": theme.background,
        "axes.edgecolor": theme.faint,
        "axes.labelcolor": theme.text,
        "axes.titlecolor": theme.text,
        "text.color": theme.text,
        "xtick.color": theme.faint,
        "ytick.color": theme.faint,
        "xtick.labelcolor": theme.text,
        "ytick.labelcolor": theme.text,
        "grid.color": theme.grid,
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
        "savefig.dpi": 200,
        "lines.linewidth": 1.9,
        "lines.solid_capstyle": "round",
    }

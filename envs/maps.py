"""What maps share: bars of scale, words that fit, and words that can be read on any ground."""

from typing import Any

# Matplotlib is loaded only when something is drawn, so its classes have no names here.
Axes = Any

LETTER_EM = 0.62  # mean width of a letter, in sizes of its font
SMALLEST = 5.0  # words in points
LONGEST_BAR = 0.25  # of a map's width
METRES_PER_KM = 1000.0


def round_length_m(longest_m: float) -> float:
    """The longest length up to a limit that is 1, 2 or 5 times a power of ten.

    Args:
        longest_m: the limit, above 0.
    """
    power = 10.0
    while power > longest_m:
        power /= 10.0
    while 10.0 * power <= longest_m:
        power *= 10.0
    return max(factor * power for factor in (1.0, 2.0, 5.0) if factor * power <= longest_m)


def length_name(length_m: float) -> str:
    """A length as a bar of scale says it."""
    return f"{length_m / METRES_PER_KM:g} km" if length_m >= METRES_PER_KM else f"{length_m:g} m"


def draw_scale_bar(axes: Axes, width_m: float, colour: str) -> None:
    """A bar with its length in the lower left corner.

    Args:
        axes: with limits in metres, alike across and up.
        width_m: of what the map shows; the bar is not longer than a quarter of it.
        colour: of bar and words.
    """
    length_m = round_length_m(LONGEST_BAR * width_m)
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    x, y, tick = left + 0.02 * (right - left), low + 0.02 * (high - low), 0.008 * (high - low)
    path = ([x, x, x, x + length_m, x + length_m, x + length_m], [y + tick, y - tick, y, y, y - tick, y + tick])
    axes.plot(*path, color=colour, linewidth=1.2, solid_joinstyle="miter", zorder=10, gid="scale bar")
    axes.text(x + length_m / 2, y + 1.6 * tick, length_name(length_m), fontsize=7, color=colour, ha="center", zorder=10)


def fitting(text: str, width_in: float, size: float) -> dict[str, Any]:
    """A text and the size of its letters at which it fits: smaller where it is long, and cut where it is very long.

    Args:
        text: one line.
        width_in: room for it.
        size: of its letters in points, where it is short.

    Returns:
        Arguments of Matplotlib's texts.
    """
    room = 72.0 * width_in / LETTER_EM
    most = int(room / SMALLEST)
    words = text if len(text) <= most else f"{text[: most - 1]}…"
    return {"s": words, "fontsize": min(size, room / max(len(words), 1))}


def halo(colour: str, width: float = 1.6) -> dict[str, Any]:
    """An outline around words, in the colour of the ground, as an argument of Matplotlib's texts."""
    from matplotlib.patheffects import withStroke

    return {"path_effects": [withStroke(linewidth=width, foreground=colour)]}

"""Makes vector pictures small: no more digits and points than an eye can see, and fonts that every reader has."""

import re

import numpy as np
from numpy.typing import NDArray

TOLERANCE_PT = 0.25  # a third of a pixel at the usual size
FONTS = "'DejaVu Sans', Verdana, sans-serif"

_PATH = re.compile(r' d="([^"]*)"', re.DOTALL)
_POLYLINES = re.compile(r"[\sMLz\d.e+-]*")
_TAG = re.compile(r"<[^>]*>")  # numbers between tags are words of the picture
_NUMBER = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")
_PROLOGUE = re.compile(r"\A<\?xml.*?(?=<svg\b)", re.DOTALL)  # SVG in UTF-8 needs none
_METADATA = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
_STYLE = re.compile(r' style="([^"]*)"')
_NAMES = re.compile(r'(?<=<g) id="[^"]*"')  # groups are named by what they are, which nothing refers to
_PLACE = re.compile(r'(?<= [xy]=")-?\d+\.\d+(?=")')
_GROUP = re.compile(r"<g>|<g [^>]*(?<!/)>|</g>|<g/>")
_ID = re.compile(r'(?<= id=")[^"]*(?=")')
_UPRIGHT = re.compile(r' transform="rotate\(-?0 [^)]*\)"')


def compact(svg: str) -> str:
    """The same picture in fewer bytes.

    Args:
        svg: as Matplotlib writes it.
    """
    svg = _METADATA.sub("", _PROLOGUE.sub("", svg)).replace("'DejaVu Sans'", FONTS)
    svg = _PATH.sub(lambda match: f' d="{_thinned(match[1])}"', svg)
    svg = _TAG.sub(lambda tag: _NUMBER.sub(_rounded, _PLACE.sub(_in_tenths, tag[0])), svg)
    svg = _classed(_NAMES.sub("", _UPRIGHT.sub("", svg)))
    svg = _briefly_named(_ungrouped(svg))
    return "\n".join(line.strip() for line in svg.splitlines() if line.strip()) + "\n"


def _rounded(number: re.Match[str]) -> str:
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")


def _in_tenths(number: re.Match[str]) -> str:
    return f"{float(number[0]):.1f}".removesuffix(".0")


def _ungrouped(svg: str) -> str:
    """Without groups that say nothing of what is in them."""
    kept: list[bool] = []

    def part(tag: re.Match[str]) -> str:
        if tag[0] == "<g/>":
            return ""
        if tag[0] != "</g>":
            kept.append(tag[0] != "<g>")
            return tag[0] if kept[-1] else ""
        return tag[0] if kept.pop() else ""

    return _GROUP.sub(part, svg)


def _briefly_named(svg: str) -> str:
    """Markers and clipping paths by short names."""
    names = {name: f"i{number}" for number, name in enumerate(dict.fromkeys(_ID.findall(svg)))}
    svg = _ID.sub(lambda name: names[name[0]], svg)
    return re.sub(r"#([\w-]+)(?=[\")])", lambda used: f"#{names.get(used[1], used[1])}", svg)


def _classed(svg: str) -> str:
    """Every style once, as a class."""
    classes: dict[str, str] = {}
    svg = _STYLE.sub(lambda match: f' class="{classes.setdefault(match[1], f"s{len(classes)}")}"', svg)
    rules = "".join(f"\n.{name}{{{style}}}" for style, name in classes.items())
    return svg.replace("</style>", f"{rules}</style>", 1)


def _thinned(path: str) -> str:
    """A path on one line, its polylines without the points that are on the way anyway; curves stay as they are."""
    commands = path.split()
    if not _POLYLINES.fullmatch(path):
        return " ".join(commands)
    pieces = re.findall(r"M([^Mz]*)(z?)", " ".join(commands))
    return " ".join(_polyline(np.array(_values(points), dtype=float), close) for points, close in pieces)


def _values(points: str) -> list[list[str]]:
    return [point.split() for point in points.split("L")]


def _polyline(points: NDArray[np.float64], close: str) -> str:
    """From the first point on by steps, of which most go straight along or up; in whole tenths, so that none drifts."""
    tenths = np.rint(10.0 * points[simplified(points, TOLERANCE_PT)]).astype(int)
    steps = "".join(_step(*step) for step in np.diff(tenths, axis=0).tolist() if any(step))
    start = " ".join(_tenths(value) for value in tenths[0].tolist())
    return f"M{start}{steps}{close}"


def _step(across: int, down: int) -> str:
    if down == 0:
        return f"h{_tenths(across)}"
    return f"v{_tenths(down)}" if across == 0 else f"l{_tenths(across)} {_tenths(down)}"


def _tenths(value: int) -> str:
    return f"{value / 10:g}".replace("0.", ".") if abs(value) < 10 else f"{value / 10:g}"


def simplified(points: NDArray[np.float64], tolerance: float) -> NDArray[np.bool_]:
    """Which points a polyline needs so that no other is further from it than the tolerance (Douglas and Peucker 1973).

    Args:
        points: ``[n, 2]``.
        tolerance: in the units of the points.

    Returns:
        Mask ``[n]``; the ends are always needed.
    """
    needed = np.zeros(len(points), dtype=bool)
    needed[[0, -1]] = True
    spans = [(0, len(points) - 1)]
    while spans:
        first, last = spans.pop()
        if last - first < 2:
            continue
        away = _distance(points[first + 1 : last], points[first], points[last])
        furthest = int(np.argmax(away))
        if away[furthest] > tolerance:
            middle = first + 1 + furthest
            needed[middle] = True
            spans += [(first, middle), (middle, last)]
    return needed


def _distance(points: NDArray[np.float64], start: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance of points from a line segment."""
    along = end - start
    length = float(along @ along)
    share = np.clip((points - start) @ along / length, 0.0, 1.0) if length > 0.0 else np.zeros(len(points))
    away: NDArray[np.float64] = np.linalg.norm(points - start - share[:, None] * along, axis=1)
    return away

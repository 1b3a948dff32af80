"""Draws the rooms of the house and which imports which, as the code has it: ``python -m docs.tools.house``."""

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PICTURE = ROOT / "docs" / "images" / "house.svg"

# Floors from the top down; a room stands above all that it imports.
FLOORS = (
    (("voltran/cli", "what one types"),),
    (("train", "policies learn"), ("datasets", "what was played"), ("experiments", "papers' tables")),
    (("evaluation", "controllers on the same draws, with intervals"),),
    (("baselines", "rules and optimisers"), ("agents", "learned policies")),
    (("envs", "worlds, their faces, and checks for both"),),
    (("physics", "what is true: arrays in, arrays out"),),
)
DATA = ("configs", "what one sets, in YAML")

WIDTH, ROOM_HEIGHT, GAP, MARGIN = 760, 54, 34, 12
TEXT, FAINT, LINE = "#757b82", "#868e96", "#2b8cc4"


def arrows() -> set[tuple[str, str]]:
    """Pairs of rooms of which the first imports something of the second."""
    rooms = [room for floor in FLOORS for room, _ in floor] + [DATA[0]]
    return {(room, other) for room in rooms for other in _imported(room) if other in rooms and other != room}


def drawing() -> str:
    """The picture as SVG: rooms on floors, and an arrow to each room that one imports and that no other leads to."""
    boxes = _boxes()
    drawn = sorted(_direct(arrows()))
    height = MARGIN + len(FLOORS) * (ROOM_HEIGHT + GAP) - GAP + MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif">',
        f'<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        f'<path d="M0 0 L8 4 L0 8 z" fill="{FAINT}"/></marker></defs>',
        *(_arrow(boxes[room], boxes[other]) for room, other in drawn),
        *(_room(boxes[room], room, words) for floor in (*FLOORS, (DATA,)) for room, words in floor),
        "</svg>\n",
    ]
    return "\n".join(parts)


def _imported(room: str) -> Iterator[str]:
    """Rooms that a room's modules import, also where they do so late."""
    for path in sorted((ROOT / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            for name in names:
                if name.startswith("voltran."):
                    part = name.split(".")[1]
                    yield "voltran/cli" if part == "cli" else part


def _direct(found: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """The arrows without those that a longer way through other rooms implies."""
    below: dict[str, set[str]] = {}
    for room, other in found:
        below.setdefault(room, set()).add(other)
    return {(room, other) for room, other in found if not any(other in below.get(way, ()) for way in below[room])}


def _boxes() -> dict[str, tuple[float, float, float]]:
    """Room to left edge, top edge and width; the data stand beside the lower floors."""
    boxes: dict[str, tuple[float, float, float]] = {}
    main = WIDTH - 230
    for level, floor in enumerate(FLOORS):
        width = (main - 2 * MARGIN - (len(floor) - 1) * GAP) / len(floor)
        for index, (room, _) in enumerate(floor):
            boxes[room] = (MARGIN + index * (width + GAP), MARGIN + level * (ROOM_HEIGHT + GAP), width)
    boxes[DATA[0]] = (main + GAP, MARGIN + 4 * (ROOM_HEIGHT + GAP), WIDTH - main - GAP - MARGIN)
    return boxes


def _arrow(start: tuple[float, float, float], end: tuple[float, float, float]) -> str:
    left, right = max(start[0], end[0]), min(start[0] + start[2], end[0] + end[2])
    x = (left + right) / 2 if left < right else end[0] + end[2] / 2
    top = start[0] + start[2] / 2 if left >= right else x
    ends = f'x1="{top:.0f}" y1="{start[1] + ROOM_HEIGHT:.0f}" x2="{x:.0f}" y2="{end[1] - 3:.0f}"'
    return f'<line {ends} stroke="{FAINT}" stroke-width="1.5" marker-end="url(#tip)"/>'


def _room(box: tuple[float, float, float], room: str, words: str) -> str:
    left, top, width = box
    middle = left + width / 2
    return (
        f'<rect x="{left:.0f}" y="{top:.0f}" width="{width:.0f}" height="{ROOM_HEIGHT}" rx="6" fill="none" '
        f'stroke="{LINE}" stroke-width="1.5"/>'
        f'<text x="{middle:.0f}" y="{top + 23:.0f}" text-anchor="middle" font-size="16" font-weight="600" '
        f'fill="{LINE}">{room}/</text>'
        f'<text x="{middle:.0f}" y="{top + 42:.0f}" text-anchor="middle" font-size="12.5" fill="{TEXT}">{words}</text>'
    )


def main() -> None:
    """Write the picture."""
    PICTURE.write_text(drawing(), encoding="utf-8")


if __name__ == "__main__":
    main()

"""Places that scenarios give: in metres, apart from each other, and inside."""

from collections.abc import Sequence
from math import dist

from voltran.envs.domains import Point

NEAREST_M = 1.0


def require_metres(field: str, places: Sequence[Point]) -> None:
    """Refuse places that are all but one: whoever gives degrees takes a city for a metre.

    Raises:
        ValueError: names the field.
    """
    spread_m = max(max(side) - min(side) for side in zip(*places, strict=True)) if places else 0.0
    if 0.0 < spread_m < NEAREST_M:
        raise ValueError(
            f"{field}: all lie within {NEAREST_M:g} m; give metres from a common point, not degrees of latitude and "
            "longitude"
        )


def require_apart(field: str, places: Sequence[Point]) -> None:
    """Refuse two places that are one.

    Raises:
        ValueError: names the field and both places.
    """
    for second, place in enumerate(places):
        for first in range(second):
            if dist(place, places[first]) < NEAREST_M:
                raise ValueError(
                    f"{field}: places {first} and {second}, counted from 0, are {list(places[first])} and "
                    f"{list(place)}; put them at least {NEAREST_M:g} m apart"
                )


def require_inside(field: str, places: Sequence[Point], side_m: float) -> None:
    """Refuse places outside the square from the origin to (side, side).

    Raises:
        ValueError: names the field, the place and the square.
    """
    for number, place in enumerate(places):
        if not all(0.0 <= coordinate <= side_m for coordinate in place):
            raise ValueError(
                f"{field}.{number} = {list(place)}: lies outside the square; coordinates go from 0 to layout.side_m = "
                f"{side_m:g}"
            )

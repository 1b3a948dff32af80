"""What a replay of an episode shows: a map that changes with every decision, quantities over time, and decisions.

A world says once what there is to see (:class:`Stage`), and after each decision how it stands (:class:`Moment`).
Neither knows how it will be drawn; whoever draws knows no world.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from voltran.physics.arrays import FloatArray

# All are filled but the ring; a dot is a small circle, for crowds.
Shape = Literal["hexagon", "circle", "square", "diamond", "triangle", "dot", "ring", "cross"]
# What a state means to who looks; pages choose colours that also those tell apart who see few colours.
Tone = Literal["good", "fair", "poor", "lost", "idle", "first", "second", "third", "fourth"]


@dataclass(frozen=True)
class Quantity:
    """A number that changes with time.

    Attributes:
        key: unique among those of its things, or among the strips.
        title: for people, without the unit.
        unit: empty for pure numbers.
        digits: decimals to show.
        low, high: its natural limits, where it has any.
    """

    key: str
    title: str
    unit: str
    digits: int = 2
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class State:
    """A state that things of a kind can be in, such as a site's mode, or how a user is served.

    Attributes:
        title: for people.
        tone: what it means.
        shape: how it is marked, so that nobody needs colours to tell states apart.
    """

    title: str
    tone: Tone
    shape: Shape


@dataclass(frozen=True)
class Things:
    """Things of one kind on the map, such as sites, users or retailers.

    Attributes:
        key: unique on the stage.
        title: of the kind, plural.
        xy_m: ``[n, 2]`` places at the start, in metres; abstract places where a world has none.
        names: ``[n]`` of those that can be clicked; empty for those that cannot, such as users.
        states: those that there are, by code.
        gauge: key of the quantity between 0 and 1 that is drawn as a ring around the mark, such as the state of charge.
        quantities: the ledger of each thing.
        texts: key -> title of what is said of each thing, such as its decision and the reason.
    """

    key: str
    title: str
    xy_m: FloatArray
    states: Sequence[State]
    names: Sequence[str] = ()
    gauge: str | None = None
    quantities: Sequence[Quantity] = ()
    texts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Links:
    """Links of one kind between things, such as who helps whom, or how much flows.

    Attributes:
        key: unique on the stage.
        title: of the kind, plural.
        source, target: keys of the things that they join.
        unit: of their sizes; empty where all are alike.
        tone: how they are drawn.
    """

    key: str
    title: str
    source: str
    target: str
    unit: str
    tone: Tone


@dataclass(frozen=True)
class Stage:
    """Everything that can be seen in an episode.

    Attributes:
        things: later ones are drawn above.
        links: below the things.
        strips: quantities of the whole world, drawn over time.
        measured: whether distances on the map mean anything, so that it has a scale bar.
        outline_m: ``[k, 2]`` corners of each closed line that is drawn below everything, such as borders of cells.
        outline_title: of these lines, plural, for the legend.
    """

    things: Sequence[Things]
    links: Sequence[Links]
    strips: Sequence[Quantity]
    measured: bool = True
    outline_m: Sequence[FloatArray] = ()
    outline_title: str = "Borders"


@dataclass(frozen=True)
class Joined:
    """Links of one kind at one moment.

    Attributes:
        source, target: ``[k]`` indices of the things joined.
        size: ``[k]``; empty where all are alike.
    """

    source: NDArray[np.integer]
    target: NDArray[np.integer]
    size: FloatArray


@dataclass(frozen=True)
class Moment:
    """How everything stands after a decision period, or at the start.

    Attributes:
        time_h: since the start of the episode.
        states: things -> ``[n]`` codes.
        quantities: things -> key -> ``[n]``; NaN where there is no value.
        texts: things -> key -> ``[n]`` texts, empty where there is nothing to say.
        links: links -> those that there are now.
        strips: key -> value; NaN where there is none.
        xy_m: things -> ``[n, 2]``, of those that have moved since the start.
    """

    time_h: float
    states: Mapping[str, NDArray[np.integer]]
    quantities: Mapping[str, Mapping[str, FloatArray]]
    texts: Mapping[str, Mapping[str, Sequence[str]]]
    links: Mapping[str, Joined]
    strips: Mapping[str, float]
    xy_m: Mapping[str, FloatArray] = field(default_factory=dict)

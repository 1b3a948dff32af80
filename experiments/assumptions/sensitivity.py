"""How far claims move when assumptions are varied one at a time: the numbers, whatever has computed them."""

from collections.abc import Mapping
from typing import Annotated, NamedTuple, Self

from pydantic import Field, model_validator

from voltran.envs.scenario import Section

Interval = tuple[float, float]
Bound = Annotated[str, Field(pattern=r"^[<>] ?-?\d+(\.\d+)?$")]


class Estimate(NamedTuple):
    """What a claim's number is under one assumption.

    Attributes:
        value: the number; missing where it means nothing.
        interval95: its 95 % interval.
        change95: 95 % interval of its difference from the number under our own assumptions.
        at_least: whether the true number is higher: episodes ended before it could be seen.
    """

    value: float | None
    interval95: Interval | None = None
    change95: Interval | None = None
    at_least: bool = False

    def surely_moved(self, drawn: bool) -> bool:
        """Whether the interval of the change excludes zero; numbers that nobody has drawn move surely if they move."""
        if self.change95 is None:
            return not drawn
        return not self.change95[0] <= 0.0 <= self.change95[1]


class Measure(Section):
    """A claim that is a number, and when it holds.

    Attributes:
        name: short.
        title: the claim in a few words, as pictures and tables head it.
        unit: of the number.
        digits: after the decimal point.
        holds: when the claim holds: a bound, such as ``> 1``, or the lowest and highest number.
        paper: the published number, where there is one.
    """

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
    title: Annotated[str, Field(min_length=1)]
    unit: str = ""
    digits: Annotated[int, Field(ge=0, le=6)] = 2
    holds: Bound | Interval
    paper: float | None = None

    @property
    def ends(self) -> Interval:
        """Between which numbers the claim holds."""
        if not isinstance(self.holds, str):
            return self.holds
        end = float(self.holds[1:])
        return (end, float("inf")) if self.holds[0] == ">" else (float("-inf"), end)

    @property
    def when(self) -> str:
        """When the claim holds, in words."""
        if isinstance(self.holds, str):
            return self.holds
        return f"{self.number(self.holds[0])} to {self.number(self.holds[1])}"

    def judged(self, estimate: Estimate) -> bool | None:
        """Whether the claim holds; ``None`` where there is no number. A bound itself is not beyond the bound."""
        if estimate.value is None:
            return None
        low, high = self.ends
        if isinstance(self.holds, str):
            return low < estimate.value < high
        return low <= estimate.value <= high

    def number(self, value: float | None) -> str:
        """A number as text."""
        return "—" if value is None else f"{value:.{self.digits}f}"


class Tried(Section):
    """One value of an assumption.

    Attributes:
        label: the value as text.
        estimates: name of each measure to its number.
    """

    label: str
    estimates: Mapping[str, Estimate]


class Varied(Section):
    """An assumption and what it was varied over.

    Attributes:
        name: short.
        title: in a few words.
        why: where the paper is silent.
        default: our own value as text.
        tried: the other values, and what they gave.
    """

    name: str
    title: str
    why: str = ""
    default: str
    tried: Annotated[tuple[Tried, ...], Field(min_length=1)]


class Sensitivity(Section):
    """How far claims move under assumptions.

    Attributes:
        name: of the pictures, without ending.
        title: where they were varied; empty where that goes without saying.
        measures: the claims.
        base: name of each measure to its number under our own assumptions.
        varied: the assumptions.
        drawn: whether the numbers come from random draws, so that a change may be chance.
    """

    name: Annotated[str, Field(pattern=r"^\w[\w.-]*$")] = "assumptions"
    title: str = ""
    measures: Annotated[tuple[Measure, ...], Field(min_length=1)]
    base: Mapping[str, Estimate]
    varied: Annotated[tuple[Varied, ...], Field(min_length=1)]
    drawn: bool = False

    @model_validator(mode="after")
    def _complete(self) -> Self:
        names = {measure.name for measure in self.measures}
        everywhere = [self.base, *(tried.estimates for varied in self.varied for tried in varied.tried)]
        for estimates in everywhere:
            if missing := names - estimates.keys():
                raise ValueError(f"estimates: none of {min(missing)!r}; give one for every measure")
        return self


class Reach(NamedTuple):
    """How far one assumption moves one claim, our own value included.

    Attributes:
        varied: the assumption.
        low, high: lowest and highest number.
        low_label, high_label: the values that give them; our own is one of them.
        surely: whether any value moves it by more than chance.
        holding, failing: other values under which the claim holds, and does not.
    """

    varied: Varied
    low: float
    high: float
    low_label: str
    high_label: str
    surely: bool
    holding: tuple[str, ...]
    failing: tuple[str, ...]

    @property
    def span(self) -> float:
        """Highest less lowest."""
        return self.high - self.low


def reach(sensitivity: Sensitivity, measure: Measure, varied: Varied) -> Reach | None:
    """How far an assumption moves a claim; ``None`` where nothing or only our own value gives a number."""
    estimates = {varied.default: sensitivity.base[measure.name]}
    others = {tried.label: tried.estimates[measure.name] for tried in varied.tried}
    known = {label: estimate.value for label, estimate in (others | estimates).items() if estimate.value is not None}
    if not known.keys() - estimates.keys():
        return None
    low, high = min(known, key=lambda label: known[label]), max(known, key=lambda label: known[label])
    surely = any(estimate.surely_moved(sensitivity.drawn) for estimate in others.values() if estimate.value is not None)
    holding, failing = (
        tuple(label for label, estimate in others.items() if measure.judged(estimate) is verdict)
        for verdict in (True, False)
    )
    return Reach(varied, known[low], known[high], low, high, surely, holding, failing)


def ranked(sensitivity: Sensitivity, measure: Measure) -> list[Reach]:
    """All assumptions that move a claim, the one that moves it most first."""
    found = [reach(sensitivity, measure, varied) for varied in sensitivity.varied]
    return sorted((one for one in found if one), key=lambda one: -one.span)


def most_moving(sensitivity: Sensitivity, count: int) -> list[Varied]:
    """The assumptions that move the claims most: by their largest reach, as a share of our own number.

    Args:
        sensitivity: the numbers.
        count: how many assumptions at most; those that may move claims by chance only are left out.
    """
    shares: dict[str, float] = {}
    for measure in sensitivity.measures:
        base = sensitivity.base[measure.name].value
        if base:
            moving = {row.varied.name: row.span / abs(base) for row in ranked(sensitivity, measure) if row.surely}
            shares |= {name: max(share, shares.get(name, 0.0)) for name, share in moving.items() if share > 0.0}
    known = {varied.name: varied for varied in sensitivity.varied}
    return [known[name] for name in sorted(shares, key=lambda name: -shares[name])[:count]]

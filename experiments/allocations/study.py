"""Studies: configurations of figures about single allocations of power, which need no world and no episodes."""

from typing import Annotated, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from voltran.baselines.dpa.paper_cases import MODES, AccessName, RegimeName
from voltran.envs.scenario import Section
from voltran.experiments.allocations.own_day import OwnDay
from voltran.experiments.experiment import Experiment

Site = Annotated[int, Field(ge=1)]
Pair = tuple[Site, Site]
Reason = Literal["twin sites", "equal totals", "first watt"]


class Claim(Section):
    """What the paper says, and how to see whether it is so.

    Attributes:
        text: the claim.
        check: what is looked at. "feeds": the pair exchanges power, from a rate on. "never": it never does. "alone": it
            does, and the other never. "exceeds": it exchanges more than the other, from a rate on. "earlier": it does
            so from a lower rate on than ``then`` exceeds ``than``. "battery", "total": what a battery gives, or a site
            is allocated, at the highest rate. "better": a site's utility is higher than another's there. "no_worse":
            the proposed scheme is nowhere worse than the traditional one.
        mode: of operation.
        pair, other, then, than: site and retailer, counted from 1.
        site, second: sites, counted from 1.
        after: arrival rate, files per second; what is so from the start is so after 0.
        watts: published value.
        reason: why the claim cannot hold in any optimum, if that is so; see
            :mod:`voltran.experiments.allocations.paper_claims`.
    """

    text: str
    check: Literal["feeds", "never", "alone", "exceeds", "earlier", "battery", "total", "better", "no_worse"]
    mode: int = 1
    pair: Pair | None = None
    other: Pair | None = None
    then: Pair | None = None
    than: Pair | None = None
    site: Site | None = None
    second: Site | None = None
    after: float | None = None
    watts: float | None = None
    reason: Reason | None = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        needed = {
            "feeds": ("pair", "after"),
            "never": ("pair",),
            "alone": ("pair", "other"),
            "earlier": ("pair", "other", "then", "than"),
            "exceeds": ("pair", "other", "after"),
            "battery": ("site", "watts"),
            "total": ("site", "watts"),
            "better": ("site", "second"),
        }.get(self.check, ())
        if missing := [name for name in needed if getattr(self, name) is None]:
            raise ValueError(f"claim {self.text!r}: {self.check} needs {missing[0]}")
        if self.mode not in MODES:
            raise ValueError(f"claim {self.text!r}: mode = {self.mode} is none of {', '.join(map(str, MODES))}")
        return self


class Study(Experiment):
    """What to allocate, and what to look for.

    Attributes:
        kind, title, question, description, publish: as of every experiment.
        over: "rates": the paper's three modes over the arrival rate; "day": a day, hour by hour.
        day: load and generation of one's own in the place of the reconstructed day.
        shows: what pictures show: power per pair, or utility per site.
        quadratic: whether costs are.
        regimes: units; see :mod:`voltran.baselines.dpa.paper_cases`.
        access: who may buy where.
        points: rates per mode.
        claims: of the paper.
    """

    over: Literal["rates", "day"] = "rates"
    day: OwnDay | None = None
    shows: Literal["power", "utility"] = "power"
    quadratic: bool = False
    regimes: Annotated[tuple[RegimeName, ...], Field(min_length=1)] = ("A", "C", "D")
    access: AccessName = "full"
    points: PositiveInt = 51
    claims: tuple[Claim, ...] = ()

    @model_validator(mode="after")
    def _day_over_a_day(self) -> Self:
        if self.day is not None and self.over != "day":
            raise ValueError(f"day: over = {self.over!r} has no day; set over: day, or drop it")
        return self

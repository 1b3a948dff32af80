"""Metrics: what episodes are judged by, with the words, units and formats in which tables and plots show them."""

from dataclasses import dataclass, replace
from math import inf
from typing import Literal

Interval = tuple[float, float]
Better = Literal["up", "down"]

MISSING = "—"
UNEVEN = 0.1  # share by which the sides of an interval may differ and still be one number
ANY, POSITIVE, SHARE = (-inf, inf), (0.0, inf), (0.0, 1.0)
NUMBER = "*"  # at the end of a key and in its title: one metric per agent, such as retailer_profit_usd_0


@dataclass(frozen=True)
class Metric:
    """How one metric is shown.

    Attributes:
        key: name in ``World.kpis`` and in results files; one that ends in ``*`` stands for a metric per agent.
        title: words for tables and axes.
        short: fewer words for the terminal, where they differ.
        unit: unit as shown, after ``scale``.
        digits: digits after the decimal point.
        better: whether more or less of it is better, or neither.
        headline: whether it stands in the short tables.
        scale: factor from the stored value to the shown one.
        bounds: lowest and highest possible value, as stored: intervals and axes end there.
        may_be_undefined: whether it is NaN by definition in some episodes, such as the mean price of nothing.
        censored_by: key of a metric that is 1 where an episode was too short to see the true value, which is higher.
    """

    key: str
    title: str
    unit: str = ""
    digits: int = 2
    better: Better | None = None
    headline: bool = False
    scale: float = 1.0
    short: str = ""
    bounds: Interval = POSITIVE
    may_be_undefined: bool = False
    censored_by: str = ""

    @property
    def shown_bounds(self) -> Interval:
        """The bounds in shown units."""
        return self.bounds[0] * self.scale, self.bounds[1] * self.scale

    @property
    def short_heading(self) -> str:
        """Few words and the unit, for narrow tables."""
        return f"{self.short or self.title} {self.unit}".rstrip()

    @property
    def heading(self) -> str:
        """Title with its unit, for column heads and axes."""
        return f"{self.title} ({self.unit})" if self.unit else self.title

    def numbered(self, key: str) -> "Metric | None":
        """The metric of one agent, where this stands for one per agent and the key is one of theirs."""
        number = key.removeprefix(self.key.removesuffix(NUMBER))
        if not self.key.endswith(NUMBER) or not number.isdigit() or key == number:
            return None
        return replace(self, key=key, title=self.title.replace(NUMBER, number))

    def number(self, value: float | None, signed: bool = False) -> str:
        """One value as text."""
        if value is None:
            return MISSING
        text = f"{value * self.scale:{'+' if signed else ''}.{self.digits}f}"
        return text.removeprefix("-") if float(text) == 0.0 else text

    def estimate(self, mean: float | None, interval: Interval | None, signed: bool = False) -> str:
        """A mean and its interval as text: ``±`` and the longer side where both are about as long."""
        text = self.number(mean, signed)
        if mean is None or interval is None:
            return text
        longer, shorter = sorted((mean - interval[0], interval[1] - mean), reverse=True)
        even = longer - shorter <= UNEVEN * longer or self.number(longer) == self.number(shorter)
        return f"{text} ± {self.number(longer)}" if even else f"{text} {self.span(interval, signed)}"

    def span(self, interval: Interval, signed: bool = False) -> str:
        """Both ends of an interval as text."""
        return f"[{self.number(interval[0], signed)}, {self.number(interval[1], signed)}]"


def percent(
    key: str,
    title: str,
    short: str = "",
    headline: bool = False,
    better: Better | None = "up",
    bounds: Interval = SHARE,
    may_be_undefined: bool = False,
) -> Metric:
    """A share, shown in percent."""
    return Metric(key, title, "%", 1, better, headline, 100.0, short, bounds, may_be_undefined)

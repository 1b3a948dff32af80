"""What a calculation gives: tables, charts, claims and named values."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from voltran.envs.scenario import Section
from voltran.experiments.assumptions.sensitivity import Sensitivity

Cell = int | float | str | None
Words = Annotated[str, Field(min_length=1)]
Verdict = Literal["holds", "fails", "cannot be judged"]
FileName = Annotated[str, Field(pattern=r"^\w[\w.-]*$")]
PICTURES = (".svg", ".png", ".gif")


class Table(Section):
    """Numbers in rows.

    Attributes:
        title: heading.
        columns: titles of the columns, with units.
        rows: ``[row][column]``; numbers are shown with four digits, texts as they are, ``None`` as missing.
        keys: how many leading columns say what a row is about.
        note: what to know before reading it.
        on_request: whether the page shows it only when its title is clicked.
    """

    title: Words
    columns: Annotated[tuple[str, ...], Field(min_length=1)]
    rows: tuple[tuple[Cell, ...], ...]
    keys: Annotated[int, Field(ge=1)] = 1
    note: str = ""
    on_request: bool = False

    @model_validator(mode="after")
    def _rectangular(self) -> Self:
        if wrong := [row for row in self.rows if len(row) != len(self.columns)]:
            raise ValueError(f"table {self.title!r}: row {wrong[0]} has not {len(self.columns)} cells")
        return self


class Series(Section):
    """One line, or one set of points or bars.

    Attributes:
        name: as the legend has it.
        x, y: ``[point]``; a missing ``y`` is a gap. Texts as ``x`` make an axis of names.
        low, high: ``[point]`` an interval around ``y``, or nothing.
    """

    name: Words
    x: tuple[float, ...] | tuple[str, ...]
    y: tuple[float | None, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()

    @model_validator(mode="after")
    def _as_long(self) -> Self:
        if len(self.x) != len(self.y) or len(self.low) != len(self.high) or len(self.low) not in (0, len(self.y)):
            counts = f"x {len(self.x)}, y {len(self.y)}, low {len(self.low)}, high {len(self.high)}"
            raise ValueError(f"series {self.name!r}: {counts} points; they must be as many (no low and high is fine)")
        return self


class Chart(Section):
    """Series over one axis.

    Attributes:
        name: of its file, without ending.
        title: heading.
        x_label, y_label: with units.
        series: what is drawn.
        drawn: how.
        from_zero: whether the upright axis begins at zero.
    """

    name: FileName
    title: Words
    x_label: str
    y_label: str
    series: Annotated[tuple[Series, ...], Field(min_length=1)]
    drawn: Literal["lines", "steps", "points", "bars"] = "lines"
    from_zero: bool = False


class Claim(Section):
    """What a paper says, and whether it is so.

    Attributes:
        text: the claim.
        paper: where or how the paper says it.
        found: what we have.
        verdict: whether it holds.
    """

    text: Words
    paper: str
    found: str
    verdict: Verdict

    @classmethod
    def judged(cls, text: str, paper: str, found: str, holds: bool) -> Self:
        """A claim that holds or fails."""
        return cls(text=text, paper=paper, found=found, verdict="holds" if holds else "fails")


class Findings(Section):
    """All that a calculation gives.

    Attributes:
        tables, charts, claims: see there; pages show them in this order: claims, charts, tables.
        values: numbers that the experiment's answer may name; ``None`` where there is none.
        sensitivities: how far numbers move when assumptions are varied one at a time; shown after the claims.
        images: names of pictures that the function has written into its folder itself. Documentation takes SVG only.
    """

    tables: tuple[Table, ...] = ()
    charts: tuple[Chart, ...] = ()
    claims: tuple[Claim, ...] = ()
    values: Mapping[str, float | None] = Field(default_factory=dict)
    sensitivities: tuple[Sensitivity, ...] = ()
    images: tuple[FileName, ...] = ()

    @model_validator(mode="after")
    def _named_once(self) -> Self:
        names = [*(f"{name}.svg" for name in self.drawn), *self.images]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(f"pictures: {twice[0]} stands twice; give every picture a name of its own")
        if unknown := [name for name in self.images if not name.endswith(PICTURES)]:
            raise ValueError(f"images: {unknown[0]} is no picture; known endings: {', '.join(PICTURES)}")
        return self

    @property
    def drawn(self) -> tuple[str, ...]:
        """Names of the pictures that are drawn from numbers, without ending."""
        return (*(one.name for one in self.sensitivities), *(chart.name for chart in self.charts))

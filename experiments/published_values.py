"""Published values that an experiment compares its own with."""

from typing import Annotated, Literal

from pydantic import Field

from voltran.envs.scenario import Section


class Gain(Section):
    """Published average gains: the mean over the scenarios of a metric's ratio to a reference's, less one.

    Attributes:
        metric: which metric.
        reference: the controller that the others gain over.
        values: controller to the published gain, 0.41 for +41 %.
    """

    metric: str
    reference: str
    values: dict[str, float]


class Extreme(Section):
    """Whichever of several controllers has the lowest or the highest mean.

    Attributes:
        pick: which end.
        of: the controllers.
    """

    pick: Literal["lowest", "highest"]
    of: Annotated[tuple[str, ...], Field(min_length=2)]


class Ratio(Section):
    """A published ratio between two controllers' means.

    Attributes:
        metric: of which metric.
        controller: whose mean is divided.
        reference: by whose.
        value: the published ratio.
        note: what it depends on.
    """

    metric: str
    controller: str | Extreme
    reference: str | Extreme
    value: float
    note: str = ""


class Comparison(Section):
    """Published values of one table.

    Attributes:
        title: which table of which paper.
        note: what a reader should know before comparing.
        values: cell to metric to controller to the published value, in stored units (shares, hours).
        gain: published average over the cells.
        ratios: published ratios between controllers; ours are given for every cell.
        ratio_cells: the cells that the ratios are given for, where not for all.
    """

    title: str
    note: str = ""
    values: dict[str, dict[str, dict[str, float]]] = Field(default_factory=dict)
    gain: Gain | None = None
    ratios: tuple[Ratio, ...] = ()
    ratio_cells: tuple[str, ...] = ()

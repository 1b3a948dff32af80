"""Measured power of sites from CSV files."""

from pydantic import Field

from voltran.envs.errors import ScenarioError
from voltran.envs.scenario import Section
from voltran.envs.series_episodes import read_episode
from voltran.envs.series_files import Reading, SeriesFormat, value_columns
from voltran.physics.arrays import FloatArray

READING = Reading("load file", "load.measured.series", low=0.0)


class MeasuredLoad(Section):
    """A file of the power that sites draw.

    Attributes:
        file: CSV file, in kW.
        columns: one per site, in the order of sites; a column may be named more than once. By default all besides that
            of times.
        series: how the file holds them; its day is the first of the episode, and days before it must be there, too.
    """

    file: str
    columns: tuple[str, ...] | None = Field(default=None, min_length=1)
    series: SeriesFormat = SeriesFormat()


def read_load_kw(
    measured: MeasuredLoad, sites: int, slots: int, period_h: float, start_hour: float, before_h: float
) -> FloatArray:
    """Power ``[T, U]`` that sites draw, the mean of each slot.

    Args:
        measured: the file.
        sites: U.
        slots: T.
        period_h: duration of a slot.
        start_hour: time of day at which the episode begins.
        before_h: how long before the episode slot 0 begins.

    Raises:
        ScenarioError: a file that cannot be used, does not hold the episode and the days before it, or has another
            number of columns than there are sites.
    """
    columns = measured.columns or value_columns(measured.file, measured.series, READING.kind)
    if len(columns) != sites:
        raise ScenarioError(
            f"load.measured: {measured.file} gives {len(columns)} columns for {sites} sites; name one per site in "
            "load.measured.columns, or change the network"
        )
    return read_episode(measured.file, columns, measured.series, READING, start_hour, slots, period_h, before_h)

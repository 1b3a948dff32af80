"""Pictures of an outage with retailers: those of both."""

from collections.abc import Mapping

from voltran.evaluation.episodes import Trace
from voltran.evaluation.figure_files import Families, Picture
from voltran.evaluation.pictures import market, outage
from voltran.evaluation.results import Results


def pictures(results: Results, traces: Mapping[str, Trace], families: Families) -> list[Picture]:
    """The pictures that there are data for.

    Args:
        results: what was evaluated.
        traces: time series by controller.
        families: title to controllers that share a panel; empty where all do.
    """
    return [*outage.pictures(results, traces, families), *market.pictures(results, traces, families)]

"""Forecasters beside each other, for ``voltran forecast evaluate``."""

from collections.abc import Iterator, Sequence

from voltran.agents.forecasting.data import load_sites
from voltran.agents.forecasting.files import Forecaster, load_forecaster, require_fits
from voltran.agents.forecasting.rivals import WAYS, Bench
from voltran.agents.forecasting.scores import Score, score
from voltran.agents.forecasting.settings import ForecastConfig
from voltran.evaluation.fitting_table import FittingTable

RULES = ("persistence", "daily-naive")
COLUMNS = ("MSE min", "mean", "max", "MAE min", "mean", "max")


def forecast_table(what: Sequence[str], config: ForecastConfig, tuned: bool) -> FittingTable:
    """Errors of all that is named, and of the rules.

    Args:
        what: names of ways to forecast, files of forecasters, ``zoo:NAME``.
        config: data, and how to train what is not a file.
        tuned: whether sites also go on alone from each file.

    Raises:
        ScenarioError: a forecaster for another window, target or features; data that cannot be used.
        FileFormatError: a file that is missing, corrupt or of another version.
    """
    files = {name: load_forecaster(name) for name in what if name not in WAYS}
    for forecaster in files.values():
        require_fits(forecaster, config)
    bench = Bench(config, load_sites(config))
    scores = list(_scores(dict.fromkeys([*what, *RULES]), files, bench, tuned))
    rows = [[name, *(f"{value:.4f}" for value in (*found.mse, *found.mae))] for name, found in scores]
    last = scores[-1][1]
    caption = f"{last.forecasts} forecasts at {last.sites} sites, in standard deviations of training days"
    return FittingTable(["Way to forecast", *COLUMNS], rows, caption=caption)


def _scores(
    names: dict[str, None], files: dict[str, Forecaster], bench: Bench, tuned: bool
) -> Iterator[tuple[str, Score]]:
    for name in names:
        if name in WAYS:
            yield name, score(WAYS[name](bench))
            continue
        weights = files[name].weights
        yield name, score(bench.of_weights(weights))
        if tuned:
            yield "the same, then alone", score(bench.fine_tuned(weights, bench.config.fine_tuning_epochs))

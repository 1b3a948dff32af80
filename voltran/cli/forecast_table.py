"""Forecasters beside each other, for ``voltran forecast evaluate``."""

from collections.abc import Iterator, Sequence

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from voltran.agents.forecasting.data import load_sites
from voltran.agents.forecasting.files import Forecaster, load_forecaster, require_fits
from voltran.agents.forecasting.rivals import WAYS, Bench
from voltran.agents.forecasting.scores import Score, score
from voltran.agents.forecasting.settings import ForecastConfig

RULES = ("persistence", "daily-naive")
COLUMNS = ("MSE min", "mean", "max", "MAE min", "mean", "max")


def forecast_table(what: Sequence[str], config: ForecastConfig, tuned: bool) -> Table:
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
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("Way to forecast", overflow="fold")
    for title in COLUMNS:
        table.add_column(title, justify="right", no_wrap=True)
    found = None
    for name, found in _scores(dict.fromkeys([*what, *RULES]), files, bench, tuned):
        table.add_row(escape(name), *(f"{value:.4f}" for value in (*found.mse, *found.mae)))
    if found is not None:
        table.caption = f"{found.forecasts} forecasts at {found.sites} sites, in standard deviations of training days"
    return table


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

"""``voltran forecast``: forecasters of what sites will draw."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from voltran.cli.options import Overrides, Resume
from voltran.cli.output import console as open_console
from voltran.cli.output import hand_over

if TYPE_CHECKING:
    from voltran.agents.forecasting.settings import ForecastConfig

forecast = typer.Typer(
    no_args_is_help=True, help="Forecast what sites will draw, by networks that they train together."
)

Folder = Annotated[
    Path | None,
    typer.Option("--data", help="Folder of measurements in the format lte-barcelona, instead of the configuration's."),
]


@forecast.command("train")
def train(
    config: Annotated[str, typer.Argument(help="Configuration: a YAML file or a shipped name.")] = "sharing",
    out: Annotated[Path | None, typer.Option(help="Folder of the run; runs/forecast-NAME by default.")] = None,
    resume: Resume = False,
    data: Folder = None,
    overrides: Overrides = None,
) -> None:
    """Let sites train a forecaster together, without showing each other their data."""
    from rich.progress import Progress

    from voltran.agents.forecasting.training import train_forecaster
    from voltran.envs.file_names import file_name

    settings = _settings(config, data, overrides)
    folder = out if out is not None else Path("runs") / file_name(f"forecast-{Path(config).stem}")
    console = open_console()
    with Progress(console=console) as progress:
        task = progress.add_task("Rounds", total=settings.rounds)
        file = train_forecaster(settings, folder, resume, lambda rounds: progress.update(task, completed=rounds))
    hand_over(console, f"Forecaster: {file}")


@forecast.command("evaluate")
def evaluate(
    what: Annotated[
        list[str],
        typer.Argument(
            help="Files of forecasters, zoo:NAME, or ways to forecast: persistence, daily-naive; federated, "
            "federated-tuned, local-only, central (which train first)."
        ),
    ],
    config: Annotated[
        str, typer.Option(help="Configuration whose data to use: a YAML file or a shipped name.")
    ] = "sharing",
    tuned: Annotated[bool, typer.Option("--tuned", help="Let sites go on alone from each file, too.")] = False,
    data: Folder = None,
    overrides: Overrides = None,
) -> None:
    """Compare forecasters on the test days of each site, beside rules; errors are in standard deviations."""
    from voltran.cli.forecast_table import forecast_table

    open_console().print(forecast_table(what, _settings(config, data, overrides), tuned))


def _settings(config: str, data: Path | None, overrides: list[str] | None) -> "ForecastConfig":
    from voltran.agents.forecasting.settings import read_forecast_config
    from voltran.envs.scenario import parse_overrides

    given: dict[str, Any] = {}
    if data is not None:
        given["data"] = {"kind": "lte-barcelona", "folder": str(data)}
    return read_forecast_config(config, {**given, **parse_overrides(overrides or [])})

"""[CG] Table II: errors of federated forecasts, beside rules and other ways to train.

Source: [CG] Table II. Data, normalisation, sizes of the network and the meaning of "iterations" are not printed: here
they are synthetic, by the statistics of each site's training days, 32 units, and rounds.
"""

from functools import partial
from typing import Annotated, Literal, NamedTuple

from pydantic import Field, PositiveInt

from voltran.agents.forecasting.settings import ForecastConfig, SyntheticSites
from voltran.envs.scenario import Section
from voltran.experiments.calculations.findings import Cell, Chart, Claim, Findings, Series, Table
from voltran.experiments.calculations.working import Working
from voltran.experiments.collective.forecast_rows import forecast_row

# [window, rounds, epochs] -> MSE and MAE, each least, mean and most over sites. Source: [CG] Table II.
PAPER: dict[tuple[int, int, int], tuple[float, ...]] = {
    (16, 10, 3): (0.13, 0.51, 1.11, 0.27, 0.39, 0.54),
    (16, 50, 10): (0.18, 0.58, 1.18, 0.31, 0.43, 0.58),
    (32, 10, 3): (0.13, 0.51, 1.12, 0.27, 0.39, 0.53),
    (32, 50, 10): (0.19, 0.58, 1.19, 0.30, 0.43, 0.58),
    (64, 10, 3): (0.13, 0.51, 1.12, 0.27, 0.39, 0.53),
    (64, 50, 10): (0.18, 0.59, 1.18, 0.32, 0.43, 0.58),
}
ERRORS = ("MSE min", "MSE mean", "MSE max", "MAE min", "MAE mean", "MAE max")
ALWAYS = ("persistence", "daily", "federated", "energy")  # rows of all tables, by the beginning of their values' names
ALIKE = 0.02  # difference of mean MSE below which windows count as equally good


class Schedule(Section):
    """How long training lasts.

    Attributes:
        rounds: of federated training.
        epochs: of each client per round.
    """

    rounds: PositiveInt
    epochs: PositiveInt


class TableOptions(Section):
    """What to compare.

    Attributes:
        windows, schedules: of the federated rows; the first of each is the one that others are compared with.
        long_rounds: of the row with past energy that trains longer.
        other_epochs: of sites that train alone, and of the central network.
        fine_tuning_epochs: of sites that go on alone from the common network.
        clients_per_round: how many train in a round.
        heavy_noise: one table each: standard deviation of heavy-tailed noise on power, see
            :class:`~voltran.envs.sharing.load.Load`.
        noisy_rows: what tables with such noise show: "few", which are rules, the first federated row and the one with
            past energy, or "all".
        data: the sites; ``load.heavy_noise`` is set by the above.
        seed: of weights, choices and orders.
    """

    windows: Annotated[tuple[PositiveInt, ...], Field(min_length=1)] = (16, 32, 64)
    schedules: Annotated[tuple[Schedule, ...], Field(min_length=1)] = (
        Schedule(rounds=10, epochs=3),
        Schedule(rounds=50, epochs=10),
    )
    long_rounds: PositiveInt = 60
    other_epochs: PositiveInt = 10
    fine_tuning_epochs: PositiveInt = 3
    clients_per_round: PositiveInt = 30
    heavy_noise: Annotated[tuple[Annotated[float, Field(ge=0.0, le=10.0)], ...], Field(min_length=1)] = (0.0, 0.7)
    noisy_rows: Literal["few", "all"] = "few"
    data: SyntheticSites = SyntheticSites()
    seed: Annotated[int, Field(ge=0)] = 0


class Row(NamedTuple):
    """One row of a table.

    Attributes:
        name: as tables show it.
        way: to forecast, see :data:`~voltran.agents.forecasting.rivals.WAYS`.
        config: its settings.
        value: beginning of the names of its values, where the answer may use them.
        printed: which of [CG]'s rows this is: window, rounds, epochs.
    """

    name: str
    way: str
    config: ForecastConfig
    value: str = ""
    printed: tuple[int, int, int] | None = None


def forecast_table(options: TableOptions, working: Working) -> Findings:
    """Errors of all ways to forecast, a table for each noise; every row is kept as soon as it is done."""
    tables: list[Table] = []
    charts: list[Chart] = []
    claims: list[Claim] = []
    values: dict[str, float | None] = {}
    for noise in options.heavy_noise:
        rows = _rows(options, noise)
        errors = {row.name: _computed(row, working, noise) for row in rows}
        label = _label(noise)
        tables.append(_table(label, rows, errors))
        charts.append(_chart(label, errors, f"mae-{len(charts) + 1}"))
        claims += _claims(label, options, errors) if _is_complete(options, noise) else []
        claims.append(_judged_alone(label, options, errors))
        for row in (row for row in rows if row.value):
            name = row.value if noise == 0.0 else f"{row.value}_heavy"
            values |= {f"{name}_mse": errors[row.name][1], f"{name}_mae": errors[row.name][4]}
    return Findings(tables=tuple(tables), charts=tuple(charts), claims=tuple(claims), values=values)


def _computed(row: Row, working: Working, noise: float) -> list[float]:
    config = row.config.model_dump(mode="json")
    inputs = {"way": row.way, "config": config}
    found = working.part(f"{row.name} noise {noise:g}", partial(forecast_row, row.way, config), inputs)
    return [*found["mse"], *found["mae"]]


def _rows(options: TableOptions, noise: float) -> list[Row]:
    first = options.schedules[0]
    base = ForecastConfig(
        window=options.windows[0],
        rounds=first.rounds,
        local_epochs=first.epochs,
        clients_per_round=options.clients_per_round,
        fine_tuning_epochs=options.fine_tuning_epochs,
        seed=options.seed,
        data=options.data.model_copy(update={"load": options.data.load.model_copy(update={"heavy_noise": noise})}),
    )
    rows = [Row("persistence", "persistence", base, "persistence"), Row("a day ago", "daily-naive", base, "daily")]
    for schedule in options.schedules:
        for window in options.windows:
            key = (window, schedule.rounds, schedule.epochs)
            update = {"window": window, "rounds": schedule.rounds, "local_epochs": schedule.epochs}
            value = "federated" if update.items() <= base.model_dump().items() else ""
            rows.append(Row(_federated(*key), "federated", base.model_copy(update=update), value, key))
    rows += _other_rows(options, base)
    return rows if _is_complete(options, noise) else [row for row in rows if row.value in ALWAYS]


def _is_complete(options: TableOptions, noise: float) -> bool:
    """Whether a table has all rows."""
    return noise == 0.0 or options.noisy_rows == "all"


def _other_rows(options: TableOptions, base: ForecastConfig) -> list[Row]:
    """Other ways to train, and other features, with the first window and schedule."""
    others = base.model_copy(update={"local_epochs": options.other_epochs})
    energy = base.model_copy(update={"features": ("throughput", "success", "energy")})
    long, long_energy = (config.model_copy(update={"rounds": options.long_rounds}) for config in (base, energy))
    short_name = _federated(base.window, base.rounds, base.local_epochs)
    long_name = _federated(base.window, options.long_rounds, base.local_epochs)
    return [
        Row(f"{short_name}, then alone", "federated-tuned", base, "tuned"),
        Row("alone", "local-only", others, "alone"),
        Row("central", "central", others, "central"),
        Row(long_name, "federated", long, "long"),
        Row(f"{short_name}, past energy", "federated", energy, "energy"),
        Row(f"{long_name}, past energy", "federated", long_energy, "long_energy"),
        Row(f"{long_name}, past energy, then alone", "federated-tuned", long_energy, "long_energy_tuned"),
    ]


def _federated(window: int, rounds: int, epochs: int) -> str:
    return f"federated [{window}, {rounds}, {epochs}]"


def _label(noise: float) -> str:
    return "as generated" if noise == 0.0 else f"with heavy-tailed noise {noise:g}"


def _table(label: str, rows: list[Row], errors: dict[str, list[float]]) -> Table:
    lines: list[tuple[Cell, ...]] = []
    for row in rows:
        lines.append((row.name, "VoltRAN", *errors[row.name]))
        if row.printed in PAPER:
            lines.append((row.name, "[CG] Table II", *PAPER[row.printed]))
    note = (
        "In brackets: window, rounds, epochs per round. Errors are in standard deviations of each site's power in its "
        "training days; least, mean and most over sites."
    )
    return Table(
        title=f"Errors {label}", columns=("Way to forecast", "Source", *ERRORS), rows=tuple(lines), keys=2, note=note
    )


def _chart(label: str, errors: dict[str, list[float]], name: str) -> Chart:
    series = Series(
        name="mean over sites",
        x=tuple(errors),
        y=tuple(found[4] for found in errors.values()),
    )
    return Chart(
        name=name,
        title=f"Absolute error {label}",
        x_label="",
        y_label="Mean absolute error (standard deviations)",
        series=(series,),
        drawn="bars",
        from_zero=True,
    )


def _claims(label: str, options: TableOptions, errors: dict[str, list[float]]) -> list[Claim]:
    """What [CG] says of the rows of Table II."""
    first, *later = options.schedules
    mse = {
        (window, schedule.rounds): errors[_federated(window, schedule.rounds, schedule.epochs)][1]
        for window in options.windows
        for schedule in options.schedules
    }
    short = [mse[window, first.rounds] for window in options.windows]
    claims = [
        Claim.judged(
            text=f"Longer windows change little ({label})",
            paper="mean MSE 0.51 at 16, 32 and 64 slots",
            found="mean MSE " + ", ".join(f"{value:.3f}" for value in short),
            holds=max(short) - min(short) <= ALIKE,
        )
    ]
    for schedule in later:
        long = [mse[window, schedule.rounds] for window in options.windows]
        worse = all(after > before for before, after in zip(short, long, strict=True))
        claims.append(
            Claim.judged(
                text=f"Training for {schedule.rounds} rounds of {schedule.epochs} epochs forecasts worse ({label})",
                paper="mean MSE 0.58 to 0.59 instead of 0.51",
                found="mean MSE " + ", ".join(f"{value:.3f}" for value in long),
                holds=worse,
            )
        )
    return claims


def _judged_alone(label: str, options: TableOptions, errors: dict[str, list[float]]) -> Claim:
    first = options.schedules[0]
    ours = errors[_federated(options.windows[0], first.rounds, first.epochs)]
    rule = errors["persistence"]
    return Claim(
        text=f"Forecasts are accurate ({label})",
        paper="MSE 0.51, MAE 0.39; no rule beside, normalisation not printed",
        found=f"MSE {ours[1]:.3f}, MAE {ours[4]:.3f}; persistence MSE {rule[1]:.3f}, MAE {rule[4]:.3f}",
        verdict="cannot be judged",
    )

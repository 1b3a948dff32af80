"""The command line. Heavy libraries are loaded by the commands that need them, so that help is quick."""

import os
import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from voltran.cli.compiling import PlayingCommand
from voltran.cli.dataset import dataset
from voltran.cli.forecast import forecast
from voltran.cli.group import VoltranGroup
from voltran.cli.lists import COMMANDS as LISTS
from voltran.cli.options import NoReplay, Overrides, ReplaySeed, Resume, chosen_replay
from voltran.cli.output import console as open_console
from voltran.cli.output import hand_over
from voltran.cli.plan import plan
from voltran.cli.record import record
from voltran.cli.replay import replay
from voltran.cli.seal import seal
from voltran.evaluation.cores import CORES

MOST_JOBS = 10_000

app = typer.Typer(
    cls=VoltranGroup,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    help="Energy-resilient mobile networks: train controllers, compare them, reproduce published tables.",
)
app.add_typer(forecast, name="forecast")
app.add_typer(dataset, name="dataset")
app.command(cls=PlayingCommand)(plan)
app.command(cls=PlayingCommand)(record)
app.command()(replay)
app.command()(seal)
for listing in LISTS:
    app.command()(listing)

Quick = Annotated[
    bool, typer.Option("--quick", help="As little as shows that everything works; says nothing about quality.")
]
Listed = Annotated[
    bool,
    typer.Option(
        "--list",
        is_eager=True,
        callback=lambda wanted: _list_experiments(wanted),
        help="List those shipped, one a line.",
    ),
]
Store = Annotated[
    Path | None, typer.Option(help="Folder of finished episodes, which experiments may share; in --out by default.")
]
Jobs = Annotated[
    int, typer.Option(min=1, max=MOST_JOBS, help="Worker processes; as many as there are cores by default.")
]
AtATime = Annotated[
    int | None,
    typer.Option("--jobs", min=1, max=MOST_JOBS, help="Episodes at a time; as many as there are cores by default."),
]
Backend = Annotated[
    str, typer.Option(help="Where to play: processes of this machine, or ray for a Ray here or on a cluster.")
]
Address = Annotated[
    str | None,
    typer.Option(help="Ray cluster: auto, HOST:PORT or ray://HOST:PORT; without it, a Ray of this machine is started."),
]


def _version(shown: bool) -> None:
    if shown:
        from voltran import __version__

        typer.echo(f"voltran {__version__}")
        raise typer.Exit


def _list_experiments(wanted: bool) -> None:
    if wanted:
        from voltran.experiments.experiment import experiment_names

        typer.echo("\n".join(experiment_names()))
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Energy-resilient mobile networks."""
    if not {os.getcwd(), ""} & set(sys.path):  # last, so that nothing in it hides what is installed
        sys.path.append(os.getcwd())


@app.command(cls=PlayingCommand)
def train(
    config: Annotated[str, typer.Argument(help="Training configuration: a YAML file or a shipped name.")],
    out: Annotated[Path | None, typer.Option(help="Folder of the run; runs/NAME by default.")] = None,
    resume: Resume = False,
    overrides: Overrides = None,
    seeds: Annotated[
        int, typer.Option(min=1, max=1000, help="Runs with so many seeds, and one learning curve of them all.")
    ] = 1,
    jobs: Jobs = CORES,
) -> None:
    """Train a policy, or one for each role that learns."""
    from voltran.envs.scenario import parse_overrides
    from voltran.evaluation.controller_grammar import Reference
    from voltran.train.ppo import POLICY_FILE
    from voltran.train.ppo import train as run
    from voltran.train.seed_runs import train_seeds

    say = partial(hand_over, open_console())
    settings = parse_overrides(overrides or [])
    if seeds > 1:
        picture = train_seeds(config, settings, out, resume, seeds=seeds, jobs=jobs, report=say)
        say(f"Runs: {picture.parent}/seed-*\nLearning curve: {picture}")
        return
    trained = run(config, settings, out, resume)
    if trained.is_file():
        say(f"Policy: {trained}")
        return
    policies = sorted(trained.glob(f"*/{POLICY_FILE}"))
    say("Policies: " + "+".join(f"{path.parent.name}={Reference(str(path))}" for path in policies))


@app.command(cls=PlayingCommand)
def evaluate(
    scenario: Annotated[str, typer.Option(help="Scenario: a shipped name or a YAML file.")] = "urban19-medium",
    controllers: Annotated[
        str | None,
        typer.Option(
            help="Separated by commas: names, zoo:NAME, policy files, module:attribute, sb3:PATH, "
            "torch:module:attribute, each with options as :key=value; teams like bs=msrc+retailer=dpa; @FILE; "
            "quote paths with other signs in them. By default a few of the scenario's world."
        ),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Episodes per controller.")] = 50,
    first_seed: Annotated[int, typer.Option(min=0, help="The seeds follow each other from here.")] = 1000,
    reference: Annotated[
        str | None, typer.Option(help="Whom to compare with in pairs, separated by commas; the first by default.")
    ] = None,
    jobs: AtATime = None,
    backend: Backend = "processes",
    address: Address = None,
    out: Annotated[Path, typer.Option(help="Folder for results, tables, pictures and the replay.")] = Path(
        "runs/evaluate"
    ),
    resume: Resume = False,
    overrides: Overrides = None,
    replay_seed: ReplaySeed = None,
    no_replay: NoReplay = False,
    all_metrics: Annotated[
        bool, typer.Option("--all-metrics", help="Print a table of all metrics, not the short one.")
    ] = False,
) -> None:
    """Play controllers on the same outages and compare them, with intervals."""
    from voltran.envs.claims import claimed
    from voltran.envs.scenario import parse_overrides
    from voltran.evaluation.controller_grammar import split_entries
    from voltran.evaluation.controller_spec import parse_controllers
    from voltran.evaluation.evaluation import Evaluation, default_controllers
    from voltran.evaluation.report import write_report
    from voltran.evaluation.seeds import seeds_from
    from voltran.evaluation.worker_pool import open_pool

    console = open_console()
    evaluation = Evaluation(
        scenario,
        parse_controllers(controllers or default_controllers(scenario)),
        seeds_from(first_seed, seeds),
        parse_overrides(overrides or []),
        references=split_entries(reference) if reference else None,
        replay_seed=chosen_replay(replay_seed, no_replay, first_seed),
    )
    evaluation.check()  # before a cluster is asked for anything
    with claimed(out, say=partial(console.print, markup=False)), open_pool(backend, jobs, address) as pool:
        results = evaluation.run(out=out, resume=resume, jobs=pool, progress=console)
        write_report(results, out, console, all_metrics=all_metrics)
    hand_over(console, f"Results, tables and pictures: {out}")


@app.command(cls=PlayingCommand)
def experiment(
    name: Annotated[str, typer.Argument(help="A shipped experiment, or a YAML file.")] = "",
    out: Annotated[Path | None, typer.Option(help="Folder for the report; runs/NAME by default.")] = None,
    resume: Resume = False,
    jobs: AtATime = None,
    backend: Backend = "processes",
    address: Address = None,
    store: Store = None,
    publish_to: Annotated[
        Path | None,
        typer.Option("--publish", help="Checkout whose docs/results and README to write from the results."),
    ] = None,
    quick: Quick = False,
    listed: Listed = False,
) -> None:
    """Reproduce a published table or figure, with the published values beside ours."""
    from voltran.envs.errors import VoltranError
    from voltran.envs.file_names import file_name
    from voltran.evaluation.provenance import check_committed
    from voltran.evaluation.worker_pool import open_pool
    from voltran.experiments.publish import check_publishable
    from voltran.experiments.publish import publish as write_documents
    from voltran.experiments.run import prepare_experiment

    if not name:
        raise VoltranError("experiment: none named; see voltran experiment --list, or give the path of a .yaml file")
    console = open_console()
    folder = out if out is not None else Path("runs") / file_name(Path(name).stem)
    if publish_to is not None:
        if quick:
            raise VoltranError("--publish with --quick: quick results are not published; leave one of them out")
        check_publishable(name, publish_to)
        check_committed(publish_to)
    prepared = prepare_experiment(name, folder, resume=resume, quick=quick)
    with open_pool(backend, jobs, address) as pool:
        report = prepared.play(pool, console, store)
    hand_over(console, f"Report: {report}")
    if publish_to is not None:
        check_committed(publish_to)  # again: it has played for hours, perhaps
        say_change = partial(console.print, "Not as it was published:", markup=False)
        for document in write_documents(name, folder, publish_to, say_change):
            hand_over(console, f"Written: {document}")


@app.command(cls=PlayingCommand)
def sweep(
    scenario: Annotated[str, typer.Argument(help="Scenario: a shipped name or a YAML file.")],
    vary: Annotated[
        list[str] | None,
        typer.Option("--vary", metavar="KEY=V1,V2", help="Values of one key; repeated, every combination of them all."),
    ] = None,
    controllers: Annotated[str | None, typer.Option(help="Separated by commas, as for evaluate.")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Episodes per controller and combination.")] = 20,
    first_seed: Annotated[int, typer.Option(min=0, help="The seeds follow each other from here.")] = 1000,
    reference: Annotated[
        str | None, typer.Option(help="Whom to compare with in pairs, separated by commas; the first by default.")
    ] = None,
    metrics: Annotated[
        str | None, typer.Option(help="What to show, separated by commas; as the world's short tables by default.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for results, tables, pictures and experiment.yaml.")] = Path(
        "runs/sweep"
    ),
    resume: Resume = False,
    jobs: AtATime = None,
    backend: Backend = "processes",
    address: Address = None,
    overrides: Overrides = None,
    store: Store = None,
    quick: Quick = False,
) -> None:
    """Play controllers on the same outages under every combination of values of scenario keys."""
    from voltran.envs.scenario import parse_overrides
    from voltran.evaluation.controller_grammar import split_entries
    from voltran.evaluation.evaluation import default_controllers
    from voltran.evaluation.worker_pool import open_pool
    from voltran.experiments.run import prepare_sweep
    from voltran.experiments.sweep_request import sweep_experiment

    console = open_console()
    asked = sweep_experiment(
        scenario,
        vary or [],
        controllers or ",".join(default_controllers(scenario)),
        seeds=seeds,
        first_seed=first_seed,
        references=split_entries(reference or ""),
        metrics=split_entries(metrics or ""),
        overrides=parse_overrides(overrides or []),
    )
    prepared = prepare_sweep(asked, out, resume=resume, quick=quick)
    with open_pool(backend, jobs, address) as pool:
        report = prepared.play(pool, console, store)
    hand_over(console, f"Report: {report}")


@app.command()
def publish(
    root: Annotated[Path, typer.Argument(help="Checkout whose docs/results and README to write.")] = Path("."),
    draw: Annotated[
        bool, typer.Option("--draw", help="Draw the pictures again, too, but for those of time series.")
    ] = False,
) -> None:
    """Write the pages of results and the README's table again from the published summaries, without playing."""
    from voltran.experiments.publish import draw_again, write_pages

    for document in [*(draw_again(root) if draw else ()), *write_pages(root)]:
        hand_over(open_console(), f"Written: {document}")


@app.command(cls=PlayingCommand)
def calibrate(
    out: Annotated[Path, typer.Option(help="File for the fit.")] = Path("runs/calibration.yaml"),
    quick: Quick = False,
) -> None:
    """Fit the power model to the survival of independent operation; the shipped fit is already in the scenarios."""
    from voltran.envs.files import require_writable
    from voltran.experiments import calibration

    require_writable(out)
    console = open_console()
    seeds, steps = (calibration.SEEDS[:1], calibration.STEPS[:1]) if quick else (calibration.SEEDS, calibration.STEPS)
    fit = calibration.calibrate(lambda tried: console.print(str(tried), markup=False), seeds, steps)
    calibration.save_fit(fit, out, seeds)
    hand_over(console, f"Best: {fit}\nFit: {out}")


@app.command()
def doctor() -> None:
    """Say what is installed, what works, and what to do about what does not."""
    from voltran.cli.doctor import print_report

    if not print_report(open_console()):
        raise typer.Exit(1)


@app.command(cls=PlayingCommand)
def demo(
    out: Annotated[Path, typer.Option(help="Folder for everything that is made.")] = Path("runs/demo"),
    jobs: Jobs = CORES,
    quick: Quick = False,
) -> None:
    """Train a small policy and compare it with rules and an optimiser, in a few minutes."""
    from voltran.cli.demo import run_demo

    run_demo(out, jobs=jobs, console=open_console(), quick=quick)

"""Experiments: configurations that reproduce tables and figures, with the published values beside ours."""

from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import Field, NonNegativeInt, PositiveInt
from rich.console import Console

from voltran.envs.errors import ScenarioError
from voltran.envs.scenario import Section, validated
from voltran.train.evaluate import evaluate
from voltran.train.files import claim_folder, write_text
from voltran.train.metrics import MISSING, metric_of
from voltran.train.references import parse_controllers
from voltran.train.report import TABLE_FILE, write_report
from voltran.train.results import Results
from voltran.train.tables import markdown_paired, markdown_row, markdown_rule, markdown_table

Names = Annotated[tuple[str, ...], Field(min_length=1)]


class Comparison(Section):
    """Published values of one table.

    Attributes:
        title: which table of which paper.
        note: what a reader should know before comparing.
        values: scenario to metric to controller to the published value, in stored units (shares, hours).
    """

    title: str
    note: str = ""
    values: dict[str, dict[str, dict[str, float]]]


class Experiment(Section):
    """What an experiment plays.

    Attributes:
        title: heading of the report.
        description: a few sentences on what is shown.
        scenarios: where to play.
        controllers: who plays, as on the command line.
        seeds: episodes per controller and scenario.
        first_seed: the seeds follow each other from here.
        reference: controllers that the others are compared with, in pairs.
        overrides: dotted scenario keys and their values.
        options: options of the world's builder.
        paper: published values.
    """

    title: str
    description: str = ""
    scenarios: Names
    controllers: Names
    seeds: PositiveInt = 50
    first_seed: NonNegativeInt = 1000
    reference: Names
    overrides: dict[str, Any] = Field(default_factory=dict)
    options: dict[str, Any] = Field(default_factory=dict)
    paper: tuple[Comparison, ...] = ()


def experiment_names() -> list[str]:
    """Names of the experiments that ship with the package."""
    folder = resources.files("voltran.configs") / "experiments"
    return sorted(item.name.removesuffix(".yaml") for item in folder.iterdir() if item.name.endswith(".yaml"))


def read_experiment(name: str) -> Experiment:
    """Read a shipped experiment by name, or any by the path of its YAML file.

    Raises:
        ScenarioError: no such experiment, or a field that is unknown or out of range.
    """
    source = f"experiment {name}"
    try:
        data = yaml.safe_load(_text(name))
    except yaml.YAMLError as error:
        raise ScenarioError(f"{source}: not valid YAML: {error}") from error
    if not isinstance(data, dict):
        raise ScenarioError(f"{source}: expected a mapping of fields, found {type(data).__name__}")
    return validated(Experiment, data, source)


def run_experiment(name: str, out: Path, *, resume: bool, jobs: int, console: Console) -> Path:
    """Play an experiment and write its report.

    Args:
        name: shipped name, or path of a YAML file.
        out: folder for ``table.md`` and, per scenario, a folder with results, tables and pictures.
        resume: continue what ``out`` holds.
        jobs: worker processes.
        console: where to show progress and tables.

    Returns:
        The report.

    Raises:
        ScenarioError: an unknown experiment, scenario or controller.
        VoltranError: ``out`` holds something and ``resume`` is off, or it cannot be written, or episodes failed.
    """
    experiment = read_experiment(name)
    controllers = parse_controllers(",".join(experiment.controllers))
    claim_folder(out, resume, "experiment")
    results: dict[str, Results] = {}
    for scenario in experiment.scenarios:
        folder = out / Path(scenario).stem
        results[scenario] = evaluate(
            scenario,
            controllers,
            range(experiment.first_seed, experiment.first_seed + experiment.seeds),
            overrides=experiment.overrides,
            options=experiment.options,
            jobs=jobs,
            out=folder,
            resume=True,
            progress=console,
            references=experiment.reference,
        )
        write_report(results[scenario], folder, console)
    write_text(out / TABLE_FILE, report(experiment, results, out))
    return out / TABLE_FILE


def report(experiment: Experiment, results: dict[str, Results], out: Path, prefix: str = "") -> str:
    """The experiment's Markdown report: published values beside ours, then every scenario.

    Args:
        experiment: what was played.
        results: scenario to what was found.
        out: folder of the scenarios' folders, to link the pictures that are there.
        prefix: path from the report to that folder; empty where it lies in it.
    """
    parts = [f"# {experiment.title}", experiment.description]
    parts += [comparison_table(comparison, results) for comparison in experiment.paper]
    for scenario, found in results.items():
        parts += [f"## {scenario}", markdown_table(found)]
        parts += [markdown_paired(found, reference) for reference in found.paired]
        parts += [_pictures(out, Path(scenario).stem, prefix)]
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def comparison_table(comparison: Comparison, results: dict[str, Results]) -> str:
    """Published values beside ours, one row each."""
    head = ["Scenario", "Metric", "Controller", "Paper", "VoltRAN"]
    lines = [f"## {comparison.title}\n\n", markdown_row(head), markdown_rule(3, 2)]
    for scenario, metrics in comparison.values.items():
        for key, published in metrics.items():
            metric = metric_of(key)
            for label, value in published.items():
                ours = _ours(results, scenario, label, key)
                lines.append(markdown_row([scenario, metric.heading, label, metric.number(value), ours]))
    return "".join(lines) + (f"\n{comparison.note}\n" if comparison.note else "")


def _ours(results: dict[str, Results], scenario: str, label: str, key: str) -> str:
    found = results.get(scenario)
    controller = found.controllers.get(label) if found else None
    summary = controller.metrics.get(key) if controller else None
    return metric_of(key).estimate(summary.mean, summary.ci95) if summary else MISSING


def _pictures(out: Path, folder: str, prefix: str) -> str:
    names = sorted(path.stem for path in (out / folder).glob("*.png") if not path.stem.endswith("-dark"))
    start = f"{prefix}/{folder}" if prefix else folder
    return "\n\n".join(picture(f"{start}/{name}") for name in names)


def picture(path: str) -> str:
    """HTML that shows a picture in the version for the reader's light or dark page."""
    alternative = path.rpartition("/")[2].replace("-", " ")
    return (
        f'<picture><source media="(prefers-color-scheme: dark)" srcset="{path}-dark.png">'
        f'<img alt="{alternative}" src="{path}.png" width="860"></picture>'
    )


def _text(name: str) -> str:
    if not name.endswith((".yaml", ".yml")):
        if name not in experiment_names():
            known = ", ".join(experiment_names())
            raise ScenarioError(f"unknown experiment {name!r}; known: {known}; or give the path of a .yaml file")
        return (resources.files("voltran.configs") / "experiments" / f"{name}.yaml").read_text()
    try:
        return Path(name).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"experiment file {name}: cannot be read ({error})") from error

"""The command ``python -m benchmarks [--quick] [--folder FOLDER] [--page PAGE] [--only TOPIC] [--out FILE]``."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.allocation import allocation_modes, allocation_sizes
from benchmarks.batched_faces import batched_faces
from benchmarks.comparison import comparison
from benchmarks.controllers import controllers
from benchmarks.datasets import datasets
from benchmarks.dispatch import dispatch
from benchmarks.episodes import episodes
from benchmarks.faces import faces
from benchmarks.forecasts import forecasts
from benchmarks.kernels import kernels
from benchmarks.machine import machine
from benchmarks.measure import Section
from benchmarks.memory import memory
from benchmarks.physics_steps import batch_sizes, network_sizes
from benchmarks.planning import planning, planning_sizes, proofs
from benchmarks.power_control import power_control
from benchmarks.replay_page import replay_page
from benchmarks.report import report
from benchmarks.sharing import sharing_noise, sharing_plans
from benchmarks.training import training
from benchmarks.uplink import matching, variants
from benchmarks.world_speeds import retail_worlds, sharing_worlds
from voltran.evaluation.files import write_text

Topics = dict[str, Callable[[bool], Section]]

# page under docs/ to its topics
PAGES: dict[str, Topics] = {
    "performance": {
        "steps": batch_sizes,
        "sizes": network_sizes,
        "faces": faces,
        "batched-faces": batched_faces,
        "training": training,
        "datasets": datasets,
        "episodes": episodes,
        "controllers": controllers,
        "planning": planning,
        "proofs": proofs,
        "planning-sizes": planning_sizes,
        "planning-forecasts": forecasts,
        "dispatch": dispatch,
        "kernels": kernels,
        "memory": memory,
        "comparison": comparison,
    },
    "performance_uplink": {
        "power-control": power_control,
        "uplink": matching,
        "uplink-variants": variants,
    },
    "performance_market": {
        "retail-worlds": retail_worlds,
        "allocation-sizes": allocation_sizes,
        "allocation-modes": allocation_modes,
    },
    "performance_sharing": {
        "sharing-plans": sharing_plans,
        "sharing-noise": sharing_noise,
        "sharing-worlds": sharing_worlds,
    },
    "performance_replay": {"replay-page": replay_page},
}
TITLES = {
    "performance": "Performance",
    "performance_uplink": "Performance in the uplink",
    "performance_market": "Performance with retailers",
    "performance_sharing": "Performance of shared batteries",
    "performance_replay": "Performance of the replay page",
}
TOPICS: Topics = {topic: measure for topics in PAGES.values() for topic, measure in topics.items()}


def main(
    quick: Annotated[
        bool, typer.Option("--quick", help="Few repeats and small sizes: shows that everything works.")
    ] = False,
    folder: Annotated[
        Path | None, typer.Option(help="Folder of the pages; docs by default, and runs/quick with --quick.")
    ] = None,
    page: Annotated[list[str] | None, typer.Option(help=f"One of {', '.join(PAGES)}; may be repeated.")] = None,
    only: Annotated[list[str] | None, typer.Option(help=f"One of {', '.join(TOPICS)}; needs --out.")] = None,
    out: Annotated[Path | None, typer.Option(help="The page to write --only to.")] = None,
) -> None:
    """Measure, print and write performance.md and the pages beside it."""
    _check("--page", page or [], PAGES)
    _check("--only", only or [], TOPICS)
    if (only is None) != (out is None):
        raise typer.BadParameter("--only and --out go together, so that no page loses its other topics")
    if only is not None and out is not None:
        _write(out, only, quick, "Performance")
        return
    where = folder or Path("runs/quick" if quick else "docs")
    for name in page or PAGES:
        _write(where / f"{name}.md", list(PAGES[name]), quick, TITLES[name])


def _check(option: str, given: list[str], known: Iterable[str]) -> None:
    if unknown := sorted(set(given) - set(known)):
        raise typer.BadParameter(f"{option} {', '.join(unknown)}: there are {', '.join(known)}")


def _write(out: Path, topics: list[str], quick: bool, title: str) -> None:
    before = machine()
    sections = []
    for topic in topics:
        typer.echo(f"{topic} ...", err=True)
        sections.append(TOPICS[topic](quick))
    text = report(sections, before, quick, title)
    typer.echo(text)
    write_text(out, text)


if __name__ == "__main__":
    typer.run(main)

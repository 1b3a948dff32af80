"""The command ``python -m benchmarks [--quick] [--only TOPIC] [--out FILE]``."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.comparison import comparison
from benchmarks.controllers import controllers
from benchmarks.dispatch import dispatch
from benchmarks.episodes import episodes
from benchmarks.faces import faces
from benchmarks.kernels import kernels
from benchmarks.machine import machine
from benchmarks.measure import Section
from benchmarks.memory import memory
from benchmarks.physics_steps import batch_sizes, network_sizes
from benchmarks.planning import planning, planning_sizes, proofs
from benchmarks.power_control import power_control
from benchmarks.report import report
from benchmarks.training import training
from benchmarks.uplink import matching, variants
from voltran.train.files import write_text

TOPICS: dict[str, Callable[[bool], Section]] = {
    "steps": batch_sizes,
    "sizes": network_sizes,
    "faces": faces,
    "training": training,
    "episodes": episodes,
    "controllers": controllers,
    "planning": planning,
    "proofs": proofs,
    "planning-sizes": planning_sizes,
    "dispatch": dispatch,
    "power-control": power_control,
    "uplink": matching,
    "uplink-variants": variants,
    "kernels": kernels,
    "memory": memory,
    "comparison": comparison,
}


def main(
    quick: Annotated[bool, typer.Option("--quick", help="Few repeats: shows that everything works.")] = False,
    only: Annotated[list[str] | None, typer.Option(help=f"One of {', '.join(TOPICS)}; may be repeated.")] = None,
    out: Annotated[Path, typer.Option(help="The page to write.")] = Path("docs/performance.md"),
) -> None:
    """Measure, print and write docs/performance.md."""
    unknown = sorted(set(only or ()) - TOPICS.keys())
    if unknown:
        raise typer.BadParameter(f"{', '.join(unknown)}: topics are {', '.join(TOPICS)}")
    before = machine()
    sections = []
    for topic in only or TOPICS:
        typer.echo(f"{topic} ...", err=True)
        sections.append(TOPICS[topic](quick))
    text = report(sections, before, quick)
    typer.echo(text)
    write_text(out, text)


if __name__ == "__main__":
    typer.run(main)

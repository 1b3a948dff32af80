"""The command ``python -m benchmarks.against CHECKOUT [--rounds N]``: is this version as fast as another one?

Both are measured in one run, each in a process of its own, which take turns in many short rounds: whatever else the
machine does meets both alike. A round gives a ratio of CPU times; the median of the ratios is what counts.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median, quantiles
from typing import Annotated, NamedTuple

import typer

from benchmarks.measure import number
from voltran.evaluation.markdown import markdown_row, markdown_rule

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = Path("benchmarks") / "one_round.py"  # each version has its own, as names move
HEAD = ["", "this, µs", "other, µs", "this : other", "middle half", "of the fastest", "at most", ""]


class Case(NamedTuple):
    """Something to measure, as ``one_round`` calls it.

    Attributes:
        name: of the case.
        title: as the table shows it.
        limit: how large the ratio of this version's time to the other's may be.
    """

    name: str
    title: str
    limit: float


CASES = (
    Case("fresh, 32 worlds", "fresh physics step, 32 worlds", 1.05),
    Case("fresh, 1 world", "fresh physics step, 1 world", 1.05),
    Case("cached, 32 worlds", "cached physics step, 32 worlds", 1.10),
    Case("cached, 1 world", "cached physics step, 1 world", 1.10),
    Case("msrc", "joint decision of `msrc`", 1.10),
)


class Verdict(NamedTuple):
    """A row of the table, and whether the ratio is within its limit."""

    row: list[str]
    is_met: bool


def main(
    checkout: Annotated[Path, typer.Argument(help="Checkout of the version to compare with.")],
    rounds: Annotated[int, typer.Option(min=2, help="Ratios per case.")] = 25,
) -> None:
    """Compare the speed of this version with another's; exit with 1 if it is slower than allowed."""
    if not (checkout / PROGRAM).is_file():
        raise typer.BadParameter(f"{checkout}: not a checkout of VoltRAN (no {PROGRAM}); name one")
    with _measuring(ROOT) as this, _measuring(checkout.resolve()) as other:
        verdicts = [verdict(case, _taken(this, other, case, rounds)) for case in CASES]
    rows = [markdown_row(found.row) for found in verdicts]
    typer.echo("".join([markdown_row(HEAD), markdown_rule(1, len(HEAD) - 1), *rows]))
    typer.echo("CPU times, medians; the ratio is the median of those of the rounds, the middle half has half of them.")
    raise typer.Exit(not all(found.is_met for found in verdicts))


def verdict(case: Case, pairs: list[tuple[float, float]]) -> Verdict:
    """What rounds of CPU times in seconds, this version's and the other's, say about a case."""
    ratios = [ours / theirs for ours, theirs in pairs]
    low, middle, high = quantiles(ratios, n=4, method="inclusive")
    ours, theirs = zip(*pairs, strict=True)
    is_met = middle <= case.limit
    spread = [f"{middle:.3f}", f"{low:.3f} to {high:.3f}", f"{min(ours) / min(theirs):.3f}", f"{case.limit:.2f}"]
    times = [number(1e6 * median(each)) for each in (ours, theirs)]
    return Verdict([case.title, *times, *spread, "met" if is_met else "not met"], is_met)


def _taken(
    this: subprocess.Popen[str], other: subprocess.Popen[str], case: Case, rounds: int
) -> list[tuple[float, float]]:
    """Pairs of CPU times; who is first changes, and the first round, which may compile kernels, does not count."""
    pairs = []
    for index in range(rounds + 1):
        typer.echo(f"\r{case.title}: {index}/{rounds} ", err=True, nl=index == rounds)
        order = (this, other) if index % 2 else (other, this)
        times = {id(process): _answer(process, case.name) for process in order}
        pairs.append((times[id(this)], times[id(other)]))
    return pairs[1:]


def _answer(process: subprocess.Popen[str], name: str) -> float:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{name}\n")
    process.stdin.flush()
    answer = process.stdout.readline()
    if not answer:
        raise SystemExit(f"{name}: the measuring process ended, for the reason above")
    return float(answer)


@contextmanager
def _measuring(checkout: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that measures what a checkout holds."""
    environment = os.environ | {"PYTHONPATH": str(checkout), "PYTHONSAFEPATH": "1"}
    command = [sys.executable, str(checkout / PROGRAM)]
    process = subprocess.Popen(
        command, cwd=checkout, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


if __name__ == "__main__":
    typer.run(main)

"""The readable side of an evaluation: tables and pictures beside its results file."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from voltran.envs.errors import MissingExtraError
from voltran.envs.files import written_together
from voltran.evaluation.counts import failures
from voltran.evaluation.plots import write_plots
from voltran.evaluation.replay.pages import shown, write_replay
from voltran.evaluation.results import Results
from voltran.evaluation.tables import csv_table, markdown_report
from voltran.evaluation.terminal_tables import terminal_table

TABLE_FILE = "table.md"
CSV_FILE = "table.csv"


def write_report(
    results: Results,
    folder: Path,
    console: Console,
    title: str | None = None,
    families: Mapping[str, Sequence[str]] | None = None,
    all_metrics: bool = False,
) -> list[Path]:
    """Write tables, the replay and pictures, and print the short table.

    Args:
        results: what was evaluated.
        folder: where ``results.json`` lies.
        console: where to print.
        title: heading of the Markdown file; the scenario by default.
        families: title to controllers that share a panel, see :func:`voltran.evaluation.plots.write_plots`.
        all_metrics: print a table of all metrics instead.

    Returns:
        The files written, the page of the replay among them where something was recorded. Without Matplotlib there are
        no pictures, and the console says so.

    Raises:
        VoltranError: a file cannot be written.
    """
    console.print(terminal_table(results, all_metrics))
    if failed := failures(results):
        console.print(f"Warning: solvers failed, and something simpler stood in: {'; '.join(failed)}.", markup=False)
    written = write_tables(results, folder, title)
    if page := write_replay(results, folder):
        console.print(f"Replay: {page} {shown(results)}", markup=False, soft_wrap=True)
        written.append(page)
    try:
        return written + write_plots(results, folder, families)
    except MissingExtraError as error:
        console.print(f"No pictures: {error}", markup=False, soft_wrap=True)  # with a command to copy
        return written


def write_tables(results: Results, folder: Path, title: str | None = None) -> list[Path]:
    """Write the tables as Markdown and CSV.

    Args:
        results: what was evaluated.
        folder: where ``results.json`` lies.
        title: heading of the Markdown file; the scenario by default.

    Returns:
        The files written.

    Raises:
        VoltranError: a file cannot be written.
    """
    with written_together() as write:
        write(folder / TABLE_FILE, markdown_report(results, title).encode())
        write(folder / CSV_FILE, csv_table(results).encode())
    return [folder / TABLE_FILE, folder / CSV_FILE]

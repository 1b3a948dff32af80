"""A calculation as Markdown: the answer, claims, charts, tables."""

from collections.abc import Sequence
from pathlib import Path

from voltran.envs.metric import MISSING
from voltran.evaluation.figure_files import PICTURE_SUFFIX
from voltran.evaluation.markdown import grid, on_request, picture_file
from voltran.experiments.assumptions.sensitivity_report import sensitivity_section
from voltran.experiments.calculations.calculation import Calculation, filled_answer
from voltran.experiments.calculations.calculation_results import CalculationResults
from voltran.experiments.calculations.findings import Cell, Claim, Table

DIGITS = 4


def calculation_chapter(experiment: Calculation, results: CalculationResults, pictures: Sequence[str]) -> str:
    """The report.

    Args:
        experiment: what was asked.
        results: what was found.
        pictures: files to show, beside the report.

    Raises:
        ScenarioError: the answer names a value that there is none of.
    """
    findings, varied = results.findings, results.findings.sensitivities
    answer = filled_answer(experiment.answer, findings.values)
    parts = [f"# {experiment.title}"]
    parts += [f"**{experiment.question}** {answer}" if experiment.question else answer, experiment.description]
    parts += [_claims(findings.claims)] if findings.claims else []
    parts += [sensitivity_section(one, [name.removesuffix(PICTURE_SUFFIX) for name in pictures]) for one in varied]
    parts += [picture_file(name) for name in pictures if name not in (f"{one.name}{PICTURE_SUFFIX}" for one in varied)]
    parts += [_table(table) for table in findings.tables]
    parts += ["## Computed by", _computed_by(results)]
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def shown_pictures(results: CalculationResults, folder: Path) -> list[str]:
    """Files of the charts and images that are in a folder."""
    findings = results.findings
    names = [*(f"{name}{PICTURE_SUFFIX}" for name in findings.drawn), *findings.images]
    return [name for name in names if (folder / name).exists()]


def verdicts(claims: Sequence[Claim]) -> str:
    """How many claims hold."""
    if not claims:
        return MISSING
    found = [claim.verdict for claim in claims]
    open_claims = found.count("cannot be judged")
    beyond = f", {open_claims} cannot be judged" if open_claims else ""
    return f"{found.count('holds')} of {len(found)} claims hold{beyond}"


def _claims(claims: Sequence[Claim]) -> str:
    rows = [[_cell(text) for text in (claim.text, claim.paper, claim.found, claim.verdict)] for claim in claims]
    return grid(["Claim", "Paper", "VoltRAN", "Verdict"], rows, keys=4)


def _table(table: Table) -> str:
    rows = [[_shown(cell) for cell in row] for row in table.rows]
    content = "\n\n".join(
        [*([table.note] if table.note else []), grid([_cell(title) for title in table.columns], rows, keys=table.keys)]
    )
    return on_request(table.title, content) if table.on_request else f"## {table.title}\n\n{content}"


def _shown(cell: Cell) -> str:
    """A number with four digits, those before the point all; what is not there as such."""
    if cell is None:
        return MISSING
    if isinstance(cell, str):
        return _cell(cell)
    return f"{cell:.0f}" if abs(cell) >= 10 ** (DIGITS - 1) else f"{cell:.{DIGITS}g}"


def _cell(text: str) -> str:
    """A text that stays in one cell."""
    return " ".join(text.replace("|", "\\|").split())


def _computed_by(results: CalculationResults) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in results.versions.items() if version)
    source = f", source {results.source}" if results.source else ""
    return f"`{results.calculation}`{source}. Made with {versions}. All numbers: [results.json](results.json)."

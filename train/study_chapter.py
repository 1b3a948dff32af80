"""A study as Markdown: the paper's claims beside what we measure, and pictures."""

from collections.abc import Sequence
from pathlib import Path

from voltran.baselines.dpa.modes import REGIMES
from voltran.train.chapter import picture
from voltran.train.claims import RATE_TOLERANCE, REASONS
from voltran.train.study import Study
from voltran.train.study_results import Finding, StudyResults
from voltran.train.tables import markdown_row, markdown_rule


def study_chapter(study: Study, results: StudyResults, folder: Path, prefix: str = "") -> str:
    """The study's report.

    Args:
        study: what was carried out.
        results: what was found.
        folder: where its pictures lie.
        prefix: path from the report to that folder; empty where it lies in it.
    """
    start = f"{prefix}/" if prefix else ""
    parts = [f"# {study.title}", study.description, _claims_table(results.findings), _reading(study, results, prefix)]
    parts += [picture(f"{start}{name}") for name in study_pictures(folder)]
    parts += [f"All allocations: [results.json]({start}results.json)."]
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def study_pictures(folder: Path) -> list[str]:
    """Names of a study's pictures, without theme and ending."""
    return sorted(path.stem for path in folder.glob("*.png") if not path.stem.endswith("-dark"))


def _claims_table(findings: Sequence[Finding]) -> str:
    """A row per claim, and per regime what was measured and whether that is what the paper says."""
    names = list(dict.fromkeys(finding.name for finding in findings))
    if not names:
        return ""
    head = ["Mode", "Claim", "Paper"]
    head += [f"{what} in {name}" if name in REGIMES else what for name in names for what in ("Measured", "Verdict")]
    lines = [markdown_row(head), markdown_rule(len(head), 0)]
    for mode, text in dict.fromkeys((finding.mode, finding.text) for finding in findings):
        rows = {finding.name: finding for finding in findings if (finding.mode, finding.text) == (mode, text)}
        first = next(iter(rows.values()))
        row = [str(mode) if first.name in REGIMES else "day", text, first.paper]
        for name in names:
            row += [rows[name].measured, rows[name].verdict]
        lines.append(markdown_row(row))
    return "".join(lines)


def _reading(study: Study, results: StudyResults, prefix: str) -> str:
    """How to read the table."""
    gap = max(max(curve.gap) for curve in results.curves)
    text = f"Every point is solved to a relative duality gap of at most {gap:.0e}."
    if study.over == "day":
        return text
    reasons = (f"*{reason}*: {why}." for reason, (_, why) in REASONS.items() if _occurs(reason, results))
    return "\n\n".join([_units(study, text, prefix), *reasons])


def _occurs(reason: str, results: StudyResults) -> bool:
    return any(finding.verdict.endswith(f"({reason})") for finding in results.findings)


def _units(study: Study, text: str, prefix: str) -> str:
    regimes = "; ".join(f"{name}: {REGIMES[name].title}" for name in study.regimes)
    proofs = "[DPA](baselines/dpa.md#what-cannot-be-an-optimum)" if prefix else "docs/baselines/dpa.md"
    return (
        f"Regimes, as the paper names no units: {regimes} USD per such unit and hour. A rate counts as the paper's if "
        f"it is within {100 * RATE_TOLERANCE:.0f} % of the axis. {text} What cannot be an optimum of "
        f"the printed problem, whatever the units, is proven in {proofs}."
    )

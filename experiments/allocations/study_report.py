"""A study as Markdown: the paper's claims beside what we measure, and pictures."""

from collections.abc import Sequence
from pathlib import Path

from voltran.baselines.dpa.paper_cases import REGIMES
from voltran.evaluation.figure_files import PICTURE_SUFFIX
from voltran.evaluation.markdown import grid
from voltran.experiments.allocations.paper_claims import HOLDS, IMPOSSIBLE, RATE_TOLERANCE, REASONS
from voltran.experiments.allocations.study import Study
from voltran.experiments.allocations.study_results import Finding, StudyResults
from voltran.experiments.episode_report import picture


def study_chapter(study: Study, results: StudyResults, folder: Path, proofs: str = "docs/baselines/dpa.md") -> str:
    """The study's report.

    Args:
        study: what was carried out.
        results: what was found.
        folder: where its pictures lie, and the report.
        proofs: the page on what cannot be an optimum, as a link from the report or as words.
    """
    answer = f"**{study.question}** {verdicts(results.findings)}"
    parts = [f"# {study.title}", answer, study.description, _claims_table(results.findings)]
    parts += [_reading(study, results, proofs)]
    parts += [picture(name) for name in study_pictures(folder)]
    parts += ["All allocations: [results.json](results.json)."]
    return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"


def study_pictures(folder: Path) -> list[str]:
    """Names of a study's pictures, without ending."""
    return sorted(path.stem for path in folder.glob(f"*{PICTURE_SUFFIX}"))


def verdicts(findings: Sequence[Finding]) -> str:
    """How many statements hold, by regime or scheme, and how many no optimum can meet."""
    parts = []
    for name in dict.fromkeys(finding.name for finding in findings):
        of_regime = [finding.verdict for finding in findings if finding.name == name]
        holding = f"{of_regime.count(HOLDS)} of {len(of_regime)} statements hold"
        impossible = sum(verdict.startswith(IMPOSSIBLE) for verdict in of_regime)
        where = f"in regime {name} " if name in REGIMES else ""
        parts.append(f"{where}{holding}" + (f", {impossible} cannot be met by any optimum" if impossible else ""))
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}."


def _claims_table(findings: Sequence[Finding]) -> str:
    """A row per claim, and per regime what was measured and whether that is what the paper says."""
    names = list(dict.fromkeys(finding.name for finding in findings))
    if not names:
        return ""
    head = ["Mode", "Claim", "Paper"]
    head += [f"Measured in {name}" if name in REGIMES else "Measured" for name in names]
    lines = []
    for mode, text in dict.fromkeys((finding.mode, finding.text) for finding in findings):
        rows = {finding.name: finding for finding in findings if (finding.mode, finding.text) == (mode, text)}
        first = next(iter(rows.values()))
        row = [str(mode) if first.name in REGIMES else "day", text, first.paper]
        row += [f"{rows[name].measured}: {rows[name].verdict}" for name in names]
        lines.append(row)
    return grid(head, lines, keys=3, texts=len(head))


def _reading(study: Study, results: StudyResults, proofs: str) -> str:
    """How to read the table."""
    gap = max(max(curve.gap) for curve in results.curves)
    text = f"Every point is solved to a relative duality gap of at most {gap:.0e}."
    if study.over == "day":
        return text
    reasons = (f"*{reason}*: {why}." for reason, (_, why) in REASONS.items() if _occurs(reason, results))
    return "\n\n".join([_units(study, text, proofs), *reasons])


def _occurs(reason: str, results: StudyResults) -> bool:
    return any(finding.verdict.endswith(f"({reason})") for finding in results.findings)


def _units(study: Study, text: str, proofs: str) -> str:
    regimes = "; ".join(f"{name}: {REGIMES[name].title}" for name in study.regimes)
    return (
        f"Regimes, as the paper names no units: {regimes} USD per such unit and hour. A rate counts as the paper's if "
        f"it is within {100 * RATE_TOLERANCE:.0f} % of the axis. {text} What cannot be an optimum of "
        f"the printed problem, whatever the units, is proven in {proofs}."
    )

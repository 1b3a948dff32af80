"""Publishing experiments: their results, pictures and tables become part of the documentation and the README."""

import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from voltran.envs.errors import FileFormatError, ScenarioError
from voltran.train.calibration import PAPER_SURVIVAL_H, recorded_fit
from voltran.train.chapter import chapter, shown_pictures
from voltran.train.evaluate import RESULTS_FILE
from voltran.train.experiment import Experiment, read_experiment
from voltran.train.files import write_text
from voltran.train.report import TABLE_FILE
from voltran.train.results import Results, read_results
from voltran.train.study import Study, read_study
from voltran.train.study_chapter import study_chapter, study_pictures
from voltran.train.study_results import StudyResults, read_study_results
from voltran.train.tables import markdown_report, markdown_row, markdown_rule, readme_table

PUBLISHED = (
    "outage", "msrc_table2", "msrc_table3", "msrc_table4", "msrc_fig2", "msrc_links", "msrc_variants",
    "fdran_fig3a", "fdran_fig3b", "fdran_fig3c", "fdran_fig5", "fdran_fig8", "fdran_fig9a", "fdran_fig9b",
    "fdran_fig9c", "fdran_fig11", "fdran_fig12", "fdran_assumptions", "uplink_day", "market", "brownout",
)  # fmt: skip
PUBLISHED_STUDIES = ("dpa_fig2", "dpa_fig3", "dpa_fig4", "dpa_fig5_6")
README_EXPERIMENT, README_SCENARIO = "outage", "urban19-medium"
BEGIN, END = "<!-- results:begin -->", "<!-- results:end -->"
PREFACE = """\
# Results

Made by `make results`; every number comes from the `results.json` files under [results/](results/), which hold all
episodes' values, the seeds and the versions. Definitions: [metrics.md](metrics.md); the models: [model.md](model.md),
[uplink.md](uplink.md), [market.md](market.md), [brownout.md](brownout.md)."""


def check_publishable(name: str, root: Path) -> None:
    """Make sure, before anything is played, that an experiment can be published into a checkout.

    Raises:
        ScenarioError: unknown experiment, or one that has no place in the documentation.
        FileFormatError: no README, or one without the markers.
    """
    if name not in PUBLISHED_STUDIES:
        read_experiment(name)
        if name not in PUBLISHED:
            raise ScenarioError(f"experiment {name}: is not published; those that are: {', '.join(PUBLISHED)}")
    _with_table(_readme(root), "")


def publish(name: str, out: Path, root: Path) -> list[Path]:
    """Copy an experiment's results and pictures to ``docs/`` in place of earlier ones, and write the pages again.

    Args:
        name: experiment that was run.
        out: folder it was run into.
        root: checkout whose documentation is written.

    Returns:
        The documents written.

    Raises:
        ScenarioError: see :func:`check_publishable`.
        FileFormatError: results that are missing or corrupt, or a README without the markers; nothing is written then.
        VoltranError: a file cannot be written.
    """
    check_publishable(name, root)
    if name in PUBLISHED_STUDIES:
        read_study_results(out / RESULTS_FILE)
        target = _folder(name, root)
        shutil.rmtree(target, ignore_errors=True)
        _copy(study_pictures(out), (RESULTS_FILE,), out, target)
        return write_pages(root)
    experiment = read_experiment(name)
    _read(experiment, out)
    for other in _present(root):
        if other != name:
            _read(read_experiment(other), _folder(other, root))
    target = _folder(name, root)
    shutil.rmtree(target, ignore_errors=True)
    _copy(shown_pictures(experiment, out) if experiment.sweeps else [], (), out, target)
    for cell in experiment.cells():
        pictures = [] if experiment.sweeps else shown_pictures(experiment, out / cell.folder)
        _copy(pictures, (RESULTS_FILE,), out / cell.folder, target / cell.folder)
    return write_pages(root)


def write_pages(root: Path) -> list[Path]:
    """Write ``docs/results.md``, the tables it links and the README's table from the published results.

    Args:
        root: checkout whose documentation is written.

    Returns:
        The documents written.

    Raises:
        FileFormatError: results that are missing or corrupt, or a README without the markers; nothing is written then.
        VoltranError: a file cannot be written.
    """
    pages = {root / "docs" / "results.md": results_page(root)}
    for name in _present(root):
        experiment, folder = read_experiment(name), _folder(name, root)
        results = _read(experiment, folder)
        for cell in experiment.cells():
            pages[folder / cell.folder / TABLE_FILE] = markdown_report(results[cell.name], cell.name)
        if name == README_EXPERIMENT:
            table = readme_table(results[README_SCENARIO], "docs/results.md")
            pages[root / "README.md"] = _with_table(_readme(root), table)
    for path, text in pages.items():
        write_text(path, text)
    return [path for path in pages if path.name != TABLE_FILE]


def results_page(root: Path) -> str:
    """The text of ``docs/results.md``: a list of the published experiments, the calibration, a chapter for each.

    Raises:
        FileFormatError: results that are missing or corrupt.
    """
    chapters: dict[str, tuple[Experiment, Mapping[str, Results]]] = {}
    texts = []
    for name in _present(root):
        experiment, folder = read_experiment(name), _folder(name, root)
        results = _read(experiment, folder)
        texts.append(_anchored(folder, chapter(experiment, results, folder, _from_docs(folder, root))))
        chapters[folder.name] = experiment, results
    studies = _studies(root)
    for name, (study, found) in studies.items():
        folder = _folder(name, root)
        texts.append(_anchored(folder, study_chapter(study, found, folder, _from_docs(folder, root))))
    parts = [PREFACE, _contents(chapters, studies), calibration_section(), *texts]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _studies(root: Path) -> dict[str, tuple[Study, StudyResults]]:
    """Name of every published study to what it is and what it found."""
    files = {name: _folder(name, root) / RESULTS_FILE for name in PUBLISHED_STUDIES}
    return {name: (read_study(name), read_study_results(file)) for name, file in files.items() if file.exists()}


def _anchored(folder: Path, text: str) -> str:
    """A chapter as a part of the page, with an anchor."""
    return f'<a id="{folder.name}"></a>\n\n' + re.sub(r"^(#+ )", r"#\1", text, flags=re.MULTILINE)


def _from_docs(folder: Path, root: Path) -> str:
    return folder.relative_to(root / "docs").as_posix()


def calibration_section() -> str:
    """The calibration, disclosed: what was fitted, on what, and how near it comes."""
    fit = recorded_fit()
    rows = [
        markdown_row([scenario, f"{paper:.1f}", f"{fit.survival_h[scenario]:.2f}"])
        for scenario, paper in PAPER_SURVIVAL_H.items()
    ]
    table = markdown_row(["Scenario", "Paper, h", "VoltRAN, h"]) + markdown_rule(1, 2) + "".join(rows)
    return f"""\
## Calibration

The power coefficients behind [MSRC] are unpublished. The band powers of the scenarios are plausible values, and two
multipliers on them were fitted, once, so that *independent* operation survives as long as the paper says (seeds 0 to
19, three loads, grid search by `voltran calibrate`): static power x {fit.static_multiplier:g}, load-dependent power x
{fit.dynamic_multiplier:g}. The root mean square of the relative deviations is {100 * fit.error:.1f} %. No other
controller's result entered the fit, which has been frozen since; [MSRC]'s figures for other schemes were never fitted.

{table}"""


def _contents(
    chapters: Mapping[str, tuple[Experiment, Mapping[str, Results]]], studies: Mapping[str, tuple[Study, StudyResults]]
) -> str:
    """What has been played, and by which state of the code."""
    head = ["Experiment", "Shows", "Episodes per controller and scenario", "Played by"]
    lines, states = [markdown_row(head), markdown_rule(2, 1).rstrip("\n") + " --- |\n"], set()
    for name, (experiment, results) in chapters.items():
        episodes = sorted({found.n for found in results.values()})
        played_by = sorted({_code(found.versions) for found in results.values()})
        states.update(played_by)
        cells = [f"[{name}](#{name})", experiment.title, " or ".join(map(str, episodes)), ", ".join(played_by)]
        lines.append(markdown_row(cells))
    for name, (study, solved) in studies.items():
        lines.append(markdown_row([f"[{name}](#{name})", study.title, "none", _code(solved.versions)]))
        states.add(_code(solved.versions))
    if len(states) > 1:
        lines.append("\nNot everything here was played by the same state of the code: compare across it with care.\n")
    return "".join(lines).strip()


def _code(versions: Mapping[str, str | None]) -> str:
    """The state of the code that played: by its own digest, or by the commit where results do not say more."""
    code = versions.get("code")
    commit, dirty, _ = (versions.get("git_commit") or "unknown").partition("-dirty")
    return f"VoltRAN {versions.get('voltran')}, " + (f"code {code}" if code else f"commit {commit[:12]}{dirty}")


def _readme(root: Path) -> str:
    try:
        return (root / "README.md").read_text()
    except OSError as error:
        raise FileFormatError(f"{root / 'README.md'}: cannot be read ({error.strerror}); name a checkout") from error


def _with_table(readme: str, table: str) -> str:
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise FileFormatError(f"README.md: the markers {BEGIN} and {END} are missing; put them back around the results")
    return f"{before}{BEGIN}\n{table.strip()}\n{END}{after}"


def _present(root: Path) -> list[str]:
    """The experiments that have published results, in the order of the page."""
    return [name for name in PUBLISHED if any(_folder(name, root).glob(f"*/{RESULTS_FILE}"))]


def _folder(name: str, root: Path) -> Path:
    return root / "docs" / "results" / Path(name).stem


def _read(experiment: Experiment, folder: Path) -> dict[str, Results]:
    """Name of each cell to its results."""
    return {cell.name: read_results(folder / cell.folder / RESULTS_FILE) for cell in experiment.cells()}


def _copy(pictures: Sequence[str], files: Sequence[str], source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for name in (*files, *(f"{picture}{theme}.png" for picture in pictures for theme in ("", "-dark"))):
        shutil.copyfile(source / name, target / name)

"""Publishing experiments: their summaries, pictures and pages become part of the documentation and the README.

Every experiment has a folder with its page, one file of results and its pictures. It is written beside the earlier one
and takes its place as a whole.
"""

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from voltran.envs.errors import FileFormatError, ScenarioError, VoltranError
from voltran.evaluation.evaluation import RESULTS_FILE
from voltran.evaluation.figure_files import PICTURE_SUFFIX
from voltran.evaluation.files import write_text
from voltran.evaluation.results import read_results
from voltran.evaluation.tables import readme_table
from voltran.experiments.experiment import Experiment, read_experiment
from voltran.experiments.experiment_report import chapter, shown_pictures
from voltran.experiments.index import index_page
from voltran.experiments.study import Study, read_study
from voltran.experiments.study_report import study_chapter, study_pictures
from voltran.experiments.study_results import StudyResults, read_study_results, study_text
from voltran.experiments.summary import Summary, read_summary, summary_of, summary_text

PUBLISHED = (
    "outage", "msrc_table2", "msrc_table3", "msrc_table4", "msrc_fig2", "msrc_links", "msrc_variants",
    "fdran_fig3a", "fdran_fig3b", "fdran_fig3c", "fdran_fig5", "fdran_fig8", "fdran_fig9a", "fdran_fig9b",
    "fdran_fig9c", "fdran_fig11", "fdran_fig12", "fdran_assumptions", "uplink_day", "market", "brownout",
)  # fmt: skip
PUBLISHED_STUDIES = ("dpa_fig2", "dpa_fig3", "dpa_fig4", "dpa_fig5_6")
README_EXPERIMENT, README_SCENARIO = "outage", "urban19-medium"
BEGIN, END = "<!-- results:begin -->", "<!-- results:end -->"
PAGE_FILE = "README.md"  # which a folder shows


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


def publish(name: str, out: Path, root: Path, told: Callable[[str], None] = lambda cell: None) -> list[Path]:
    """Put an experiment's summary, pictures and page in place of earlier ones, and write the index and README again.

    Args:
        name: experiment that was run.
        out: folder it was run into.
        root: checkout whose documentation is written.
        told: of every cell in which something else was played, or went differently, than what is published.

    Returns:
        The documents written.

    Raises:
        ScenarioError: see :func:`check_publishable`.
        FileFormatError: results that are missing or corrupt, or a README without the markers; nothing is written then.
        VoltranError: a file cannot be written; the experiment's earlier folder stays as it was.
    """
    check_publishable(name, root)
    fresh = _run(name, out)
    for cell in _changed(fresh, root):
        told(cell)
    overview = _overview(root, _published(root, fresh))
    folder = folder_of(name, root)
    _replace(folder, {RESULTS_FILE: _text(fresh), PAGE_FILE: _page(fresh, out)}, _pictures(fresh, out), out)
    return [folder / PAGE_FILE, *_write(overview)]


def write_pages(root: Path) -> list[Path]:
    """Write all pages, the index and the README's table again from the published summaries.

    Args:
        root: checkout whose documentation is written.

    Returns:
        The documents written.

    Raises:
        FileFormatError: results that are missing or corrupt, or a README without the markers; nothing is written then.
        VoltranError: a file cannot be written.
    """
    return _write(documents(root))


def documents(root: Path) -> dict[Path, str]:
    """File to text of all that the published summaries say: pages, index and README.

    Raises:
        FileFormatError: results that are missing or corrupt, or a README without the markers.
    """
    published = _published(root)
    folders = {found.name: folder_of(found.name, root) for found in published}
    pages = {folders[found.name] / PAGE_FILE: _page(found, folders[found.name]) for found in published}
    return pages | _overview(root, published)


def folder_of(name: str, root: Path) -> Path:
    """Where an experiment is published."""
    return root / "docs" / "results" / Path(name).stem


class _Played(NamedTuple):
    """An experiment and what it found."""

    name: str
    experiment: Experiment
    summary: Summary


class _Solved(NamedTuple):
    """The same for a study."""

    name: str
    study: Study
    results: StudyResults


_Found = _Played | _Solved


def _run(name: str, out: Path) -> _Found:
    """What lies in the folder that an experiment was run into."""
    if name in PUBLISHED_STUDIES:
        return _Solved(name, read_study(name), read_study_results(out / RESULTS_FILE))
    experiment = read_experiment(name)
    cells = {cell.name: read_results(out / cell.folder / RESULTS_FILE) for cell in experiment.cells()}
    summary = summary_of(Path(name).stem, experiment, cells)
    return _Played(name, experiment, Summary.model_validate_json(summary_text(summary)))  # as it will be read again


def _published(root: Path, fresh: _Found | None = None) -> list[_Found]:
    """All published experiments and studies in the order of the index, a fresh one in place of the earlier."""
    found: list[_Found] = []
    for name in (*PUBLISHED, *PUBLISHED_STUDIES):
        file = folder_of(name, root) / RESULTS_FILE
        if fresh is not None and name == fresh.name:
            found.append(fresh)
        elif file.exists() and name in PUBLISHED_STUDIES:
            found.append(_Solved(name, read_study(name), read_study_results(file)))
        elif file.exists():
            experiment = read_experiment(name)
            found.append(_Played(name, experiment, read_summary(file, experiment)))
    return found


def _changed(fresh: _Found, root: Path) -> list[str]:
    """Cells in which something else was played, or went differently, than what is published, as far as that reads."""
    earlier = folder_of(fresh.name, root) / RESULTS_FILE
    if not isinstance(fresh, _Played) or not earlier.exists():
        return []
    try:
        published = read_summary(earlier, fresh.experiment).digests
    except FileFormatError:
        return []
    return [cell for cell, digest in fresh.summary.digests.items() if published.get(cell, digest) != digest]


def _text(found: _Found) -> str:
    """The content of the file of results."""
    return summary_text(found.summary) if isinstance(found, _Played) else study_text(found.results)


def _page(found: _Found, folder: Path) -> str:
    """The page, with the pictures that lie in a folder."""
    if isinstance(found, _Played):
        return chapter(found.experiment, found.summary.cells, folder)
    return study_chapter(found.study, found.results, folder, "[DPA](../../baselines/dpa.md#what-cannot-be-an-optimum)")


def _pictures(found: _Found, out: Path) -> list[str]:
    """The pictures that the page shows, as paths in the folder that was run into."""
    if isinstance(found, _Solved):
        names = study_pictures(out)
    elif found.experiment.sweeps:
        names = shown_pictures(found.experiment, out)
    else:
        folders = [cell.folder for cell in found.experiment.cells()]
        names = [f"{folder}/{name}" for folder in folders for name in shown_pictures(found.experiment, out / folder)]
    return [f"{name}{PICTURE_SUFFIX}" for name in names]


def _overview(root: Path, published: Sequence[_Found]) -> dict[Path, str]:
    """The index, and the README where its table is among what is published."""
    played = {found.name: found for found in published if isinstance(found, _Played)}
    solved = [found for found in published if isinstance(found, _Solved)]
    index = index_page(
        {Path(name).stem: (found.experiment, found.summary) for name, found in played.items()},
        {found.name: (found.study, found.results) for found in solved},
    )
    texts = {root / "docs" / "results.md": index}
    if README_EXPERIMENT in played:
        results = played[README_EXPERIMENT].summary.cells[README_SCENARIO]
        page = folder_of(README_EXPERIMENT, root) / PAGE_FILE
        table = readme_table(results, page.relative_to(root).as_posix())
        texts[root / "README.md"] = _with_table(_readme(root), table)
    return texts


def _write(texts: Mapping[Path, str]) -> list[Path]:
    for path, text in texts.items():
        write_text(path, text)
    return [*texts]


def _replace(folder: Path, texts: Mapping[str, str], copies: Sequence[str], source: Path) -> None:
    """Write a folder with some texts and copied files beside the one that it replaces, and change them over."""
    new, old = folder.with_name(f".{folder.name}.new"), folder.with_name(f".{folder.name}.old")
    for left in (new, old):
        shutil.rmtree(left, ignore_errors=True)
    try:
        for name, text in texts.items():
            write_text(new / name, text)
        for name in copies:
            (new / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / name, new / name)
        if folder.exists():
            folder.rename(old)
        new.rename(folder)
    except OSError as error:
        if old.exists() and not folder.exists():
            old.rename(folder)
        raise VoltranError(f"{folder}: cannot be written ({error.strerror}); make room and publish again") from error
    finally:
        shutil.rmtree(new, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)


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

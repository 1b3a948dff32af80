"""Publishing experiments: their summaries, pictures and pages become part of the documentation and the README.

Every experiment has a folder with its page, one file of results and its pictures. It is written beside the earlier one
and takes its place as a whole.
"""

import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from voltran.envs.claims import claimed
from voltran.envs.errors import FileFormatError, ScenarioError, VoltranError
from voltran.envs.files import written_together
from voltran.evaluation.evaluation import RESULTS_FILE
from voltran.evaluation.figure_files import PICTURE_SUFFIX
from voltran.evaluation.files import write_text
from voltran.evaluation.provenance import DIRTY
from voltran.experiments.assumptions.gathered import gathered_assumptions
from voltran.experiments.experiment import published_names, read_experiment
from voltran.experiments.index import index_page
from voltran.experiments.kinds import Outcome, kind_named

BEGIN, END = "<!-- results:begin -->", "<!-- results:end -->"
ASSUMPTIONS = "<!-- assumptions:begin -->", "<!-- assumptions:end -->"
ANSWER = "<!-- answer:begin -->", "<!-- answer:end -->"  # of the experiment that the README shows, on the start page
PAGE_FILE = "README.md"  # which a folder shows
PATIENCE_S = 60.0


def check_publishable(name: str, root: Path) -> None:
    """Make sure, before anything is played, that an experiment can be published into a checkout.

    Raises:
        ScenarioError: unknown experiment, or one that has no place in the documentation.
        FileFormatError: no README, or one or a start page without the markers.
    """
    read_experiment(name)
    published = published_names()
    if name not in published:
        raise ScenarioError(f"experiment {name}: is not published; those that are: {', '.join(published)}")
    _with_table(_readme(root), "")
    _with_answer(root, "")


def publish(name: str, out: Path, root: Path, on_change: Callable[[str], None] = lambda part: None) -> list[Path]:
    """Put an experiment's summary, pictures and page in place of earlier ones, and write the index and README again.

    Args:
        name: experiment that was run.
        out: folder it was run into.
        root: checkout whose documentation is written.
        on_change: called with every part in which something else was played, or went differently, than what is
            published.

    Returns:
        The documents written.

    Raises:
        ScenarioError: see :func:`check_publishable`.
        FileFormatError: results that are missing or corrupt, or a README without the markers; nothing is written then.
        VoltranError: played by code that no commit has, or a file cannot be written; the experiment's earlier folder
            stays as it was.
    """
    check_publishable(name, root)
    experiment, folder = read_experiment(name), folder_of(name, root)
    fresh = kind_named(experiment.kind).played(name, experiment, out)
    _require_committed(fresh)
    for part in fresh.changed_since(folder / RESULTS_FILE):
        on_change(part)
    texts = {RESULTS_FILE: fresh.text(), PAGE_FILE: fresh.page(out)}
    pictures = [f"{picture}{PICTURE_SUFFIX}" for picture in fresh.pictures(out)]
    with _only_publisher(root):
        overview = _overview(root, _published(root, fresh))
        with written_together() as write:
            for path, text in overview.items():
                write(path, text.encode())
            _replace(folder, texts, pictures, out)
    return [folder / PAGE_FILE, *overview]


def _only_publisher(root: Path) -> AbstractContextManager[None]:
    """Whoever publishes, others wait a moment: index and README are everybody's."""
    return claimed(root / "docs" / "results", remedy="wait until it is published", wait_s=PATIENCE_S)


def _require_committed(played: Outcome) -> None:
    for versions in played.index_row().versions:
        commit = versions.get("git_commit") or ""
        if commit.endswith(DIRTY):
            raise VoltranError(
                f"experiment {played.name}: git_commit = {commit}: it was played while files that decide results were "
                "not committed, so that nobody could play it again; commit, then run it again with --resume"
            )


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
    with _only_publisher(root), written_together() as write:
        texts = documents(root)
        for path, text in texts.items():
            write(path, text.encode())
    return [*texts]


def draw_again(root: Path) -> list[Path]:
    """Draw the pictures of all pages again, as far as the published summaries have what they show.

    Those of the courses of episodes stay as they are: time series are not published.

    Args:
        root: checkout whose documentation is written.

    Returns:
        The pictures written.

    Raises:
        FileFormatError: results that are missing or corrupt; nothing is written then.
        MissingExtraError: Matplotlib is not installed.
        VoltranError: a file cannot be written.
    """
    written = []
    with _only_publisher(root), written_together() as write, tempfile.TemporaryDirectory() as place:
        for outcome in _published(root):
            folder, fresh = folder_of(outcome.name, root), Path(place) / Path(outcome.name).stem
            outcome.draw(fresh)
            for name in (f"{picture}{PICTURE_SUFFIX}" for picture in outcome.pictures(folder)):
                if (fresh / name).exists():
                    write(folder / name, (fresh / name).read_bytes())
                    written.append(folder / name)
    return written


def documents(root: Path) -> dict[Path, str]:
    """File to text of all that the published summaries say: pages, index and README.

    Raises:
        FileFormatError: results that are missing or corrupt, or a README without the markers.
    """
    published = _published(root)
    folders = [(outcome, folder_of(outcome.name, root)) for outcome in published]
    pages = {folder / PAGE_FILE: outcome.page(folder) for outcome, folder in folders}
    return pages | _overview(root, published)


def folder_of(name: str, root: Path) -> Path:
    """Where an experiment is published."""
    return root / "docs" / "results" / Path(name).stem


def _published(root: Path, fresh: Outcome | None = None) -> list[Outcome]:
    """What all published experiments gave in the order of the index, a fresh one in place of the earlier."""
    outcomes: list[Outcome] = []
    for name in published_names():
        folder = folder_of(name, root)
        _put_back(folder)
        if fresh is not None and name == fresh.name:
            outcomes.append(fresh)
        elif (folder / RESULTS_FILE).exists():
            experiment = read_experiment(name)
            outcomes.append(kind_named(experiment.kind).published(name, experiment, folder))
    return outcomes


def _overview(root: Path, published: Sequence[Outcome]) -> dict[Path, str]:
    """The index, the page on assumptions, and start page and README where what they show is among what is published."""
    texts = {root / "docs" / "results.md": index_page(published)}
    gathered, page = gathered_assumptions(published), root / "docs" / "assumptions.md"
    if gathered and page.exists():
        texts[page] = _between(_text(page), ASSUMPTIONS, gathered, page.name)
    for outcome in published:
        if outcome.experiment.publish.readme is not None:
            page = folder_of(outcome.name, root) / PAGE_FILE
            table = outcome.readme_table(page.relative_to(root).as_posix())
            texts[root / "README.md"] = _with_table(_readme(root), table)
            link = page.relative_to(root / "docs").as_posix()
            found = f"**{outcome.experiment.question}** {outcome.index_row().answer} [All of it]({link})."
            texts |= _with_answer(root, found)
    return texts


def _replace(folder: Path, texts: Mapping[str, str], copies: Sequence[str], source: Path) -> None:
    """Write a folder with some texts and copied files beside the one that it replaces, and change them over."""
    new, old = folder.with_name(f".{folder.name}.new"), _aside(folder)
    _put_back(folder)
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


def _aside(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.old")


def _put_back(folder: Path) -> None:
    """Undo what a publisher left that was killed while it changed folders over."""
    if _aside(folder).exists() and not folder.exists():
        with suppress(OSError):
            _aside(folder).rename(folder)


def _readme(root: Path) -> str:
    return _text(root / "README.md")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise FileFormatError(f"{path}: cannot be read ({error.strerror}); name a checkout") from error


def _with_table(readme: str, table: str) -> str:
    return _between(readme, (BEGIN, END), table, "README.md")


def _with_answer(root: Path, found: str) -> dict[Path, str]:
    """The start page of the documentation with what was found, where there is such a page."""
    page = root / "docs" / "index.md"
    return {page: _between(_text(page), ANSWER, found, page.name)} if page.exists() else {}


def _between(text: str, markers: tuple[str, str], content: str, name: str) -> str:
    """A text with other content between its markers."""
    before, begin, rest = text.partition(markers[0])
    _, end, after = rest.partition(markers[1])
    if not begin or not end:
        raise FileFormatError(
            f"{name}: the markers {markers[0]} and {markers[1]} are missing; put them back around the results"
        )
    return f"{before}{begin}\n{content.strip()}\n{end}{after}"

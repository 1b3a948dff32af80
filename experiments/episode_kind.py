"""Experiments that play episodes: how they are played, read and shown."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from voltran.envs.errors import FileFormatError, MissingExtraError, ScenarioError
from voltran.evaluation.controller_spec import parse_controllers
from voltran.evaluation.evaluation import RESULTS_FILE, Evaluation
from voltran.evaluation.figure_files import write_picture
from voltran.evaluation.files import write_text
from voltran.evaluation.plots import pictures_of
from voltran.evaluation.report import CSV_FILE, TABLE_FILE, write_report, write_tables
from voltran.evaluation.results import Results, read_results
from voltran.evaluation.tables import readme_table
from voltran.experiments.answer import beside_paper, filled
from voltran.experiments.episode_check import check_episodes
from voltran.experiments.episode_experiment import EpisodeExperiment, Situation
from voltran.experiments.episode_report import chapter, pictures_of_situation, pictures_of_sweeps
from voltran.experiments.kinds import IndexRow, Kind, Outcome, Playing
from voltran.experiments.quick import quick_form
from voltran.experiments.summary import Summary, read_summary, summary_of, summary_text
from voltran.experiments.sweep_plots import write_sweep_plots
from voltran.experiments.sweep_tables import combinations_csv, terminal_tables


class Episodes(Outcome):
    """What was found in episodes.

    Attributes:
        summary: the results, as short as they are published.
    """

    def __init__(self, name: str, experiment: EpisodeExperiment, summary: Summary) -> None:
        super().__init__(name, experiment)
        self.summary = summary

    def text(self) -> str:
        """The content of the published file of results."""
        return summary_text(self.summary)

    def page(self, folder: Path) -> str:
        """The published page, with the pictures that lie in a folder."""
        return chapter(self.experiment, self.summary.cells, folder)

    def pictures(self, folder: Path) -> list[str]:
        """The pictures that the page shows."""
        experiment = self.experiment
        if experiment.is_swept:
            return pictures_of_sweeps(experiment, folder)
        situations = experiment.situations()
        return [path for situation in situations for path in pictures_of_situation(experiment, situation, folder)]

    def draw(self, folder: Path) -> None:
        """Draw what the page shows but for the courses of episodes."""
        experiment, cells = self.experiment, self.summary.cells
        if experiment.is_swept:
            write_sweep_plots(experiment, cells, folder)
            return
        for situation in experiment.situations():
            for picture in pictures_of(cells[situation.name], {}, experiment.families):
                if experiment.shows(picture.name, situation.name):
                    write_picture(folder / situation.folder, picture.name, picture.height_in, picture.paint)

    def index_row(self) -> IndexRow:
        """What the list of results says."""
        cells = self.summary.cells
        counts = {controller.n for results in cells.values() for controller in results.controllers.values()}
        return IndexRow(
            answer=filled(self.experiment.answer, cells),
            beside=beside_paper(self.experiment.answer, self.experiment.paper, cells),
            episodes=" to ".join(map(str, dict.fromkeys((min(counts), max(counts))))),
            versions=[results.versions for results in cells.values()],
        )

    def readme_table(self, link: str) -> str:
        """The table that the README shows, and a link to the page.

        Raises:
            ScenarioError: the experiment has no such situation.
        """
        shown = self.experiment.publish.readme
        if shown.situation not in self.summary.cells:
            known = ", ".join(self.summary.cells)
            raise ScenarioError(f"experiment {self.name}: readme.situation = {shown.situation!r}: known: {known}")
        return readme_table(self.summary.cells[shown.situation], shown.metrics, link)

    def changed_since(self, earlier: Path) -> list[str]:
        """Situations in which something else was played, or went differently, as far as an earlier file reads."""
        if not earlier.exists():
            return []
        try:
            digests = read_summary(earlier, self.experiment).digests
        except FileFormatError:
            return []
        return [name for name, digest in self.summary.digests.items() if digests.get(name, digest) != digest]


def _check(experiment: EpisodeExperiment) -> None:
    situations = experiment.situations()
    check_episodes(experiment, {situation.name: _evaluation(experiment, situation) for situation in situations})


def _play(name: str, experiment: EpisodeExperiment, out: Path, playing: Playing) -> Path:
    """Write ``table.md``, the pictures of sweeps and, per situation, a folder with results, tables and pictures."""
    play = _play_combinations if experiment.vary else _play_situations
    results = play(experiment, out, playing)
    with suppress(MissingExtraError):  # it has been said
        write_sweep_plots(experiment, results, out)
    write_text(out / TABLE_FILE, chapter(experiment, results, out))
    return out / TABLE_FILE


def _play_situations(experiment: EpisodeExperiment, out: Path, playing: Playing) -> dict[str, Results]:
    """Play and show one after the other; name of each situation to what was found in it."""
    results: dict[str, Results] = {}
    for situation in experiment.situations():
        folder = out / situation.folder
        results[situation.name] = _evaluation(experiment, situation).run(
            out=folder, store=playing.store, resume=True, jobs=playing.jobs, progress=playing.console
        )
        write_report(results[situation.name], folder, playing.console, situation.name, experiment.families)
    return results


def _play_combinations(experiment: EpisodeExperiment, out: Path, playing: Playing) -> dict[str, Results]:
    """The same with one store for all, and shown together."""
    results: dict[str, Results] = {}
    store = playing.store or out / "episodes"  # a combination that is added later finds it where it is
    situations = experiment.situations()
    for number, situation in enumerate(situations, 1):
        folder = out / situation.folder
        playing.console.print(f"{number}/{len(situations)} {situation.variant}", markup=False)
        results[situation.name] = _evaluation(experiment, situation).run(
            out=folder, store=store, resume=True, jobs=playing.jobs, progress=playing.console
        )
        write_tables(results[situation.name], folder, situation.name)
    write_text(out / CSV_FILE, combinations_csv(experiment, results))
    for table in terminal_tables(experiment, results):
        playing.console.print(table)
    return results


def _evaluation(experiment: EpisodeExperiment, situation: Situation) -> Evaluation:
    first_only = {name: count for name, count in experiment.first_only.items() if name in situation.controllers}
    return Evaluation(
        situation.scenario,
        parse_controllers(situation.controllers),
        experiment.all_seeds,
        situation.overrides,
        experiment.options,
        experiment.reference,
        first_only,
    )


def _played(name: str, experiment: EpisodeExperiment, folder: Path) -> Outcome:
    results: Mapping[str, Results] = {
        situation.name: read_results(folder / situation.folder / RESULTS_FILE) for situation in experiment.situations()
    }
    summary = summary_of(Path(name).stem, experiment, results)
    return Episodes(name, experiment, Summary.model_validate_json(summary_text(summary)))  # as it will be read again


def _published(name: str, experiment: EpisodeExperiment, folder: Path) -> Outcome:
    return Episodes(name, experiment, read_summary(folder / RESULTS_FILE, experiment))


EPISODES = Kind(EpisodeExperiment, quick_form, _check, _play, _played, _published)

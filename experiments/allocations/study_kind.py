"""Studies as a kind of experiment: how they are carried out, read and shown."""

from pathlib import Path

from voltran.envs.metric import MISSING
from voltran.evaluation.evaluation import RESULTS_FILE
from voltran.experiments.allocations.study import Study
from voltran.experiments.allocations.study_plots import write_study_plots
from voltran.experiments.allocations.study_report import study_chapter, study_pictures, verdicts
from voltran.experiments.allocations.study_results import StudyResults, read_study_results, study_text
from voltran.experiments.allocations.study_run import quick_study, run_study
from voltran.experiments.kinds import IndexRow, Kind, Outcome, Playing

PROOFS = "[DPA](../../baselines/dpa.md#what-cannot-be-an-optimum)"  # as a page of results links it


class Allocations(Outcome):
    """What a study gave.

    Attributes:
        results: curves and findings.
    """

    def __init__(self, name: str, experiment: Study, results: StudyResults) -> None:
        super().__init__(name, experiment)
        self.results = results

    def text(self) -> str:
        """The content of the published file of results."""
        return study_text(self.results)

    def page(self, folder: Path) -> str:
        """The published page, with the pictures that lie in a folder."""
        return study_chapter(self.experiment, self.results, folder, PROOFS)

    def pictures(self, folder: Path) -> list[str]:
        """The pictures that the page shows."""
        return study_pictures(folder)

    def draw(self, folder: Path) -> None:
        """Draw the curves."""
        write_study_plots(self.experiment, self.results, folder)

    def index_row(self) -> IndexRow:
        """What the list of results says."""
        return IndexRow(verdicts(self.results.findings), MISSING, "none", [self.results.versions])


def _play(name: str, study: Study, out: Path, playing: Playing) -> Path:
    return run_study(name, study, out, playing.console)


def _read(name: str, study: Study, folder: Path) -> Outcome:
    return Allocations(name, study, read_study_results(folder / RESULTS_FILE))


def _check(study: Study) -> None:
    """Nothing in a study names anything that its fields do not know."""


ALLOCATIONS = Kind(Study, quick_study, _check, _play, _read, _read)

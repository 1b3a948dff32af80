"""Calculations as a kind of experiment: how they are carried out, read and shown."""

from contextlib import suppress
from functools import partial
from pathlib import Path

from voltran.envs.errors import MissingExtraError, PartError, VoltranError
from voltran.evaluation.evaluation import RESULTS_FILE
from voltran.evaluation.figure_files import PICTURE_SUFFIX
from voltran.evaluation.files import write_text
from voltran.evaluation.report import TABLE_FILE
from voltran.evaluation.versions import versions
from voltran.evaluation.worker_pool import pool_of
from voltran.experiments.assumptions.sensitivity_report import short_conclusion
from voltran.experiments.assumptions.tornado import write_tornado
from voltran.experiments.calculations.calculation import (
    Calculation,
    Function,
    filled_answer,
    function_and_options,
    quick_calculation,
)
from voltran.experiments.calculations.calculation_report import calculation_chapter, shown_pictures, verdicts
from voltran.experiments.calculations.calculation_results import (
    CalculationResults,
    calculation_text,
    read_calculation_results,
)
from voltran.experiments.calculations.charts import write_chart
from voltran.experiments.calculations.findings import Findings
from voltran.experiments.calculations.working import PARTS, Working, code_of
from voltran.experiments.kinds import IndexRow, Kind, Outcome, Playing

SHOWN_OF_SOURCE = 12


class Calculated(Outcome):
    """What a calculation gave.

    Attributes:
        results: findings, and what made them.
    """

    def __init__(self, name: str, experiment: Calculation, results: CalculationResults) -> None:
        super().__init__(name, experiment)
        self.results = results
        self.sensitivities = results.findings.sensitivities

    def text(self) -> str:
        """The content of the published file of results."""
        return calculation_text(self.results)

    def page(self, folder: Path) -> str:
        """The published page, with the vector pictures that lie in a folder."""
        shown = [name for name in shown_pictures(self.results, folder) if name.endswith(PICTURE_SUFFIX)]
        return calculation_chapter(self.experiment, self.results, shown)

    def pictures(self, folder: Path) -> list[str]:
        """The pictures that the page shows."""
        shown = shown_pictures(self.results, folder)
        return [name.removesuffix(PICTURE_SUFFIX) for name in shown if name.endswith(PICTURE_SUFFIX)]

    def draw(self, folder: Path) -> None:
        """Draw charts, and how far claims move."""
        for chart in self.results.findings.charts:
            write_chart(chart, folder)
        for varied in self.results.findings.sensitivities:
            write_tornado(varied, folder)

    def index_row(self) -> IndexRow:
        """What the list of results says."""
        findings = self.results.findings
        answer = filled_answer(self.experiment.answer, findings.values)
        answer = " ".join([answer, *map(short_conclusion, findings.sensitivities)])
        return IndexRow(answer, verdicts(findings.claims), "none", [self.results.versions])

    def changed_since(self, earlier: Path) -> list[str]:
        """The findings, where they are not what an earlier file has, as far as that reads."""
        with suppress(VoltranError):
            if read_calculation_results(earlier).findings != self.results.findings:
                return ["findings"]
        return []


def _check(experiment: Calculation) -> None:
    function_and_options(experiment)


def _play(name: str, experiment: Calculation, out: Path, playing: Playing) -> Path:
    """Write ``results.json``, pictures and ``table.md``."""
    function, options = function_and_options(experiment)
    content = options.model_dump(mode="json")
    say = partial(playing.console.print, markup=False)
    working = Working(out, pool_of(playing.jobs).processes, say, (playing.store or out) / PARTS, content)
    findings = _called(experiment.calculation, function, options, working)
    code, _ = code_of(function)
    source = code["source"][:SHOWN_OF_SOURCE] if code else None
    made = CalculationResults(
        calculation=experiment.calculation, options=content, source=source, versions=versions(), findings=findings
    )
    write_text(out / RESULTS_FILE, calculation_text(made))
    results = read_calculation_results(out / RESULTS_FILE)
    with suppress(MissingExtraError):
        Calculated(name, experiment, results).draw(out)
    write_text(out / TABLE_FILE, calculation_chapter(experiment, results, shown_pictures(results, out)))
    return out / TABLE_FILE


def _called(name: str, function: Function, options: object, working: Working) -> Findings:
    try:
        findings = function(options, working)
    except VoltranError:
        raise
    except Exception as error:  # whatever a function of somebody else's raises
        raise PartError(f"calculation {name} raised {type(error).__name__}: {error}") from error
    if not isinstance(findings, Findings):
        raise PartError(f"calculation {name} returned {type(findings).__name__}; it must return Findings")
    if missing := [file for file in findings.images if not (working.folder / file).is_file()]:
        raise PartError(f"calculation {name}: image {missing[0]} was not written; write it into working.folder")
    return findings


def _read(name: str, experiment: Calculation, folder: Path) -> Outcome:
    return Calculated(name, experiment, read_calculation_results(folder / RESULTS_FILE))


CALCULATIONS = Kind(Calculation, quick_calculation, _check, _play, _read, _read)

"""Experiments on assumptions: how they are played, read and shown."""

from contextlib import suppress
from pathlib import Path

from voltran.envs.errors import MissingExtraError, ScenarioError, VoltranError
from voltran.evaluation.controller_spec import parse_controllers
from voltran.evaluation.evaluation import RESULTS_FILE, Evaluation
from voltran.evaluation.figure_files import PICTURE_SUFFIX
from voltran.evaluation.files import write_text
from voltran.evaluation.report import TABLE_FILE
from voltran.evaluation.results import Results
from voltran.evaluation.versions import versions
from voltran.experiments.assumptions.assumption_experiment import AssumptionExperiment, Played
from voltran.experiments.assumptions.assumption_results import (
    AssumptionResults,
    read_assumption_results,
    results_text,
    sensitivities,
)
from voltran.experiments.assumptions.estimates import as_claimed, estimates
from voltran.experiments.assumptions.sensitivity import Estimate
from voltran.experiments.assumptions.sensitivity_report import beside_base, sensitivity_section, short_conclusion
from voltran.experiments.assumptions.tornado import write_tornado
from voltran.experiments.kinds import IndexRow, Kind, Outcome, Playing
from voltran.experiments.quick import SEEDS, shorter
from voltran.experiments.summary import results_digest

QUICK_ASSUMPTIONS = 3


class Assumptions(Outcome):
    """What assumptions are worth.

    Attributes:
        results: the numbers.
    """

    def __init__(self, name: str, experiment: AssumptionExperiment, results: AssumptionResults) -> None:
        super().__init__(name, experiment)
        self.results = results
        self.sensitivities = sensitivities(experiment, results)

    def text(self) -> str:
        """The content of the published file of results."""
        return results_text(self.results)

    def page(self, folder: Path) -> str:
        """The published page, with the pictures that lie in a folder."""
        experiment, seeds = self.experiment, self.results.seeds
        parts = [f"# {experiment.title}", f"**{experiment.question}**" if experiment.question else ""]
        parts += [experiment.description]
        parts += [sensitivity_section(found, self.pictures(folder)) for found in self.sensitivities]
        parts += [
            f"Seeds {seeds[0]} to {seeds[-1]}, the same everywhere; in brackets: 95 % bootstrap interval (BCa). "
            "Whether a value moves a number by more than chance is judged by the interval of the difference on the "
            "same seeds."
        ]
        made = ", ".join(f"{name} {version}" for name, version in self.results.versions.items() if version)
        parts += ["## Played by", f"Made with {made}."]
        return "\n\n".join(part.strip("\n") for part in parts if part) + "\n"

    def pictures(self, folder: Path) -> list[str]:
        """The pictures that the page shows."""
        names = [found.name for found in self.sensitivities]
        return [name for name in names if (folder / f"{name}{PICTURE_SUFFIX}").exists()]

    def draw(self, folder: Path) -> None:
        """Draw how far claims move."""
        for one in self.sensitivities:
            write_tornado(one, folder)

    def index_row(self) -> IndexRow:
        """What the list of results says."""
        several = len(self.sensitivities) > 1
        answers = [f"{f'{one.title}: ' if several else ''}{short_conclusion(one)}" for one in self.sensitivities]
        beside = [beside_base(found) for found in self.sensitivities]
        return IndexRow(" ".join(answers), "; ".join(beside), str(len(self.results.seeds)), [self.results.versions])

    def changed_since(self, earlier: Path) -> list[str]:
        """Values under which something else was played, or went differently, as far as an earlier file reads."""
        with suppress(VoltranError):
            digests = read_assumption_results(earlier, self.experiment).digests
            return [name for name, digest in self.results.digests.items() if digests.get(name, digest) != digest]
        return []


def _quick_form(experiment: AssumptionExperiment) -> AssumptionExperiment:
    """The first scenario, two seeds, half an hour, the first values of the first assumptions."""
    assumptions = tuple(
        one.model_copy(update={"values": one.values[:1], "choices": dict(list(one.choices.items())[:1])})
        for one in experiment.assumptions[:QUICK_ASSUMPTIONS]
    )
    left = {one.name for one in assumptions}
    first = experiment.played()[0]
    skip = {who: tuple(name for name in where if name in left) for who, where in experiment.skip.items()}
    return experiment.model_copy(
        update={
            "scenarios": experiment.scenarios[:1],
            "assumptions": assumptions,
            "skip": {who: where for who, where in skip.items() if where},
            "seeds": min(SEEDS, experiment.seeds),
            "first_only": dict.fromkeys(experiment.first_only, 1),
            "overrides": experiment.overrides | shorter(first.source, experiment.overrides, experiment.options),
        }
    )


def _check(experiment: AssumptionExperiment) -> None:
    """Everything that is set must mean something: keys, values, options of controllers."""
    for played in experiment.played():
        where = f"assumptions: {played.change.name}" if played.change else "the scenario itself"
        try:
            _evaluation(experiment, played).check()
        except VoltranError as error:
            raise ScenarioError(f"{where}: {error}") from error


def _play(name: str, experiment: AssumptionExperiment, out: Path, playing: Playing) -> Path:
    """Write ``results.json``, pictures and ``table.md``, and a folder with results for every value."""
    digests: dict[str, str] = {}
    found: dict[str, dict[str, Estimate]] = {}
    base: Results | None = None
    for played in experiment.played():
        results = _evaluation(experiment, played).run(
            out=out / played.folder, store=playing.store, resume=True, jobs=playing.jobs, progress=playing.console
        )
        digests[played.folder] = results_digest(results)
        if played.change is None:
            base = as_claimed(results, played, None)
        against = None if played.change is None else base
        found[played.folder] = dict(estimates(experiment.claims, as_claimed(results, played, against), against))
    made = AssumptionResults(
        experiment=Path(name).stem,
        seeds=list(experiment.all_seeds),
        versions=versions(),
        digests=digests,
        estimates=found,
    )
    write_text(out / RESULTS_FILE, results_text(made))
    outcome = _read(name, experiment, out)
    with suppress(MissingExtraError):
        outcome.draw(out)
    write_text(out / TABLE_FILE, outcome.page(out))
    return out / TABLE_FILE


def _evaluation(experiment: AssumptionExperiment, played: Played) -> Evaluation:
    firsts = {
        entry: experiment.first_only[label]
        for entry, label in played.controllers.items()
        if label in experiment.first_only
    }
    return Evaluation(
        played.source,
        parse_controllers(played.controllers),
        experiment.all_seeds,
        played.overrides,
        experiment.options,
        first_only=firsts,
    )


def _read(name: str, experiment: AssumptionExperiment, folder: Path) -> Assumptions:
    return Assumptions(name, experiment, read_assumption_results(folder / RESULTS_FILE, experiment))


ASSUMPTIONS = Kind(AssumptionExperiment, _quick_form, _check, _play, _read, _read)

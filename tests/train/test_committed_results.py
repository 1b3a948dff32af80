"""The results that the documentation shows can be played again."""

from pathlib import Path

import pytest

from voltran.train.evaluate import evaluate
from voltran.train.experiment import read_experiment
from voltran.train.metrics import TIMING_KEYS
from voltran.train.publish import results_page
from voltran.train.references import parse_controllers
from voltran.train.results import read_results

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "results" / "outage"


@pytest.mark.parametrize("scenario", ["urban19-medium", "urban19-heavy"])
def test_two_committed_seeds_play_as_recorded(scenario: str) -> None:
    committed = read_results(FOLDER / scenario / "results.json")
    controllers = parse_controllers("independent,rotating-sleep,zoo:blackout")
    again = evaluate(scenario, controllers, committed.seeds[:2])
    for label, controller in again.controllers.items():
        for key, found in controller.metrics.items():
            if key not in TIMING_KEYS:
                recorded = committed.controllers[label].metrics[key].values[:2]
                assert found.values == pytest.approx(recorded, rel=1e-6, abs=1e-9), (label, key)


def test_the_page_is_what_the_committed_results_say() -> None:
    experiment = read_experiment("outage")
    results = {scenario: read_results(FOLDER / scenario / "results.json") for scenario in experiment.scenarios}
    assert (ROOT / "docs" / "results.md").read_text() == results_page(experiment, results, FOLDER)

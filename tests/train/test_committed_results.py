"""The documentation says what the committed results say; and where the machine is theirs, they can be played again.

Episodes are the same to the last digit where elementary functions and libraries are. Elsewhere nothing is asserted of
them here: what holds on every machine is tested with the worlds and controllers themselves.
"""

import json
from typing import Any, NamedTuple

import pytest

from tests.house import ROOT
from voltran.train.evaluate import evaluate
from voltran.train.experiment import Cell, read_experiment
from voltran.train.machine import elementary_functions
from voltran.train.metrics import TIMING_KEYS
from voltran.train.publish import PUBLISHED, results_page
from voltran.train.references import ControllerSpec, parse_controllers
from voltran.train.results import Results, read_results
from voltran.train.tables import markdown_report
from voltran.train.versions import COMPUTING, computing

RESULTS = ROOT / "docs" / "results"
QUICK = (
    "independent,rotating-sleep,zoo:blackout,recp,small-cell,uc-cell-free,bs=rotating-sleep+retailer=best-response,"
    "bs=buy-all+retailer=cost-plus,bs=zoo:market-bs+retailer=zoo:market-retailer"
)
PLANNER, PLANNER_S = "msrc-fast", 15.0  # one episode is played again where it was quick


class Published(NamedTuple):
    """One cell of a published experiment."""

    experiment: str
    cell: Cell
    results: Results

    @property
    def situation(self) -> str:
        """What the controllers met, whatever experiment it belongs to."""
        return json.dumps([self.results.scenario, self.results.overrides, self.results.options], sort_keys=True)


PUBLISHED_CELLS = [
    Published(name, cell, read_results(RESULTS / name / cell.folder / "results.json"))
    for name in PUBLISHED
    if (RESULTS / name).exists()
    for cell in read_experiment(name).cells()
]
BY_SITUATION = {published.situation: published for published in reversed(PUBLISHED_CELLS)}


def episode_s(results: Results) -> float:
    return results.controllers[PLANNER].wall_s / results.n


def skip_elsewhere(committed: Results) -> None:
    """Leave a test out where the results were made with other elementary functions or other libraries."""
    made_by = committed.versions
    here = {**computing(COMPUTING), "elementary_functions": elementary_functions()}
    if made_by.get("elementary_functions") is None:
        pytest.skip("these results name no digest of the elementary functions that they were made with")
    if different := [
        f"{name} {made_by.get(name)}, here {here[name]}" for name in here if made_by.get(name) != here[name]
    ]:
        pytest.skip(f"these results were made with {'; '.join(different)}")


def play_again(committed: Results, specs: list[ControllerSpec], n_seeds: int) -> None:
    skip_elsewhere(committed)
    again = evaluate(
        committed.scenario,
        specs,
        committed.seeds[:n_seeds],
        overrides=committed.overrides,
        options=committed.options,
    )
    for label, controller in again.controllers.items():
        for key, found in controller.metrics.items():
            if key not in TIMING_KEYS:
                recorded = committed.controllers[label].metrics[key].values[:n_seeds]
                assert found.values == recorded, (label, key)


@pytest.mark.slow
@pytest.mark.parametrize("published", BY_SITUATION.values(), ids=lambda published: published.cell.folder)
def test_two_committed_seeds_play_as_recorded(published: Published) -> None:
    quick = [spec for spec in parse_controllers(QUICK) if spec.label in published.results.controllers]
    if not quick:
        pytest.skip("this situation has only planners, whose episodes take long")
    play_again(published.results, quick, 2)


@pytest.mark.slow
def test_a_committed_episode_of_the_planner_plays_as_recorded() -> None:
    found = [published.results for published in PUBLISHED_CELLS if PLANNER in published.results.controllers]
    quickest = min(found, key=episode_s, default=None)
    if quickest is None or episode_s(quickest) > PLANNER_S:
        pytest.skip(f"no published episodes of {PLANNER} that take less than {PLANNER_S} s")
    play_again(quickest, parse_controllers(PLANNER), 1)


def test_experiments_agree_where_they_show_the_same_episodes() -> None:
    seen: dict[str, dict[str, Any]] = {}
    for published in PUBLISHED_CELLS:
        for label, controller in published.results.controllers.items():
            code = published.results.versions.get("code")
            what = [published.situation, controller.identity, published.results.seeds, controller.n, code]
            values = {key: metric.values for key, metric in controller.metrics.items() if key not in TIMING_KEYS}
            assert seen.setdefault(json.dumps(what), values) == values, (published.experiment, label)
    assert seen


def test_committed_results_name_what_made_them() -> None:
    for published in PUBLISHED_CELLS:
        assert {"python", "numpy", "voltran", "git_commit", "code"} <= published.results.versions.keys()


def test_the_page_is_what_the_committed_results_say() -> None:
    assert (ROOT / "docs" / "results.md").read_text() == results_page(ROOT), "run: voltran publish"


def test_the_linked_tables_are_what_the_committed_results_say() -> None:
    for name, cell, results in PUBLISHED_CELLS:
        table = (RESULTS / name / cell.folder / "table.md").read_text()
        assert table == markdown_report(results, cell.name), f"{name}: run: voltran publish"

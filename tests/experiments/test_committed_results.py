"""The documentation says what the committed results say; and where the machine is theirs, they can be played again.

Episodes are the same to the last digit where elementary functions and libraries are. Elsewhere nothing is asserted of
them here: what holds on every machine is tested with the worlds and controllers themselves.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple
from xml.etree import ElementTree

import numpy as np
import pytest

from tests.house import ROOT
from voltran.evaluation.controller_spec import ControllerSpec, parse_controllers
from voltran.evaluation.evaluation import Evaluation
from voltran.evaluation.machine import elementary_functions
from voltran.evaluation.metrics import TIMING_KEYS
from voltran.evaluation.results import Results
from voltran.evaluation.statistics import FEWEST
from voltran.evaluation.versions import COMPUTING, computing
from voltran.experiments.episode_experiment import Situation
from voltran.experiments.experiment import published_names, read_experiment
from voltran.experiments.kinds import kind_named
from voltran.experiments.publish import documents, folder_of
from voltran.experiments.summary import read_summary

QUICK = (
    "independent,rotating-sleep,zoo:blackout,recp,small-cell,uc-cell-free,bs=rotating-sleep+retailer=best-response,"
    "bs=buy-all+retailer=cost-plus,bs=zoo:market-bs+retailer=zoo:market-retailer"
)
PLANNER, PLANNER_S = "msrc-fast", 15.0  # one episode is played again where it was quick


class Published(NamedTuple):
    """One cell of a published experiment."""

    experiment: str
    cell: Situation
    results: Results

    @property
    def situation(self) -> str:
        """What the controllers met, whatever experiment it belongs to."""
        return json.dumps([self.results.scenario, self.results.overrides, self.results.options], sort_keys=True)


def published_cells(name: str) -> Iterator[Published]:
    experiment = read_experiment(name)
    summary = read_summary(folder_of(name, ROOT) / "results.json", experiment)
    for cell in experiment.situations():
        yield Published(name, cell, summary.cells[cell.name])


PUBLISHED_CELLS = [
    published
    for name in published_names()
    if read_experiment(name).kind == "episodes" and folder_of(name, ROOT).exists()
    for published in published_cells(name)
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
    again = Evaluation(
        committed.scenario, specs, committed.seeds[:n_seeds], committed.overrides, committed.options
    ).run()
    for label, controller in again.controllers.items():
        for key, found in controller.metrics.items():
            recorded = committed.controllers[label].metrics.get(key)
            if key not in TIMING_KEYS and recorded and recorded.values:
                assert found.values == pytest.approx(recorded.values[:n_seeds], rel=1e-6, abs=1e-9), (label, key)


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
    seen: dict[str, dict[str, Any]] = defaultdict(dict)
    for published in PUBLISHED_CELLS:
        for label, controller in published.results.controllers.items():
            code = published.results.versions.get("code")
            what = [published.situation, controller.identity, published.results.seeds, controller.n, code]
            known = seen[json.dumps(what)]
            for key, metric in controller.metrics.items():
                if key not in TIMING_KEYS and metric.values:
                    assert known.setdefault(key, metric.values) == metric.values, (published.experiment, label, key)
    assert seen


@pytest.mark.parametrize("name", [name for name in published_names() if folder_of(name, ROOT).exists()])
def test_what_made_committed_results_was_committed(name: str) -> None:
    outcome = kind_named(read_experiment(name).kind).published(name, read_experiment(name), folder_of(name, ROOT))
    made_by = [str(versions["git_commit"]) for versions in outcome.index_row().versions]
    assert made_by
    assert not [commit for commit in made_by if not re.fullmatch("[0-9a-f]{40}", commit)]


def test_committed_results_name_what_made_them() -> None:
    for published in PUBLISHED_CELLS:
        assert {"python", "numpy", "voltran", "git_commit", "code"} <= published.results.versions.keys()


def test_pages_index_and_readme_are_what_the_committed_results_say() -> None:
    for path, text in documents(ROOT).items():
        assert path.read_text(encoding="utf-8") == text, f"{path.relative_to(ROOT)}: run: voltran publish"


def test_committed_statistics_are_those_of_the_committed_values() -> None:
    for published in PUBLISHED_CELLS:
        results = published.results
        for label, controller in results.controllers.items():
            for key, metric in controller.metrics.items():
                values = [value for value in metric.values if value is not None]
                if values:
                    assert metric.mean is not None
                    assert metric.mean == pytest.approx(np.mean(values), rel=1e-6, abs=1e-9), (label, key)
                    low, high = metric.bootstrap95 or (metric.mean, metric.mean)
                    assert min(values) <= low <= metric.mean <= high <= max(values), (label, key)
                    assert (metric.bootstrap95 is None) == (len(values) < FEWEST), (label, key)
        for reference, compared in results.paired.items():
            for label, row in compared.items():
                for key, difference in row.items():
                    sides = [results.controllers[who].metrics[key].values for who in (label, reference)]
                    pairs = [(a, b) for a, b in zip(*sides, strict=True) if a is not None and b is not None]
                    assert difference.n == len(pairs)
                    if pairs:
                        mean = float(np.mean([a - b for a, b in pairs]))
                        digits = 1e-6 * max(abs(value) for pair in pairs for value in pair)  # that rounding left
                        assert difference.mean == pytest.approx(mean, rel=1e-5, abs=digits), (label, key)


def test_committed_results_stay_small_and_readable_as_changes() -> None:
    files = [path for path in (ROOT / "docs" / "results").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) <= 4_000_000
    assert {path.suffix for path in files} <= {".json", ".md", ".svg"}
    for path in (path for path in files if path.suffix == ".svg"):
        assert ElementTree.fromstring(path.read_text(encoding="utf-8")).tag.endswith("svg"), path
    for path in (path for path in files if path.suffix == ".json"):
        alone = [line for line in path.read_text(encoding="utf-8").splitlines() if re.fullmatch(r"\s*[-\d.e]+,?", line)]
        assert alone == [], path

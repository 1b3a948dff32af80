"""Curves of convergence, distances to the optimum, and the paper's day on measurements of one's own."""

import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from tests.baselines.uplink_problems import draw_problem
from voltran.baselines.trimsm.exhaustive import best_association
from voltran.baselines.trimsm.peers import recp
from voltran.baselines.trimsm.power_control import optimise_power, steps_until
from voltran.baselines.trimsm.uplink_matching import match
from voltran.baselines.trimsm.uplink_settings import TriMsmSettings
from voltran.envs.errors import ScenarioError
from voltran.envs.scenario import validated
from voltran.experiments.calculations.findings import Findings
from voltran.experiments.calculations.working import Working
from voltran.experiments.run import run_experiment
from voltran.experiments.uplink.convergence import ConvergenceOptions, convergence, held
from voltran.experiments.uplink.optimum import OptimumOptions, optimum

SMALL = {"ues.count": 3, "layout.n_ubs": 5, "limits.ubs_per_ue": 2}


def working(folder: Path) -> Working:
    return Working(folder, 1, lambda line: None)


def curves(folder: Path, **changes: Any) -> Findings:
    options = {"cases": {"small": {"overrides": SMALL}}, "seeds": [5, 6], "every": 1, **changes}
    return convergence(validated(ConvergenceOptions, options, "test"), working(folder))


def test_curves_keep_their_last_value() -> None:
    table = held([np.array([1.0, 2.0]), np.array([1.0, 1.5, 3.0, 4.0])], range(0, 5, 2))
    assert table.tolist() == [[1.0, 2.0, 2.0], [1.0, 3.0, 4.0]]


def test_curves_are_those_of_the_algorithms(tmp_path: Path) -> None:
    found = curves(tmp_path)
    matched, climbed, ended = [], [], []
    for seed in (5, 6):
        problem = draw_problem(seed, 3, 5, limits__ubs_per_ue=2)
        report = match(problem, TriMsmSettings(order="first"))
        matched.append(report)
        climbed.append(optimise_power(problem, report.association, "slmdb").efficiencies)
        ended.append(optimise_power(problem, report.association, "direct").efficiencies[-1])
    slmdb, trimsm = (chart.series[0] for chart in found.charts)
    assert slmdb.y[0] == pytest.approx(
        100.0 * np.mean([climb[0] / end for climb, end in zip(climbed, ended, strict=True)])
    )
    assert np.array(slmdb.y, dtype=float)[-1] > 98.0
    assert (np.diff(np.array(slmdb.y, dtype=float)) >= -1e-3).all()
    assert trimsm.y[0] == pytest.approx(100.0 * np.mean([each.values[0] / each.value for each in matched]))
    assert trimsm.y[-1] == pytest.approx(100.0)
    assert found.values["most_moves"] == np.mean([each.moves for each in matched])
    assert found.values["steps_1e3"] == np.mean([steps_until(climb, 1e-3) for climb in climbed])


def test_claims_on_power_controls_need_all_four_on_one_network(tmp_path: Path) -> None:
    cases = {inner: {"overrides": SMALL, "inner": inner} for inner in ("eipc", "direct", "fipc", "qopc")}
    assert len(curves(tmp_path, cases=cases, seeds=[5]).claims) == 4
    assert len(curves(tmp_path, cases=dict(list(cases.items())[:3]), seeds=[5]).claims) == 2


def distances(folder: Path, **changes: Any) -> Findings:
    smaller = {"ues.count": 2, "layout.n_ubs": 4, "limits.ubs_per_ue": 2}
    options = {"networks": {"small": smaller}, "controllers": ["recp", "trimsm-eipc", "exhaustive"], "seeds": [5, 6]}
    return optimum(validated(OptimumOptions, options | changes, "test"), working(folder))


def test_the_search_itself_is_at_the_optimum_and_a_rule_is_as_far_as_it_is(tmp_path: Path) -> None:
    (table,) = distances(tmp_path).tables
    rows = {str(row[0]): row[1:] for row in table.rows}
    assert rows["exhaustive"] == pytest.approx((100.0, 100.0, 100.0, 0))
    assert float(rows["trimsm-eipc"][0] or 0.0) <= 100.0 + 1e-6
    shares = []
    for seed in (5, 6):
        problem = draw_problem(seed, 2, 4, limits__ubs_per_ue=2)
        reached = optimise_power(problem, recp(problem), "direct").efficiencies[-1]
        shares.append(100.0 * reached / best_association(problem, "direct", 100).value)
    assert rows["recp"][:2] == pytest.approx((np.mean(shares), min(shares)))
    assert "100 associations per drop, 2 drops" in table.note


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"networks": {"large": {}}}, "8 UEs with up to 3 UBSs each have 1.1e25 associations"),
        ({"controllers": ["recq"]}, "did you mean 'recp'"),
        ({"scenario": "toy3", "networks": {"other": {}}}, "this calculation, of toy3, plays"),
    ],
)
def test_distances_that_cannot_be_computed(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=re.escape(message)):
        distances(tmp_path, **changes)


def test_a_day_on_measurements_of_ones_own(tmp_path: Path) -> None:
    """Files beside each other: measurements, the scenario that names them, the experiment that plays it."""
    rows = [
        f"2024-03-0{day} {hour:02d}:00:00,{cell},{1 + (cell + hour) % 5}"
        for cell in range(1, 17)
        for day in (1, 2)
        for hour in range(24)
    ]
    (tmp_path / "city.csv").write_text("\n".join(["time,region,traffic", *rows, ""]))
    (tmp_path / "city.yaml").write_text(
        "world: uplink_v0\nlayout: {n_ubs: 6}\nues: {count: 4, placement: regions}\ntime: {horizon_h: 1.0}\n"
        "traffic: {source: files, peak_total_mbps: 60.0, files: {paths: [city.csv], cells: square}}\n"
    )
    (tmp_path / "mine.yaml").write_text(
        'title: "Mine"\nscenarios: [city.yaml]\ncontrollers: [recp, trimsm-eipc]\nreference: [recp]\nseeds: 2\n'
    )
    console = Console(file=io.StringIO())
    report = run_experiment(str(tmp_path / "mine.yaml"), tmp_path / "out", resume=False, jobs=1, console=console)
    assert "trimsm-eipc" in report.read_text()
    for picture, word in (("day", "Traffic"), ("network", "UBSs awake")):
        assert word in (tmp_path / "out" / "city" / f"{picture}.svg").read_text()

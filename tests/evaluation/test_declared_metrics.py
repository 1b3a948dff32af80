"""Every number that an episode gives is declared, by its world or as one of controllers."""

import pytest

from voltran.envs.registry import world_spec, world_specs
from voltran.evaluation.controller_spec import parse_controllers
from voltran.evaluation.evaluation import Evaluation
from voltran.evaluation.metrics import metric_of, metrics_of
from voltran.evaluation.tables import markdown_all_metrics

# whoever counts the most of their own work
PLAYERS = {
    "blackout_v0": "trimsm,msrc-fast:evaluations=20",
    "brownout_v0": "bs=rotating-sleep+retailer=best-response",
    "market_v0": "bs=buy-all+retailer=best-response,dpa",
    "sharing_v0": "rolling-milp,foresight-milp,tariff-threshold",
    "uplink_v0": "trimsm-eipc:final=slmdb,recp",
}
SMALL = {"blackout_v0": "toy3", "brownout_v0": "urban19-brownout-light", "market_v0": "market4"}
SHORT = {"time.horizon_h": 0.5}


@pytest.mark.parametrize("name", [spec.name for spec in world_specs()])
def test_all_metrics_of_an_episode_are_declared_and_no_table_shows_others(name: str) -> None:
    spec = world_spec(name)
    scenario = SMALL.get(name, spec.default_scenario)
    results = Evaluation(scenario, parse_controllers(PLAYERS[name]), [1], SHORT).run()
    assert results.world == name
    declared = metrics_of(name)
    undeclared = {
        key
        for key in results.metric_keys()
        if not any(metric.key == key or metric.numbered(key) is not None for metric in declared)
    }
    assert undeclared == set()
    assert spec.training_metric in results.metric_keys()
    rows = [line.split("|")[1].strip() for line in markdown_all_metrics(results).splitlines() if line.startswith("| ")]
    assert set(rows[1:]) - {"---", "Metric"} == {metric_of(key, name).heading for key in results.metric_keys()}


def test_metrics_of_a_world_that_is_not_installed_show_under_their_own_names() -> None:
    assert metric_of("survival_h", "elsewhere_v0").heading == "survival h"
    assert metric_of("decision_ms", "elsewhere_v0").unit == "ms"

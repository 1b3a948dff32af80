"""Every shipped experiment is valid, plays what exists and compares it with what was published."""

import re

import pytest

from voltran import baselines
from voltran.envs.registry import make_world, spec_of_scenario
from voltran.evaluation.metrics import metrics_of
from voltran.experiments.answer import quantities
from voltran.experiments.episode_experiment import ONLY_IN
from voltran.experiments.experiment import experiment_names, read_experiment

PICTURES = {
    *("batteries", "survival", "availability", "trade-off"),
    *("cdf-energy_efficiency", "cdf-swaps", "day", "network"),
    *("trading", "efficiency"),
    *("course", "captured"),
}

EPISODES = [name for name in experiment_names() if read_experiment(name).kind == "episodes"]


@pytest.mark.parametrize("name", EPISODES)
def test_shipped_experiments_are_valid_and_compare_what_they_play(name: str) -> None:
    experiment = read_experiment(name)
    assert set(experiment.reference) <= set(experiment.controllers)
    assert experiment.question.endswith("?")
    assert experiment.answer.endswith(".")
    known = {metric.key for name in experiment.scenarios for metric in metrics_of(spec_of_scenario(name).name)}
    assert set(experiment.metrics) <= known
    assert {picture.partition(ONLY_IN)[0] for picture in experiment.pictures or ()} <= PICTURES
    players = {entry.replace("zoo:", "") for entry in experiment.controllers}  # policies are labelled without
    assert {name for names in experiment.families.values() for name in names} | {*experiment.first_only} <= players
    cells = {cell.name for cell in experiment.situations()}
    for quantity in quantities(experiment.answer):
        assert quantity.metric in known
        assert {quantity.controller, quantity.reference or quantity.controller} <= players
        assert quantity.situation or len(cells) == 1
    for comparison in experiment.paper:
        assert set(comparison.values) <= cells
        for metrics in comparison.values.values():
            assert set(metrics) <= known
            assert {label for published in metrics.values() for label in published} <= set(experiment.controllers)
        if comparison.gain:
            assert {comparison.gain.reference, *comparison.gain.values} <= set(experiment.controllers)
        assert set(comparison.ratio_cells) <= cells
        for ratio in comparison.ratios:
            assert ratio.metric in known
            for who in (ratio.controller, ratio.reference):
                assert {who} if isinstance(who, str) else {*who.of} <= players


@pytest.mark.parametrize("name", EPISODES)
def test_shipped_experiments_play_what_exists_on_the_same_fresh_seeds(name: str) -> None:
    experiment = read_experiment(name)
    assert experiment.first_seed == 1000
    members = [member for entry in experiment.controllers for member in entry.split("+")]
    names = {re.sub(r"^(bs|retailer)=", "", member).partition(":")[0] for member in members}
    assert names <= {*baselines.names(), "zoo"}
    for cell in experiment.situations():
        make_world(cell.scenario, 1, cell.overrides, **experiment.options)
        assert set(experiment.reference) <= set(cell.controllers)


def test_table_ii_and_its_gains_are_the_papers() -> None:
    (comparison,) = read_experiment("msrc_table2").paper
    columns = {
        label: [comparison.values[f"urban19-{load}"]["survival_h"][label] for load in ("light", "medium", "heavy")]
        for label in ("independent", "static", "msrc")
    }
    assert columns == {"independent": [3.2, 2.5, 1.8], "static": [4.5, 3.5, 2.6], "msrc": [5.8, 5.0, 3.7]}
    assert comparison.gain is not None
    for label, gain in comparison.gain.values.items():  # as the paper rounds them
        ratios = [ours / base for ours, base in zip(columns[label], columns["independent"], strict=True)]
        assert sum(ratios) / 3 - 1 == pytest.approx(gain, abs=0.01)

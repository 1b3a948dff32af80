"""The quick form of an experiment: a part of it that is valid by itself."""

import pytest

from voltran.envs.catalog import make_world
from voltran.train.experiment import Experiment, experiment_names, read_experiment
from voltran.train.quick import HORIZON_H, SEEDS, quick_form


@pytest.mark.parametrize("name", experiment_names())
def test_quick_forms_are_short_parts_of_their_experiments(name: str) -> None:
    whole = read_experiment(name)
    quick = quick_form(whole)
    assert Experiment.model_validate(quick.model_dump()) == quick
    assert quick.seeds <= SEEDS
    controllers = {cell.name: cell.controllers for cell in whole.cells()}
    for cell in quick.cells():
        assert cell.controllers == controllers[cell.name]
    played = {cell.name for cell in quick.cells()}
    assert all(set(table.ratio_cells) <= played for table in quick.paper)
    scenario = make_world(cell.scenario, 1, cell.overrides, **quick.options).scenario
    assert scenario.time.horizon_h <= HORIZON_H  # type: ignore[attr-defined]


def test_a_horizon_that_is_shorter_stays() -> None:
    drop = read_experiment("fdran_fig3a")
    assert quick_form(drop).overrides["time.horizon_h"] == 0.25

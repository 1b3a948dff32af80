"""The quick form of an experiment: a part of it that is valid by itself, and runs; so does that of a study."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from voltran.cli.app import app
from voltran.envs.registry import make_world
from voltran.experiments.episode_experiment import EpisodeExperiment
from voltran.experiments.experiment import experiment_names, read_experiment
from voltran.experiments.quick import HORIZON_H, SEEDS, quick_form

EPISODES = [name for name in experiment_names() if read_experiment(name).kind == "episodes"]


@pytest.mark.parametrize("name", EPISODES)
def test_quick_forms_are_short_parts_of_their_experiments(name: str) -> None:
    whole = read_experiment(name)
    quick = quick_form(whole)
    assert EpisodeExperiment.model_validate(quick.model_dump()) == quick
    assert quick.seeds <= SEEDS
    controllers = {cell.name: cell.controllers for cell in whole.situations()}
    for cell in quick.situations():
        assert cell.controllers == controllers[cell.name]
    played = {cell.name for cell in quick.situations()}
    assert all(set(table.ratio_cells) <= played for table in quick.paper)
    scenario = make_world(cell.scenario, 1, cell.overrides, **quick.options).scenario
    assert scenario.time.horizon_h <= HORIZON_H  # type: ignore[attr-defined]


def test_a_horizon_that_is_shorter_stays() -> None:
    drop = read_experiment("fdran_fig3a")
    assert quick_form(drop).overrides["time.horizon_h"] == 0.25


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Finished episodes, which the experiments share as they do under ``make results``."""
    return tmp_path_factory.mktemp("store")


@pytest.mark.slow
@pytest.mark.parametrize("name", experiment_names())
def test_experiment_runs(name: str, tmp_path: Path, store: Path) -> None:
    arguments = ["experiment", name, "--quick", "--jobs", "1", "--out", str(tmp_path), "--store", str(store)]
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    config = read_experiment(name)
    assert (tmp_path / "table.md").read_text(encoding="utf-8").startswith(f"# {config.title}\n")

"""Who gains what, as an experiment: sums, names and bad options."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from voltran.envs.errors import ScenarioError
from voltran.experiments.calculations.calculation import filled_answer, function_and_options
from voltran.experiments.calculations.findings import Findings
from voltran.experiments.calculations.working import Working
from voltran.experiments.collective.gains import SPLITS, GainsOptions, gains
from voltran.experiments.experiment import read_experiment

SMALL: dict[str, Any] = {"network.infrastructures": 1, "time.horizon_h": 24.0, "time.decision_period_s": 3600.0}
SMALL |= {"forecast.ahead": [0, 1]}


def found(tmp_path: Path, days: tuple[int, ...] = (0,)) -> Findings:
    options = GainsOptions(overrides=SMALL, seeds=(500,), days=days, gap=1e-5)
    return gains(options, Working(tmp_path, 1, lambda line: None))


def test_every_split_gives_away_what_is_saved(tmp_path: Path) -> None:
    findings = found(tmp_path)
    table, surplus = findings.tables[0], findings.values["surplus_percent"]
    assert table.columns[3:] == tuple(f"{name} (EUR)" for name in SPLITS)
    alone, *splits = (np.array([row[column] for row in table.rows], np.float64).sum() for column in range(2, 6))
    assert splits == pytest.approx([findings.values["saving_eur"]] * 3)
    assert surplus is not None
    assert alone == pytest.approx(splits[0] * (1.0 - surplus / 100.0))


def test_the_answer_names_what_is_found(tmp_path: Path) -> None:
    experiment = read_experiment("sharing_gains")
    function, options = function_and_options(experiment)
    assert function is gains
    assert isinstance(options, GainsOptions)
    assert "EUR a day" in filled_answer(experiment.answer, found(tmp_path).values)


def test_days_that_an_episode_does_not_have_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="day = 1: the episode has 1 whole days"):
        found(tmp_path, days=(1,))

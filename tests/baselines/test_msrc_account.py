"""What planners tell of their own work: how far plans were from what came of them."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from voltran.baselines.msrc.plan_statistics import Account


def world(alive: list[bool], power_kw: list[float]) -> Any:
    return SimpleNamespace(
        alive=np.array([alive]),
        power_kw=np.array([power_kw]),
        weighted_service=np.array([0.5 if any(power_kw) else 0.0]),
    )


def plan(power_kw: list[float]) -> Any:
    return SimpleNamespace(evaluations=4, evaluation=SimpleNamespace(power_kw=np.array(power_kw), service=0.75))


def test_plans_are_compared_with_what_was_drawn() -> None:
    account = Account()
    account.compare(world([True, True], [3.0, 1.0]), [plan([2.0, 1.5])])
    assert account.counters()["plan_error_power"] == pytest.approx((1.0 + 0.5) / 4.0)
    assert account.counters()["plan_error_service"] == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("alive", "power_kw"),
    [
        ([True, False], [3.0, 0.0]),  # a site went down
        ([True, True], [0.0, 0.0]),  # both came back in the last step, and have drawn nothing yet
        ([False, False], [0.0, 0.0]),
    ],
)
def test_periods_that_no_plan_foresees_are_left_out(alive: list[bool], power_kw: list[float]) -> None:
    account = Account()
    account.compare(world(alive, power_kw), [plan([2.0, 1.5])])
    account.compare(world([False, False], [0.0, 0.0]), [plan([0.0, 0.0])])
    assert "plan_error_power" not in account.counters()

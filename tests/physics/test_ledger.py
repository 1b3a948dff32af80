"""The ledger's residual: nothing but rounding as the physics is, and plain to see wherever a flow is wrong."""

import numpy as np
import pytest

from tests.physics.instances import BATTERY, STEP_S, depot
from voltran.physics.balance import energy_step
from voltran.physics.ledger import balance_residual_kw

STEP_H = STEP_S / 3600.0
CASE = depot(5, n_worlds=2, n_sites=7, n_slots=3, grid=True)
FLOWS = energy_step(*CASE.arguments)
WRONG = (1, 4)


@pytest.mark.parametrize(
    "name", ["load_kw", "battery_kw", "ev_kw", "grid_kw", "unserved_kw", "loss_kw", "soc", "energy_kwh"]
)
@pytest.mark.parametrize("error", [1e-6, -1e-6])
def test_any_flow_that_is_wrong_shows_where_it_is(name: str, error: float) -> None:
    value = getattr(FLOWS, name).copy()
    value[WRONG] += error
    residual_kw = balance_residual_kw(
        FLOWS._replace(**{name: value}), CASE.soc, CASE.fleet.energy_kwh, STEP_H, BATTERY.capacity_kwh
    )
    assert abs(residual_kw[WRONG]) >= 0.9e-6
    residual_kw[WRONG] = 0.0
    assert np.abs(residual_kw).max() <= 1e-9


def test_errors_that_balance_each_other_at_the_site_show_in_what_is_stored() -> None:
    """More from the battery and less from vehicles: the site is balanced, its stores are not."""
    battery_kw, ev_kw = FLOWS.battery_kw + 0.5, FLOWS.ev_kw - 0.5
    residual_kw = balance_residual_kw(
        FLOWS._replace(battery_kw=battery_kw, ev_kw=ev_kw),
        CASE.soc,
        CASE.fleet.energy_kwh,
        STEP_H,
        BATTERY.capacity_kwh,
    )
    np.testing.assert_allclose(np.abs(residual_kw), 0.5, atol=1e-9)


def test_energy_that_appears_from_nowhere_shows() -> None:
    """Batteries as full after the step as a tenth of a kWh more would have made them: 6 kW for a minute."""
    gained = 0.1 / BATTERY.capacity_kwh
    residual_kw = balance_residual_kw(FLOWS, CASE.soc - gained, CASE.fleet.energy_kwh, STEP_H, BATTERY.capacity_kwh)
    np.testing.assert_allclose(residual_kw, 6.0, atol=1e-9)

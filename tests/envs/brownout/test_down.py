"""Sites that are down in a brownout: what they import brings them back, at once or by way of the battery."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from tests.envs.brownout.tools import (
    CHARGE_KW,
    NORMAL_KW,
    PERIOD_H,
    SLEEP_KW,
    brownout_world,
    constant,
    purchases,
    toy_actions,
    toy_world,
)
from tests.envs.episodes import started
from voltran import baselines
from voltran.envs.brownout.world import BrownoutWorld
from voltran.envs.errors import ScenarioError

PLENTY = constant(100.0, 50.0)
ROLLING = {"grid.schedule": "rolling"}


def down(retailer: Mapping[str, Any], soc: float = 0.2, overrides: Mapping[str, Any] | None = None) -> BrownoutWorld:
    """The toy world with site 0 down, and only site 0 about to buy."""
    world = toy_world([retailer], overrides)
    snapshot = world.get_state()
    snapshot["state"]["soc"][0, 0], snapshot["state"]["alive"][0, 0] = soc, False
    world.set_state(snapshot)
    return world


def buy_for_site_0(world: BrownoutWorld) -> None:
    """One period in which site 0 buys all it can, and the others nothing."""
    world.step({**toy_actions(world, [0.4]), "bs": purchases(world, [1.0, 0.0, 0.0], [1.0] * 3)})


@pytest.mark.parametrize("soc", [0.2, 0.5])
def test_an_import_that_carries_the_load_brings_a_site_back_at_once(soc: float) -> None:
    """5 kW flow into the battery of a site that needs 4 kW, however much it holds."""
    world = down(PLENTY, soc)
    buy_for_site_0(world)
    assert world.trace()["alive"][:, 0].tolist() == [0.0] + [1.0] * 14
    # A minute for the battery alone, then for a sleeping site, too.
    bought_kwh = (CHARGE_KW + 14.0 / 15.0 * SLEEP_KW) * PERIOD_H
    assert world.market.sales.bought_kwh[0, 0] == pytest.approx(bought_kwh)


def test_a_smaller_import_recharges_the_battery_first() -> None:
    """3 kW of the 4 kW needed: 0.05 of 12.5 kWh take 13.2 minutes at 95 %, and then the battery gives the rest."""
    world = down(constant(3.0, 50.0))
    buy_for_site_0(world)
    assert world.trace()["alive"][:, 0].tolist() == [0.0] * 14 + [1.0]
    assert np.abs(world.ledger()["residual_kw"]).max() <= 1e-9


@pytest.mark.parametrize(("battery_kw", "import_kw", "is_back"), [(1.5, 2.5, True), (1.5, 2.4, False)])
def test_an_import_counts_beside_a_battery_that_is_too_weak(battery_kw: float, import_kw: float, is_back: bool) -> None:
    """4 kW are needed; a vehicle might come, which is why 1.5 kW beside 2.4 kW are no error."""
    changes = {"battery.discharge_limit_kw": battery_kw, "vehicles.arrivals_per_day": 1e-6}
    world = down(constant(import_kw, 50.0), 0.6, changes)
    buy_for_site_0(world)
    assert world.alive[0, 0] == is_back


@pytest.mark.parametrize("rule", ["independent", "static-v2g"])
def test_weak_batteries_do_not_flap(rule: str) -> None:
    changes = {"battery.discharge_limit_kw": 1.0, "battery.capacity_kwh": 20.0, "time.physics_step_s": 60.0}
    world = started(brownout_world(2, {**changes, "time.horizon_h": 24}, trace_sites=True))
    controller = baselines.make(rule)
    retailers = {"retailer": np.zeros((2, len(world.scenario.retail.retailers)), np.int64)}
    for _ in range(world.max_decisions):
        world.step({**controller.act(world), **retailers})
    alive = np.stack([world.trace(index)["alive"] for index in range(2)])
    assert not alive.all()
    assert (alive[:, 1:] > alive[:, :-1]).sum(axis=1).max() <= 5
    assert world.kpis()["ledger_residual_kw"].max() <= 1e-9


WEAK = {"battery.discharge_limit_kw": 1.0, "vehicles.arrivals_per_day": 0}


@pytest.mark.parametrize(
    ("retailer_kw", "changes", "import_kw"),
    [
        (1.0, {}, 1.0),
        (5.0, {"grid.feeder_limit_kw": 0.5}, 0.5),
        (1.0, {**ROLLING, "grid.main_limit_kw": 1.5}, 2.5),
    ],
)
def test_imports_that_could_never_carry_an_idle_site_are_an_error(
    retailer_kw: float, changes: dict[str, Any], import_kw: float
) -> None:
    keys = "grid.schedule, grid.main_limit_kw, grid.feeder_limit_kw, retail.retailers"
    with pytest.raises(ScenarioError, match=rf"{keys}: {import_kw:g} kW".replace(".", r"\.")):
        toy_world([constant(retailer_kw, 50.0)], {**WEAK, **changes})


@pytest.mark.parametrize(
    ("retailer_kw", "changes"), [(NORMAL_KW - 1.0, {}), (0.5, {**ROLLING, "grid.main_limit_kw": 2.5})]
)
def test_grid_and_retailers_count_towards_what_a_site_can_draw(retailer_kw: float, changes: dict[str, Any]) -> None:
    toy_world([constant(retailer_kw, 50.0)], {**WEAK, **changes})

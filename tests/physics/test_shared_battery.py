"""The shared battery against a linear program, conservation of energy and the definition of fair rationing."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from voltran.physics.arrays import FloatArray
from voltran.physics.battery import BatteryParameters
from voltran.physics.shared_battery import (
    SharedFlows,
    SharedSupply,
    battery_exchange_kw,
    faded_capacity_kwh,
    next_health,
    shared_flows,
    wear_cost_eur,
)

STEP_H = 0.25
TOLERANCE_KW = 1e-9
NO_GRID, AMPLE_KW = 0.0, 1e3


def battery(
    capacity_kwh: float = 50.0, charge: float = 0.95, discharge: float = 0.95, limit_kw: float = 12.5
) -> BatteryParameters:
    return BatteryParameters(capacity_kwh, 0.1, 1.0, charge, discharge, limit_kw, limit_kw)


powers = st.floats(0.0, 60.0)
shares = st.floats(0.05, 1.0)
batteries = st.builds(
    battery, st.floats(0.5, 100.0), st.sampled_from([0.3, 0.8, 0.95, 1.0]), st.sampled_from([0.3, 0.95, 1.0]),
    st.sampled_from([0.0, 3.0, 12.5]),
)  # fmt: skip


@settings(deadline=None, max_examples=200)
@given(powers, powers, st.floats(0.1, 1.0), batteries)
def test_a_battery_gives_as_much_as_a_linear_program_and_then_takes_as_much(
    requested_kw: float, offered_kw: float, soc: float, shared: BatteryParameters
) -> None:
    stored_kw, room_kw = ((soc - 0.1) * shared.capacity_kwh / STEP_H, (1.0 - soc) * shared.capacity_kwh / STEP_H)
    gain, loss = shared.charge_efficiency, 1.0 / shared.discharge_efficiency
    rows = [[1.0, -1.0], [-1.0, 1.0], [loss, -gain], [-loss, gain]]
    limits = [shared.discharge_limit_kw, shared.charge_limit_kw, stored_kw, room_kw]
    bounds = [(0.0, requested_kw), (0.0, offered_kw)]
    most = -float(linprog([-1.0, 0.0], A_ub=rows, b_ub=limits, bounds=bounds).fun or 0.0)
    given_kw, taken_kw = battery_exchange_kw(requested_kw, offered_kw, soc, STEP_H, shared)
    assert given_kw == pytest.approx(most, abs=1e-6)
    bounds[0] = (most - 1e-9, requested_kw)
    then = -float(linprog([0.0, -1.0], A_ub=rows, b_ub=limits, bounds=bounds).fun or 0.0)
    assert taken_kw == pytest.approx(then, abs=1e-5)


def flows_of(
    demand_kw: list[float],
    on_battery: list[bool],
    share: list[float],
    supply: SharedSupply,
    soc: float = 0.5,
    shared: BatteryParameters | None = None,
) -> SharedFlows:
    alpha = np.array(share) / sum(share)
    return shared_flows(soc, np.array(demand_kw), np.array(on_battery), alpha, supply, STEP_H, shared or battery())


def supplied(flows: SharedFlows) -> FloatArray:
    return np.asarray(flows.grid_kw + flows.battery_kw + flows.direct_kw + flows.unserved_kw)


supplies = st.builds(
    SharedSupply, st.floats(0.0, 20.0), st.sampled_from([0.0, 4.0, 15.0, 1e3]), st.floats(0.0, 1.0), st.booleans(),
    st.sampled_from([0.0, 0.1]),
)  # fmt: skip
sites = st.integers(1, 4).flatmap(
    lambda n: st.tuples(
        st.lists(st.floats(0.0, 9.0), min_size=n, max_size=n),
        st.lists(st.booleans(), min_size=n, max_size=n),
        st.lists(shares, min_size=n, max_size=n),
    )
)


@settings(deadline=None, max_examples=300)
@given(sites, supplies, st.floats(0.0, 1.0), batteries)
def test_energy_is_conserved_and_no_limit_exceeded(
    of_sites: tuple[list[float], list[bool], list[float]], supply: SharedSupply, soc: float, shared: BatteryParameters
) -> None:
    demand_kw, on_battery, _ = of_sites
    flows = flows_of(*of_sites, supply, soc, shared)
    parts = (flows.grid_kw, flows.battery_kw, flows.direct_kw, flows.unserved_kw, flows.fallback_kw)
    assert all((part >= -TOLERANCE_KW).all() for part in parts)
    assert supplied(flows) == pytest.approx(np.array(demand_kw), abs=TOLERANCE_KW)
    # the panels' power goes somewhere, and the battery stores what it takes less what it gives and loses
    assert flows.direct_kw.sum() + flows.solar_charge_kw + flows.curtailed_kw == pytest.approx(supply.solar_kw)
    charge_kw, given_kw = flows.solar_charge_kw + flows.grid_charge_kw, flows.battery_kw.sum()
    stored_kw = (flows.soc - soc) * shared.capacity_kwh / STEP_H
    assert charge_kw == pytest.approx(given_kw + flows.loss_kw + stored_kw, abs=1e-6)
    assert flows.grid_kw.sum() + flows.grid_charge_kw <= supply.grid_limit_kw + TOLERANCE_KW
    net_kw = charge_kw - given_kw
    assert -shared.discharge_limit_kw - TOLERANCE_KW <= net_kw <= shared.charge_limit_kw + TOLERANCE_KW
    floor = supply.outage_soc_min if supply.grid_limit_kw < sum(demand_kw) else shared.soc_min
    assert min(soc, floor) - 1e-12 <= flows.soc <= 1.0 + 1e-12
    if not supply.solar_direct:
        assert not flows.direct_kw.any()
    assert not flows.fallback_kw[~np.array(on_battery)].any()


@settings(deadline=None, max_examples=100)
@given(sites, st.floats(0.0, 1.0))
def test_what_is_short_is_shared_by_alpha(of_sites: tuple[list[float], list[bool], list[float]], soc: float) -> None:
    """Whoever gets less than asked has, per share, at least as much as everybody else."""
    demand_kw, on_battery, share = of_sites
    flows = flows_of(*of_sites, SharedSupply(0.0, AMPLE_KW, 0.0, False, 0.0), soc, battery(limit_kw=5.0))
    asked = np.array(demand_kw) * on_battery
    per_share = flows.battery_kw / (np.array(share) / sum(share))
    short = flows.battery_kw < asked - 1e-9
    if short.any():
        assert (per_share[short] >= per_share.max() - 1e-6).all()
    assert not flows.unserved_kw.any()  # the grid has enough for all
    assert flows.fallback_kw == pytest.approx(asked - flows.battery_kw, abs=1e-9)


def test_each_source_takes_over_where_the_other_falls_short() -> None:
    """Pencil and paper: 20 kWh at 0.5 with 3 kW of power, three sites of 2 kW, shares 1/2, 1/4 and 1/4."""
    shared = battery(20.0, 1.0, 1.0, 3.0)
    chosen, share = [True, True, False], [0.5, 0.25, 0.25]
    ample = flows_of([2.0, 2.0, 2.0], chosen, share, SharedSupply(0.0, AMPLE_KW, 0.0, False, 0.0), 0.5, shared)
    # 3 kW for 4 kW asked: 2 kW to the first, whose part would be as much, 1 kW to the second
    assert ample.battery_kw == pytest.approx([2.0, 1.0, 0.0])
    assert ample.grid_kw == pytest.approx([0.0, 1.0, 2.0])
    outage = flows_of([2.0, 2.0, 2.0], chosen, share, SharedSupply(0.0, NO_GRID, 1.0, False, 0.0), 0.5, shared)
    assert outage.battery_kw == pytest.approx([1.5, 0.75, 0.75])
    assert outage.unserved_kw == pytest.approx([0.5, 1.25, 1.25])
    assert outage.grid_charge_kw == 0.0
    sunny = flows_of([2.0, 2.0, 2.0], chosen, share, SharedSupply(5.0, AMPLE_KW, 0.0, True, 0.0), 0.5, shared)
    # 2 kW to the third site, 3 kW through the battery, and with them it can give all of 4 kW
    assert sunny.direct_kw == pytest.approx([0.0, 0.0, 2.0])
    assert sunny.battery_kw == pytest.approx([2.0, 2.0, 0.0])
    assert sunny.soc == pytest.approx(0.5 - 1.0 * STEP_H / 20.0)


def test_the_grid_charges_only_with_what_it_has_beyond_all_demand() -> None:
    flows = flows_of([2.0, 2.0], [True, False], [0.5, 0.5], SharedSupply(0.0, 7.0, 1.0, False, 0.0))
    assert flows.grid_charge_kw == pytest.approx(3.0)


def test_reserve_is_kept_for_outages() -> None:
    supply = SharedSupply(0.0, AMPLE_KW, 0.0, False, 0.0)
    assert flows_of([4.0], [True], [1.0], supply, soc=0.1).fallback_kw == pytest.approx([4.0])
    assert flows_of([4.0], [False], [1.0], supply._replace(grid_limit_kw=0.0), soc=0.1).unserved_kw == pytest.approx(
        [0]
    )


def test_a_battery_below_its_least_charge_rests_and_may_be_charged() -> None:
    flows = flows_of([4.0], [True], [1.0], SharedSupply(0.0, AMPLE_KW, 0.0, False, 0.0), soc=0.02)
    assert flows.soc == pytest.approx(0.02)
    charged = flows_of([4.0], [False], [1.0], SharedSupply(0.0, AMPLE_KW, 1.0, False, 0.0), soc=0.02)
    assert charged.soc == pytest.approx(0.02 + 0.95 * 12.5 * STEP_H / 50.0)


def test_wear() -> None:
    """A hundred full cycles; a battery is worth nothing once its health is at the minimum."""
    health = 1.0
    for change in [0.9, -0.9] * 100:
        health = next_health(health, change, 8.85e-6)
    assert 1.0 - health == pytest.approx(180 * 8.85e-6)
    assert wear_cost_eur(10_000.0, 8.85e-6, 0.8) * (1.0 - health) / 8.85e-6 == pytest.approx(
        10_000 * (1 - health) / 0.2
    )
    assert next_health(1e-7, 1.0, 8.85e-6) == 0.0
    assert faded_capacity_kwh(np.array([50.0]), np.array([0.9])) == pytest.approx([45.0])


def test_a_battery_below_its_least_charge_gives_nothing() -> None:
    assert battery_exchange_kw(5.0, 0.0, 0.05, STEP_H, battery()) == (0.0, 0.0)

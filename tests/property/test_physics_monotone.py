"""What can only rise, or only fall, where the formulas say so: power, coverage, batteries, losses, prices."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.physics.instances import POWER, RADIO, Network, network
from voltran.physics.battery import BatteryParameters, largest_charge_kw, largest_discharge_kw, next_soc
from voltran.physics.market import generation_cost, satisfaction
from voltran.physics.power import MassiveMimoPower, massive_mimo_power_kw, site_power_kw, utilisation_power_kw
from voltran.physics.propagation import path_loss_db
from voltran.physics.radio import covered_users
from voltran.physics.shared_battery import SharedSupply, battery_exchange_kw, next_health, shared_flows

ROUNDING = 1e-9
shares = st.floats(0.0, 1.0)
powers_kw = st.floats(0.0, 50.0)
batteries = st.builds(
    BatteryParameters,
    capacity_kwh=st.floats(0.5, 100.0),
    soc_min=st.floats(0.0, 0.4),
    soc_max=st.floats(0.5, 1.0),
    charge_efficiency=st.floats(0.5, 1.0),
    discharge_efficiency=st.floats(0.5, 1.0),
    charge_limit_kw=powers_kw,
    discharge_limit_kw=powers_kw,
)
networks = st.builds(
    network,
    seed=st.integers(0, 2**32 - 1),
    n_sites=st.sampled_from([1, 7]),
    n_users=st.integers(1, 60),
    n_bands=st.integers(1, 4),
)


def ordered(first: float, second: float) -> tuple[float, float]:
    return min(first, second), max(first, second)


@given(st.integers(0, 3), st.integers(0, 15), st.lists(shares, min_size=8, max_size=8), st.integers(0, 3), shares)
def test_more_traffic_and_more_blocks_never_need_less_power(
    mode: int, bands: int, use: list[float], band: int, added: float
) -> None:
    blocks, traffic = np.array(use[:4]), 100.0 * np.array(use[4:])
    before = site_power_kw(mode, bands, blocks, traffic, POWER)
    assert 0.0 < before < np.inf
    fuller, busier = blocks.copy(), traffic.copy()
    fuller[band], busier[band] = max(blocks[band], added), traffic[band] + 100.0 * added
    assert site_power_kw(mode, bands, fuller, traffic, POWER) >= before - ROUNDING
    assert site_power_kw(mode, bands, blocks, busier, POWER) >= before - ROUNDING


@given(powers_kw, shares, shares, shares)
def test_utilisation_power_rises_from_the_fixed_share_to_all(kw: float, low: float, high: float, fixed: float) -> None:
    low, high = ordered(low, high)
    drawn = utilisation_power_kw(np.array(kw), np.array([0.0, low, high, 1.0]), np.array(fixed))
    assert (np.diff(drawn) >= -ROUNDING).all()
    np.testing.assert_allclose(drawn[[0, -1]], [fixed * kw, kw], atol=ROUNDING)


@given(shares, shares, st.floats(0.01, 1.0), shares, st.floats(0.0, 0.5))
def test_massive_mimo_power_rises_with_its_load(
    low: float, high: float, awake: float, sleep: float, cooling: float
) -> None:
    low, high = ordered(low, high)
    parameters = MassiveMimoPower(np.array(0.3), np.array(0.8), np.array(0.1), sleep, awake)
    drawn = massive_mimo_power_kw(np.array([0.0, low, high, 1.0]), np.array(3.0), np.array(cooling), parameters)
    assert (np.diff(drawn) >= -ROUNDING).all()
    assert drawn[0] >= 0.1


@given(networks, st.floats(0.0, 3000.0), st.floats(0.0, 3000.0))
def test_a_larger_radius_covers_all_that_a_smaller_one_does(case: Network, first: float, second: float) -> None:
    low, high = ordered(first, second)
    near = covered_users(case.received_mw, case.distance_m, low, RADIO)
    far = covered_users(case.received_mw, case.distance_m, high, RADIO)
    assert (near <= far).all()


@given(st.floats(1.0, 2e4), st.floats(1.0, 2e4), st.floats(0.7, 3.8), st.booleans())
def test_loss_grows_with_distance(first: float, second: float, frequency_ghz: float, sight: bool) -> None:
    ends = np.array(ordered(first, second))
    loss = path_loss_db(ends, frequency_ghz, np.full(2, sight), 25.0, 1.5)
    assert np.isfinite(loss).all()
    assert loss[1] >= loss[0] - ROUNDING


@given(batteries, shares, shares, st.floats(0.01, 2.0))
def test_a_fuller_battery_gives_no_less_and_takes_no_more(
    battery: BatteryParameters, first: float, second: float, step_h: float
) -> None:
    low, high = ordered(first, second)
    assert largest_discharge_kw(high, step_h, battery) >= largest_discharge_kw(low, step_h, battery)
    assert largest_charge_kw(high, step_h, battery) <= largest_charge_kw(low, step_h, battery)


@given(batteries, shares, st.floats(1.0, 4.0), st.floats(0.01, 2.0))
def test_a_larger_battery_as_full_gives_and_takes_no_less(
    battery: BatteryParameters, soc: float, factor: float, step_h: float
) -> None:
    larger = battery._replace(capacity_kwh=factor * battery.capacity_kwh)
    assert largest_discharge_kw(soc, step_h, larger) >= largest_discharge_kw(soc, step_h, battery) - ROUNDING
    assert largest_charge_kw(soc, step_h, larger) >= largest_charge_kw(soc, step_h, battery) - ROUNDING


@given(batteries, shares, shares, shares, st.floats(0.01, 2.0))
def test_what_is_stored_and_given_back_is_never_more_than_was_taken(
    battery: BatteryParameters, soc: float, taken: float, given_back: float, step_h: float
) -> None:
    soc = battery.soc_min + soc * (battery.soc_max - battery.soc_min)
    charge_kw = taken * largest_charge_kw(soc, step_h, battery)
    then = next_soc(soc, charge_kw, 0.0, step_h, battery)
    assert battery.soc_min - ROUNDING <= then <= battery.soc_max + ROUNDING
    stored_kwh = (then - soc) * battery.capacity_kwh
    assert -ROUNDING <= stored_kwh <= charge_kw * step_h + ROUNDING
    discharge_kw = given_back * largest_discharge_kw(then, step_h, battery)
    end = next_soc(then, 0.0, discharge_kw, step_h, battery)
    assert battery.soc_min - ROUNDING <= end <= then + ROUNDING
    assert (then - end) * battery.capacity_kwh >= discharge_kw * step_h - ROUNDING * battery.capacity_kwh


@given(batteries, shares, powers_kw, powers_kw, st.floats(0.0, 20.0), st.floats(0.05, 1.0))
def test_a_shared_battery_gives_no_less_when_more_is_asked_or_offered(
    battery: BatteryParameters, soc: float, asked: float, offered: float, more: float, step_h: float
) -> None:
    soc = battery.soc_min + soc * (battery.soc_max - battery.soc_min)
    gives, takes = battery_exchange_kw(asked, offered, soc, step_h, battery)
    assert -ROUNDING <= gives <= asked + ROUNDING
    assert -ROUNDING <= takes <= offered + ROUNDING
    assert battery_exchange_kw(asked + more, offered, soc, step_h, battery)[0] >= gives - 1e-7
    assert battery_exchange_kw(asked, offered + more, soc, step_h, battery)[0] >= gives - 1e-7


@given(batteries, shares, st.lists(powers_kw, min_size=1, max_size=4), st.integers(0, 15), powers_kw, powers_kw, shares)
def test_shared_flows_add_up_and_more_grid_leaves_no_more_unserved(
    battery: BatteryParameters, soc: float, demand: list[float], bits: int, solar: float, limit: float, share: float
) -> None:
    soc = battery.soc_min + soc * (battery.soc_max - battery.soc_min)
    demand_kw, on_battery = np.array(demand), np.array([bool(bits >> site & 1) for site in range(len(demand))])
    charge_share = np.full(len(demand), 1.0 / len(demand))
    unserved_kw = []
    for grid_limit in (limit, limit + 10.0):
        supply = SharedSupply(solar, grid_limit, share, True, battery.soc_min)
        flows = shared_flows(soc, demand_kw, on_battery, charge_share, supply, 0.25, battery)
        parts = (flows.grid_kw, flows.battery_kw, flows.direct_kw, flows.unserved_kw)
        np.testing.assert_allclose(sum(parts), demand_kw, atol=1e-9)
        assert all((part >= -ROUNDING).all() for part in parts)
        assert flows.direct_kw.sum() + flows.solar_charge_kw + flows.curtailed_kw <= solar + ROUNDING
        assert flows.grid_kw.sum() + flows.grid_charge_kw <= grid_limit + 1e-7
        assert battery.soc_min - ROUNDING <= flows.soc <= battery.soc_max + ROUNDING
        unserved_kw.append(flows.unserved_kw.sum())
    assert unserved_kw[1] <= unserved_kw[0] + 1e-7


@given(shares, st.floats(-1.0, 1.0), shares)
def test_health_only_falls_and_stays_a_share(health: float, change: float, wear: float) -> None:
    assert 0.0 <= next_health(health, change, wear) <= health


@given(powers_kw, powers_kw, st.floats(0.01, 1.0), st.booleans())
def test_cost_and_worth_of_power_rise_and_worth_ever_less(first: float, second: float, unit: float, quad: bool) -> None:
    low, high = ordered(first, second)
    kw = np.array([0.0, low, high])
    assert (np.diff(generation_cost(kw, np.array(unit), quad)) >= -ROUNDING).all()
    worth = satisfaction(np.array([0.0, low, high, low + 1.0, high + 1.0]), 2.0, 0.5)
    assert worth[0] == 0.0
    assert worth[2] >= worth[1] - ROUNDING
    assert worth[4] - worth[2] <= worth[3] - worth[1] + ROUNDING

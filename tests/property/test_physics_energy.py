"""What holds for the energy of any site in any state: conservation, bounds, exclusivity, independence of the batch."""

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.physics.instances import BATTERY, EV, RESTART, RESTART_SOC, STEP_S, Depot, depot
from voltran.physics.balance import EnergyOrders, EnergyStep, energy_step
from voltran.physics.battery import largest_charge_kw, largest_discharge_kw, next_soc, usable_energy_kwh
from voltran.physics.ledger import balance_residual_kw

STEP_H = STEP_S / 3600.0
depots = st.builds(
    depot,
    seed=st.integers(0, 2**32 - 1),
    n_worlds=st.integers(1, 4),
    n_sites=st.sampled_from([1, 2, 7]),
    n_slots=st.integers(0, 6),
    grid=st.booleans(),
)
states_of_charge = st.floats(BATTERY.soc_min, BATTERY.soc_max)
powers_kw = st.floats(0.0, 20.0)
steps_h = st.sampled_from([1.0 / 120.0, 1.0 / 60.0, 0.25, 1.0])


def step(case: Depot) -> EnergyStep:
    result: EnergyStep = energy_step(*case.arguments)
    return result


@given(depots)
def test_power_is_balanced(case: Depot) -> None:
    flows = step(case)
    before = (case.soc, case.fleet.energy_kwh)
    assert np.abs(balance_residual_kw(flows, *before, STEP_H, BATTERY.capacity_kwh)).max() <= 1e-9
    parts = flows.battery_kw + flows.ev_kw + flows.grid_kw + flows.unserved_kw
    assert np.abs(flows.load_kw - parts).max() <= 1e-9
    assert np.array_equal(flows.load_kw, np.where(case.alive, case.load_kw, 0.0))


@given(depots)
def test_stored_energy_changes_by_the_flows_less_the_losses(case: Depot) -> None:
    """Charging and discharging exclude each other, so the net flow alone tells the change of the stored energy."""
    flows = step(case)
    stored_kwh = (flows.soc - case.soc) * BATTERY.capacity_kwh
    charging = flows.battery_kw < 0.0
    efficiency = np.where(charging, BATTERY.charge_efficiency, 1.0 / BATTERY.discharge_efficiency)
    np.testing.assert_allclose(stored_kwh, -flows.battery_kw * efficiency * STEP_H, atol=1e-12)
    np.testing.assert_allclose(stored_kwh, -(flows.battery_kw + flows.loss_kw) * STEP_H, atol=1e-12)
    assert np.all(flows.loss_kw >= 0.0)


@given(depots)
def test_vehicles_lose_what_the_site_takes(case: Depot) -> None:
    flows = step(case)
    given_kwh = case.fleet.energy_kwh - flows.energy_kwh
    np.testing.assert_allclose(given_kwh.sum(axis=-1), flows.ev_kw * STEP_H, atol=1e-12)
    assert np.all(given_kwh >= 0.0)
    assert np.all(given_kwh <= EV.vehicle_limit_kw * STEP_H + 1e-12)
    assert np.all(flows.energy_kwh >= 0.0)
    start_s = case.time_s[:, None, None]
    here = (case.fleet.arrival_s <= start_s) & (start_s + STEP_S <= case.fleet.departure_s)
    assert not np.any((given_kwh > 0.0) & ~(here & flows.accepted))


@given(depots)
def test_everything_stays_within_its_limits(case: Depot) -> None:
    flows = step(case)
    assert np.all((flows.soc >= BATTERY.soc_min) & (flows.soc <= BATTERY.soc_max))
    assert np.all(flows.battery_kw <= BATTERY.discharge_limit_kw)
    assert np.all(flows.battery_kw >= -BATTERY.charge_limit_kw)
    assert np.all((flows.ev_kw >= 0.0) & (flows.ev_kw <= flows.offered_kw + 1e-12))
    assert np.all(flows.offered_kw <= EV.site_limit_kw)
    assert np.all((flows.grid_kw >= 0.0) & (flows.grid_kw <= case.orders.grid_limit_kw))
    assert np.all((flows.unserved_kw >= 0.0) & (flows.unserved_kw <= flows.load_kw))
    assert np.all((flows.price >= EV.base_price) & (flows.price <= EV.base_price * (1.0 + EV.urgency)))


@given(depots)
def test_the_battery_helps_before_load_is_dropped_and_charges_only_from_surplus(case: Depot) -> None:
    flows = step(case)
    short = flows.unserved_kw > 1e-9
    left_kwh = (case.soc - BATTERY.soc_min) * BATTERY.capacity_kwh * BATTERY.discharge_efficiency
    largest_kw = np.minimum(BATTERY.discharge_limit_kw, left_kwh / STEP_H)
    np.testing.assert_allclose(flows.battery_kw[short], largest_kw[short], atol=1e-9)
    np.testing.assert_allclose(flows.ev_kw[short], flows.offered_kw[short], atol=1e-9)
    beyond = flows.ev_kw > case.orders.ev_power_kw + 1e-12
    np.testing.assert_allclose(flows.battery_kw[beyond], largest_kw[beyond], atol=1e-9)
    assert np.all(case.alive[beyond])
    assert not np.any(flows.alive & case.alive & short)
    charging = flows.battery_kw < 0.0
    from_grid_kw = flows.grid_kw - np.minimum(case.orders.grid_limit_kw, flows.load_kw)
    from_vehicles_kw = -flows.battery_kw - from_grid_kw
    assert np.all(np.abs(from_grid_kw[~case.orders.grid_to_battery]) <= 1e-12)
    assert np.all(np.abs(from_vehicles_kw[charging & ~case.orders.ev_to_battery]) <= 1e-12)
    assert np.all(flows.unserved_kw[charging] == 0.0)


@given(depots)
def test_who_comes_back_could_draw_what_it_needs_for_the_whole_hold(case: Depot) -> None:
    """Played on for five steps, a site that is back could have carried what it needs, and one that stays down not.

    Its battery counts from the restart mark on, the vehicles that have accepted until then and stay give evenly what
    they have, and what it imported while it was down goes on to flow.
    """
    flows, down = step(case), ~case.alive
    departs_s = case.fleet.departure_s - (case.time_s[:, None, None] + STEP_S + RESTART.hold_s)
    energy_kwh = np.where(flows.accepted & (departs_s >= 0.0), flows.energy_kwh, 0.0)
    evenly_kw = np.minimum(energy_kwh / (RESTART.hold_s / 3600.0), EV.vehicle_limit_kw).sum(axis=-1)
    nothing = np.zeros_like(down)
    played = replace(
        case,
        soc=np.where(flows.soc >= RESTART_SOC, flows.soc, BATTERY.soc_min),
        alive=down,
        load_kw=case.needed_kw,
        fleet=case.fleet._replace(energy_kwh=energy_kwh, accepted=flows.accepted),
        orders=EnergyOrders(np.minimum(evenly_kw, EV.site_limit_kw), nothing, nothing, flows.grid_kw, nothing),
        time_s=case.time_s + STEP_S,
    )
    carried = down.copy()
    for _ in range(5):
        after = step(played)
        carried &= after.alive
        fleet = played.fleet._replace(energy_kwh=after.energy_kwh)
        played = replace(played, soc=after.soc, fleet=fleet, time_s=played.time_s + STEP_S)
    assert np.array_equal(carried[down], flows.alive[down])


@given(depots)
def test_inputs_are_left_alone(case: Depot) -> None:
    before = [np.copy(x) for x in (case.soc, case.alive, case.needed_kw, *case.fleet, *case.orders)]
    step(case)
    after = (case.soc, case.alive, case.needed_kw, *case.fleet, *case.orders)
    assert all(np.array_equal(x, y) for x, y in zip(before, after, strict=True))


@given(st.integers(0, 2**32 - 1), st.booleans())
def test_a_world_has_the_same_bits_alone_and_among_32(seed: int, grid: bool) -> None:
    case = depot(seed, n_worlds=32, n_sites=7, grid=grid)
    together = step(case)
    for world in (0, 13, 31):
        for name, value in step(case.row(world))._asdict().items():
            assert np.array_equal(value[0], getattr(together, name)[world]), name


@given(depots)
def test_permuted_sites_give_permuted_results(case: Depot) -> None:
    order = np.random.default_rng(0).permutation(case.soc.shape[1])
    flows, swapped = step(case), step(case.with_sites(order))
    for name in EnergyStep._fields:
        assert np.array_equal(getattr(swapped, name), getattr(flows, name)[:, order]), name


@given(states_of_charge, powers_kw, powers_kw, steps_h)
def test_state_of_charge_stays_in_bounds_within_the_limits(
    soc: float, charge_kw: float, discharge_kw: float, step_h: float
) -> None:
    charge_kw = min(charge_kw, largest_charge_kw(soc, step_h, BATTERY))
    discharge_kw = min(discharge_kw, largest_discharge_kw(soc, step_h, BATTERY))
    charged, discharged = (
        next_soc(soc, charge_kw, 0.0, step_h, BATTERY),
        next_soc(soc, 0.0, discharge_kw, step_h, BATTERY),
    )
    assert soc - 1e-15 <= charged <= BATTERY.soc_max
    assert BATTERY.soc_min <= discharged <= soc + 1e-15
    # The clip against rounding never hides energy: what was given is what is missing.
    spent_kwh = usable_energy_kwh(soc, BATTERY) - usable_energy_kwh(discharged, BATTERY)
    assert abs(spent_kwh - discharge_kw * step_h) <= 1e-12
    gained_kwh = usable_energy_kwh(charged, BATTERY) - usable_energy_kwh(soc, BATTERY)
    assert abs(gained_kwh - charge_kw * step_h * 0.9025) <= 1e-12

"""Power of the uplink network: figures known by hand, and the affine form against Eqs. 10-24 taken literally."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from tests.physics.reference_uplink import Hardware, network_w
from voltran.physics.arrays import BoolArray, FloatArray
from voltran.physics.uplink_power import (
    EdgeCloud,
    Fronthaul,
    Losses,
    PowerComponent,
    Rounding,
    Scaling,
    StationPower,
    UplinkPower,
    constant_power_w,
    network_coefficients,
    network_power_w,
    station_power,
)

RADIO = tuple(PowerComponent(power_w, 1.0, 0.0) for power_w in (0.31, 1.0, 1.0, 0.65, 0.99, 1.19))
# At 40 GOPS/W, the efficiency of macro base stations.
BASEBAND = (
    PowerComponent(200.0 / 40.0, 1.0, 0.0),
    PowerComponent(80.0 / 40.0, 1.0, 0.0),
    PowerComponent(60.0 / 40.0, 1.0, 1.0),
    PowerComponent(20.0 / 40.0, 2.0, 1.0),
    PowerComponent(120.0 / 40.0, 1.0, 0.5),
    PowerComponent(200.0 / 40.0, 1.0, 0.0),
)
LOSSES = Losses(mains=0.1, conversion=0.05, cooling=0.0, edge_cooling=0.05)
EDGE = EdgeCloud(share=0.8, stacking_gain=2.0, capacity=5.0, unit_cost=2.0)
FRONTHAUL = Fronthaul(fixed_w=0.825, w_per_gbps=0.25)
FULL = Hardware(RADIO, BASEBAND, 5, LOSSES, EDGE, FRONTHAUL)
HARDWARE = {
    "everything": FULL,
    "no edge cloud": replace(FULL, edge=None),
    "no edge cloud and no fronthaul": replace(FULL, edge=None, fronthaul=None),
    "cooling at the base stations": replace(FULL, losses=LOSSES._replace(cooling=0.1)),
    "25 antennas": replace(FULL, antennas=25),
    "everything in the cloud": replace(FULL, edge=EDGE._replace(share=1.0)),
    "full rate at every server": replace(FULL, split=False),
    "sleep costs nothing": replace(FULL, sleep_share=0.0),
}


def coefficients(hardware: Hardware, n_ubs: int, idle_sleep: float = 1.0) -> UplinkPower:
    return network_coefficients(
        station_power(hardware.radio, hardware.baseband, hardware.antennas),
        n_ubs,
        hardware.losses,
        hardware.edge,
        hardware.fronthaul,
        reference_rate_mbps=hardware.reference_rate_mbps,
        sleep_share=hardware.sleep_share,
        idle_sleep=idle_sleep,
        ue_w=hardware.ue_w,
        amplifier_factor=hardware.amplifier_factor,
        load_split="equal" if hardware.split else "full",
    )


def drawn(seed: int, n_ubs: int, n_ues: int = 6) -> tuple[BoolArray, FloatArray, FloatArray]:
    """Association (every UE served, not every UBS awake), rates and transmit powers."""
    rng = np.random.default_rng(seed)
    association = rng.random((n_ubs, n_ues)) < 0.3
    association[0, :] = True
    association[n_ubs // 2 + 1 :, :] = False
    return association, rng.uniform(0.0, 120.0, n_ues), rng.uniform(0.0, 100.0, n_ues)


def affine_w(power: UplinkPower, association: BoolArray, rate_mbps: FloatArray, power_mw: FloatArray) -> float:
    awake = int(association.any(axis=1).sum())
    servers = association.sum(axis=0).astype(np.float64)
    return network_power_w(power, len(association), awake, servers, rate_mbps, power_mw)


def test_one_base_station_by_hand() -> None:
    station = station_power(RADIO, BASEBAND, 5)
    assert station == pytest.approx(StationPower(radio_w=25.7, baseband_w=60.0, load_w=35.0))
    assert station_power(RADIO, BASEBAND, 1) == pytest.approx(StationPower(5.14, 12.0, 5.0))


def test_losses_lie_in_series() -> None:
    assert LOSSES.factor(0.0) == pytest.approx(1.0 / (0.9 * 0.95))
    assert LOSSES.factor(0.1) == pytest.approx(1.0 / (0.9 * 0.95 * 0.9))
    assert Losses(0.0, 0.0, 0.0, 0.0).factor(0.0) == 1.0


def test_network_of_twenty_by_hand() -> None:
    power = coefficients(FULL, 20)
    idle_w = (25.7 + 0.2 * 60.0) / (0.9 * 0.95)
    assert idle_w == pytest.approx(44.1, abs=0.05)
    assert power.awake_w == pytest.approx(idle_w + 0.825)
    assert power.asleep_w == pytest.approx(0.1 * idle_w)
    assert power.shared_w == pytest.approx(2 * 2 * 0.8 * 60.0 / (0.9 * 0.95 * 0.95))
    assert power.shared_w == pytest.approx(236.4, abs=0.05)
    assert power.ue_w == 1.31
    assert power.w_per_mw == pytest.approx(0.0026)
    local, cloud = 0.2 / (0.9 * 0.95), 0.2 * 0.8 / (0.9 * 0.95 * 0.95)
    assert power.w_per_mbps == pytest.approx((local + cloud) * 35.0 / 40.0)
    assert power.link_w_per_mbps == pytest.approx(0.25 / 1000.0)


@pytest.mark.parametrize(("n_ubs", "units"), [(1, 1), (2, 1), (9, 1), (10, 1), (11, 2), (20, 2), (21, 3), (40, 4)])
def test_the_cloud_grows_by_whole_units(n_ubs: int, units: int) -> None:
    power, one = coefficients(FULL, n_ubs), coefficients(FULL, 10)
    assert power.shared_w == pytest.approx(units * one.shared_w)
    alone = coefficients(replace(FULL, edge=None), n_ubs).w_per_mbps * 0.2
    assert power.w_per_mbps - alone == pytest.approx((one.w_per_mbps - alone) * units * 10 / n_ubs)


@pytest.mark.parametrize("hardware", HARDWARE.values(), ids=HARDWARE.keys())
@pytest.mark.parametrize("n_ubs", [2, 10, 11])
def test_affine_form_equals_the_equations_taken_literally(hardware: Hardware, n_ubs: int) -> None:
    for seed in range(3):
        association, rate_mbps, power_mw = drawn(seed, n_ubs)
        idle = np.asarray(~association.any(axis=1))
        assert n_ubs == 2 or idle.any()
        expected = network_w(hardware, association, idle, rate_mbps, power_mw)
        found = affine_w(coefficients(hardware, n_ubs), association, rate_mbps, power_mw)
        assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("probability", [0.0, 0.3, 0.5, 1.0])
def test_idle_stations_that_sleep_by_chance_count_with_their_expected_power(probability: float) -> None:
    association, rate_mbps, power_mw = drawn(0, 7)
    idle = np.flatnonzero(~association.any(axis=1))
    hardware = HARDWARE["no edge cloud"]
    expected = 0.0
    for sleeps in product((False, True), repeat=len(idle)):
        asleep = np.zeros(7, dtype=np.bool_)
        asleep[idle] = sleeps
        weight = np.prod(np.where(sleeps, probability, 1.0 - probability))
        expected += float(weight) * network_w(hardware, association, asleep, rate_mbps, power_mw)
    found = affine_w(coefficients(hardware, 7, probability), association, rate_mbps, power_mw)
    assert found == pytest.approx(expected, rel=1e-12)


def test_constant_part_is_what_remains_at_no_rate_and_no_transmission() -> None:
    association, rate_mbps, power_mw = drawn(1, 12)
    power, awake = coefficients(FULL, 12), int(association.any(axis=1).sum())
    nothing = affine_w(power, association, 0.0 * rate_mbps, 0.0 * power_mw)
    assert constant_power_w(power, 12, awake, 6) == pytest.approx(nothing, rel=1e-12)


def test_power_is_affine_with_positive_coefficients() -> None:
    association, rate_mbps, power_mw = drawn(2, 12)
    power = coefficients(FULL, 12)

    def change(more_mbps: FloatArray, more_mw: FloatArray) -> float:
        after = affine_w(power, association, rate_mbps + more_mbps, power_mw + more_mw)
        return after - affine_w(power, association, rate_mbps, power_mw)

    nothing = np.zeros(6)
    for one in 10.0 * np.eye(6):
        for once, twice in (((one, nothing), (2.0 * one, nothing)), ((nothing, one), (nothing, 2.0 * one))):
            assert change(*once) > 0.0
            assert change(*twice) == pytest.approx(2.0 * change(*once))


def test_who_serves_matters_for_the_fronthaul_only_when_rates_are_shared() -> None:
    rate_mbps, power_mw = np.array([30.0]), np.array([50.0])
    one, two = np.array([[True], [False], [False]]), np.array([[True], [True], [False]])
    for hardware, servers in product((FULL, HARDWARE["full rate at every server"]), (one, two)):
        power = coefficients(hardware, 3)
        awake, count = int(servers.any(axis=1).sum()), int(servers.sum())
        above = affine_w(power, servers, rate_mbps, power_mw) - constant_power_w(power, 3, awake, 1) - 0.13
        loads = 1 if hardware.split else count
        per_mbps = coefficients(FULL, 3).w_per_mbps
        assert above == pytest.approx(30.0 * (loads * per_mbps + count * 0.25e-3))


def test_a_part_grows_with_each_quantity_by_its_own_exponent() -> None:
    """[FDRAN] Eq. 10, factor by factor."""
    part = PowerComponent(2.0, 1.5, 0.0, 1.0, 1.2, 0.5, 2.0)
    scaling = Scaling(bandwidth=2.0, quantisation=0.5, spectral_efficiency=0.25, streams=3.0)
    by_hand = 2.0 * 4**1.5 * 2.0**1.0 * 0.5**1.2 * 0.25**0.5 * 3.0**2.0
    assert station_power((), (part,), 4, scaling).baseband_w == pytest.approx(by_hand, rel=1e-14)
    assert station_power((part,), (part._replace(load_exponent=0.5),), 4, scaling) == pytest.approx(
        StationPower(by_hand, 0.0, by_hand), rel=1e-14
    )


def test_the_reference_leaves_powers_as_they_are_to_the_bit() -> None:
    parts = tuple(part._replace(bandwidth_exponent=1.3, streams_exponent=0.7) for part in BASEBAND)
    assert station_power(RADIO, parts, 5, Scaling()) == station_power(RADIO, BASEBAND, 5)


def test_losses_as_overheads() -> None:
    overheads = LOSSES._replace(form="overheads")
    assert overheads.factor(0.1) == pytest.approx(1.1 * 1.05 * 1.1)
    assert 1.0 < overheads.factor(0.1) < LOSSES.factor(0.1)
    assert LOSSES._replace(mains=0.0, conversion=0.0, form="overheads").factor(0.0) == 1.0


@pytest.mark.parametrize(("rounding", "constant", "load"), [("all", 6, 6), ("constant", 6, 4.2), ("none", 4.2, 4.2)])
def test_the_edge_cloud_rounds_what_it_is_told_to(rounding: Rounding, constant: float, load: float) -> None:
    """21 base stations of which a unit serves ten, at twice the power: three whole units, or 2.1."""
    edge = EDGE._replace(rounding=rounding)
    power, plain = (coefficients(replace(FULL, edge=each), 21) for each in (edge, None))
    station, cooled = station_power(RADIO, BASEBAND, 5), LOSSES.factor(LOSSES.edge_cooling)
    assert power.shared_w == pytest.approx(constant * 0.8 * cooled * station.baseband_w)
    local = 0.2 * plain.w_per_mbps
    assert power.w_per_mbps == pytest.approx(local + load / 21 * 0.8 * cooled * station.load_w / 40.0)
    assert coefficients(replace(FULL, edge=edge), 20) == pytest.approx(coefficients(FULL, 20))

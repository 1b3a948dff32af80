"""Metrics of traces made by hand, whose answers are known."""

from typing import Any

import numpy as np
import pytest

from tests.envs.blackout.survival import lost_by_hand
from tests.envs.blackout.tools import commands, outage_world, play, site_columns
from tests.envs.episodes import started
from voltran.envs.blackout.constants import BlackoutConstants
from voltran.envs.blackout.metrics import episode_metrics, hours
from voltran.physics.arrays import FloatArray
from voltran.physics.power import HELPING

STEPS = 240  # 4 h of minutes, toy3's horizon


def constants() -> BlackoutConstants:
    return outage_world().constants


def series(value: float, **parts: float) -> FloatArray:
    """A constant series, except where ``from_to`` says otherwise: ``series(1.0, m10_20=0.5)``."""
    values = np.full(STEPS, value)
    for name, part in parts.items():
        first, last = (int(minute) for minute in name.removeprefix("m").split("_"))
        values[first:last] = part
    return values


def trace(**given: FloatArray) -> dict[str, FloatArray]:
    """A trace of perfect service without vehicles, changed by what is given."""
    quiet = (
        "ev_kw",
        "ev_charge_kw",
        "ev_cost",
        "handovers",
        "switches",
        "unserved_kw",
        "residual_kw",
        "uncovered_share",
    )
    whole = {name: series(0.0) for name in quiet}
    whole |= {name: series(1.0) for name in ("critical", "satisfaction", "alive_share")}
    whole |= {
        "served_mbps": series(12.0),
        "asked_mbps": series(12.0),
        "mean_power_kw": series(4.0),
        "availability": np.ones((STEPS, 4)),
    }
    return {**whole, **given}


def vehicles(*rows: tuple[float, float, float]) -> dict[str, FloatArray]:
    """Vehicles of one site: arrival and departure in hours, usable energy in kWh."""
    table = np.array([(np.inf, np.inf, 0.0), *rows]).T[:, None, :]
    return {"arrival_s": table[0] * 3600.0, "departure_s": table[1] * 3600.0, "usable_kwh": table[2]}


def metrics(*parked: tuple[float, float, float], **given: FloatArray) -> dict[str, float]:
    return episode_metrics(constants(), trace(**given), vehicles(*parked))


@pytest.mark.parametrize(
    ("critical", "lost_min"),
    [
        (series(1.0), None),
        (series(1.0, m50_79=0.9), None),  # 29 minutes are not enough
        (series(1.0, m50_80=0.9), 50),
        (series(1.0, m50_80=0.95), None),  # 0.95 is not below 0.95
        (series(1.0, m50_75=0.95 - 1e-12), None),  # nor is what differs from 0.95 by rounding
        (series(1.0, m50_79=0.93, m80_109=0.99), None),  # a dip too short, and an hour that lacks too little
        (series(1.0, m10_20=0.8, m100_140=0.94), 100),  # the dip before does not count
        (series(1.0, m10_20=0.0, m100_140=0.94), 10),  # but a deep one does
        (series(1.0, m10_20=0.0), 10),  # also where no run is long enough
        (series(1.0, m100_140=0.94, m200_240=0.0), 100),  # the first of two
        (series(1.0, m210_240=0.9), 210),  # at the very end, just long enough
        (series(1.0, m211_240=0.9), None),  # at the very end, too short to know
        (series(0.9), 0),
    ],
)
def test_survival_ends_where_a_long_enough_run_begins(critical: FloatArray, lost_min: int | None) -> None:
    found = metrics(critical=critical)
    assert found["survival_h"] == pytest.approx((STEPS if lost_min is None else lost_min) / 60.0)
    assert found["censored"] == float(lost_min is None)


def test_the_short_hold_is_15_minutes() -> None:
    found = metrics(critical=series(1.0, m20_35=0.93, m100_140=0.93))
    assert found["survival_15_h"] * 60.0 == pytest.approx(20.0)
    assert found["survival_h"] * 60.0 == pytest.approx(100.0)
    assert found["survival_hold_h"] * 60.0 == pytest.approx(100.0)


def test_depletion_of_the_first_and_of_half_of_the_sites() -> None:
    found = metrics(alive_share=series(1.0, m60_90=2 / 3, m90_240=1 / 3))
    assert found["first_depletion_h"] == pytest.approx(1.0)
    assert found["half_depleted_h"] == pytest.approx(1.5)
    found = metrics(alive_share=series(1.0, m60_61=2 / 3))
    assert found["first_depletion_h"] == pytest.approx(1.0)
    assert found["half_depleted_h"] == pytest.approx(4.0)  # the horizon if never
    assert metrics()["first_depletion_h"] == pytest.approx(4.0)


def test_continuity_over_the_fixed_window_and_over_the_own_survival() -> None:
    """The window of toy3 is 2 h: what comes later does not count, what comes after the loss does."""
    satisfaction = series(1.0, m60_120=0.4, m120_240=0.0)
    found = metrics(satisfaction=satisfaction, critical=series(1.0, m60_240=0.0))
    assert found["continuity"] == pytest.approx((60 * 1.0 + 60 * 0.4) / 120)
    assert found["continuity_own"] == pytest.approx(1.0)
    assert found["service_hours"] == pytest.approx(1.0 + 0.4)
    assert metrics(satisfaction=satisfaction)["continuity_own"] == pytest.approx((60 * 1.0 + 60 * 0.4) / 240)


def test_traffic_and_energy_that_were_not_served() -> None:
    """For an hour 2 of 12 Mbit/s are served; then 20 are asked for, for half an hour, and 12 served."""
    served, asked = series(12.0, m0_60=2.0), series(12.0, m60_90=20.0)
    found = metrics(served_mbps=served, asked_mbps=asked, unserved_kw=series(0.0, m0_15=2.0))
    assert found["served_gbit"] == pytest.approx((60 * 2.0 + 180 * 12.0) * 60 / 1000)
    assert found["unserved_gbit"] == pytest.approx((60 * 10.0 + 30 * 8.0) * 60 / 1000)
    assert found["unserved_kwh"] == pytest.approx(0.5)


def test_availability_is_raw_and_latched() -> None:
    """Voice falls to 0.8 after an hour; at 2.5 h that is seen raw, but latched only while survival lasts."""
    availability = np.ones((STEPS, 4))
    availability[60:, 1] = 0.8
    lasting = metrics(availability=availability)
    assert lasting["availability_voice"] == pytest.approx((60 + 180 * 0.8) / 240)
    assert lasting["availability_voice_at_2h5"] == pytest.approx(0.8)
    assert lasting["availability_voice_latched_at_2h5"] == pytest.approx(0.8)
    assert lasting["availability_emergency_latched_at_2h5"] == 1.0
    lost = metrics(availability=availability, critical=series(1.0, m60_240=0.5))
    assert lost["availability_voice"] == 1.0
    assert lost["availability_voice_at_2h5"] == pytest.approx(0.8)
    assert lost["availability_voice_latched_at_2h5"] == 0.0
    assert lost["availability_critical_at_2h5"] == pytest.approx(0.5)
    assert lost["availability_critical_latched_at_2h5"] == 0.0


def test_availability_at_two_and_a_half_hours_is_that_of_minute_150() -> None:
    """At the threshold itself survival has not lasted beyond it."""
    ramp = np.arange(STEPS) / STEPS
    availability = np.ones((STEPS, 4))
    availability[:, 2] = ramp
    found = metrics(availability=availability)
    assert found["availability_essential_at_2h5"] == 150 / STEPS
    just = metrics(availability=availability, critical=series(1.0, m150_240=0.0))
    assert just["survival_h"] == 2.5
    assert just["availability_essential_latched_at_2h5"] == 0.0
    beyond = metrics(availability=availability, critical=series(1.0, m151_240=0.0))
    assert beyond["availability_essential_latched_at_2h5"] == 150 / STEPS


def test_what_vehicles_were_charged_with_they_could_have_given() -> None:
    """Two hours of 3 kW into a vehicle of 10 kWh, which gives 7 kWh back; what comes after the loss is left out."""
    charged = series(0.0, m0_120=3.0, m180_240=9.0)
    found = metrics(
        (0.0, 4.0, 10.0), critical=series(1.0, m180_240=0.0), ev_charge_kw=charged, ev_kw=series(0.0, m120_180=7.0)
    )
    assert found["ev_utilisation"] == found["ev_utilisation_nameplate"] == pytest.approx(7.0 / 16.0)


def test_steps_begin_at_their_hours() -> None:
    assert hours(4, 900.0).tolist() == [0.0, 0.25, 0.5, 0.75]


def test_use_of_vehicles_against_what_they_could_have_given() -> None:
    """Survival of 2 h. The first could give 7 kW x 1 h, the second its 3 kWh, the third nothing: it came too late."""
    parked = [(0.0, 1.0, 20.0), (0.5, 3.0, 3.0), (2.5, 4.0, 20.0)]
    found = metrics(*parked, critical=series(1.0, m120_240=0.0), ev_kw=series(0.0, m0_60=5.0, m130_190=6.0))
    assert found["ev_utilisation"] == pytest.approx(5.0 / (7.0 + 3.0))
    assert found["ev_utilisation_nameplate"] == pytest.approx(5.0 / (20.0 + 3.0))
    assert metrics()["ev_utilisation"] == metrics()["ev_utilisation_nameplate"] == 0.0


def test_payments_count_to_the_end() -> None:
    assert metrics(ev_cost=series(0.01), critical=series(1.0, m60_240=0.0))["ev_cost"] == pytest.approx(2.4)


def test_handovers_and_switches_are_per_hour_of_survival() -> None:
    """Eight users and three sites; what comes after the loss of survival does not count."""
    handovers, switches = series(0.0, m10_14=8.0, m200_210=8.0), series(0.0, m15_16=3.0, m30_31=3.0)
    found = metrics(critical=series(1.0, m120_240=0.0), handovers=handovers, switches=switches)
    assert found["handovers_per_user"] == pytest.approx(4.0)
    assert found["handovers_per_user_h"] == pytest.approx(2.0)
    assert found["mode_switches_per_site"] == pytest.approx(2.0)
    assert found["mode_switches_per_site_h"] == pytest.approx(1.0)


def test_a_network_that_is_lost_from_the_start_has_finite_metrics() -> None:
    found = metrics((0.0, 1.0, 20.0), critical=series(0.0), satisfaction=series(0.25), handovers=series(1.0))
    assert found["survival_h"] == 0.0
    assert found["continuity_own"] == pytest.approx(0.25)
    assert found["ev_utilisation"] == 0.0
    assert all(np.isfinite(value) for value in found.values())


def test_mean_power_is_that_of_the_own_survival() -> None:
    found = metrics(critical=series(1.0, m60_240=0.0), mean_power_kw=series(4.0, m30_60=2.0, m60_240=0.0))
    assert found["mean_power_kw"] == pytest.approx(3.0)


@pytest.mark.parametrize("controller", ["independent", "rotating-sleep"])
def test_metrics_follow_from_the_trace_and_the_episode(controller: str) -> None:
    """The world's own metrics, recomputed from what it shows to everybody."""
    world = outage_world("urban7-medium")
    play(world, controller)
    shown: dict[str, Any] = world.trace()
    found = {name: float(values[0]) for name, values in world.kpis().items()}
    lost = lost_by_hand(shown["critical"])
    assert lost is not None
    assert found["survival_h"] == pytest.approx(lost / 60.0)
    assert found["first_depletion_h"] == pytest.approx(np.argmax(shown["alive"].min(axis=1) < 1.0) / 60.0)
    assert found["continuity"] == pytest.approx(shown["satisfaction"][:300].mean())
    assert found["mean_power_kw"] == pytest.approx(shown["power_kw"][:lost].mean())
    assert found["ev_cost"] == pytest.approx(shown["ev_cost"].sum())
    assert 0.0 < found["ev_utilisation"] <= 1.0
    assert found["ev_utilisation_nameplate"] < found["ev_utilisation"]


@pytest.mark.parametrize("redraw_period_s", [None, 900.0, 3600.0])
def test_unserved_traffic_counts_the_demand_of_its_own_time(redraw_period_s: float | None) -> None:
    """Where demands are redrawn, what is unserved at any time is what was asked for then."""
    overrides = {"traffic.redraw_period_s": redraw_period_s, "time.horizon_h": 3, "survival.end": "horizon"}
    world = started(outage_world("urban7-medium", overrides=overrides))
    names = site_columns(world)
    demand = np.array([name == "home_demand" for name in names])
    asked_gbit = 0.0
    for _ in range(12):
        world.step(commands(world, [HELPING] * 7))
        own = world.observations()["bs"][0, :, : len(names)].astype(float)
        asked_gbit += 100.0 * own[:, demand].sum() * 900.0 / 1000.0
    found = world.kpis()
    assert found["unserved_gbit"][0] == pytest.approx(asked_gbit - found["served_gbit"][0], abs=0.1)

"""A row of the trace against sums over two sites, made by hand."""

from typing import Any

import numpy as np
import pytest

from tests.envs.blackout.tools import outage_world
from voltran.envs.blackout.service import empty_service
from voltran.envs.blackout.trace import NETWORK_SERIES, Before, Trace, network_row, record
from voltran.physics.balance import EnergyStep
from voltran.physics.ledger import balance_residual_kw

STEP_H, CAPACITY_KWH = 0.25, 10.0


def flows(**given: Any) -> EnergyStep:
    """A step of two sites in which nothing flows, changed by what is given."""
    nothing = {name: np.zeros((1, 2)) for name in EnergyStep._fields if name not in ("energy_kwh", "accepted", "alive")}
    fleet = {"energy_kwh": np.zeros((1, 2, 1)), "accepted": np.zeros((1, 2, 1), bool), "alive": np.ones((1, 2), bool)}
    return EnergyStep(**{**nothing, **fleet, **{name: np.array([value]) for name, value in given.items()}})


def row(step: EnergyStep, *, alive: Any = (True, True), vehicles_kwh: Any = ((0.0,), (0.0,))) -> dict[str, float]:
    """What is written down, by name; the service has a number of its own for everything."""
    service = empty_service(1, 2, 3, 1)._replace(
        critical=np.array([0.91]),
        satisfaction=np.array([0.82]),
        served_mbps=np.array([73.0]),
        asked_mbps=np.array([84.0]),
        uncovered_share=np.array([0.05]),
        availability=np.array([[0.1, 0.2, 0.3, 0.4]]),
    )
    before = Before(np.zeros((1, 2)), np.array([alive]), np.array([vehicles_kwh]))
    handovers, changes = np.array([[1.0, 2.0]]), np.array([[0.0, 1.0]])
    written, _ = network_row(step, before, service, handovers, changes, STEP_H, CAPACITY_KWH)
    assert written[0, len(NETWORK_SERIES) :].tolist() == [0.1, 0.2, 0.3, 0.4]
    return dict(zip(NETWORK_SERIES, written[0, : len(NETWORK_SERIES)].tolist(), strict=True))


def test_what_the_service_says_stands_under_its_name() -> None:
    found = row(flows())
    expected = {
        "critical": 0.91,
        "satisfaction": 0.82,
        "served_mbps": 73.0,
        "asked_mbps": 84.0,
        "uncovered_share": 0.05,
    }
    assert {name: found[name] for name in expected} == expected
    assert (found["handovers"], found["switches"]) == (3.0, 1.0)
    rest = set(found) - set(expected) - {"handovers", "switches", "alive_share"}
    assert {name: found[name] for name in rest} == dict.fromkeys(rest, 0.0)


def test_sums_over_sites_means_and_the_worst_residual() -> None:
    """Site 0 lets a vehicle give 3 kW, site 1 charges one with 2 kW; 1 kW of site 1 comes from nowhere."""
    step = flows(
        load_kw=[3.0, 4.0],
        ev_kw=[3.0, -2.0],
        grid_kw=[0.0, 5.0],
        unserved_kw=[0.0, 0.0],
        paid_usd_per_h=[1.5, 0.0],
        energy_kwh=[[10.0 - 0.75], [8.0 + 0.5]],
    )
    found = row(step, vehicles_kwh=((10.0,), (8.0,)))
    assert (found["ev_kw"], found["ev_charge_kw"]) == (3.0, 2.0)
    assert found["ev_cost"] == pytest.approx(1.5 * STEP_H)
    assert found["mean_power_kw"] == 3.5
    assert found["residual_kw"] == pytest.approx(1.0)
    assert row(flows(load_kw=[2.0, 1.0]))["residual_kw"] == 2.0
    dark = row(flows(load_kw=[1.0, 2.0], unserved_kw=[1.0, 2.0]))
    assert (dark["unserved_kw"], dark["residual_kw"]) == (3.0, 0.0)


def test_of_residuals_of_one_size_the_site_s_is_kept_with_its_sign() -> None:
    """Loads lack 1 and 2 kW, and 1 kW goes out of batteries that hold as much as before."""
    step = flows(load_kw=[2.0, 3.0], battery_kw=[1.0, 1.0])
    residual_kw = balance_residual_kw(step, np.zeros((1, 2)), np.zeros((1, 2, 1)), STEP_H, CAPACITY_KWH)
    assert residual_kw.tolist() == [[1.0, 2.0]]
    lacking = flows(load_kw=[0.0, 0.0], battery_kw=[1.0, -2.0])
    residual_kw = balance_residual_kw(lacking, np.zeros((1, 2)), np.zeros((1, 2, 1)), STEP_H, CAPACITY_KWH)
    assert residual_kw.tolist() == [[-1.0, 2.0]]


def test_the_share_alive_is_that_of_the_start_of_the_step() -> None:
    assert row(flows(alive=[False, False]))["alive_share"] == 1.0
    assert row(flows(), alive=(True, False))["alive_share"] == 0.5


def test_rows_are_written_at_each_worlds_own_step() -> None:
    constants = outage_world().constants
    trace = Trace(constants, 2, per_site=True)
    written = np.arange(2.0 * (len(NETWORK_SERIES) + 4)).reshape(2, -1)
    soc, power_kw = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]), np.full((2, 3), 7.0)
    alive, mode = np.array([[True, False, True], [False, True, True]]), np.array([[0, 1, 2], [3, 0, 1]])
    record(trace.arrays, np.array([3, 0]), written, soc, power_kw, alive, mode)
    series = trace.series
    assert series["critical"].shape == (2, constants.max_decisions * constants.steps_per_decision)
    assert series["availability"][0, 3].tolist() == written[0, -4:].tolist()
    assert series["critical"][1, 0] == written[1, 0]
    assert series["ev_charge_kw"][1, 0] == written[1, len(NETWORK_SERIES) - 1]
    assert series["soc"][0, 3].tolist() == [1.0, 2.0, 3.0]
    assert series["power_kw"][0, 3].tolist() == [7.0, 7.0, 7.0]
    assert series["alive"][1, 0].tolist() == [0.0, 1.0, 1.0]
    assert series["mode"][1, 0].tolist() == [3.0, 0.0, 1.0]
    assert not series["critical"][1, 1:].any()
    assert "soc" not in Trace(constants, 1, per_site=False).series

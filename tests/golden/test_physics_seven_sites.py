"""One seeded instance through the whole physics, against recorded values: an unintended change shows here.

After an intended change, record anew with ``VOLTRAN_RECORD_GOLDEN=1 python -m pytest tests/golden``, and read the diff.
"""

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from tests.physics.instances import BATTERY, EV, RESTART_SOC, STEP_S, depot, network
from voltran.physics.balance import energy_step
from voltran.physics.layout import disc_overlap_share, distances_m, hexagonal_sites
from voltran.physics.power import site_power_kw

RECORD = Path(__file__).with_name("physics_seven_sites.json")
SITES = 7
STEPS = 30


def seven_sites() -> dict[str, Any]:
    """Half an hour of one world of seven sites and 200 users: radio and schedule once, energy for 30 minutes."""
    case = replace(network(2026, n_sites=SITES, n_users=200), alive=np.ones(SITES, dtype=np.bool_))
    case = replace(case, demand_mbps=5.0 * case.demand_mbps)
    association = case.associate()
    load = case.schedule(association)
    power_kw = [
        site_power_kw(int(mode), int(bands), use, traffic, case.power)
        for mode, bands, use, traffic in zip(case.mode, case.bands, load.resource_use, load.traffic_mbps, strict=True)
    ]
    energy = replace(depot(3, n_worlds=1, n_sites=SITES), load_kw=np.array([power_kw]))
    ev_kwh, price = np.zeros((1, SITES)), np.zeros((1, SITES))
    for _ in range(STEPS):
        step = energy_step(*energy.arguments)
        fleet = energy.fleet._replace(energy_kwh=step.energy_kwh, accepted=step.accepted)
        energy = replace(energy, soc=step.soc, alive=step.alive, fleet=fleet, time_s=energy.time_s + STEP_S)
        ev_kwh, price = ev_kwh + step.ev_kw * STEP_S / 3600.0, step.price
    site_m = hexagonal_sites(SITES, 500.0)
    return {
        "assistance_potential": disc_overlap_share(distances_m(site_m, site_m)[1], 800.0, 400.0).tolist(),
        "received_dbm": (10.0 * np.log10(case.received_mw[:, :, 0])).tolist(),
        "server": association.server.tolist(),
        "full_band_rate_mbps": association.rate_mbps.sum(axis=1).tolist(),
        "satisfaction": (load.rate_mbps / case.demand_mbps).reshape(10, 20).mean(axis=1).tolist(),
        "resource_use": load.resource_use.tolist(),
        "traffic_mbps": load.traffic_mbps.tolist(),
        "power_kw": power_kw,
        "soc": energy.soc[0].tolist(),
        "alive": energy.alive[0].astype(int).tolist(),
        "ev_kwh": ev_kwh[0].tolist(),
        "price": price[0].tolist(),
    }


def test_seven_sites_as_recorded() -> None:
    found = seven_sites()
    if os.environ.get("VOLTRAN_RECORD_GOLDEN"):
        lines = (f'  "{name}": {json.dumps(value)}' for name, value in found.items())
        RECORD.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    recorded = json.loads(RECORD.read_text(encoding="utf-8"))
    assert found.keys() == recorded.keys()
    for name, value in found.items():
        np.testing.assert_allclose(value, recorded[name], rtol=1e-9, atol=1e-12, err_msg=name)


def test_the_recorded_instance_is_not_trivial() -> None:
    recorded = json.loads(RECORD.read_text(encoding="utf-8"))
    assert len(set(recorded["server"])) >= 5
    assert max(recorded["satisfaction"]) > min(recorded["satisfaction"])
    assert BATTERY.soc_min <= min(recorded["soc"]) < RESTART_SOC < max(recorded["soc"])
    assert EV.base_price <= min(recorded["price"]) < max(recorded["price"])
    assert sum(recorded["ev_kwh"]) > 1.0

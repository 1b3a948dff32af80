"""What base stations are built for: it scales their power, and must agree with the rest."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.baselines.uplink_problems import draw_problem
from voltran.envs.errors import ScenarioError
from voltran.envs.uplink.architecture import build_architecture
from voltran.envs.uplink.scenario import UplinkScenario
from voltran.physics.uplink_power import UplinkPower

TABLE = """
source: made up for a test
fitted: false
gops_per_w: 10.0
reference: {bandwidth_mhz: 10.0, quantisation_bits: 8.0}
radio:
  - {name: all, power_mw: 1000.0, antenna_exponent: 1.0, quantisation_exponent: 2.0}
baseband:
  - {name: constant, gops: 10.0, antenna_exponent: 0.0, load_exponent: 0.0, bandwidth_exponent: 1.0}
  - {name: with load, gops: 20.0, antenna_exponent: 1.0, load_exponent: 1.0, streams_exponent: 1.0}
"""
PLAIN = {
    "centralised_share": 0.0, "mains_loss": 0.0, "conversion_loss": 0.0, "fronthaul_fixed_w": 0.0,
    "fronthaul_w_per_gbps": 0.0, "reference_rate_mbps": 50.0,
}  # fmt: skip


def power(**changes: Any) -> UplinkPower:
    scenario = UplinkScenario.model_validate({"name": "test", "world": "uplink_v0", "power": changes})
    return build_architecture(scenario, "fd-ran").power


def test_saying_what_the_reference_says_changes_nothing() -> None:
    given = {"bandwidth_mhz": 20.0, "quantisation_bits": 24.0, "spectral_efficiency_bps_hz": 6.0, "streams": 1}
    assert power(**given) == power()


def test_parts_of_the_public_table_grow_with_bandwidth_and_spectral_efficiency() -> None:
    """The baseband but control (200 of 480 GOPS without load) with bandwidth; error correction with bits per hertz."""
    table = {**PLAIN, "table": "desset2012", "sleep_share": 0.0}
    base, wide, dense = (
        power(**table, **changes) for changes in ({}, {"bandwidth_mhz": 40.0}, {"spectral_efficiency_bps_hz": 12.0})
    )
    assert wide.awake_w - base.awake_w == pytest.approx(5 * 280 / 120)
    assert wide.w_per_mbps == pytest.approx(2 * base.w_per_mbps)
    assert dense.awake_w == base.awake_w
    assert (dense.w_per_mbps - base.w_per_mbps) * 50.0 == pytest.approx(5 * 120 / 120)


def test_processors_of_another_efficiency_scale_the_baseband_alone() -> None:
    """At 120 GOPS/W the public table has 25.7 W of radio and 20 W of baseband without load, before losses."""
    assert power(**PLAIN, gops_per_w=40.0).awake_w == pytest.approx(25.7 + 3 * 20.0)
    assert power(**PLAIN, gops_per_w=40.0).w_per_mbps == pytest.approx(3 * power(**PLAIN).w_per_mbps)
    assert power(gops_per_w=120.0) == power()


def test_a_table_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(TABLE)
    found = power(**PLAIN, table=str(path), quantisation_bits=16.0, bandwidth_mhz=20.0, streams=2)
    assert found.awake_w == pytest.approx(5 * 1.0 * 2**2 + 1.0 * 2.0)
    assert found.w_per_mbps == pytest.approx(5 * 2.0 * 2 / 50.0)
    path.write_text(TABLE.replace("gops_per_w: 10.0", "gops_per_w: 20.0"))
    assert power(**PLAIN, table=str(path)).awake_w == pytest.approx(5 * 1.0 + 0.5)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"bandwidth_mhz": 10.0}, "power.bandwidth_mhz = 10: is less than radio.bandwidth_mhz = 20"),
        ({"streams": 2}, "power.streams = 2: no part of power.table 'desset2012' grows with it; leave it at 1"),
        ({"quantisation_bits": 12}, "power.quantisation_bits = 12: no part .* a table with quantisation_exponent"),
        ({"spectral_efficiency_bps_hz": 1.5}, "reference_rate_mbps = 40: full load is more than the 30 Mbit/s"),
        ({"spectral_efficiency_bps_hz": 0.0}, "power.spectral_efficiency_bps_hz"),
        ({"streams": 0}, "power.streams"),
        ({"loss_form": "both"}, "power.loss_form"),
        ({"edge_rounding": "up"}, "power.edge_rounding"),
        ({"table": "nowhere.yaml"}, "power table nowhere.yaml: cannot be read"),
    ],
)
def test_bad_values_and_contradictions_are_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises((ScenarioError, ValueError), match=message):
        power(**changes)


@pytest.mark.parametrize(
    ("table", "changes", "message"),
    [
        (TABLE, {"streams": 6}, "power.streams = 6: is more than radio.antennas = 5"),
        (TABLE.replace("gops_per_w: 10.0", "gops_per_w: 0.0"), {}, "gops_per_w"),
        (TABLE.replace("fitted: false", ""), {}, "fitted"),
        (TABLE.replace("streams_exponent: 1.0", "streams_exponent: 9.0"), {}, "streams_exponent"),
        (TABLE.replace("power_mw: 1000.0", "power_mw: 1000.0, load_exponent: 1.0"), {}, "load_exponent"),
        ("radio: [", {}, "mine.yaml"),
    ],
)
def test_faulty_tables_and_what_contradicts_them(
    tmp_path: Path, table: str, changes: dict[str, Any], message: str
) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(table)
    with pytest.raises(ScenarioError, match=message):
        power(table=str(path), **changes)


def test_edges_that_end_lengthen_some_distances_only() -> None:
    wrapped, plain = (draw_problem(3, layout__wrap_around=wrap, radio__shadowing_db=0.0) for wrap in (True, False))
    assert (plain.gain <= wrapped.gain * (1 + 1e-12)).all()
    assert 0.1 < np.isclose(plain.gain, wrapped.gain, atol=0.0).mean() < 0.9

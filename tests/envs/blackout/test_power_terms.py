"""Power term by term, [MSRC] Eq. 2, beside the folded coefficients: the same formula, and uplink traffic of its own."""

from typing import Any

import numpy as np
import pytest

from tests.envs.blackout.tools import commands, outage_world, play
from tests.envs.episodes import started
from voltran.baselines.msrc.options import load_power_kw
from voltran.envs.blackout.equipment import LTE_800, LTE_1800, LTE_2600, NR_3700, Band
from voltran.envs.blackout.world import BlackoutWorld
from voltran.envs.errors import ScenarioError
from voltran.physics.power import HELPING, NORMAL, SLEEP, load_coefficients_w, site_power_kw

DEFAULT = (LTE_800, LTE_1800, LTE_2600, NR_3700)
FOLDED = ("static_w", "dynamic_w", "w_per_mbps")


def apart(band: Band) -> dict[str, Any]:
    """A default band term by term: 60, 30 and 10 % of what is static, 85 and 15 % of blocks, two thirds and one."""
    static_w, dynamic_w, w_per_mbps = (float(getattr(band, name)) for name in FOLDED)
    transmit_w = 10.0 ** (band.transmit_dbm / 10.0) / 1000.0
    terms = {
        "constant_w": 0.6 * static_w, "w_per_transmit_w": 0.3 * static_w / transmit_w,
        "w_per_loss_db": 0.05 * static_w, "feeder_loss_db": 2.0,
        "downlink_blocks_w": 0.85 * dynamic_w, "uplink_blocks_w": 0.15 * dynamic_w,
        "downlink_w_per_mbps": w_per_mbps * 2.0 / 3.0, "uplink_w_per_mbps": w_per_mbps / 3.0,
    }  # fmt: skip
    return {**band.model_dump(exclude={*FOLDED, "terms"}), "terms": terms}


def world_of_terms(**overrides: Any) -> BlackoutWorld:
    return outage_world("urban7-medium", 1, {"bands": [apart(band) for band in DEFAULT], **overrides})


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("ratio", [0.0, 0.3, 1.0])
def test_all_seven_terms_count(seed: int, ratio: float) -> None:
    """[MSRC] Eq. 2 written out, term by term, with uplink traffic and resource use of their own."""
    rng = np.random.default_rng(seed)
    beta, transmit_w, loss_db = rng.uniform(0.0, 100.0, 7), rng.uniform(1.0, 200.0), rng.uniform(0.0, 5.0)
    rho_dl, nu_dl = rng.uniform(0.0, 1.0), rng.uniform(0.0, 100.0)
    rho_ul, nu_ul = ratio * rho_dl, ratio * nu_dl
    variables = np.array([1.0, rho_dl, rho_ul, nu_dl, nu_ul, transmit_w, loss_db])
    found = load_coefficients_w(beta, np.asarray(transmit_w), np.asarray(loss_db), ratio)
    assert found @ [1.0, rho_dl, nu_dl] == pytest.approx(beta @ variables, rel=1e-12)


def test_terms_that_add_up_to_the_folded_ones_give_the_same_power() -> None:
    folded, separate = outage_world("urban7-medium").constants, world_of_terms().constants
    rng = np.random.default_rng(0)
    for mode, bands in ((NORMAL, 0b1111), (HELPING, 0b1001), (NORMAL, 0b0010), (SLEEP, 0)):
        use, traffic = rng.uniform(0.0, 1.0, 4), rng.uniform(0.0, 100.0, 4)
        powers_kw = [site_power_kw(mode, bands, use, traffic, case.power) for case in (folded, separate)]
        assert powers_kw[0] == pytest.approx(powers_kw[1], rel=1e-12)
    for found, expected in zip(load_power_kw(separate), load_power_kw(folded), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)


def test_episodes_are_the_same_too() -> None:
    worlds = [outage_world("urban7-medium"), world_of_terms()]
    for world in worlds:
        play(world, "independent")
    for name in ("survival_h", "mean_power_kw", "ev_cost"):
        assert worlds[0].kpis()[name][0] == pytest.approx(worlds[1].kpis()[name][0], rel=1e-9)


def test_less_uplink_saves_its_share_of_what_load_draws() -> None:
    """15 % of what resource blocks draw and a third of what traffic draws is the uplink's; half of that at a half."""
    powers = []
    for ratio in (1.0, 0.5):
        world = started(world_of_terms(**{"traffic.uplink_ratio": ratio}))
        world.step(commands(world, [NORMAL] * 7))
        service, power = world.get_state()["state"]["service"], world.constants.power
        powers.append(service["power_kw"][0])
        saved_w = 3.0 * (service["resource_use"][0] * 1.2 * 0.15 * np.array([300.0, 340.0, 340.0, 900.0])).sum(axis=1)
        saved_w += (service["traffic_mbps"][0] * 1.2 / 3.0 * np.array([0.3, 0.3, 0.3, 0.2])).sum(axis=1)
        assert power.static_w == pytest.approx(0.86 * np.array([124.0, 142.0, 142.0, 380.0]))
    np.testing.assert_allclose(powers[0] - powers[1], 0.5 * saved_w / 1000.0, rtol=1e-9)
    assert np.all(powers[0] > powers[1])


def test_the_folded_default_is_what_it_was() -> None:
    power = outage_world("urban7-medium").constants.power
    for name, multiplier in (("static_w", 0.86), ("dynamic_w", 1.2), ("w_per_mbps", 1.2)):
        assert getattr(power, name).tolist() == (np.array([getattr(b, name) for b in DEFAULT]) * multiplier).tolist()


LTE = apart(LTE_800)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"bands": [{**LTE, "static_w": 124}]}, "power of band 'LTE 800' is given twice, by terms and by static_w"),
        (
            {"bands": [{**LTE, "terms": None, "static_w": 124}]},
            "power of band 'LTE 800' lacks dynamic_w, w_per_mbps: give",
        ),
        ({"bands": [{**LTE, "terms": {"constant_w": 1.0}}]}, "downlink_blocks_w"),
        ({"bands": [{**LTE, "terms": {**LTE["terms"], "uplink_blocks_w": -1.0}}]}, r"uplink_blocks_w = -1.0: must lie"),
        ({"bands": [{**LTE, "terms": {**LTE["terms"], "beta": 1.0}}]}, "unknown key .*beta"),
        ({"traffic.uplink_ratio": 0.5}, "uplink_ratio = 0.5 needs the power of all bands by terms.*'LTE 800' has none"),
        ({"traffic.uplink_ratio": 1.5}, r"uplink_ratio = 1.5: must lie in \[0, 1\]"),
    ],
)
def test_coefficients_that_contradict_each_other_are_refused(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        outage_world("urban7-medium", 1, overrides)

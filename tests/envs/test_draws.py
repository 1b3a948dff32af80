"""Draws are functions of seed, stream and index alone: longer episodes and larger networks go on where others end."""

from typing import Any

import numpy as np
import pytest

from voltran.envs.draws import Stream, generator
from voltran.envs.energy.generation import Generation
from voltran.envs.energy.generation import draw_generation as draw_sources
from voltran.envs.market.load import draw_load
from voltran.envs.market.scenario import MarketScenario
from voltran.envs.retail.scenario import Retail
from voltran.envs.uplink.architecture import build_architecture
from voltran.envs.uplink.deployment import draw_deployment
from voltran.envs.uplink.scenario import UplinkScenario
from voltran.envs.uplink.traffic import TrafficSource
from voltran.physics.arrays import FloatArray

LARGE = (2**32 - 1, 2**32, 2**63, 2**64 + 5, 2**128 - 1)


def draw_generation(section: Retail, seed: int, periods: int, period_h: float) -> Generation:
    return draw_sources(section.retailers, section.weather, seed, periods, period_h)


def market(horizon_h: float, sites: int) -> MarketScenario:
    return MarketScenario.model_validate(
        {
            "name": "test",
            "sites": [{"count": sites, "fixed_kw": 2.0}],
            "time": {"horizon_h": horizon_h},
            "load": {"noise": 0.1, "unevenness": 0.3},
        }
    )


def uplink(horizon_h: float, ues: int, ubs: int = 6) -> UplinkScenario:
    data: dict[str, Any] = {"name": "test", "time": {"horizon_h": horizon_h}, "traffic": {"unevenness": 0.5}}
    return UplinkScenario.model_validate({**data, "ues": {"count": ues}, "layout": {"n_ubs": ubs}})


@pytest.mark.parametrize("seed", [3, 2**70])
def test_loads_of_markets(seed: int) -> None:
    whole = draw_load(market(24.0, 6), seed)
    for horizon_h, sites in ((3.0, 6), (24.0, 2), (5.25, 1)):
        part = draw_load(market(horizon_h, sites), seed)
        for name in ("load_kw", "outlook_kw"):
            found: FloatArray = getattr(part, name)
            np.testing.assert_array_equal(found, getattr(whole, name)[: found.shape[0], :sites])


def test_the_noise_of_sites_is_their_own() -> None:
    loads = np.stack([draw_load(market(24.0, 2), seed).load_kw for seed in range(400)])
    deviation = loads - loads.mean(axis=0)
    day = deviation[:, 40:60].reshape(400, -1, 2) - deviation[:, 40:60].mean(axis=1, keepdims=True)
    assert abs(np.corrcoef(day[..., 0].ravel(), day[..., 1].ravel())[0, 1]) < 0.1


@pytest.mark.parametrize("seed", [3, 2**70])
def test_generation_of_retailers(seed: int) -> None:
    retailers = [{"source": source, "capacity_kw": 5.0} for source in ("wind", "solar", "wind")]
    whole = draw_generation(Retail.model_validate({"retailers": retailers}), seed, 96, 0.25)
    for count, periods in ((3, 7), (1, 96), (2, 40)):
        part = draw_generation(Retail.model_validate({"retailers": retailers[:count]}), seed, periods, 0.25)
        np.testing.assert_array_equal(part.available_kw, whole.available_kw[:periods, :count])
        np.testing.assert_array_equal(part.outlook_kw, whole.outlook_kw[:periods, :count])


@pytest.mark.parametrize("seed", [3, 2**70])
def test_traffic_and_places_of_uplinks(seed: int) -> None:
    traffic = TrafficSource(uplink(24.0, 8)).draw_mbps(seed)
    large = uplink(24.0, 8)
    places = draw_deployment(large, build_architecture(large, "fd-ran"), seed)
    for horizon_h, ues, ubs in ((3.0, 8, 6), (24.0, 3, 6), (6.0, 5, 4)):
        small = uplink(horizon_h, ues, ubs)
        drawn = TrafficSource(small).draw_mbps(seed)
        np.testing.assert_array_equal(drawn, traffic[: len(drawn), :ues])
        part = draw_deployment(small, build_architecture(small, "fd-ran"), seed)
        np.testing.assert_array_equal(part.ubs_m, places.ubs_m[:ubs])
        np.testing.assert_array_equal(part.ue_m, places.ue_m[:ues])
        np.testing.assert_allclose(part.gain, places.gain[:ubs, :ues], rtol=1e-12)


def test_streams_of_all_seeds_differ() -> None:
    """Also those of seeds of several words, which must not be taken for the seed, stream and index of a shorter one."""
    small = list(range(12))
    composed = [low + stream * 2**32 for low in range(4) for stream in range(1, 8)]
    seeds = [*small, *composed, *LARGE]
    draws = {
        (seed, stream, index): generator(seed, stream, index).integers(2**63)
        for seed in seeds
        for stream in Stream
        for index in range(12)
    }
    assert len(set(draws.values())) == len(draws)


def test_seeds_of_one_word_keep_their_meaning() -> None:
    for seed in (0, 5, 2**32 - 1):
        expected = np.random.Generator(np.random.PCG64(np.random.SeedSequence((seed, 3, 2)))).random(5)
        assert np.array_equal(generator(seed, Stream.DEMAND, 2).random(5), expected)

"""Forecasters from files: what they refuse, what they forecast, and rules beside them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.agents.forecasting.tools import config, sites
from voltran.agents.checksums import bare_content
from voltran.agents.forecasting.data import synthetic_series
from voltran.agents.forecasting.files import load_forecaster, network_shape, require_fits, save_forecaster
from voltran.agents.forecasting.network import initial_weights
from voltran.agents.forecasting.predict import next_slot_kw
from voltran.agents.forecasting.rivals import WAYS, Bench
from voltran.agents.forecasting.scores import score
from voltran.agents.forecasting.settings import SyntheticSites, forecasting_names, read_forecast_config
from voltran.agents.zoo import forecaster_names, forecaster_path
from voltran.envs.errors import FileFormatError, ScenarioError, UncheckedFileWarning
from voltran.envs.registry import make_world
from voltran.envs.sharing.load import SiteSeries

HISTORY, PERIOD_H = 48, 1.0


def saved(path: Path, **given: Any) -> str:
    own = config(features=["throughput", "success", "energy"], **given)
    return str(save_forecaster(path / "own.safetensors", initial_weights(network_shape(own), 1), own))


def drawn(count: int = 6, days: int = 3) -> SiteSeries:
    return synthetic_series(SyntheticSites(sites=count, days=days, training_days=2, period_h=1.0))


def test_files_read_as_they_were_written(tmp_path: Path) -> None:
    forecaster = load_forecaster(saved(tmp_path))
    assert forecaster.name == "own"
    assert forecaster.metadata.window == 4
    assert forecaster.metadata.features == ("throughput", "success", "energy")
    expected = initial_weights(forecaster.metadata.network, 1)
    assert all((forecaster.weights[name] == value).all() for name, value in expected.items())


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"window": 8}, "window is 4, but 8 is asked for; set window=4"),
        ({"features": ["energy"]}, "features is .throughput, success, energy., but .energy. is asked for"),
        ({"target": "throughput"}, "target is energy, but throughput"),
        ({"data": {"period_h": 0.5}}, r"period_h is 1\.0, but 0\.5 is asked for; set data\.period_h=1\.0"),
    ],
)
def test_a_forecaster_for_something_else_is_refused(given: dict[str, Any], message: str, tmp_path: Path) -> None:
    wanted = config(**{"features": ["throughput", "success", "energy"], **given})
    with pytest.raises(ScenarioError, match=message):
        require_fits(load_forecaster(saved(tmp_path)), wanted)


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    path = Path(saved(tmp_path))
    with pytest.raises(FileFormatError, match="no such file"):
        load_forecaster(tmp_path / "gone.safetensors")
    whole = path.read_bytes()
    path.write_bytes(whole[:-8])
    with pytest.raises(FileFormatError, match="corrupt or truncated"):
        load_forecaster(path)
    path.write_bytes(bare_content(whole).replace(b"hardware4-band3", b"hardware5-band3"))
    with (
        pytest.warns(UncheckedFileWarning),
        pytest.raises(FileFormatError, match="configuration_version is 'hardware5"),
    ):
        load_forecaster(path)
    with pytest.raises(ScenarioError, match="forecaster zoo:unicorn is unknown; shipped forecasters: "):
        load_forecaster("zoo:unicorn")


def test_forecasts_are_those_of_the_bench(tmp_path: Path) -> None:
    """Where sites are judged, and in kW at each slot whose window is full."""
    file, own = saved(tmp_path), config(features=["throughput", "success", "energy"])
    forecast_kw = next_slot_kw(drawn(), file, HISTORY, PERIOD_H)
    assert np.isnan(forecast_kw[:4]).all()
    assert np.isfinite(forecast_kw[4:]).all()
    data = sites(features=["throughput", "success", "energy"])
    errors = Bench(own, data).of_weights(load_forecaster(file).weights)
    for number, site in enumerate(data):
        after = site.test + 4
        difference_kw = forecast_kw[after, number] - drawn().power_kw[after, number]
        assert difference_kw / site.spread == pytest.approx(errors[number], abs=1e-4)


def test_forecasts_know_nothing_of_what_comes(tmp_path: Path) -> None:
    file, series = saved(tmp_path), drawn()
    changed = drawn()
    for values in (changed.throughput_mbps, changed.success_ratio, changed.power_kw):
        values[60:] = 99.0
    first, second = (next_slot_kw(one, file, HISTORY, PERIOD_H) for one in (series, changed))
    assert (first[4:61] == second[4:61]).all()
    assert (first[61:] != second[61:]).all()


def test_forecasts_of_sites_do_not_depend_on_others(tmp_path: Path) -> None:
    file = saved(tmp_path)
    few, many = (next_slot_kw(drawn(count), file, HISTORY, PERIOD_H) for count in (3, 6))
    assert np.array_equal(few, many[:, :3], equal_nan=True)


def test_unknown_slots_have_no_forecast(tmp_path: Path) -> None:
    series = drawn()
    series.throughput_mbps[30, 2] = np.nan
    forecast_kw = next_slot_kw(series, saved(tmp_path), HISTORY, PERIOD_H)
    assert np.flatnonzero(np.isnan(forecast_kw[:, 2])).tolist() == [0, 1, 2, 3, 31, 32, 33, 34]


def test_forecasts_that_cannot_be_made_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="window = 30 slots, but the series has 72, 24"):
        next_slot_kw(drawn(), saved(tmp_path, window=30), 24, PERIOD_H)
    with pytest.raises(ScenarioError, match="forecasts throughput, not energy"):
        next_slot_kw(drawn(), saved(tmp_path / "other", target="throughput"), HISTORY, PERIOD_H)


def test_forecasters_of_other_slots_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"was trained on slots of 1 h, but these last 0\.5 h; train one with"):
        next_slot_kw(drawn(), saved(tmp_path), HISTORY, 0.5)
    overrides = {"network.infrastructures": 1, "time.horizon_h": 1.0, "forecast.kind": "federated"}
    world = make_world("sharing12", 1, {**overrides, "forecast.ahead": [0], "time.decision_period_s": 1800.0})
    with pytest.raises(
        ScenarioError, match=r"zoo:sharing-forecaster: was trained on slots of 0\.25 h, but these .* 0\.5"
    ):
        world.reset(seeds=[0])


def test_a_file_that_was_written_anew_is_read_anew(tmp_path: Path) -> None:
    file, own = saved(tmp_path), config(features=["throughput", "success", "energy"])
    before = next_slot_kw(drawn(), file, HISTORY, PERIOD_H)
    save_forecaster(file, initial_weights(network_shape(own), 2), own)
    assert (next_slot_kw(drawn(), file, HISTORY, PERIOD_H)[4:] != before[4:]).all()
    Path(file).unlink()
    with pytest.raises(FileFormatError, match="no such file"):
        next_slot_kw(drawn(), file, HISTORY, PERIOD_H)


def test_rules_repeat_what_was() -> None:
    bench = Bench(config(), sites())
    for way, lag in (("persistence", 1), ("daily-naive", 24)):
        for errors, site in zip(WAYS[way](bench), bench.sites, strict=True):
            targets = site.test + 4
            assert errors == pytest.approx(site.target[targets - lag] - site.target[targets])


def test_scores_are_of_sites() -> None:
    found = score([np.array([1.0, -3.0], np.float32), np.array([2.0], np.float32), np.zeros(0, np.float32)])
    assert found.mse == (4.0, 4.5, 5.0)
    assert found.mae == (2.0, 2.0, 2.0)
    assert (found.sites, found.forecasts) == (2, 3)


def test_every_way_to_forecast_judges_the_same_windows() -> None:
    bench = Bench(config(rounds=1), sites(rounds=1))
    for way in WAYS.values():
        assert [errors.size for errors in way(bench)] == [site.test.size for site in bench.sites]


def test_fine_tuning_starts_from_the_common_network() -> None:
    bench = Bench(config(), sites())
    weights = initial_weights(network_shape(bench.config), 0)
    common, tuned = bench.of_weights(weights), bench.fine_tuned(weights, 20)
    assert score(tuned).mse[1] < score(common).mse[1]


def test_shipped_configurations_can_be_read() -> None:
    for name in forecasting_names():
        assert read_forecast_config(name, {"window": 7}).window == 7
    with pytest.raises(
        ScenarioError, match="unknown forecasting configuration 'none': known ones: lte, paper, sharing"
    ):
        read_forecast_config("none", {})


@pytest.mark.parametrize("name", forecaster_names())
def test_shipped_forecasters_fit_the_sharing_world(name: str) -> None:
    forecaster = load_forecaster(f"zoo:{name}")
    assert forecaster_path(name).stat().st_size < 100_000
    require_fits(forecaster, read_forecast_config("sharing", {}))


def test_the_sharing_world_asks_the_forecaster_of_its_scenario(tmp_path: Path) -> None:
    own = config(features=["throughput", "success", "energy"], data={"period_h": 0.25})
    weights = initial_weights(network_shape(own), 0)
    weights["output.weight"][:], weights["output.bias"][:] = 0.0, 2.0  # always two standard deviations above the mean
    file = save_forecaster(tmp_path / "high.safetensors", weights, own)
    world = make_world("sharing12", 1, {"forecast.kind": "federated", "forecast.file": str(file)})
    plain = make_world("sharing12", 1, {"forecast.kind": "persistence"})
    for each in (world, plain):
        each.reset([3])
    high, usual = (each.forecast.demand_kw(1)[0, :, 0] for each in (world, plain))  # type: ignore[attr-defined]
    assert (high > usual).any()
    again = make_world("sharing12", 2, {"forecast.kind": "federated", "forecast.file": str(file)})
    again.reset([5, 3])
    assert (again.forecast.demand_kw(1)[1, :, 0] == high).all()  # type: ignore[attr-defined]

"""Generation: a function of seed, stream and time alone, within its capacity; and the faults of files."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.envs.retail.tools import PERIOD_H, SOLAR, STEADY, WIND, market, retail
from voltran.envs.energy.generation import OUTLOOK_H, Generation, draw_wind_share
from voltran.envs.energy.generation import draw_generation as draw_sources
from voltran.envs.energy.weather import Weather
from voltran.envs.errors import ScenarioError
from voltran.envs.retail.scenario import Retail

PERIODS = 96


def draw_generation(section: Retail, seed: int, periods: int, period_h: float) -> Generation:
    return draw_sources(section.retailers, section.weather, seed, periods, period_h)


def hours(periods: int = PERIODS) -> Any:
    return (np.arange(periods) + 0.5) * PERIOD_H


def test_generation_depends_on_seed_and_retailer_alone() -> None:
    both = draw_generation(retail(WIND, SOLAR), 3, PERIODS, PERIOD_H)
    again = draw_generation(retail(WIND, SOLAR), 3, PERIODS, PERIOD_H)
    assert np.array_equal(both.available_kw, again.available_kw)
    assert not np.array_equal(
        both.available_kw, draw_generation(retail(WIND, SOLAR), 4, PERIODS, PERIOD_H).available_kw
    )
    alone = draw_generation(retail(WIND), 3, PERIODS, PERIOD_H).available_kw
    assert np.array_equal(alone[:, 0], both.available_kw[:, 0])
    twins = draw_generation(retail(WIND, WIND), 3, PERIODS, PERIOD_H).available_kw
    assert not np.array_equal(twins[:, 0], twins[:, 1])


def test_a_shorter_episode_is_the_beginning_of_a_longer_one() -> None:
    long, short = (draw_generation(retail(WIND, SOLAR), 3, periods, PERIOD_H) for periods in (PERIODS, 20))
    assert short.available_kw == pytest.approx(long.available_kw[:20])


def test_generation_stays_within_capacity() -> None:
    for seed in range(20):
        drawn = draw_generation(retail(WIND, SOLAR, STEADY), seed, PERIODS, PERIOD_H)
        assert np.all((drawn.available_kw >= 0.0) & (drawn.available_kw <= [4.0, 2.0, 1.5]))
        assert np.all((drawn.outlook_kw >= 0.0) & (drawn.outlook_kw <= np.array([4.0, 2.0, 1.5])[:, None]))
        assert np.all(drawn.available_kw[:, 2] == 1.5)


def test_wind_speeds_have_the_weibull_distribution_that_is_asked_for() -> None:
    # Shape 2: half of all speeds lie above the scale times the square root of ln 2.
    weather = Weather(wind_scale_m_per_s=8.0, wind_memory_h=0.5)
    share = np.concatenate([draw_wind_share(weather, seed, 0, np.arange(48.0)) for seed in range(200)])
    full, none = (share >= 1.0 - 1e-9).mean(), (share == 0.0).mean()
    curve = turbine()
    rated = curve["speed_m_per_s"][curve["share"].index(1.0)]
    starts, stops = curve["speed_m_per_s"][0], curve["speed_m_per_s"][-1]
    above = [np.exp(-((speed / 8.0) ** 2.0)) for speed in (rated, stops, starts)]
    assert full == pytest.approx(above[0] - above[1], abs=0.02)
    assert none == pytest.approx(1.0 - above[2] + above[1], abs=0.03)


def turbine() -> dict[str, list[float]]:
    from importlib import resources

    import yaml

    text = (resources.files("voltran.envs.energy.tables") / "wind_turbine.yaml").read_text(encoding="utf-8")
    curve: dict[str, list[float]] = yaml.safe_load(text)
    return curve


def test_wind_remembers_for_as_long_as_it_is_told() -> None:
    def persistence(memory_h: float) -> float:
        weather = Weather(wind_memory_h=memory_h)
        share = np.stack([draw_wind_share(weather, seed, 0, np.arange(24.0)) for seed in range(200)])
        return float(np.corrcoef(share[:, 10], share[:, 14])[0, 1])

    assert persistence(1.0) < 0.3 < 0.6 < persistence(24.0)


def test_the_sun_shines_by_day_and_more_in_summer() -> None:
    def energy_kwh(month: int, **weather: float) -> float:
        section = retail(SOLAR, weather={"month": month, **weather})
        return float(draw_generation(section, 0, PERIODS, PERIOD_H).available_kw.sum() * PERIOD_H)

    drawn = draw_generation(retail(SOLAR), 0, PERIODS, PERIOD_H).available_kw[:, 0]
    night = (hours() < 3.0) | (hours() > 22.0)
    assert not drawn[night].any()
    assert drawn[44:52].min() > 0.0
    assert energy_kwh(6) > 2.0 * energy_kwh(12)
    assert energy_kwh(6, clearness_low=1.0) > energy_kwh(6, clearness_low=0.0, clearness_high=0.2)


def test_the_day_begins_when_the_scenario_says() -> None:
    section = retail(SOLAR, weather={"start_hour": 12.0, "clearness_low": 1.0})
    noon = draw_generation(section, 0, PERIODS, PERIOD_H).available_kw[:, 0]
    midnight = draw_generation(retail(SOLAR, weather={"clearness_low": 1.0}), 0, PERIODS, PERIOD_H).available_kw[:, 0]
    assert noon == pytest.approx(np.roll(midnight, 48))


def test_the_outlook_knows_the_sun_and_not_the_clouds() -> None:
    clear = draw_generation(retail(SOLAR, weather={"clearness_low": 1.0}), 0, PERIODS, PERIOD_H)
    for place, ahead_h in enumerate(OUTLOOK_H):
        later = round(ahead_h / PERIOD_H)
        assert clear.outlook_kw[:-later, 0, place] == pytest.approx(clear.available_kw[later:, 0])
    wind = draw_generation(retail(WIND), 0, PERIODS, PERIOD_H)
    assert np.array_equal(wind.outlook_kw[:, 0, 0], wind.available_kw[:, 0])


def test_pvlib_agrees_with_the_table_where_the_table_was_made() -> None:
    pytest.importorskip("pvlib")
    table, computed = (retail(SOLAR, weather={"clear_sky": source}) for source in ("table", "pvlib"))
    found = [draw_generation(section, 5, PERIODS, PERIOD_H).available_kw for section in (table, computed)]
    assert found[0] == pytest.approx(found[1], abs=2.0 * 6e-4)


# --- files ------------------------------------------------------------------------------------------------------------


def rows(count: int = 4, period_h: float = PERIOD_H) -> list[str]:
    return ["hour,north", *(f"{period * period_h},{0.1 * period}" for period in range(count))]


def from_file(folder: Path, lines: list[str], **changes: Any) -> Retail:
    path = folder / "power.csv"
    path.write_text("\n".join(lines) + "\n")
    return retail({"source": "file", "capacity_kw": 1.0, "file": str(path), "column": "north", **changes})


def test_a_file_is_read_as_it_stands(tmp_path: Path) -> None:
    drawn = draw_generation(from_file(tmp_path, rows(6)), 9, 4, PERIOD_H)
    assert drawn.available_kw[:, 0] == pytest.approx([0.0, 0.1, 0.2, 0.3])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda lines: [*lines[:2], "0.25,nan", *lines[3:]], "line 3, column north = 'nan': must be a number"),
        (lambda lines: [*lines[:2], "0.25,", *lines[3:]], r"column north has nothing for 0.25 h.* \(after line 2\)"),
        (lambda lines: [*lines[:2], "0.25", *lines[3:]], "line 3 has 1 fields, line 1 has 2"),
        (lambda lines: [*lines[:2], "0.25,-0.1", *lines[3:]], "line 3, column north = '-0.1': .* standby_kw = 0.01"),
        (lambda lines: [*lines[:2], "0.25,1.5", *lines[3:]], "line 3, column north = 1.5 kW is above capacity_kw = 1"),
        (lambda lines: [*lines[:2], "noon,0.1", *lines[3:]], "line 3, column hour = 'noon': must be a number of hours"),
        (lambda lines: [*lines[:2], "0,0.1", *lines[3:]], "line 3, column hour = '0': not after line 2; sort the rows"),
        (lambda lines: lines[:-1], "ends at hour 0.5 .* from hour 0 to hour 1; add rows, or shorten time.horizon_h"),
        (lambda lines: [*lines[:2], *lines[3:]], r"has nothing for 0.25 h from hour 0.25 on \(after line 2\); set ser"),
        (lambda lines: [*lines[:2], "0.25,0.1,0.2", *lines[3:]], "line 3 has 3 fields, line 1 has 2; .* semicolons"),
        (lambda lines: ["hour,south", *lines[1:]], "line 1 lacks the column north; it has hour, south"),
        (lambda lines: ["t,north", *lines[1:]], "line 1 lacks the column hour or time; it has t, north"),
        (lambda lines: ["time,north", *lines[1:]], "column time = '0.0': must be local time .*stand in a column hour"),
        (
            lambda lines: ["hour,north,north", *(line + ",0" for line in lines[1:])],
            "has the column north more than once",
        ),
        (lambda lines: lines[:1], "has no rows"),
        (lambda lines: [], "lacks the column hour or time; it has nothing"),
    ],
)
def test_faults_of_files_are_named(tmp_path: Path, change: Any, message: str) -> None:
    section = from_file(tmp_path, change(rows()))
    with pytest.raises(ScenarioError, match=message):
        market(section, periods=4)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    section = retail({"source": "file", "capacity_kw": 1.0, "file": str(tmp_path / "no.csv"), "column": "north"})
    with pytest.raises(ScenarioError, match=r"no\.csv: cannot be read"):
        draw_generation(section, 0, 4, PERIOD_H)
    (tmp_path / "bits.csv").write_bytes(b"\xff\xfe\x00")
    section = retail({"source": "file", "capacity_kw": 1.0, "file": str(tmp_path / "bits.csv"), "column": "north"})
    with pytest.raises(ScenarioError, match=r"bits\.csv: cannot be read"):
        draw_generation(section, 0, 4, PERIOD_H)


# --- files as tools write them ----------------------------------------------------------------------------------------


def sun_kw(hour: int) -> float:
    return max(0.0, 2.0 - abs(hour % 24 - 12) / 3.0)


DAYS = range(72)
FIRST_OF_JUNE = datetime(2024, 6, 1)


def stamp(hour: int, pattern: str = "%Y-%m-%d %H:%M") -> str:
    return f"{FIRST_OF_JUNE + timedelta(hours=hour):{pattern}}"


AS_WRITTEN: dict[str, tuple[list[str], dict[str, Any]]] = {
    "hourly, UTC and local time": (
        [
            "# Hourly output of a model",
            "time,local_time,electricity",
            *(f"{stamp(hour - 2)},{stamp(hour)},{sun_kw(hour)}" for hour in DAYS),
        ],
        {"column": "electricity", "series": {"time_column": "local_time"}},
    ),
    "hourly, UTC alone": (
        ["time,electricity", *(f"{stamp(hour - 2)}Z,{sun_kw(hour)}" for hour in DAYS)],
        {"series": {"zone": "Europe/Madrid"}},
    ),
    "per unit, day first, decimal commas": (
        [
            "Zeit;PV",
            *(f"{stamp(hour, '%d.%m.%Y %H:%M')};{str(sun_kw(hour) / 2.0).replace('.', ',')}" for hour in DAYS),
        ],
        {"series": {"time_column": "Zeit", "scale": 2.0}},
    ),
    "one column": ([repr(sun_kw(hour)) for hour in DAYS], {"series": {"step_h": 1.0}}),
    "an inverter at night": (
        ["time,P", *(f"{stamp(hour)},{sun_kw(hour) or -0.002}" for hour in DAYS)],
        {"column": "P"},
    ),
}


@pytest.mark.parametrize("way", AS_WRITTEN)
@pytest.mark.parametrize("start_hour", [0.0, 7.5])
def test_files_load_as_tools_write_them(tmp_path: Path, way: str, start_hour: float) -> None:
    lines, changes = AS_WRITTEN[way]
    path = tmp_path / "power.csv"
    path.write_text("\n".join([*lines, ""]))
    section = retail({"source": "file", "capacity_kw": 2.0, "file": str(path), **changes})
    section = section.model_copy(update={"weather": Weather(start_hour=start_hour)})
    drawn = draw_generation(section, 0, PERIODS, PERIOD_H).available_kw[:, 0]
    expected = [sun_kw(int(start_hour + period * PERIOD_H)) for period in range(PERIODS)]
    assert drawn == pytest.approx(expected, abs=1e-12)


def test_a_longer_period_averages_the_file(tmp_path: Path) -> None:
    section = from_file(tmp_path, rows(8))
    drawn = draw_generation(section, 0, 2, 4.0 * PERIOD_H).available_kw[:, 0]
    assert drawn == pytest.approx([0.15, 0.55])


def test_how_far_below_zero_a_file_may_be_is_said(tmp_path: Path) -> None:
    lines = [*rows()[:2], "0.25,-0.1", *rows()[3:]]
    drawn = draw_generation(from_file(tmp_path, lines, standby_kw=0.1), 0, 4, PERIOD_H)
    assert drawn.available_kw[:, 0] == pytest.approx([0.0, 0.0, 0.2, 0.3])
    with pytest.raises(ScenarioError, match=r"must be a number of at least 0, or empty .* standby_kw = 0 says"):
        draw_generation(from_file(tmp_path, lines, standby_kw=0.0), 0, 4, PERIOD_H)

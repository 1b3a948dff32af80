"""Figs. 5 and 6 on files of one's own: what is read, what comes of it, and mistakes that are named."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from tests.house import ROOT
from voltran.baselines.dpa.paper_cases import PUBLIC_LOAD, public_generation_w
from voltran.envs.energy.generation import turbine_curve
from voltran.envs.errors import ScenarioError, VoltranError
from voltran.envs.scenario import validated
from voltran.experiments.allocations.own_day import OwnDay, read_day
from voltran.experiments.allocations.study import Study
from voltran.experiments.allocations.study_results import read_study_results
from voltran.experiments.experiment import read_experiment
from voltran.experiments.run import run_experiment


def write(path: Path, name: str, values: list[Any], head: str = "hour,value") -> str:
    rows = [head, *(f"{hour},{value}" for hour, value in enumerate(values))]
    (path / name).write_text("\n".join(rows) + "\n", encoding="utf-8")
    return str(path / name)


def own(**keys: Any) -> OwnDay:
    return validated(OwnDay, keys, "here")


def played(tmp_path: Path, day: str) -> Any:
    text = (
        f"kind: allocations\ntitle: mine\nover: day\nquadratic: true\nregimes: [D]\n{day}\nclaims:\n"
        "  - {text: satisfies more, check: no_worse}\n"
    )
    (tmp_path / "mine.yaml").write_text(text, encoding="utf-8")
    console = Console(file=io.StringIO())
    run_experiment(str(tmp_path / "mine.yaml"), tmp_path / "out", resume=False, jobs=1, console=console)
    return read_study_results(tmp_path / "out" / "results.json")


def test_without_files_it_is_the_reconstructed_day() -> None:
    day = read_day(OwnDay())
    assert tuple(day.load) == PUBLIC_LOAD
    assert day.generation_w.tolist() == [public_generation_w(hour).tolist() for hour in range(24)]
    assert read_experiment("dpa_fig5_6").day is None


def test_the_reconstructed_day_from_files_gives_the_same_curves(tmp_path: Path) -> None:
    load = write(tmp_path, "load.csv", [100.0 * load for load in PUBLIC_LOAD])
    wind, solar = (
        write(tmp_path, f"{name}.csv", [public_generation_w(hour)[i] / 1e3 for hour in range(24)])
        for i, name in enumerate(("wind", "solar"))
    )
    files = f"day: {{load: {{file: {load}, of_peak: true}}, wind: {{file: {wind}}}, solar: {{file: {solar}}}}}"
    mine = played(tmp_path, files)
    published = read_study_results(ROOT / "docs" / "results" / "dpa_fig5_6" / "results.json")
    for one, other in zip(mine.curves, published.curves, strict=True):
        assert np.allclose(one.demand_w, other.demand_w, atol=1e-3)
        assert np.allclose(one.utility, other.utility, atol=1e-3)
    assert mine.findings[0].verdict == published.findings[0].verdict == "holds"


def test_weather_becomes_power(tmp_path: Path) -> None:
    speed_m_per_s, share = turbine_curve()
    middle = int(np.argmax(share > 0.4))
    wind = write(tmp_path, "wind.csv", [0.0, speed_m_per_s[middle], 90.0])
    solar = write(tmp_path, "sun.csv", [0.0, 250.0, 1200.0])
    day = read_day(
        own(
            slots=3,
            wind={"file": wind, "quantity": "wind_m_per_s", "capacity_kw": 4.0},
            solar={"file": solar, "quantity": "irradiance_w_per_m2", "capacity_kw": 2.0},
        )
    )
    assert day.generation_w[:, 0] == pytest.approx([0.0, 4000.0 * share[middle], 0.0])
    assert day.generation_w[:, 1] == pytest.approx([0.0, 500.0, 2000.0])


def test_slots_are_means_over_the_chosen_part_of_a_file(tmp_path: Path) -> None:
    load = write(tmp_path, "load.csv", [0.1, 0.3, 0.5, 0.9])
    generation = write(tmp_path, "generation.csv", [1.0, 2.0, 3.0, 4.0])
    day = read_day(own(slots=2, slot_h=2.0, load={"file": load}, wind={"file": generation}, solar={"file": generation}))
    assert day.load == pytest.approx([0.2, 0.7])
    assert day.generation_w[:, 0] == pytest.approx([1500.0, 3500.0])
    assert day.at_h == [0.0, 2.0]


@pytest.mark.parametrize(
    ("values", "keys", "message"),
    [
        ([0.5] * 5, {}, "has 5 rows and ends at .*add rows"),
        ([0.5] * 6 + [""] * 6 + [0.5] * 12, {}, "has nothing for 6 h .*set day.load.series.fill_gaps_h = 6"),
        ([40.0] * 24, {}, "has 40 in slot 0: must be a share .*set day.load.of_peak"),
        ([0.0] * 24, {"of_peak": True}, "has no load in these slots"),
        ([-0.1] * 24, {}, "line 2, column value = '-0.1': must be a number of at least 0"),
        (["much"] * 24, {}, "line 2, column value = 'much': must be a number"),
        ([0.5] * 24, {"column": "north"}, "lacks the column north"),
        ([0.5] * 24, {"columns": "north"}, "unknown key 'load.columns'"),
        ([0.5] * 24, {"series": {"day": 3}}, "day.load.series.day = 3"),
    ],
)
def test_files_that_do_not_fit_are_refused(
    tmp_path: Path, values: list[Any], keys: dict[str, Any], message: str
) -> None:
    file = write(tmp_path, "load.csv", values)
    with pytest.raises(ScenarioError, match=message):
        read_day(own(load={"file": file, **keys}))


@pytest.mark.parametrize(
    ("day", "message"),
    [
        ({"load": {"file": "nowhere.csv"}}, "load file nowhere.csv"),
        ({"wind": {"file": "w.csv", "quantity": "wind_m_per_s"}}, "capacity_kw = None: a capacity goes with weather"),
        ({"wind": {"file": "w.csv", "capacity_kw": 2.0}}, "drop it"),
        ({"wind": {"file": "w.csv", "quantity": "wind"}}, "wind.quantity = 'wind'"),
        ({"slots": 48}, "load: the reconstructed day has 24 hours"),
        ({"slots": 0}, "slots = 0"),
        ({"value_of_lost_load": 0.0}, "value_of_lost_load = 0.0"),
    ],
)
def test_days_that_mean_nothing_are_refused(day: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        read_day(own(**day))


def test_a_calm_night_is_short_of_power_and_says_so(tmp_path: Path) -> None:
    nothing = write(tmp_path, "nothing.csv", [0.0] * 24)
    supply = f"wind: {{file: {nothing}}}, solar: {{file: {nothing}}}, slots: 2"
    with pytest.raises(VoltranError, match=r"hour 0, proposed: .*set day.value_of_lost_load"):
        played(tmp_path, f"day: {{{supply}}}")
    found = played(tmp_path, f"day: {{{supply}, value_of_lost_load: 3.0}}")
    proposed, traditional = found.curves
    assert not np.any(proposed.power_w)
    # Sites without battery lack all that they need; nobody pays for power.
    lacking_kw = np.array(proposed.demand_w)[:, [2, 3, 6, 7]].sum(axis=1) / 1e3
    assert np.sum(proposed.utility, axis=1) == pytest.approx(-3.0 * lacking_kw, abs=1e-3)
    assert np.sum(traditional.utility, axis=1) == pytest.approx(-3.0 * lacking_kw, abs=1e-3)


def test_a_day_over_rates_is_refused() -> None:
    with pytest.raises(ScenarioError, match="over = 'rates' has no day"):
        validated(Study, {"kind": "allocations", "title": "x", "day": {}}, "here")

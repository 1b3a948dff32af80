"""Measured loads: the world plays what the file says, from the chosen day on, and remembers the days before."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.envs.sharing.tools import small
from voltran.envs.errors import ScenarioError

HISTORY_DAYS, SITES, HOURS = 2, 6, 24 * 5


def load_kw(hour: int, site: int) -> float:
    return 1.0 + site + 0.01 * hour


def written(folder: Path, hours: range = range(HOURS), text: str | None = None) -> str:
    path = folder / "loads.csv"
    head = "time," + ",".join(f"site{site}" for site in range(SITES))
    rows = [
        ",".join(
            [
                f"2024-03-{4 + hour // 24:02d} {hour % 24:02d}:00",
                *(text if text is not None and hour == 60 else f"{load_kw(hour, site)!r}" for site in range(SITES)),
            ]
        )
        for hour in hours
    ]
    path.write_text("\n".join([head, *rows, ""]))
    return str(path)


def measured(path: str, **changes: Any) -> dict[str, Any]:
    return {"file": path, "series": {"day": HISTORY_DAYS}, **changes}


@pytest.mark.parametrize("start_hour", [0.0, 5.0])
def test_sites_draw_what_was_measured(tmp_path: Path, start_hour: float) -> None:
    overrides = {"load.measured": measured(written(tmp_path)), "weather.start_hour": start_hour}
    world = small(2, overrides)
    demand_kw = world.forecast.truth()[0]
    hour = start_hour + 24 * HISTORY_DAYS + np.arange(demand_kw.shape[1]) // 4
    expected = 1.0 + np.arange(SITES) + 0.01 * hour[:, None]
    np.testing.assert_allclose(demand_kw, np.broadcast_to(expected, demand_kw.shape))
    # Yesterday was 0.24 kW lower, all the time: persistence moves it up at first, and forgets.
    forecast_kw = world.forecast.demand_kw(20)
    np.testing.assert_allclose(forecast_kw[:, :, 0], np.broadcast_to(expected[0] - 0.24 * (1 - np.exp(-0.25)), (2, 6)))
    np.testing.assert_allclose(forecast_kw[:, :, -1], np.broadcast_to(expected[19] - 0.24, (2, 6)), atol=0.01)


def test_columns_are_chosen_by_name(tmp_path: Path) -> None:
    columns = ["site5", "site0", "site0", "site1", "site2", "site3"]
    world = small(1, {"load.measured": measured(written(tmp_path), columns=columns)})
    np.testing.assert_allclose(world.forecast.demand_now_kw()[0], [6.48, 1.48, 1.48, 2.48, 3.48, 4.48])


def test_sites_that_drew_nothing_have_no_share_by_energy(tmp_path: Path) -> None:
    path = tmp_path / "loads.csv"
    path.write_text("\n".join(["hour,a,b,c", *(f"{hour},1,0,2" for hour in range(-48, 30))]))
    loads = {"network.infrastructures": 1, "load.measured": {"file": str(path)}}
    assert small(1, loads).share[0] == pytest.approx(np.full(3, 1 / 3))
    with pytest.raises(ScenarioError, match=r"network.shares = 'energy': site 1 drew nothing in the 192 slots"):
        small(1, {**loads, "network.shares": "energy"})


@pytest.mark.parametrize(
    ("changes", "overrides", "message"),
    [
        ({"columns": ["site0"]}, {}, r"loads.csv gives 1 columns for 6 sites; name one per site in load.measured.colu"),
        ({}, {"network.infrastructures": 3}, r"gives 6 columns for 9 sites"),
        ({"columns": ["site9"] * 6}, {}, r"load file .* line 1 lacks the column site9"),
        ({"columns": []}, {}, r"load.measured.columns"),
        ({"series": {"day": 1}}, {}, r"nothing for 24 h from 2024-03-03 00:00:00 .*a later load.measured.series.day"),
        ({"series": {"day": 4}}, {}, r"load.measured.series.day = 4: .* ends at 2024-03-08 23:00:00"),
        ({}, {"forecast.kind": "federated"}, r"federated' needs the traffic of sites, and load.measured.file"),
        ({"file": "absent.csv"}, {}, r"absent.csv: cannot be read"),
    ],
)
def test_bad_files_are_named(tmp_path: Path, changes: Any, overrides: dict[str, Any], message: str) -> None:
    path = written(tmp_path)
    with pytest.raises(ScenarioError, match=message):
        small(1, {"load.measured": measured(path, **changes), **overrides})


@pytest.mark.parametrize(
    ("text", "message"),
    [("-1", r"line 62, column site0 = '-1': must be a number of at least 0"), ("", r"site0 has nothing for 1 h from")],
)
def test_bad_values_are_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        small(1, {"load.measured": measured(written(tmp_path, text=text))})

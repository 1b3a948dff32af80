"""Costs of ownership from plans of real weeks: conservation, closed forms, and what must be monotone or convex."""

from functools import cache
from typing import Any

import numpy as np
import pytest

from voltran.envs.errors import ScenarioError
from voltran.experiments.calculations.working import Working
from voltran.experiments.collective.annual_cost import SCENARIOS, annual_cost, crossing_ratio, network_lines
from voltran.experiments.collective.cumulative_cost import claims, cumulative_cost
from voltran.experiments.collective.energy_year import EnergyYear, month_of_energy
from voltran.experiments.collective.ownership import (
    CASES,
    EXCLUSIVE_BATTERY,
    EXCLUSIVE_GRID,
    FLAT,
    SHARED_BATTERY,
    SHARED_GRID,
    TIME_OF_USE,
    Ownership,
    Priced,
    YearlyEnergy,
    cases,
    changed,
    finite,
)
from voltran.experiments.collective.payback import PaybackSettings, migration_payback_y, payback
from voltran.physics.ownership import sharing_ratio

SMALL = {"infrastructures": 1, "months": [6], "period_h": 0.5}
BATTERY = {
    "swing": 700.0,
    "solar_kwh": 3000.0,
    "solar_used_kwh": 2900.0,
    "optimal": 1.0,
    "plans": 1.0,
}


@cache
def week(
    shared: bool,
    spread: float = 0.24,
    panels_kw: float = 3.0,
    kind: Any = "time_of_use",
    battery_eur: float = 10_000.0,
) -> dict[str, Any]:
    """A week in June at one place."""
    tariff = {"spread_eur_per_kwh": spread, "kind": kind, "daily_variation": 0.0}
    year = EnergyYear.model_validate(
        SMALL | {"tariff": tariff, "panels": {"capacity_kw": panels_kw}, "battery": {"price_eur": battery_eur}}
    )
    return month_of_energy(year, 6, shared, 1)


def gain_eur(found: dict[str, Any]) -> float:
    return float(np.sum(found["grid_eur"]) - np.sum(found["battery_eur"]))


def made(grid: float = 9000.0, exclusive: float = 7000.0, shared: float = 8000.0, **costs: float) -> Priced:
    """The four ways at energies per site and year."""
    ownership = changed(Ownership(), {f"costs.{name}": value for name, value in costs.items()}, "here")
    energy = YearlyEnergy(np.full(6, grid), np.full(6, exclusive), np.full(6, shared), dict(BATTERY), dict(BATTERY))
    return Priced(ownership, energy, cases(ownership, energy))


@pytest.mark.parametrize("shared", [False, True])
def test_energy_is_conserved_and_no_plan_is_worse_than_the_grid(shared: bool) -> None:
    found = week(shared)
    lost_kwh = found["bought_kwh"] + found["solar_used_kwh"] - found["load_kwh"]
    assert 0.0 < lost_kwh < 0.1 * found["load_kwh"]
    assert found["solar_used_kwh"] <= found["solar_kwh"] * (1.0 + 1e-9)
    assert found["batteries"] == (1 if shared else 3)
    assert len(found["grid_eur"]) == len(found["battery_eur"]) == 3
    assert found["statuses"] == {"optimal": found["batteries"]}
    assert gain_eur(found) > 0.0
    assert found["solar_kwh"] == pytest.approx(week(not shared)["solar_kwh"] * (1 / 3 if shared else 3))
    assert found["grid_eur"] == week(not shared)["grid_eur"]


@pytest.mark.parametrize("shared", [False, True])
def test_a_battery_gains_nothing_where_prices_are_flat_and_nothing_shines(shared: bool) -> None:
    found = week(shared, panels_kw=0.0, kind="flat")
    assert found["battery_eur"] == pytest.approx(found["grid_eur"])
    assert found["swing"] == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("shared", [False, True])
def test_at_a_flat_price_panels_alone_gain_at_most_what_they_give(shared: bool) -> None:
    found = week(shared, kind="flat")
    # Through the battery: lossless at best, and with both efficiencies if all is stored and given again.
    worth_eur = 0.28 * found["solar_used_kwh"]
    assert 0.9 * worth_eur <= gain_eur(found) <= worth_eur


@pytest.mark.parametrize("shared", [False, True])
def test_the_gain_rises_with_the_spread_ever_faster(shared: bool) -> None:
    # The best of many plans, each of which gains in proportion to the spread: a convex function of it. No wear here.
    found = [week(shared, spread=spread, battery_eur=0.0) for spread in (0.0, 0.2, 0.4)]
    gains = [gain_eur(each) for each in found]
    within_gap_eur = 1e-3 * max(float(np.sum(each["battery_eur"])) for each in found)
    assert gains == sorted(gains)
    assert gains[2] - 2.0 * gains[1] + gains[0] > -4.0 * within_gap_eur


def test_totals_paybacks_and_crossings_are_the_closed_forms() -> None:
    found = made()
    assert [found.end_keur(name) for name in CASES] == pytest.approx(
        [
            100 + 15 * (50 + 9),
            113 + 15 * (50 + 7),
            100 / 3 + 15 * (50 / 3 + 9),
            113 / 3 + 15 * (50 / 3 + 8),
        ]
    )
    assert found.payback_y(shared=False) == pytest.approx(13.0 / 2.0)
    assert found.payback_y(shared=True) == pytest.approx(13.0 / 3.0)
    for shared, pair in ((False, (EXCLUSIVE_GRID, EXCLUSIVE_BATTERY)), (True, (SHARED_GRID, SHARED_BATTERY))):
        grid, battery = (found.total_keur(name, np.array(found.payback_y(shared=shared))) for name in pair)
        assert grid == pytest.approx(battery)
    assert migration_payback_y(found, 50_000.0) == pytest.approx((113 / 3) / (50 * 2 / 3 + 1))
    assert migration_payback_y(found, 0.0, to=SHARED_GRID) == np.inf
    assert np.isinf(made(exclusive=9000.0).payback_y(shared=False))
    assert found.health_at_end(shared=False) == pytest.approx(1.0 - 8.85e-6 * 700.0 * 15)


def test_a_saving_that_rounding_leaves_is_none() -> None:
    assert finite(made(exclusive=9000.0 - 1e-11).payback_y(shared=False)) is None
    assert finite(np.inf) is None
    assert finite(12.5) == 12.5


def test_discounting_lengthens_and_growth_shortens_paybacks() -> None:
    plain = made().payback_y(shared=False)
    assert made(discount_rate=0.05).payback_y(shared=False) > plain
    assert made(price_growth=0.05).payback_y(shared=False) < plain
    assert made(discount_rate=0.05, price_growth=0.05).payback_y(shared=False) == pytest.approx(plain)


@pytest.mark.parametrize(("exclusive", "shared"), [(7000.0, 8000.0), (7900.0, 7500.0)])
def test_scenarios_are_linear_in_the_ratio_and_cross_where_the_formula_says(exclusive: float, shared: float) -> None:
    found = made(exclusive=exclusive, shared=shared)
    zeta, lines = network_lines(found)
    assert (zeta[0], zeta[-1]) == (0.0, 1.0)
    for name, (first, second) in SCENARIOS.items():
        ends = [1.2 * found.end_keur(way) / 15.0 for way in (second, first)]
        assert lines[name] == pytest.approx((1.0 - zeta) * ends[0] + zeta * ends[1]), name
    star = crossing_ratio(found)
    if found.end_keur(SHARED_BATTERY) < found.end_keur(SHARED_GRID) and exclusive < 8000.0:
        assert star is not None
        difference = lines["grid / battery"] - lines["battery / grid"]
        assert np.interp(star, zeta, difference) == pytest.approx(0.0, abs=1e-9)
        assert np.all(difference[zeta < star - 1e-9] < 0.0)


def test_there_is_no_crossing_where_a_battery_gains_nothing() -> None:
    assert crossing_ratio(made(exclusive=9000.0)) is None
    assert crossing_ratio(made(shared=9000.0)) is None


def test_networks_are_of_whole_places() -> None:
    with pytest.raises(ScenarioError, match=r"network_sites = 1000: must be a multiple of energy.sites = 3"):
        changed(Ownership(), {"network_sites": 1000}, "here")
    odd = made()._replace(ownership=changed(Ownership(), {"network_sites": 12}, "here"))
    zeta, _ = network_lines(odd)
    assert zeta.tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert sharing_ratio(np.array([1 / 3, 1 / 3, 1 / 3, 1.0])) == 0.75


def test_verdicts_follow_the_numbers() -> None:
    good, bad = made(), made(exclusive=8500.0, shared=8900.0)
    found = [claim.verdict for claim in claims({TIME_OF_USE: good, FLAT: bad})]
    assert found == ["holds", "fails", "holds", "holds", "fails", "holds", "holds", "holds"]
    turned = [claim.verdict for claim in claims({TIME_OF_USE: bad, FLAT: good})]
    assert turned == ["fails", "holds", "fails", "fails", "holds", "holds", "holds", "fails"]


@pytest.fixture(scope="module")
def working(tmp_path_factory: pytest.TempPathFactory) -> Working:
    folder = tmp_path_factory.mktemp("ownership")
    return Working(folder, 1, lambda text: None, folder / "parts")


def tiny(**changes: Any) -> Ownership:
    small = {"infrastructures": 1, "months": [6], "period_h": 0.5}
    return changed(Ownership(), {f"energy.{name}": value for name, value in small.items()} | changes, "here")


def test_figures_say_what_the_plans_give(working: Working) -> None:
    figure = cumulative_cost(tiny(), working)
    values = {name: value for name, value in figure.values.items() if value is not None}
    lines = {series.name: series for series in figure.charts[0].series}
    assert list(lines) == list(CASES)
    for name, line in lines.items():
        assert line.y[-1] == pytest.approx(values[f"{name.replace(', ', '_')}_keur"])
        assert np.diff(np.array(line.y, float), 2) == pytest.approx(0.0, abs=1e-9)
    for series in figure.charts[1].series:
        assert series.y[0] is not None
        assert series.y[0] < 0.0
    assert len(list((working.folder / "parts").iterdir())) == 4
    network = annual_cost(tiny(), working)
    assert len(list((working.folder / "parts").iterdir())) == 4  # shared with the other figure
    for series in network.charts[0].series:
        assert len(series.x) == len(series.y) == 21


def test_paybacks_over_assumptions(working: Working) -> None:
    settings = PaybackSettings(
        base=tiny(),
        spreads_eur_per_kwh=(0.24, 0.36),
        panels_kw=(3.0,),
        variants={"lossless": {"energy.battery.charge_efficiency": 1.0, "energy.battery.discharge_efficiency": 1.0}},
    )
    found = payback(settings, working)
    assert [table.title for table in found.tables] == ["Price spread", "Panels", "Rent", "Other assumptions"]
    assert found.values["payback_exclusive_most_spread_y"] < found.values["payback_exclusive_least_spread_y"]  # type: ignore[operator]
    usual, lossless = found.tables[-1].rows
    assert lossless[-2] < usual[-2]  # type: ignore[operator]
    with pytest.raises(ScenarioError, match=r"variant 'wrong': unknown key 'energy.tarif'"):
        payback(settings.model_copy(update={"variants": {"wrong": {"energy.tarif": 1}}}), working)

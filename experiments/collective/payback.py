"""After how many years batteries, panels and sharing come back, and what that depends on."""

from collections.abc import Mapping
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from voltran.envs import domains
from voltran.envs.scenario import Section
from voltran.experiments.calculations.findings import Chart, Findings, Series, Table
from voltran.experiments.calculations.working import Working
from voltran.experiments.collective.ownership import (
    EXCLUSIVE_GRID,
    FLAT,
    KEUR,
    SHARED_BATTERY,
    SHARED_GRID,
    TIME_OF_USE,
    Ownership,
    Priced,
    changed,
    finite,
    priced,
)
from voltran.physics.ownership import payback_years

# Longer paybacks are not drawn.
LONGEST_DRAWN_Y = 30.0
_SPREAD = (
    "Of a usual day. Days differ besides, by `energy.tariff.daily_variation`, so that storing from one day to the next "
    "gains a little where prices within a day are equal. The flat tariff of the next table has neither."
)
_OTHERS = "With other numbers of sites per infrastructure they are other sites, whose demand differs."
KIND = {TIME_OF_USE: "time_of_use", FLAT: "flat"}


class PaybackSettings(Section):
    """What to vary, one thing at a time.

    Attributes:
        base: what the rest is compared with.
        spreads_eur_per_kwh: of the tariff, the highest less the lowest price of a usual day.
        panels_kw: capacity of panels; they cost in proportion.
        rents_eur_per_year: of a place.
        variants: title to keys of ``base`` that are set differently, dotted.
    """

    base: Ownership = Ownership()
    spreads_eur_per_kwh: Annotated[tuple[domains.EurPerKwh, ...], Field(min_length=1)] = (0.0, 0.12, 0.24, 0.36)
    panels_kw: Annotated[tuple[domains.PowerKw, ...], Field(min_length=1)] = (0.0, 3.0, 6.0, 9.0)
    rents_eur_per_year: Annotated[tuple[domains.Eur, ...], Field(min_length=1)] = (0.0, 10_000.0, 50_000.0)
    variants: dict[str, dict[str, Any]] = Field(default_factory=dict)


def payback(options: PaybackSettings, working: Working) -> Findings:
    """Paybacks over the price spread, the size of panels, the rent and other assumptions.

    Args:
        options: what to vary.
        working: where to keep what is finished.

    Raises:
        ScenarioError: a variant with a key that is unknown, or a value out of range; before anything is computed.
    """
    base = options.base
    variants = {title: changed(base, changes, f"variant {title!r}") for title, changes in options.variants.items()}
    found = priced(base, working)
    spreads = {
        spread: priced(changed(base, {"energy.tariff.spread_eur_per_kwh": spread}, "spread"), working)
        for spread in options.spreads_eur_per_kwh
    }
    panels = {
        f"{tariff}, {power_kw:g} kW": priced(changed(base, _panels(tariff, power_kw), "panels"), working)
        for tariff in KIND
        for power_kw in options.panels_kw
    }
    others = {title: priced(ownership, working) for title, ownership in variants.items()}
    return Findings(
        charts=(_spread_chart(spreads),),
        tables=(
            _table(
                "Price spread", "Spread (EUR/kWh)", {f"{spread:g}": each for spread, each in spreads.items()}, _SPREAD
            ),
            _table("Panels", "Tariff, panels", panels),
            _rent_table(options, found),
            _table("Other assumptions", "Assumption", {"as in the other tables": found, **others}, _OTHERS),
        ),
        values={
            "payback_exclusive_y": finite(found.payback_y(shared=False)),
            "payback_shared_y": finite(found.payback_y(shared=True)),
            "migration_y": finite(migration_payback_y(found, base.costs.rent_eur_per_year)),
            **_extremes(spreads),
        },
    )


def migration_payback_y(found: Priced, rent_eur_per_year: float, to: str = SHARED_BATTERY) -> float:
    """Years after which an exclusive site on the grid has saved what moving to a shared infrastructure costs it.

    Args:
        found: the four ways to feed a site.
        rent_eur_per_year: of a place.
        to: what it moves to; what it leaves has been paid.

    Returns:
        Years; infinite where it never does.
    """
    alone, shared = found.ways[EXCLUSIVE_GRID], found.ways[to]
    saving_eur = (alone.share - shared.share) * rent_eur_per_year + alone.energy_eur - shared.energy_eur
    discount = found.ownership.costs.discount_rate
    return float(payback_years(np.array(shared.capital_eur()), np.array(saving_eur), discount))


def _panels(tariff: str, power_kw: float) -> dict[str, Any]:
    return {"energy.tariff.kind": KIND[tariff], "energy.panels.capacity_kw": power_kw}


def _extremes(spreads: Mapping[float, Priced]) -> dict[str, float | None]:
    """Paybacks at the smallest and the largest spread."""
    ends = {"least": spreads[min(spreads)], "most": spreads[max(spreads)]}
    return {
        f"payback_{who}_{end}_spread_y": finite(each.payback_y(shared=who == "shared"))
        for end, each in ends.items()
        for who in ("exclusive", "shared")
    }


def _spread_chart(spreads: Mapping[float, Priced]) -> Chart:
    x = tuple(sorted(spreads))
    series = []
    for who in ("exclusive", "shared"):
        years = [spreads[spread].payback_y(shared=who == "shared") for spread in x]
        shown = tuple(year if year <= LONGEST_DRAWN_Y else None for year in years)
        series.append(Series(name=f"{who} battery", x=x, y=shown))
    lifetime = float(next(iter(spreads.values())).ownership.years)
    series.append(Series(name="years of ownership", x=x, y=(lifetime,) * len(x)))
    return Chart(
        name="payback-spread",
        title="Payback of battery and panels over the spread of prices",
        x_label="Highest less lowest price of a usual day (EUR/kWh)",
        y_label="Payback (years)",
        series=tuple(series),
        from_zero=True,
    )


def _table(title: str, first: str, found: Mapping[str, Priced], note: str = "") -> Table:
    rows = []
    for name, each in found.items():
        energies = each.energy.grid_eur, each.energy.exclusive_eur, each.energy.shared_eur
        paybacks = finite(each.payback_y(shared=False)), finite(each.payback_y(shared=True))
        rows.append((name, *(f"{KEUR * float(energy.mean()):.2f}" for energy in energies), *paybacks))
    columns = (
        first,
        "Energy from the grid (kEUR/y)",
        "with a battery of its own",
        "with a shared battery",
        "Payback exclusive (y)",
        "shared (y)",
    )
    return Table(title=title, columns=columns, rows=tuple(rows), note=note)


def _rent_table(options: PaybackSettings, found: Priced) -> Table:
    rows = []
    for rent_eur in options.rents_eur_per_year:
        moves = [finite(migration_payback_y(found, rent_eur, to)) for to in (SHARED_GRID, SHARED_BATTERY)]
        batteries = [finite(found.payback_y(shared=shared)) for shared in (False, True)]
        rows.append((f"{KEUR * rent_eur:g}", *moves, *batteries))
    columns = (
        "Rent (kEUR/y)",
        "Payback of moving to a shared grid connection (y)",
        "to a shared battery (y)",
        "of an exclusive battery (y)",
        "of a shared battery (y)",
    )
    note = (
        "Rent is paid for a place, with or without a battery, so that it does not matter to a battery. It matters to a "
        "site that has paid for its own infrastructure and moves to a shared one."
    )
    return Table(title="Rent", columns=columns, rows=tuple(rows), note=note)

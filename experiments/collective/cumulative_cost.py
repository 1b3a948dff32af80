"""[CG] Fig. 4: what a site has cost after so many years, fed in four ways."""

from itertools import pairwise

import numpy as np

from voltran.experiments.calculations.findings import Chart, Claim, Findings, Series, Table
from voltran.experiments.calculations.working import Working
from voltran.experiments.collective.ownership import (
    CASES,
    EXCLUSIVE_BATTERY,
    EXCLUSIVE_GRID,
    FLAT,
    KEUR,
    SHARED_BATTERY,
    SHARED_GRID,
    TIME_OF_USE,
    Ownership,
    Priced,
    both_tariffs,
    finite,
)

PAIRS = {"exclusive": (EXCLUSIVE_GRID, EXCLUSIVE_BATTERY), "shared": (SHARED_GRID, SHARED_BATTERY)}
TEXT = "text of Fig. 4"


def cumulative_cost(options: Ownership, working: Working) -> Findings:
    """Total cost per site over years, with prices by the time of use and with the printed flat price.

    Args:
        options: what to compare.
        working: where to keep what is finished.
    """
    both = both_tariffs(options, working)
    return Findings(
        claims=claims(both),
        charts=(_total_chart(both[TIME_OF_USE]), _gain_chart(both)),
        tables=(_totals_table(both), _batteries_table(both)),
        values=_values(both),
    )


def claims(both: dict[str, Priced]) -> tuple[Claim, ...]:
    """What the paper says of the figure, and whether it is so.

    Args:
        both: tariff to what was found with it.
    """
    used, flat = both[TIME_OF_USE], both[FLAT]
    return (*_order_claims(used, flat), *_offset_claims(used, flat), *_end_claims(used))


def _order_claims(used: Priced, flat: Priced) -> tuple[Claim, ...]:
    """Which way is dearest, and so on."""
    return (
        Claim.judged(
            "the order after 15 years is exclusive grid, exclusive battery, shared grid, shared battery, dearest first",
            "curves of Fig. 4",
            f"{_order(used)}, with prices by the time of use",
            _ordered(used),
        ),
        Claim.judged(
            "the same at the price of Table I, 0.28 EUR/kWh at all times", "Table I", _order(flat), _ordered(flat)
        ),
    )


def _offset_claims(used: Priced, flat: Priced) -> tuple[Claim, ...]:
    """Whether batteries come back."""
    exclusive_y, shared_y, horizon_y = used.payback_y(shared=False), used.payback_y(shared=True), used.ownership.years
    flat_y = flat.payback_y(shared=False), flat.payback_y(shared=True)
    return (
        Claim.judged(
            "an exclusive battery costs more at first and is offset by lower grid usage over time",
            TEXT,
            f"offset after {_years(exclusive_y)}",
            0.0 < exclusive_y < horizon_y,
        ),
        Claim.judged("a shared battery is, too", TEXT, f"offset after {_years(shared_y)}", 0.0 < shared_y < horizon_y),
        Claim.judged(
            "both are offset at the price of Table I",
            "Table I",
            f"after {_years(flat_y[0])} and {_years(flat_y[1])}",
            max(flat_y) < horizon_y,
        ),
    )


def _end_claims(used: Priced) -> tuple[Claim, ...]:
    """Which way is cheapest at once, and at the end."""
    ends = {name: used.end_keur(name) for name in CASES}
    first = {name: used.ways[name].capital_eur() for name in CASES}
    return (
        Claim.judged(
            "sharing the grid connection alone saves more than an exclusive battery",
            TEXT,
            f"{ends[EXCLUSIVE_GRID] - ends[SHARED_GRID]:.0f} and "
            f"{ends[EXCLUSIVE_GRID] - ends[EXCLUSIVE_BATTERY]:.1f} kEUR",
            ends[SHARED_GRID] < ends[EXCLUSIVE_BATTERY],
        ),
        Claim.judged(
            "sharing the grid connection alone minimises early expenditure",
            TEXT,
            f"{KEUR * first[SHARED_GRID]:.1f} kEUR at once; next {KEUR * sorted(first.values())[1]:.1f}",
            min(first, key=lambda name: first[name]) == SHARED_GRID,
        ),
        Claim.judged(
            "shared storage has the best long-term performance",
            TEXT,
            f"{ends[SHARED_BATTERY]:.1f} kEUR; next {sorted(ends.values())[1]:.1f}",
            min(ends, key=lambda name: ends[name]) == SHARED_BATTERY,
        ),
    )


def _ordered(priced: Priced) -> bool:
    ends = [priced.end_keur(name) for name in CASES]
    return all(dearer > cheaper for dearer, cheaper in pairwise(ends))


def _order(priced: Priced) -> str:
    return ", ".join(f"{priced.end_keur(name):.1f}" for name in CASES) + " kEUR"


def _years(years: float) -> str:
    return f"{years:.1f} years" if np.isfinite(years) else "no time"


def _total_chart(priced: Priced) -> Chart:
    years = np.arange(priced.ownership.years + 1.0)
    return Chart(
        name="cumulative-cost",
        title="Cumulative cost of a site, prices by the time of use",
        x_label="Time (years)",
        y_label="Cost (kEUR per site)",
        series=tuple(
            Series(name=name, x=tuple(years.tolist()), y=tuple(priced.total_keur(name, years).tolist()))
            for name in CASES
        ),
        from_zero=True,
    )


def _gain_chart(both: dict[str, Priced]) -> Chart:
    years = np.arange(next(iter(both.values())).ownership.years + 1.0)
    series = []
    for tariff, priced in both.items():
        for who, (without, having) in PAIRS.items():
            gain_keur = priced.total_keur(without, years) - priced.total_keur(having, years)
            series.append(Series(name=f"{who}, {tariff}", x=tuple(years.tolist()), y=tuple(gain_keur.tolist())))
    return Chart(
        name="battery-gain",
        title="What battery and panels have gained a site: above zero from the payback on",
        x_label="Time (years)",
        y_label="Gain (kEUR per site)",
        series=tuple(series),
    )


def _totals_table(both: dict[str, Priced]) -> Table:
    rows = []
    for tariff, priced in both.items():
        for name in CASES:
            way = priced.ways[name]
            rent_eur = way.share * way.costs.rent_eur_per_year
            parts = (KEUR * way.capital_eur(), KEUR * rent_eur, KEUR * way.energy_eur, priced.end_keur(name))
            rows.append((tariff, name, *(f"{part:.2f}" for part in parts)))
    years = next(iter(both.values())).ownership.years
    columns = ("Tariff", "Way", "At once (kEUR)", "Rent (kEUR/y)", "Energy (kEUR/y)", f"Sum of {years} years (kEUR)")
    note = "Means over all sites. Sharing saves rent and roll-out above all; batteries are a small part of the whole."
    return Table(title="Costs of a site", columns=columns, rows=tuple(rows), keys=2, note=note)


def _batteries_table(both: dict[str, Priced]) -> Table:
    rows = []
    for tariff, priced in both.items():
        for who in PAIRS:
            shared = who == "shared"
            found = priced.energy.shared if shared else priced.energy.exclusive
            each_y = priced.site_paybacks_y(shared=shared)
            rows.append(
                (
                    tariff,
                    who,
                    finite(priced.payback_y(shared=shared)),
                    f"{np.mean(each_y < priced.ownership.years):.0%}",
                    found["swing"] / 365.0,
                    f"{priced.health_at_end(shared=shared):.3f}",
                    f"{found['solar_used_kwh'] / found['solar_kwh']:.1%}" if found["solar_kwh"] else None,
                    f"{found['optimal']:.0f} of {found['plans']:.0f}",
                )
            )
    columns = (
        "Tariff",
        "Battery",
        "Payback (y)",
        "Sites that it pays for",
        "Sum of changes of SoC a day",
        "SoH at the end",
        "Solar energy used",
        "Plans within the gap",
    )
    note = "A site counts as one that it pays for where its own saving has returned its own part before the end."
    return Table(title="Batteries", columns=columns, rows=tuple(rows), keys=2, note=note)


def _values(both: dict[str, Priced]) -> dict[str, float | None]:
    values: dict[str, float | None] = {}
    for tariff, priced in both.items():
        ending = "" if tariff == TIME_OF_USE else f"_{tariff}"
        for who in PAIRS:
            values[f"payback_{who}_y{ending}"] = finite(priced.payback_y(shared=who == "shared"))
        for name in CASES:
            values[f"{name.replace(', ', '_')}_keur{ending}"] = priced.end_keur(name)
    return values

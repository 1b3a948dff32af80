"""[CG] Fig. 5: what a network costs a year, by the share of its sites that share an infrastructure."""

import numpy as np

from voltran.experiments.calculations.findings import Cell, Chart, Claim, Findings, Series, Table
from voltran.experiments.calculations.working import Working
from voltran.experiments.collective.ownership import (
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
)
from voltran.physics.arrays import FloatArray
from voltran.physics.ownership import network_cost_eur, sharing_ratio

MEUR = 1e-6
POINTS, SHOWN = 21, 5
NO_SHARING = "no sharing, zeta with battery"
# Shared sites' technology / that of exclusive ones.
SCENARIOS = {
    "battery / battery": (SHARED_BATTERY, EXCLUSIVE_BATTERY),
    "battery / grid": (SHARED_BATTERY, EXCLUSIVE_GRID),
    "grid / battery": (SHARED_GRID, EXCLUSIVE_BATTERY),
    "grid / grid": (SHARED_GRID, EXCLUSIVE_GRID),
    NO_SHARING: (EXCLUSIVE_BATTERY, EXCLUSIVE_GRID),
}
TEXT = "text of Fig. 5"


def annual_cost(options: Ownership, working: Working) -> Findings:
    """Annual cost of a network over the ratio of sites that share, in five scenarios.

    Args:
        options: what to compare.
        working: where to keep what is finished.
    """
    both = both_tariffs(options, working)
    used = both[TIME_OF_USE]
    zeta, lines = network_lines(used)
    return Findings(
        claims=claims(used, lines),
        charts=(_chart(options, zeta, lines), _surplus_chart(zeta, lines)),
        tables=tuple(_table(tariff, priced) for tariff, priced in both.items()),
        values={
            "zeta_star": crossing_ratio(used),
            "zeta_star_flat": crossing_ratio(both[FLAT]),
            "all_exclusive_meur": float(lines["grid / grid"][0]),
            "all_shared_meur": float(lines["battery / battery"][-1]),
        },
    )


def network_lines(priced: Priced) -> tuple[FloatArray, dict[str, FloatArray]]:
    """What the network costs a year, with all that is paid at once spread over the years of ownership.

    Args:
        priced: the four ways to feed a site.

    Returns:
        ``[point]`` zeta, and scenario to ``[point]`` MEUR per year. Without sharing, zeta is the share of sites with a
        battery.
    """
    together = priced.ownership.energy.sites
    places = priced.ownership.network_sites // together
    counts = together * np.unique(np.rint(np.linspace(0.0, places, POINTS)).astype(int))
    exclusive_counts = priced.ownership.network_sites - counts
    zeta = [
        float(sharing_ratio(np.repeat([1.0 / together, 1.0], pair)))
        for pair in zip(counts, exclusive_counts, strict=True)
    ]
    lines = {
        name: np.array([_network_meur(priced, ways, pair) for pair in zip(counts, exclusive_counts, strict=True)])
        for name, ways in SCENARIOS.items()
    }
    return np.array(zeta), lines


def crossing_ratio(priced: Priced) -> float | None:
    """zeta up to which batteries at exclusive sites only cost less than at shared sites only.

    Args:
        priced: the four ways to feed a site.

    Returns:
        gX / (gX + gS), with g what a battery gains an exclusive or shared site; ``None`` where not both gain.
    """
    exclusive = priced.end_keur(EXCLUSIVE_GRID) - priced.end_keur(EXCLUSIVE_BATTERY)
    shared = priced.end_keur(SHARED_GRID) - priced.end_keur(SHARED_BATTERY)
    return exclusive / (exclusive + shared) if exclusive > 0.0 and shared > 0.0 else None


def claims(priced: Priced, lines: dict[str, FloatArray]) -> tuple[Claim, ...]:
    """What the paper says of the figure, and whether it is so.

    Args:
        priced: the four ways to feed a site.
        lines: scenario to ``[point]`` MEUR per year.
    """
    sharing = {name: line for name, line in lines.items() if name != NO_SHARING}
    falls = [float(line[0] - line[-1]) for line in sharing.values()]
    margin = min(float((lines[NO_SHARING] - line)[1:].min()) for line in sharing.values())
    everywhere = lines["battery / battery"]
    ahead = min(float((line - everywhere).min()) for name, line in sharing.items())
    star = crossing_ratio(priced)
    gain_keur = priced.ways[SHARED_GRID].energy_eur - priced.ways[SHARED_BATTERY].energy_eur
    gain_keur *= KEUR * priced.ownership.years
    extra_keur = KEUR * (priced.ways[SHARED_BATTERY].capital_eur() - priced.ways[SHARED_GRID].capital_eur())
    return (
        Claim.judged(
            "costs fall with the sharing ratio in all four scenarios with sharing",
            TEXT,
            f"by {min(falls):.1f} to {max(falls):.1f} MEUR/y from zeta = 0 to 1",
            all(bool(np.all(np.diff(line) < 0.0)) for line in sharing.values()),
        ),
        Claim.judged(
            "sharing is always cheaper than no sharing at the same zeta",
            TEXT,
            f"by {margin:.2f} MEUR/y at least, where anybody shares",
            margin > 0.0,
        ),
        Claim.judged(
            "it is best to give all sites batteries", TEXT, f"ahead by {ahead:.2f} MEUR/y at least", ahead >= -1e-9
        ),
        Claim.judged(
            "where most sites are exclusive, batteries belong to these: grid / battery is cheaper than battery / grid",
            TEXT,
            "never" if star is None else f"for zeta below {star:.3f}",
            star is not None and star >= 0.5,
        ),
        Claim.judged(
            "because shared batteries save less than they cost",
            TEXT,
            f"a site's part costs {extra_keur:.1f} kEUR and saves {gain_keur:.1f} in {priced.ownership.years} years; "
            "an exclusive battery saves more, which is enough for the claim before",
            gain_keur < extra_keur,
        ),
    )


def _series(zeta: FloatArray, lines: dict[str, FloatArray]) -> tuple[Series, ...]:
    return tuple(Series(name=name, x=tuple(zeta.tolist()), y=tuple(line.tolist())) for name, line in lines.items())


def _chart(options: Ownership, zeta: FloatArray, lines: dict[str, FloatArray]) -> Chart:
    return Chart(
        name="annual-cost",
        title=f"{options.network_sites} sites; technology of sites that share / of those that do not",
        x_label="Share of the sites that share, zeta",
        y_label="Annual cost (MEUR)",
        series=_series(zeta, lines),
        from_zero=True,
    )


def _surplus_chart(zeta: FloatArray, lines: dict[str, FloatArray]) -> Chart:
    everywhere = lines["battery / battery"]
    surplus = {name: line - everywhere for name, line in lines.items() if name not in ("battery / battery", NO_SHARING)}
    return Chart(
        name="without-batteries",
        title="What it costs more than batteries everywhere, with batteries at some sites or at none",
        x_label="Share of the sites that share, zeta",
        y_label="Annual cost on top (MEUR)",
        series=_series(zeta, surplus),
    )


def _network_meur(priced: Priced, ways: tuple[str, str], counts: tuple[int, int]) -> float:
    """A year of a network of so many sites fed in the first way, and the others in the second."""
    years = np.array(float(priced.ownership.years))
    each_eur = [float(priced.ways[way].total_eur(years, priced.ownership.costs)) for way in ways]
    return MEUR * float(network_cost_eur(np.repeat(each_eur, counts))) / priced.ownership.years


def _table(tariff: str, priced: Priced) -> Table:
    zeta, lines = network_lines(priced)
    step = max((len(zeta) - 1) // (SHOWN - 1), 1)
    rows: list[tuple[Cell, ...]] = [
        (f"{zeta[at]:g}", *(float(line[at]) for line in lines.values())) for at in range(0, len(zeta), step)
    ]
    return Table(
        title=f"Annual cost, {tariff} (MEUR)",
        columns=("zeta", *lines),
        rows=tuple(rows),
        note=f"Roll-out, batteries and panels spread over {priced.ownership.years} years, and rent and energy.",
        on_request=tariff == FLAT,
    )

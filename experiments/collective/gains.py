"""Who gains what from sharing a battery: coalitions of operators, splits of what they save, and who would leave."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any, NamedTuple

import numpy as np
from pydantic import Field

from voltran.baselines.collective.coalitions import coalition_costs, savings_game
from voltran.baselines.collective.gains import (
    alone,
    by_energy,
    is_individually_rational,
    least_core,
    nash_bargaining,
    objections,
    shapley,
)
from voltran.baselines.collective.world_problems import day_problem, sites_of
from voltran.envs.scenario import Section
from voltran.envs.sharing.world import SharingWorld
from voltran.experiments.calculations.findings import Chart, Claim, Findings, Series, Table
from voltran.experiments.calculations.one_world import one_world
from voltran.experiments.calculations.working import Working
from voltran.physics.arrays import FloatArray

SPLITS = ("by energy", "Shapley", "Nash bargaining")


class GainsOptions(Section):
    """What to compute.

    Attributes:
        scenario: whose demands, prices and panels are planned for.
        overrides: dotted keys of it.
        seeds: of its episodes.
        days: of each episode, from 0 on; every day is planned by itself, and ends as full as it begins.
        gap: of the plans' costs. What operators could gain is a few percent of it, so that it must be small.
    """

    scenario: str = "sharing12"
    overrides: dict[str, Any] = Field(default_factory=dict)
    seeds: Annotated[tuple[int, ...], Field(min_length=1)] = (500, 501)
    days: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)] = (0, 1, 2, 3, 4, 5, 6)
    gap: Annotated[float, Field(gt=0.0, le=0.01)] = 1e-4


class Place(NamedTuple):
    """The game of one infrastructure in one episode; money and energy per day.

    Attributes:
        name: of it.
        operators: ``[player]``.
        values: the game.
        energy_kwh: ``[player]``.
        doubt_eur: what the gap of the plans leaves open.
    """

    name: str
    operators: list[int]
    values: FloatArray
    energy_kwh: FloatArray
    doubt_eur: float

    @property
    def splits(self) -> dict[str, FloatArray]:
        """Name to what each player gets."""
        found = (by_energy(self.values, self.energy_kwh), shapley(self.values), nash_bargaining(self.values))
        return dict(zip(SPLITS, found, strict=True))

    @property
    def surplus_eur(self) -> float:
        """What all save together beyond what they save alone."""
        return float(self.values[-1] - alone(self.values).sum())


def gains(options: GainsOptions, working: Working) -> Findings:
    """Splits of what operators save who share a battery, per infrastructure and in all.

    Args:
        options: what to compute.
        working: where to keep what is finished.
    """
    places = [place for seed in options.seeds for place in _places(options, seed, working)]
    splits = {name: [place.splits[name] for place in places] for name in SPLITS}
    total, surplus = sum(place.values[-1] for place in places), sum(place.surplus_eur for place in places)
    return Findings(
        claims=_claims(places, surplus / total),
        charts=(_chart(places, splits),),
        tables=(_by_operator(places, splits), _stability(places, splits), _by_place(places)),
        values={
            "infrastructures": len(places),
            "surplus_percent": 100.0 * surplus / total,
            "saving_eur": total / len(places),
            "energy_rational_percent": 100.0 * _share(places, splits["by energy"], _all_rational),
            "shapley_core_percent": 100.0 * _share(places, splits["Shapley"], _in_core),
            "nash_core_percent": 100.0 * _share(places, splits["Nash bargaining"], _in_core),
            "core_percent": 100.0 * float(np.mean([_has_core(place) for place in places])),
        },
    )


# --- games ------------------------------------------------------------------------------------------------------------


def _places(options: GainsOptions, seed: int, working: Working) -> list[Place]:
    """Games of all infrastructures in one episode."""
    world = one_world(SharingWorld, options.scenario, options.overrides)
    world.reset([seed])
    return [
        _place(world, infrastructure, seed, options, working)
        for infrastructure in range(world.constants.n_infrastructures)
    ]


def _place(world: SharingWorld, infrastructure: int, seed: int, options: GainsOptions, working: Working) -> Place:
    sites = sites_of(world, infrastructure)
    operators, owner = np.unique(world.constants.site_operator[sites], return_inverse=True)
    # where panels charge and where they serve does not matter to costs, so that it may be left free
    problems = [replace(day_problem(world, 0, infrastructure, day), solar_first=False) for day in options.days]
    share = world.share[0, sites]

    def compute() -> list[list[float]]:
        found = [
            coalition_costs(problem, share / share.sum(), owner, gap=options.gap, jobs=working.jobs)
            for problem in problems
        ]
        return [costs.tolist() for costs in found]

    name = f"seed {seed}, infrastructure {infrastructure}"
    costs = np.mean(working.part(name, compute, {"name": name, "options": options.model_dump(mode="json")}), axis=0)
    of_sites = np.mean([problem.demand_kwh.sum(axis=0) for problem in problems], axis=0)
    paid = np.mean([problem.price_eur_per_kwh @ problem.demand_kwh for problem in problems], axis=0)
    return Place(
        name=name,
        operators=operators.tolist(),
        values=savings_game(costs, np.bincount(owner, paid)),
        energy_kwh=np.asarray(np.bincount(owner, of_sites), np.float64),
        doubt_eur=2.0 * options.gap * float(np.abs(costs).max()),
    )


# --- verdicts ---------------------------------------------------------------------------------------------------------


def _all_rational(place: Place, split: FloatArray) -> bool:
    return bool(is_individually_rational(place.values, split, place.doubt_eur).all())


def _in_core(place: Place, split: FloatArray) -> bool:
    return not objections(place.values, split, place.doubt_eur)


def _has_core(place: Place) -> bool:
    return least_core(place.values).excess <= place.doubt_eur


def _share(places: list[Place], splits: list[FloatArray], holds: Callable[[Place, FloatArray], bool]) -> float:
    """Share of places where something holds of their split."""
    return float(np.mean([holds(place, split) for place, split in zip(places, splits, strict=True)]))


def _claims(places: list[Place], surplus: float) -> tuple[Claim, ...]:
    beyond = [place.surplus_eur for place in places]
    worse = any(place.surplus_eur < -place.doubt_eur for place in places)
    return (
        Claim.judged(
            text="pooling batteries and panels saves more than using them apart",
            paper="Section I: sharing reduces costs and improves efficiency",
            found=f"{100.0 * surplus:.1f} % of what is saved; {min(beyond):.2f} to {max(beyond):.2f} EUR a day each",
            holds=surplus > 0.0 and not worse,
        ),
    )


# --- what is shown ----------------------------------------------------------------------------------------------------


def _sums(places: list[Place], of_players: list[FloatArray]) -> dict[int, float]:
    """Operator to its sum over places."""
    total: dict[int, float] = {}
    for place, numbers in zip(places, of_players, strict=True):
        for operator, number in zip(place.operators, numbers.tolist(), strict=True):
            total[operator] = total.get(operator, 0.0) + number
    return dict(sorted(total.items()))


def _by_operator(places: list[Place], splits: dict[str, list[FloatArray]]) -> Table:
    energy = _sums(places, [place.energy_kwh for place in places])
    by_itself = _sums(places, [alone(place.values) for place in places])
    shared = {name: _sums(places, found) for name, found in splits.items()}
    count = len(places)
    return Table(
        title="What operators save, per infrastructure and day",
        columns=("operator", "demand (kWh)", "alone (EUR)", *(f"{name} (EUR)" for name in SPLITS)),
        rows=tuple(
            (
                str(operator),
                energy[operator] / count,
                by_itself[operator] / count,
                *(shared[name][operator] / count for name in SPLITS),
            )
            for operator in energy
        ),
        note="Savings over the grid alone. Alone, an operator has its own part of battery, panels and connection.",
    )


def _stability(places: list[Place], splits: dict[str, list[FloatArray]]) -> Table:
    return Table(
        title="Who would leave, shares of infrastructures in percent",
        columns=("split", "nobody alone", "no coalition: in the core"),
        rows=tuple(
            (name, 100.0 * _share(places, found, _all_rational), 100.0 * _share(places, found, _in_core))
            for name, found in splits.items()
        ),
    )


def _by_place(places: list[Place]) -> Table:
    return Table(
        title="Infrastructures",
        columns=("place", "all save (EUR/day)", "beyond alone (EUR/day)", "least core: excess (EUR/day)"),
        rows=tuple(
            (place.name, float(place.values[-1]), place.surplus_eur, least_core(place.values).excess)
            for place in places
        ),
        note="The core is empty where the excess is positive.",
        on_request=True,
    )


def _chart(places: list[Place], splits: dict[str, list[FloatArray]]) -> Chart:
    by_itself, count = _sums(places, [alone(place.values) for place in places]), len(places)
    series = []
    for name, found in splits.items():
        shared = _sums(places, found)
        gained = tuple((shared[operator] - by_itself[operator]) / count for operator in shared)
        series.append(Series(name=name, x=tuple(f"operator {operator}" for operator in shared), y=gained))
    return Chart(
        name="gains",
        title="What operators gain over being alone",
        x_label="",
        y_label="Gain (EUR per infrastructure and day)",
        series=tuple(series),
        drawn="bars",
    )

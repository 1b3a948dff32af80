"""What sharing leaves for an outage: shared batteries are emptied for money, and then the grid fails."""

from functools import partial
from typing import Annotated, Any

import numpy as np
from pydantic import Field

from voltran.envs import domains
from voltran.envs.scenario import Section
from voltran.envs.sharing.world import SharingWorld
from voltran.experiments.calculations.findings import Chart, Findings, Series, Table
from voltran.experiments.calculations.one_world import one_world
from voltran.experiments.calculations.working import Working
from voltran.experiments.collective.stored_energy import stored_at, survival_h
from voltran.physics.units import HOURS_PER_DAY

Names = Annotated[tuple[str, ...], Field(min_length=1)]


class OutageOptions(Section):
    """What to play.

    Attributes:
        sharing: scenario of sharing; as many infrastructures as the outage has sites, and equal shares.
        sharing_overrides: dotted keys of it.
        controllers: who shares.
        reserves: values of ``battery.soc_min``, what is left in batteries unless the grid fails.
        outage_h: hours after the start of the week at which the grid fails for good.
        lasts_h: how long it fails in the sharing world itself.
        outage: scenario of the outage.
        outage_overrides: dotted keys of it.
        survivor: who plays the outage.
        seeds: of both.
    """

    sharing: str = "sharing12"
    sharing_overrides: dict[str, Any] = Field(default_factory=lambda: {"network.infrastructures": 19})
    controllers: Names = ("grid-only", "tariff-threshold", "zoo:sharing", "foresight-milp")
    reserves: Annotated[tuple[domains.Share, ...], Field(min_length=1)] = (0.1, 0.3, 0.5)
    outage_h: Annotated[tuple[domains.DurationH, ...], Field(min_length=1)] = (68.0, 78.0)
    lasts_h: domains.DurationH = 4.0
    outage: str = "urban19-medium"
    outage_overrides: dict[str, Any] = Field(default_factory=dict)
    survivor: str = "rotating-sleep"
    seeds: Annotated[tuple[int, ...], Field(min_length=1)] = (1000, 1001, 1002, 1003, 1004)


class Case:
    """One controller with one reserve.

    Args:
        options: what to play.
        controller: who shares.
        reserve: ``battery.soc_min``.
        part_kwh: an operator's part of a battery.
        working: where finished parts are kept.

    Attributes:
        saving: ``[seed]`` of a week without an outage.
        stored_kwh: ``[seed, outage]`` what an operator has at a site, on average.
        survival_h: ``[seed, outage]`` how long its network lives.
        unserved_kwh: ``[seed, outage]`` of all sites in the sharing world, where the outage ends by itself.
    """

    def __init__(
        self, options: OutageOptions, controller: str, reserve: float, part_kwh: float, working: Working
    ) -> None:
        self.options, self.controller, self.reserve = options, controller, reserve
        self._part_kwh = part_kwh
        saving, stored, survival, unserved = [], [], [], []
        for seed in options.seeds:
            week = self._week(working, seed, {})
            saving.append(week["saving"])
            stored.append([self._part_kwh * float(np.mean(soc)) for soc in week["soc"]])
            survival.append([self._survival_h(working, seed, soc) for soc in week["soc"]])
            unserved.append(
                [self._week(working, seed, _outage(options, hour))["unserved_kwh"] for hour in options.outage_h]
            )
        self.saving, self.stored_kwh = np.array(saving), np.array(stored)
        self.survival_h, self.unserved_kwh = np.array(survival), np.array(unserved)

    def _week(self, working: Working, seed: int, outage: dict[str, Any]) -> Any:
        options, ending = self.options, " with outage" if outage else ""
        name = f"{self.controller} with {self.reserve:g}, seed {seed}{ending}"
        overrides = {**options.sharing_overrides, **_reserve(self.reserve), **outage}
        given = (options.sharing, overrides, self.controller, seed, list(options.outage_h))
        return working.part(name, partial(stored_at, *given), given)

    def _survival_h(self, working: Working, seed: int, soc: list[float]) -> float:
        options = self.options
        given = (options.outage, options.outage_overrides, options.survivor, seed, self._part_kwh, soc)
        return float(working.part(f"outage after {self.controller}, seed {seed}", partial(survival_h, *given), given))


def outage(options: OutageOptions, working: Working) -> Findings:
    """Savings beside survival, for controllers and reserves.

    Args:
        options: what to play.
        working: where finished parts are kept.
    """
    part_kwh = _part_kwh(options)
    cases = [
        Case(options, controller, reserve, part_kwh, working)
        for controller in options.controllers
        for reserve in options.reserves
    ]
    return Findings(
        tables=(_table(options, cases),),
        charts=tuple(_chart(options, cases, index) for index in range(len(options.outage_h))),
        values=_values(options, cases),
    )


def _part_kwh(options: OutageOptions) -> float:
    """An operator's part of a battery."""
    world = one_world(SharingWorld, options.sharing, options.sharing_overrides)
    operators = len(np.unique(world.constants.agent_operator))
    return float(world.scenario.battery.capacity_kwh) / operators


def _reserve(soc_min: float) -> dict[str, Any]:
    """Batteries begin as full as usual, or as full as they must be."""
    return {"battery.soc_min": soc_min, "battery.initial_soc": max(soc_min, 0.5)}


def _outage(options: OutageOptions, hour: float) -> dict[str, Any]:
    return {"grid.outages": [{"start_h": hour, "length_h": options.lasts_h}]}


def _clock(hour: float) -> str:
    return f"{int(hour % HOURS_PER_DAY):02d}:{round(60 * (hour % 1)):02d}"


def _table(options: OutageOptions, cases: list[Case]) -> Table:
    columns = ["who shares", "reserve", "saving (%)"]
    for hour in options.outage_h:
        columns += [
            f"stored at {_clock(hour)} (kWh)",
            "survival from then (h)",
            f"unserved in {options.lasts_h:g} h (kWh)",
        ]
    rows = []
    for case in cases:
        row: list[str | float] = [case.controller, case.reserve, 100.0 * float(case.saving.mean())]
        for index in range(len(options.outage_h)):
            of_outage = (case.stored_kwh, case.survival_h, case.unserved_kwh)
            row += [float(values[:, index].mean()) for values in of_outage]
        rows.append(tuple(row))
    return Table(
        title="Savings, and what is left when the grid fails",
        columns=tuple(columns),
        rows=tuple(rows),
        keys=2,
        note=(
            f"Means over {len(options.seeds)} weeks. Stored: an operator's part at a site. Survival: of its network of "
            f"{options.outage} under {options.survivor}, on these batteries. Unserved: of all sites, if the grid fails "
            f"for {options.lasts_h:g} h only and sharing goes on."
        ),
    )


def _chart(options: OutageOptions, cases: list[Case], index: int) -> Chart:
    """Survival over savings; a line per controller, a point per reserve."""
    series = []
    for controller in options.controllers:
        own = [case for case in cases if case.controller == controller]
        x = tuple(100.0 * float(case.saving.mean()) for case in own)
        y = tuple(float(case.survival_h[:, index].mean()) for case in own)
        series.append(Series(name=controller, x=x, y=y))
    clock = _clock(options.outage_h[index])
    return Chart(
        name=f"survival-{clock.replace(':', '')}",
        title=f"The grid fails at {clock}",
        x_label="Saving over the grid alone (%)",
        y_label="Survival (h)",
        series=tuple(series),
        drawn="points",
        from_zero=True,
    )


def _values(options: OutageOptions, cases: list[Case]) -> dict[str, float | None]:
    values: dict[str, float | None] = {}
    for case in cases:
        name = f"{case.controller.removeprefix('zoo:').replace('-', '_')}_{round(100 * case.reserve)}"
        values[f"saving_{name}"] = 100.0 * float(case.saving.mean())
        for index, hour in enumerate(options.outage_h):
            values[f"survival_{name}_{int(hour % HOURS_PER_DAY)}"] = float(case.survival_h[:, index].mean())
    return values

"""[CG] Fig. 3: the state of charge that forecasts promise for the end of each slot, and what it is then."""

from functools import partial
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from voltran.baselines.collective.planners import RollingMilp
from voltran.envs.scenario import Section
from voltran.envs.sharing.commands import SharingCommands
from voltran.envs.sharing.world import SharingWorld
from voltran.experiments.calculations.findings import Chart, Claim, Findings, Series, Table
from voltran.experiments.calculations.one_world import one_world
from voltran.experiments.calculations.working import Working
from voltran.physics.shared_battery import SharedSupply, shared_flows

ACCURATE = 0.01  # mean error of the state of charge that one would not see in the figure
AT_FLOOR = 1e-6
KINDS = {"persistence": "persistence", "federated": "federated forecaster"}


class SocOptions(Section):
    """What to play.

    Attributes:
        scenario: of sharing.
        overrides: dotted keys of it; one infrastructure is enough.
        forecasts: kinds of forecasts.
        seed: of the episode.
        day: which of its days is shown, from 0 on.
    """

    scenario: str = "sharing12"
    overrides: dict[str, Any] = Field(default_factory=lambda: {"network.infrastructures": 1})
    forecasts: Annotated[tuple[Literal["persistence", "federated"], ...], Field(min_length=1)] = (
        "persistence", "federated",
    )  # fmt: skip
    seed: int = 1000
    day: Annotated[int, Field(ge=0)] = 1


def soc_day(options: SocOptions, working: Working) -> Findings:
    """Promised and actual states of charge over a day, under rolling plans.

    Args:
        options: what to play.
        working: where finished parts are kept.
    """
    days: dict[str, Any] = {}
    for kind in options.forecasts:
        given = (options.scenario, options.overrides, kind, options.seed, options.day)
        days[kind] = working.part(f"a day with {KINDS[kind]}", partial(played_day, *given), given)
    return Findings(
        charts=tuple(_chart(kind, day) for kind, day in days.items()),
        tables=(_table(days),),
        claims=_claims(days),
        values={f"error_{kind}_percent": 100.0 * _error(day) for kind, day in days.items()},
    )


def played_day(scenario: str, overrides: dict[str, Any], kind: str, seed: int, day: int) -> dict[str, Any]:
    """Play rolling plans up to the end of a day.

    Args:
        scenario, overrides: of the world.
        kind: of forecasts.
        seed: of the episode.
        day: which day to tell of.

    Returns:
        ``hour``, ``promised``, ``actual``, ``before`` (states of charge), ``battery_kwh`` and ``fallback_kwh`` per
        slot, and ``floor``.
    """
    world = one_world(SharingWorld, scenario, {**overrides, "forecast.kind": kind})
    controller, first = RollingMilp(), day * world.constants.day
    world.reset([seed])
    controller.reset(world)
    promised = []
    while int(world.decision[0]) < first + world.constants.day:
        commands = controller.act(world)
        promised.append(_promised_soc(world, commands["operator"]))
        world.step(commands)
    trace = world.trace()
    actual, shown = trace["soc"][:, 0], slice(first, None)
    before = np.concatenate([[world.scenario.battery.initial_soc], actual[:-1]])
    period_h = world.constants.period_h
    return {
        "hour": ((np.arange(world.constants.day) + 1) * period_h).tolist(),
        "promised": promised[shown],
        "actual": actual[shown].tolist(),
        "before": before[shown].tolist(),
        "battery_kwh": (trace["battery_kw"][shown].sum(axis=1) * period_h).tolist(),
        "fallback_kwh": (trace["fallback_kw"][shown].sum(axis=1) * period_h).tolist(),
        "floor": world.scenario.battery.soc_min,
    }


def _promised_soc(world: SharingWorld, commands: SharingCommands) -> float:
    """State of charge of the first infrastructure at the end of the slot, if demand and sun are as forecast."""
    sites, constants = slice(*world.constants.first_site[:2]), world.constants
    supply = SharedSupply(
        float(world.forecast.solar_kw(1)[0, 0, 0]),
        float(world.forecast.grid_limit_kw(1)[0, 0, 0]),
        float(commands.charge_share[0, 0]),  # all agents of a plan vote alike
        world.scenario.solar.direct,
        world.scenario.battery.outage_soc_min,
    )
    flows = shared_flows(
        float(world.soc[0, 0]),
        world.forecast.demand_kw(1)[0, sites, 0],
        commands.battery_sites[0, sites],
        world.share[0, sites],
        supply,
        constants.period_h,
        constants.battery(float(world.capacity_kwh[0, 0])),
    )
    return float(flows.soc)


def _error(day: dict[str, Any]) -> float:
    return float(np.abs(np.array(day["promised"]) - day["actual"]).mean())


def _chart(kind: str, day: dict[str, Any]) -> Chart:
    hours = tuple(day["hour"])
    series = [Series(name=name, x=hours, y=tuple(100.0 * soc for soc in day[name])) for name in ("actual", "promised")]
    floor = Series(name="only the grid below", x=(0.0, hours[-1]), y=(100.0 * day["floor"],) * 2)
    return Chart(
        name=f"soc-{kind}",
        title=f"State of charge over a day: {KINDS[kind]}",
        x_label="Time of day (h)",
        y_label="State of charge (%)",
        series=(*series, floor),
        from_zero=True,
    )


def _table(days: dict[str, Any]) -> Table:
    rows = []
    for kind, day in days.items():
        served, fallback = sum(day["battery_kwh"]), sum(day["fallback_kwh"])
        worst = float(np.abs(np.array(day["promised"]) - day["actual"]).max())
        rows.append((KINDS[kind], 100.0 * _error(day), 100.0 * worst, served, fallback))
    return Table(
        title="What forecasts promise, and what comes",
        columns=(
            "forecast",
            "mean error of SoC (%)",
            "largest (%)",
            "served by the battery (kWh)",
            "by the grid instead (kWh)",
        ),
        rows=tuple(rows),
        note="Errors are of the state of charge at the end of a slot, promised at its beginning.",
    )


def _claims(days: dict[str, Any]) -> tuple[Claim, ...]:
    worst = max(_error(day) for day in days.values())
    kept = all(min(day["actual"]) >= day["floor"] - AT_FLOOR for day in days.values())
    words = "never fell" if kept else "fell"
    empty = [
        energy
        for day in days.values()
        for soc, energy in zip(day["before"], day["battery_kwh"], strict=True)
        if soc <= day["floor"] + AT_FLOOR
    ]
    return (
        Claim.judged(
            text="at 10 % of the capacity only the grid is used",
            paper="Section IV, Fig. 3",
            found=f"{len(empty)} slots began there and drew {sum(empty):.2f} kWh; the charge {words} below",
            holds=kept and sum(empty) <= AT_FLOOR,
        ),
        Claim.judged(
            text="predictions of power are accurate enough to foresee the state of charge",
            paper="Section IV, Fig. 3, without a number",
            found=f"mean errors of up to {100.0 * worst:.2f} % of the capacity, a slot ahead",
            holds=worst <= ACCURATE,
        ),
    )

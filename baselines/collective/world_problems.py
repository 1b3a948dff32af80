"""Problems of infrastructures as a world has them: from forecasts, or with the truth."""

from dataclasses import replace
from typing import Any

import numpy as np

from voltran.baselines.collective.problem import SharingProblem
from voltran.envs.errors import ScenarioError
from voltran.envs.sharing.commands import SharingCommands
from voltran.envs.sharing.world import SharingWorld
from voltran.envs.world import World
from voltran.envs.world_kinds import require_world
from voltran.physics.arrays import BoolArray, FloatArray
from voltran.physics.battery import BatteryParameters

ROLE = "operator"


def sharing_world(world: World, controller: str) -> SharingWorld:
    """The world as a sharing world.

    Raises:
        ScenarioError: the world is of another kind.
    """
    return require_world(world, SharingWorld, f"controller {controller!r} plays")


def grid_only_commands(world: SharingWorld) -> SharingCommands:
    """All sites on the grid, and no charging from it."""
    constants = world.constants
    battery_sites = np.zeros((world.n_worlds, constants.n_sites), dtype=bool)
    return SharingCommands(battery_sites, np.zeros((world.n_worlds, constants.n_agents)))


class Outlook:
    """What is forecast for the coming slots of all worlds of a batch, but no further than their episodes go.

    Args:
        world: the world.
        horizon: slots, at most; forecasts reach a day.
    """

    def __init__(self, world: SharingWorld, horizon: int) -> None:
        self.world, slots = world, min(horizon, world.constants.day)
        forecast = world.forecast
        self._demand_kw, self._solar_kw = forecast.demand_kw(slots), forecast.solar_kw(slots)
        self._price, self._limit_kw = forecast.price(slots), forecast.grid_limit_kw(slots)
        self._soc, self._capacity_kwh = world.soc, world.capacity_kwh
        self._refill_price = world.refill_price
        self._left = np.maximum(world.max_decisions - world.decision, 1)

    def problem(
        self, index: int, infrastructure: int, *, switching_eur: float = 0.0, before: BoolArray | None = None
    ) -> SharingProblem:
        """The problem of one infrastructure from now on.

        What the battery lacks at the end of what it began the episode with counts at the mean price of the coming day,
        as it does at the end of an episode.

        Args:
            index: which world.
            infrastructure: which one.
            switching_eur, before: see :class:`SharingProblem`.
        """
        world, constants = self.world, self.world.constants
        slots, sites = slice(int(self._left[index])), sites_of(world, infrastructure)
        battery = constants.battery(float(self._capacity_kwh[index, infrastructure]))
        stored_kwh = float(self._soc[index, infrastructure]) * battery.capacity_kwh
        return SharingProblem(
            demand_kwh=self._demand_kw[index, sites, slots].T * constants.period_h,
            price_eur_per_kwh=self._price[index, slots],
            solar_kwh=self._solar_kw[index, infrastructure, slots] * constants.period_h,
            grid_limit_kwh=self._limit_kw[index, infrastructure, slots] * constants.period_h,
            stored_kwh=min(stored_kwh, battery.soc_max * battery.capacity_kwh),
            switching_eur=switching_eur,
            before=before,
            **_in_common(world, battery, float(self._refill_price[index])),
        )


def episode_problem(world: SharingWorld, index: int, infrastructure: int, *, relaxed: bool = False) -> SharingProblem:
    """The problem of one infrastructure over a whole episode, all of it known.

    Args:
        world: has been reset; how far it has been played does not matter.
        index: which episode of the batch.
        infrastructure: which one.
        relaxed: whether nothing that the world allows is left out: a battery may stay below its least state of charge,
            and is as large as at the beginning, but its limits from below are those of the most worn one.
    """
    constants, scenario, slots = world.constants, world.scenario.battery, world.max_decisions
    demand_kw, solar_kw, price, limit_kw = (part[index] for part in world.forecast.truth())
    capacity_kwh = scenario.capacity_kwh * scenario.initial_health
    battery = constants.battery(capacity_kwh)
    stored_kwh = min(scenario.initial_soc, battery.soc_max) * capacity_kwh
    in_common = _in_common(world, battery, max(float(price[slots : slots + constants.day].mean()), 0.0))
    if relaxed:
        most_worn = max(1.0 - scenario.wear_per_cycle * slots / scenario.initial_health, 0.0)
        battery = battery._replace(soc_min=battery.soc_min * most_worn)
        in_common |= {
            "battery": battery,
            "must_recharge": False,
            "solar_first": False,
            "final_kwh": in_common["final_kwh"] * most_worn,
            "outage_soc_min": min(scenario.outage_soc_min, battery.soc_min),
        }
    return SharingProblem(
        demand_kwh=demand_kw[:slots, sites_of(world, infrastructure)] * constants.period_h,
        price_eur_per_kwh=price[:slots],
        solar_kwh=solar_kw[:slots, infrastructure] * constants.period_h,
        grid_limit_kwh=limit_kw[:slots, infrastructure] * constants.period_h,
        stored_kwh=stored_kwh,
        **in_common,
    )


def day_problem(world: SharingWorld, index: int, infrastructure: int, day: int) -> SharingProblem:
    """The problem of one infrastructure on one day of an episode, all of it known; it ends as full as it begins.

    Args:
        world: has been reset; how far it has been played does not matter.
        index: which episode of the batch.
        infrastructure: which one.
        day: from 0 on.

    Raises:
        ScenarioError: the episode is shorter.
    """
    whole, slots = episode_problem(world, index, infrastructure), world.constants.day
    part = slice(day * slots, (day + 1) * slots)
    if not 0 <= part.start < part.stop <= whole.periods:
        raise ScenarioError(f"day = {day}: the episode has {whole.periods // slots} whole days, counted from 0")
    return replace(
        whole,
        demand_kwh=whole.demand_kwh[part],
        price_eur_per_kwh=whole.price_eur_per_kwh[part],
        solar_kwh=whole.solar_kwh[part],
        grid_limit_kwh=whole.grid_limit_kwh[part],
        final_kwh=whole.stored_kwh,
        refill_eur_per_kwh=None,
    )


def charge_shares(world: SharingWorld, grid_charge_kwh: FloatArray) -> FloatArray:
    """Votes ``[B, N]`` of agents who all want the same at an infrastructure.

    Args:
        world: the world.
        grid_charge_kwh: ``[B, I]`` what the grid shall charge in the coming slot.
    """
    most_kwh = world.scenario.battery.charge_limit_kw * world.constants.period_h
    share = np.divide(grid_charge_kwh, most_kwh, out=np.zeros_like(grid_charge_kwh), where=grid_charge_kwh > 0.0)
    return np.asarray(np.clip(share, 0.0, 1.0)[:, world.constants.agent_infrastructure])


def sites_of(world: SharingWorld, infrastructure: int) -> slice:
    """Where an infrastructure's sites stand among all."""
    first = world.constants.first_site
    return slice(int(first[infrastructure]), int(first[infrastructure + 1]))


def _in_common(world: SharingWorld, battery: BatteryParameters, price: float) -> dict[str, Any]:
    """What all problems of a world have."""
    scenario = world.scenario
    initial_soc = min(scenario.battery.initial_soc, battery.soc_max)
    return {
        "battery": battery,
        "period_h": world.constants.period_h,
        "final_kwh": initial_soc * battery.capacity_kwh,
        "refill_eur_per_kwh": price / battery.charge_efficiency,
        "wear_eur": world.constants.wear_eur,
        "lost_load_eur_per_kwh": scenario.reward.lost_load_eur_per_kwh,
        "solar_direct": scenario.solar.direct,
        "solar_first": scenario.solar.direct,
        "outage_soc_min": min(scenario.battery.outage_soc_min, battery.soc_min),
    }

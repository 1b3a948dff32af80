"""MSRC as a controller of the outage world: Stage 1 plans modes, the world's scheduler or a program dispatches."""

import copy
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from voltran.baselines.msrc.dispatcher import dispatcher_of
from voltran.baselines.msrc.forecasts import forecast_of, information_of
from voltran.baselines.msrc.milp import plan_program
from voltran.baselines.msrc.plan_statistics import Account
from voltran.baselines.msrc.planner import Plan, Planner
from voltran.baselines.msrc.planning_state import situation
from voltran.baselines.msrc.settings import PlannerSettings
from voltran.baselines.program import NamedProgram
from voltran.baselines.rules import outage_world
from voltran.envs.blackout.commands import SiteCommands, declare, mode_commands
from voltran.envs.blackout.world import BlackoutWorld
from voltran.envs.controller import Information
from voltran.envs.scenario import validated
from voltran.envs.world import World

# what each registered controller changes of the settings
VARIANTS: dict[str, dict[str, Any]] = {
    "msrc": {},
    "msrc-fast": {"evaluations": 100},
    "msrc-levelling": {"objective": "levelling"},
    "msrc-extended": {"command_set": "extended"},
}


class Msrc:
    """The two-stage controller of [MSRC].

    Every decision period it plans modes (and bands in the extended command set) for the whole network. Between plans
    the world's own association and scheduler, which every controller shares, solve Stage 2, unless ``dispatch`` says
    otherwise, and vehicles give what they offer at the dynamic price.

    Args:
        name: as shown in tables.
        **settings: fields of :class:`PlannerSettings` that differ from its defaults.

    Attributes:
        information: the whole network, and what its forecast tells.
        plans: the latest plan of each world of the batch.

    Raises:
        ScenarioError: a setting that is unknown or out of range.
    """

    def __init__(self, name: str = "msrc", **settings: Any) -> None:
        self.name = name
        self.settings = validated(PlannerSettings, settings, f"controller {name}")
        forecast_of(self.settings)  # an unknown one is an error now, not in the first decision
        self.information: Information = information_of(self.settings)
        self.declarations = declare(self.settings.command_set, "dynamic")
        self.plans: list[Plan] = []
        self._planners: list[Planner] = []
        self._account = Account(self.settings.certify != "off")
        self._dispatcher = dispatcher_of(self.settings)

    def reset(self, world: World) -> None:
        """Forget plans and counts; one planner per world of the batch."""
        outage = outage_world(world, self.name)
        self._planners = [Planner(outage, index, self.settings) for index in range(outage.n_worlds)]
        self.plans = []
        self._account = Account(self.settings.certify != "off")
        self._dispatcher = dispatcher_of(self.settings)

    def act(self, world: World) -> dict[str, SiteCommands]:
        """Plan every world of the batch anew."""
        outage = outage_world(world, self.name)
        self._account.compare(outage, self.plans)
        self.plans = [planner.plan() for planner in self._planners]
        self._account.add(self.plans)
        return {"bs": self.commands_of(outage, np.array([plan.options for plan in self.plans]))}

    def commands_of(self, world: BlackoutWorld, options: np.ndarray[Any, np.dtype[np.int64]]) -> SiteCommands:
        """Commands of plans ``[B, site]``."""
        table = self._planners[0].options
        commands = mode_commands(
            world.constants,
            table.mode[options],
            command_set=self.settings.command_set,
            band_bits=table.band_bits[options],
        )
        return replace(commands, dispatcher=self._dispatcher)

    def programs(self, world: World, index: int = 0) -> list[NamedProgram]:
        """Stage 1 as a mixed-integer program, and Stage 2 under its plan where a program dispatches.

        Args:
            world: as in :meth:`act`.
            index: which world of the batch.
        """
        outage = outage_world(world, self.name)
        planners = [copy.copy(planner) for planner in self._planners]
        instance = planners[index].instance()
        if not instance.alive.any():
            return []
        plans = [planner.plan() for planner in planners]
        evaluation = plans[index].evaluation
        stage_1 = NamedProgram("modes", plan_program(instance).program, evaluation.cost if evaluation else None)
        if self._dispatcher is None:
            return [stage_1]
        commands = self.commands_of(outage, np.array([plan.options for plan in plans]))
        return [stage_1, NamedProgram("dispatch", self._dispatcher.program(situation(outage, commands, index)))]

    def counters(self) -> Mapping[str, float]:
        """What planning took in the episode so far, and how far the plans were from what came of them."""
        failed = sum(planner.failed_solves for planner in self._planners)
        dispatched = {} if self._dispatcher is None else self._dispatcher.counters()
        return {"failed_solves": float(failed), **self._account.counters(), **dispatched}

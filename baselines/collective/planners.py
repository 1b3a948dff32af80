"""Controllers that play plans: of the coming day, made anew as it goes, or of the whole episode, with the truth."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import Executor
from typing import Annotated, Any, Literal, NamedTuple

import numpy as np
from pydantic import Field

from voltran.baselines.collective.plan import GAP, TIME_LIMIT_S, Plan, plan_all, plan_pool
from voltran.baselines.collective.problem import SharingProblem
from voltran.baselines.collective.program import sharing_program
from voltran.baselines.collective.world_problems import (
    ROLE,
    Outlook,
    charge_shares,
    episode_problem,
    grid_only_commands,
    sharing_world,
    sites_of,
)
from voltran.baselines.program import NamedProgram
from voltran.envs.controller import Information
from voltran.envs.scenario import Section, validated
from voltran.envs.sharing.commands import SharingCommands
from voltran.envs.sharing.world import SharingWorld
from voltran.envs.world import World
from voltran.physics.arrays import BoolArray

# What a gap counts as where nothing is proven.
UNPROVEN = 1.0


class PlanningSettings(Section, strict=True):
    """Settings of plans.

    Attributes:
        gap: relative gap of a plan's cost at which the solver may stop.
        time_limit_s: wall time per plan, after which the best one found is taken.
        jobs: processes that plan.
        solver: "highs", or "scip" through OR-Tools.
    """

    gap: Annotated[float, Field(ge=0.0, le=1.0)] = GAP
    time_limit_s: Annotated[float, Field(ge=0.0)] = TIME_LIMIT_S
    jobs: Annotated[int, Field(ge=1, le=256)] = 1
    solver: Literal["highs", "scip"] = "highs"


class RollingSettings(PlanningSettings, strict=True):
    """Settings of rolling plans.

    Attributes:
        horizon: slots that a plan looks ahead; forecasts reach a day.
        every: slots after which a new plan is made.
        switching_eur: what each change of a site's source counts, against going to and fro.
    """

    horizon: Annotated[int, Field(ge=1)] = 96
    every: Annotated[int, Field(ge=1)] = 1
    switching_eur: Annotated[float, Field(ge=0.0)] = 0.0


# World of a batch, and infrastructure.
Place = tuple[int, int]


class Made(NamedTuple):
    """A plan, and the slot that it begins with."""

    plan: Plan
    begin: int


class Planner(ABC):
    """Plays plans of infrastructures, each by itself.

    A site on the battery that cannot give enough is back on the grid within the slot: the world sees to that, as
    Section III-C5 of [CG] wants it.

    Attributes:
        name: as shown in tables.
    """

    name: str
    settings: PlanningSettings

    def __init__(self) -> None:
        self._pool: Executor | None = None
        self._made: dict[Place, Made] = {}
        self._statuses: Counter[str] = Counter()
        self._worst_gap = 0.0

    def reset(self, world: World) -> None:
        """Forget all plans.

        Raises:
            ScenarioError: the world is of another kind.
        """
        sharing_world(world, self.name)
        self._forget()

    def act(self, world: World) -> dict[str, SharingCommands]:
        """What the plans say for the coming slot."""
        sharing = sharing_world(world, self.name)
        usable = sharing.usable & sharing.episodes.running[:, None]
        self._plan(sharing, usable)
        return {ROLE: self._commands(sharing, usable)}

    def counters(self) -> Mapping[str, float]:
        """Plans made, those that ran out of time or whose solver failed, and the worst gap."""
        return {
            "plans": float(self._statuses.total()),
            "plans_at_limit": float(self._statuses["limit"]),
            "failed_solves": float(self._statuses["failed"]),
            "plan_gap": self._worst_gap,
        }

    def programs(self, world: World, index: int = 0) -> list[NamedProgram]:
        """The program of each infrastructure for which a plan is due.

        Args:
            world: as in :meth:`act`.
            index: which world of the batch.
        """
        sharing = sharing_world(world, self.name)
        problems = self._problems(sharing, sharing.usable & sharing.episodes.running[:, None])
        return [
            NamedProgram(f"infrastructure-{infrastructure}", sharing_program(problem).program)
            for (whose, infrastructure), problem in problems.items()
            if whose == index
        ]

    @abstractmethod
    def _plan(self, world: SharingWorld, usable: BoolArray) -> None:
        """Make the plans that are needed now, where batteries ``[B, I]`` can be used."""

    @abstractmethod
    def _problems(self, world: SharingWorld, usable: BoolArray) -> dict[Place, SharingProblem]:
        """What has to be planned now, where batteries ``[B, I]`` can be used."""

    def _make(self, problems: dict[Place, SharingProblem], begins: Mapping[int, int]) -> None:
        """Plans for worlds and infrastructures, each from its world's slot on."""
        settings = self.settings
        if settings.jobs > 1 and self._pool is None:
            self._pool = plan_pool(settings.jobs)
        plans = plan_all(
            list(problems.values()),
            settings.jobs,
            gap=settings.gap,
            time_limit_s=settings.time_limit_s,
            solver=settings.solver,
            pool=self._pool,
        )
        for place, plan in zip(problems, plans, strict=True):
            self._made[place] = Made(plan, begins[place[0]])
            self._statuses[plan.status] += 1
            self._worst_gap = max(self._worst_gap, min(plan.gap, UNPROVEN))

    def _commands(self, world: SharingWorld, usable: BoolArray) -> SharingCommands:
        commands, grid_charge_kwh = grid_only_commands(world), np.zeros(usable.shape)
        for index, infrastructure in _places(usable):
            plan, begin = self._made[index, infrastructure]
            slot = int(world.decision[index]) - begin
            commands.battery_sites[index, sites_of(world, infrastructure)] = plan.battery_sites[slot]
            grid_charge_kwh[index, infrastructure] = plan.grid_charge_kwh[slot]
        return SharingCommands(commands.battery_sites, charge_shares(world, grid_charge_kwh))

    def _forget(self) -> None:
        self._made.clear()
        self._statuses.clear()
        self._worst_gap = 0.0


class RollingMilp(Planner):
    """Plans the coming day on forecasts, plays the first slot, and plans anew. Source: [CG] Section III-C3.

    Args:
        **settings: fields of :class:`RollingSettings`.

    Raises:
        ScenarioError: a setting that is unknown or out of range.
    """

    name = "rolling-milp"
    information: Information = "forecast"
    settings: RollingSettings

    def __init__(self, **settings: Any) -> None:
        super().__init__()
        self.settings = validated(RollingSettings, settings, f"controller {self.name}")

    def _plan(self, world: SharingWorld, usable: BoolArray) -> None:
        if problems := self._problems(world, usable):
            self._make(problems, dict(enumerate(world.decision.tolist())))

    def _problems(self, world: SharingWorld, usable: BoolArray) -> dict[Place, SharingProblem]:
        due = [place for place in _places(usable) if self._is_due(world, place)]
        if not due:
            return {}
        outlook, problems = Outlook(world, self.settings.horizon), {}
        for index, infrastructure in due:
            before = self._before(world, index, infrastructure)
            problems[index, infrastructure] = outlook.problem(
                index, infrastructure, switching_eur=self.settings.switching_eur, before=before
            )
        return problems

    def _is_due(self, world: SharingWorld, place: Place) -> bool:
        made = self._made.get(place)
        if made is None:
            return True
        slot = int(world.decision[place[0]]) - made.begin
        return not 0 <= slot < min(self.settings.every, len(made.plan.battery_sites))

    def _before(self, world: SharingWorld, index: int, infrastructure: int) -> BoolArray | None:
        """Sites that the latest plan had on the battery in the slot before."""
        made = self._made.get((index, infrastructure))
        if made is None or not 0 < (slot := int(world.decision[index]) - made.begin) <= len(made.plan.battery_sites):
            return None
        return np.asarray(made.plan.battery_sites[slot - 1])


class ForesightMilp(Planner):
    """Plans whole episodes at once, with the truth, and plays them.

    Args:
        **settings: fields of :class:`PlanningSettings`.

    Raises:
        ScenarioError: a setting that is unknown or out of range.
    """

    name = "foresight-milp"
    information: Information = "hindsight"

    def __init__(self, **settings: Any) -> None:
        super().__init__()
        self.settings = validated(PlanningSettings, settings, f"controller {self.name}")

    def _plan(self, world: SharingWorld, usable: BoolArray) -> None:
        self._make(self._problems(world, usable), dict.fromkeys(range(world.n_worlds), 0))

    def _problems(self, world: SharingWorld, usable: BoolArray) -> dict[Place, SharingProblem]:
        return {place: episode_problem(world, *place) for place in _places(usable) if place not in self._made}


def _places(usable: BoolArray) -> list[Place]:
    """Where batteries ``[B, I]`` can be used."""
    return [(index, infrastructure) for index, infrastructure in np.argwhere(usable).tolist()]

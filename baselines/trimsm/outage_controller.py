"""TriMSM as a controller of the outage: who serves whom decides who sleeps, who helps, and on which bands."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from voltran.baselines.rules import outage_world
from voltran.baselines.solve import SolverError, require_finite, solving
from voltran.baselines.trimsm.matching import MatchingSettings, Report, improve
from voltran.baselines.trimsm.outage_blocks import SiteBlocks
from voltran.baselines.trimsm.outage_clusters import Clusters, user_clusters
from voltran.baselines.trimsm.outage_evaluator import NO_SHORTFALL, OutageEvaluator, awake_sites
from voltran.baselines.trimsm.outage_problem import outage_problem
from voltran.baselines.trimsm.outage_settings import TrimsmSettings
from voltran.baselines.trimsm.outage_sites import BANDS, POWER_KW
from voltran.envs.blackout.commands import SiteCommands, declare, mode_commands
from voltran.envs.blackout.world import BlackoutWorld
from voltran.envs.controller import Information
from voltran.envs.scenario import validated
from voltran.envs.world import World
from voltran.physics.arrays import BoolArray, FloatArray
from voltran.physics.power import SLEEP


class TrimsmOutage:
    """Matches user clusters with sites every decision period, from the last matching on. Source: [FDRAN] Alg. 2.

    The matching says who is awake. Modes are read off where users go then (off the matching itself in the literal
    reading): a site without clusters sleeps, one that serves clusters of others helps, and the others are normal (or
    assisted, in the literal reading, where others serve some of theirs). The world's repair comes next; sites to which
    it gives another mode choose their bands for that one.

    Where numbers fail, the last matching stands in, or the simple one that a search begins with, and that is counted.

    Args:
        name: as shown in tables.
        **settings: fields of :class:`TrimsmSettings` that differ from its defaults.

    Attributes:
        matchings: ``[site, cluster]`` of each world of the batch, of the latest decision.

    Raises:
        ScenarioError: a setting that is unknown or out of range.
    """

    information: Information = "global"

    def __init__(self, name: str = "trimsm", **settings: Any) -> None:
        self.name = name
        self.settings = validated(TrimsmSettings, settings, f"controller {name}")
        self.declarations = declare(self.settings.command_set, "dynamic")
        self._search = MatchingSettings(
            block_moves=self.settings.block_moves == "on",
            swaps=False,
            max_sweeps=self.settings.max_sweeps,
            shortfall_rounding=NO_SHORTFALL,
        )
        self.matchings: list[BoolArray] = []
        self._forget()

    def reset(self, world: World) -> None:
        """Forget matchings and counts."""
        outage_world(world, self.name)
        self._forget()

    def act(self, world: World) -> dict[str, SiteCommands]:
        """Match the clusters of every world of the batch anew."""
        outage = outage_world(world, self.name)
        self._compare(outage)
        evaluators = [self._matched(outage, index) for index in range(outage.n_worlds)]
        commands = self._commands(outage, evaluators)
        self.matchings = [evaluator.association for evaluator in evaluators]
        return {"bs": commands}

    def counters(self) -> Mapping[str, float]:
        """Failures, moves and candidates per decision, and the mean absolute error of the planned site power.

        The error is a share.
        """
        decisions = max(self._decisions, 1)
        counters = {
            "failed_solves": float(self._failed),
            "swaps": self._moves / decisions,
            "plan_evaluations": self._evaluations / decisions,
        }
        if self._power_errors:
            counters["plan_error_power"] = float(np.mean(self._power_errors))
        return counters

    def _forget(self) -> None:
        self.matchings = []
        self._clusters: dict[int, Clusters] = {}
        self._planned_kw: FloatArray | None = None
        self._power_errors: list[float] = []
        self._decisions = self._moves = self._evaluations = self._failed = 0

    def _matched(self, world: BlackoutWorld, index: int) -> OutageEvaluator:
        problem = outage_problem(world, index, self.settings, self._current_clusters(world, index))
        evaluator = OutageEvaluator(problem)
        blocks = SiteBlocks(evaluator)
        if index < len(self.matchings) and self.matchings[index].shape == problem.limits.allowed.shape:
            start = self.matchings[index] & problem.limits.allowed
        else:
            start = blocks.chosen(problem.alive)
        try:
            with solving(f"controller {self.name}"):
                report = improve(start, evaluator, problem.limits, self._search, blocks)
                require_finite("the value of a matching", report.value, report.shortfall)
            association = report.association
            self._count(report)
        except SolverError:
            self._failed += 1
            association = start
        # nobody can tell users where to go: modes and bands are for those who will come
        evaluator.load(association if problem.literal else blocks.chosen(awake_sites(association)))
        evaluator.forget_tables()
        return evaluator

    def _current_clusters(self, world: BlackoutWorld, index: int) -> Clusters:
        """Clusters of users; those who stand still and ask for the same all the time are clustered once."""
        scenario = world.scenario
        changing = scenario.traffic.redraw_period_s is not None or scenario.users.speed_m_per_s > 0.0
        if changing or index not in self._clusters:
            self._clusters[index] = user_clusters(world.constants, world.users, index, self.settings.candidate_servers)
        return self._clusters[index]

    def _commands(self, world: BlackoutWorld, evaluators: list[OutageEvaluator]) -> SiteCommands:
        """Commands that the world's repair leaves alone."""
        read = np.array([evaluator.holdings.modes for evaluator in evaluators])
        mode = world.effective_commands(
            mode_commands(world.constants, read, command_set=self.settings.command_set)
        ).mode
        bands, self._planned_kw = np.zeros_like(mode), np.zeros(mode.shape)
        for index, evaluator in enumerate(evaluators):
            roused = (mode[index] != SLEEP) & ~evaluator.awake
            if roused.any():
                evaluator.load(SiteBlocks(evaluator).chosen(evaluator.awake | roused))
            operations = evaluator.holdings.operations(mode[index])
            bands[index], self._planned_kw[index] = operations[:, BANDS].astype(np.int64), operations[:, POWER_KW]
        return mode_commands(world.constants, mode, command_set=self.settings.command_set, band_bits=bands)

    def _count(self, report: Report) -> None:
        self._decisions += 1
        self._moves += report.moves + report.blocks
        self._evaluations += report.evaluations

    def _compare(self, world: BlackoutWorld) -> None:
        """Compare the last plans with what became of them, where no site went down or came back."""
        if self._planned_kw is None:
            return
        for planned_kw, drawn_kw, alive in zip(self._planned_kw, world.power_kw, world.alive, strict=True):
            if alive.any() and np.array_equal(planned_kw > 0.0, alive):
                self._power_errors.append(float(np.abs(planned_kw - drawn_kw).sum() / drawn_kw.sum()))

"""The course of a batch of uplink episodes: what each world faces now, and what a decision brings it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from voltran.envs.episodes import Episodes
from voltran.envs.uplink.architecture import Architecture
from voltran.envs.uplink.commands import UplinkCommands
from voltran.envs.uplink.counterfactual import Outcomes, without_each
from voltran.envs.uplink.deployment import Deployment, build_problem, draw_deployment, radio_constants
from voltran.envs.uplink.problem import UplinkOutcome, UplinkProblem, evaluate
from voltran.envs.uplink.repair import repair
from voltran.envs.uplink.scenario import UplinkScenario
from voltran.envs.uplink.state import SERIES, blank_state, start_episode
from voltran.envs.uplink.traffic import TrafficSource
from voltran.physics.arrays import BoolArray, FloatArray, IntArray
from voltran.physics.uplink_control import eipc_power_mw


@dataclass(frozen=True)
class Choices:
    """What UBSs asked for in one decision period.

    Attributes:
        repaired: ``[B, M]`` UBSs that do not serve whom they asked to.
        was_awake: ``[B, M]`` before it.
        requests: of each world, what it faced, the association ``[M, K]`` before repair, and transmit powers if chosen.
    """

    repaired: BoolArray
    was_awake: BoolArray
    requests: Sequence[tuple[UplinkProblem, BoolArray, FloatArray | None]]

    def without(self) -> Outcomes:
        """What the period would have brought without the choice of each UBS, ``[B, M + 1]``; see ``without_each``."""
        return Outcomes(*map(np.stack, zip(*(without_each(*moment) for moment in self.requests), strict=True)))


class EpisodeDraws(NamedTuple):
    """Everything that an episode's seed decides: places and channels, and minimum rates ``[T, K]``."""

    deployment: Deployment
    traffic_mbps: FloatArray


class Simulation:
    """Worlds of one scenario and architecture.

    Args:
        scenario: the scenario.
        architecture: the network.
        episodes: which episodes the batch plays.

    Attributes:
        scenario, architecture: as given.
        state: what changes.
        gain: ``[B, M, K]`` large-scale fading.
        traffic_mbps: ``[B, T, K]`` minimum rates; UEs take part while theirs is positive.
    """

    def __init__(self, scenario: UplinkScenario, architecture: Architecture, episodes: Episodes) -> None:
        n_worlds = episodes.n_worlds
        self.scenario, self.architecture = scenario, architecture
        self._source = TrafficSource(scenario)
        self.radio = radio_constants(scenario)
        n_ubs, n_ues, self.decisions = architecture.n_ubs, scenario.ues.count, scenario.time.decisions
        self.state = blank_state(episodes, n_ubs, n_ues, self.decisions)
        self.gain = np.ones((n_worlds, n_ubs, n_ues))
        self.traffic_mbps = np.zeros((n_worlds, self.decisions, n_ues))
        self._deployments: list[Deployment | None] = [None] * n_worlds
        self._problems: list[UplinkProblem | None] = [None] * n_worlds
        self._worlds = np.arange(n_worlds)

    def draw(self, seed: int) -> EpisodeDraws:
        """Everything that an episode's seed decides; nothing changes here.

        Raises:
            ScenarioError: a traffic file that cannot be used.
        """
        deployment = draw_deployment(self.scenario, self.architecture, seed)
        return EpisodeDraws(deployment, self._source.draw_mbps(seed))

    def load(self, drawn: Mapping[int, EpisodeDraws]) -> None:
        """Take over what was drawn."""
        for world, draws in drawn.items():
            self._deployments[world], self._problems[world] = draws.deployment, None
            self.gain[world] = draws.deployment.gain
            self.traffic_mbps[world] = draws.traffic_mbps

    def begin(self, worlds: Sequence[int]) -> None:
        """Put worlds at the start of their episodes."""
        for world in worlds:
            start_episode(self.state, world)

    def rate_min_mbps(self) -> FloatArray:
        """Minimum rates ``[B, K]`` of the coming period; the day begins again when it is over."""
        return np.asarray(self.traffic_mbps[self._worlds, self.state.decision % self.decisions])

    def deployment(self, world: int) -> Deployment:
        """Places, channels and pilots of one world's episode."""
        deployment = self._deployments[world]
        assert deployment is not None, "episodes are loaded before they are played"
        return deployment

    def problem(self, world: int) -> UplinkProblem:
        """What one world faces in the coming period."""
        latest = self._problems[world]
        rate_min_mbps = self.traffic_mbps[world, self.state.decision[world] % self.decisions]
        active: IntArray = np.flatnonzero(rate_min_mbps > 0.0)
        if latest is not None and np.array_equal(latest.ue, active):
            problem = latest._replace(rate_min_mbps=rate_min_mbps[active])  # channels last as long as the same UEs talk
        else:
            problem = build_problem(self.architecture, self.radio, self.deployment(world), rate_min_mbps, active)
        self._problems[world] = problem
        return problem

    def eipc_mw(self, offers: BoolArray) -> FloatArray:
        """Powers ``[B, K]`` that EIPC would choose in the coming period for offers ``[B, M, K]``, once repaired."""
        power_mw = np.zeros(self.gain.shape[::2])
        for world, requested in enumerate(offers):
            problem = self.problem(world)
            association = _repaired(problem, np.ascontiguousarray(requested[:, problem.ue]))
            power_mw[world, problem.ue] = eipc_power_mw(problem.gain, association.any(axis=1), self.radio.power_max_mw)
        return power_mw

    def run_period(self, commands: UplinkCommands) -> Choices:
        """One decision period under validated commands."""
        state = self.state
        repaired, was_awake = np.zeros_like(state.awake), state.awake.copy()
        moments: list[tuple[UplinkProblem, BoolArray, FloatArray | None]] = []
        for world in range(state.episodes.n_worlds):
            problem = self.problem(world)
            requested = np.ascontiguousarray(commands.association[world][:, problem.ue])
            association = _repaired(problem, requested)
            chosen = None if commands.power_mw is None else commands.power_mw[world, problem.ue]
            power_mw = chosen
            if power_mw is None:
                power_mw = eipc_power_mw(problem.gain, association.any(axis=1), self.radio.power_max_mw)
            outcome = evaluate(problem, association, power_mw)
            repaired[world] = (association != requested).any(axis=1)
            moments.append((problem, requested, chosen))
            self._record(world, problem, association, power_mw, outcome)
        return Choices(repaired, was_awake, moments)

    def _record(
        self, world: int, problem: UplinkProblem, association: BoolArray, power_mw: FloatArray, outcome: UplinkOutcome
    ) -> None:
        """Put a world's period into force and into its series."""
        state, active = self.state, problem.ue
        lacking_mbps = np.maximum(problem.rate_min_mbps - outcome.rate_mbps, 0.0)
        state.association[world] = False
        state.association[world][:, active] = association
        for values, of_active in (
            (state.power_mw, power_mw), (state.rate_mbps, outcome.rate_mbps), (state.shortfall_mbps, lacking_mbps)
        ):  # fmt: skip
            values[world] = 0.0
            values[world, active] = of_active
        row = {
            "network_power_w": outcome.power_w,
            "sum_rate_mbps": outcome.rate_mbps.sum(),
            "traffic_mbps": problem.rate_min_mbps.sum(),
            "shortfall_mbps": outcome.shortfall_mbps,
            "violations": outcome.violations,
            "active_ues": active.size,
            "active_ubs": outcome.awake.sum(),
            "wake_ups": (outcome.awake & ~state.awake[world]).sum(),
        }
        decision = int(state.decision[world])
        state.series[world, decision] = [row[name] for name in SERIES]
        state.awake_series[world, decision] = outcome.awake
        state.awake[world] = outcome.awake


def _repaired(problem: UplinkProblem, requested: BoolArray) -> Any:
    """The association ``[M, K]`` nearest to what was asked for, within the limits."""
    return repair(requested[None], problem.gain, problem.ubs_per_ue, problem.ues_per_ubs)[0]

"""The course of a batch of uplink episodes: what each world faces now, and what a decision brings it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from voltran.envs.uplink.architecture import Architecture
from voltran.envs.uplink.commands import UplinkCommands
from voltran.envs.uplink.counterfactual import Outcomes, without_each
from voltran.envs.uplink.deployment import Deployment, build_problem, draw_deployment, radio_constants
from voltran.envs.uplink.problem import UplinkOutcome, UplinkProblem, evaluate
from voltran.envs.uplink.repair import repair
from voltran.envs.uplink.scenario import UplinkScenario
from voltran.envs.uplink.state import SERIES, blank_state, start_episode
from voltran.envs.uplink.traffic import TrafficSource
from voltran.physics.layout import FloatArray
from voltran.physics.uplink import BoolArray, IntArray
from voltran.physics.uplink_control import eipc_power_mw


@dataclass(frozen=True)
class Period:
    """One decision period.

    Attributes:
        repaired: ``[B, M]`` UBSs that do not serve whom they asked to.
        was_awake: ``[B, M]`` before it.
        without: ``[B, M + 1]`` what other choices would have brought; None unless asked for.
    """

    repaired: BoolArray
    was_awake: BoolArray
    without: Outcomes | None


class Simulation:
    """Worlds of one scenario and architecture.

    Args:
        scenario: the scenario.
        architecture: the network.
        n_worlds: batch size.

    Attributes:
        state: what changes.
        gain: ``[B, M, K]`` large-scale fading.
        traffic_mbps: ``[B, T, K]`` minimum rates; UEs take part while theirs is positive.
        deployments: of each world, None before its first reset.
    """

    def __init__(self, scenario: UplinkScenario, architecture: Architecture, n_worlds: int) -> None:
        self._scenario, self._architecture = scenario, architecture
        self._source = TrafficSource(scenario)
        self.radio = radio_constants(scenario)
        n_ubs, n_ues, self.decisions = architecture.n_ubs, scenario.ues.count, scenario.time.decisions
        self.state = blank_state(n_worlds, n_ubs, n_ues, self.decisions)
        self.gain = np.ones((n_worlds, n_ubs, n_ues))
        self.traffic_mbps = np.zeros((n_worlds, self.decisions, n_ues))
        self.deployments: list[Deployment | None] = [None] * n_worlds
        self._problems: list[UplinkProblem | None] = [None] * n_worlds
        self._worlds = np.arange(n_worlds)

    def start(self, world: int, seed: int) -> None:
        """Start an episode in one world."""
        self._load(world, seed)
        start_episode(self.state, world, seed)

    def rate_min_mbps(self) -> FloatArray:
        """Minimum rates ``[B, K]`` of the coming period; the day begins again when it is over."""
        return np.asarray(self.traffic_mbps[self._worlds, self.state.decision % self.decisions])

    def problem(self, world: int) -> UplinkProblem:
        """What one world faces in the coming period."""
        deployment, latest = self.deployments[world], self._problems[world]
        assert deployment is not None  # callers have checked that the world has been reset
        rate_min_mbps = self.traffic_mbps[world, self.state.decision[world] % self.decisions]
        active: IntArray = np.flatnonzero(rate_min_mbps > 0.0)
        if latest is not None and np.array_equal(latest.ue, active):
            problem = latest._replace(rate_min_mbps=rate_min_mbps[active])  # channels last as long as the same UEs talk
        else:
            problem = build_problem(self._architecture, self.radio, deployment, rate_min_mbps, active)
        self._problems[world] = problem
        return problem

    def run_period(self, commands: UplinkCommands, *, counterfactuals: bool) -> Period:
        """One decision period under validated commands."""
        state = self.state
        repaired, was_awake = np.zeros_like(state.awake), state.awake.copy()
        without: list[Outcomes] = []
        for world in range(len(state.seed)):
            problem = self.problem(world)
            asked = np.ascontiguousarray(commands.association[world][:, problem.ue])
            association = repair(asked[None], problem.gain, problem.ubs_per_ue, problem.ues_per_ubs)[0]
            chosen = None if commands.power_mw is None else commands.power_mw[world, problem.ue]
            power_mw = chosen
            if power_mw is None:
                power_mw = eipc_power_mw(problem.gain, association.any(axis=1), self.radio.power_max_mw)
            outcome = evaluate(problem, association, power_mw)
            repaired[world] = (association != asked).any(axis=1)
            if counterfactuals:
                without.append(without_each(problem, asked, chosen))
            self._record(world, problem, association, power_mw, outcome)
        return Period(repaired, was_awake, Outcomes(*map(np.stack, zip(*without, strict=True))) if without else None)

    def snapshot(self) -> dict[str, Any]:
        """Everything that changes, as copies; places, channels and traffic are drawn again from the seeds."""
        return self.state.snapshot()

    def restore(self, snapshot: Mapping[str, Any]) -> None:
        """Continue from a snapshot of the same scenario, architecture and batch size."""
        for world in np.flatnonzero(snapshot["seed"] >= 0).tolist():
            self._load(world, int(snapshot["seed"][world]))
        self.state.restore(snapshot)

    def _load(self, world: int, seed: int) -> None:
        deployment = draw_deployment(self._scenario, self._architecture, seed)
        self.deployments[world], self._problems[world] = deployment, None
        self.gain[world] = deployment.gain
        self.traffic_mbps[world] = self._source.draw_mbps(seed)

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
        state.decision[world] += 1

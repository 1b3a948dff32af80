"""The uplink world ``uplink_v0``: base stations only receive, and sleep where not needed. Source: [FDRAN]."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from voltran.envs.batch import (
    actions_of,
    check_snapshot,
    metrics_of_worlds,
    require_running,
    worlds_to_reset,
)
from voltran.envs.errors import EpisodeError, ScenarioError
from voltran.envs.uplink.actions import ActionCodec, ActionForm, check_commands
from voltran.envs.uplink.architecture import ArchitectureName, build_architecture
from voltran.envs.uplink.balance import power_balance
from voltran.envs.uplink.commands import UplinkCommands
from voltran.envs.uplink.deployment import Deployment
from voltran.envs.uplink.meaning import ubs_meaning, ubs_sight
from voltran.envs.uplink.metrics import efficiency, episode_metrics
from voltran.envs.uplink.observation import OBSERVATION_VERSION, Observer
from voltran.envs.uplink.problem import UplinkProblem
from voltran.envs.uplink.reward import REWARD_KINDS, RewardKind, components, marginal_credit
from voltran.envs.uplink.scenario import UplinkScenario
from voltran.envs.uplink.simulation import Period, Simulation
from voltran.envs.world import BoolArray, FloatArray, Role, Transition


class UplinkWorld:
    """A batch of uplink episodes; implements :class:`voltran.envs.world.World`.

    One decision period: UBSs say which UEs they offer to serve, offers are repaired to the limits of the association,
    transmit powers follow (EIPC unless commands say otherwise), and the network serves its UEs for the period. Places
    and large-scale fading stay for an episode; what UEs want changes with the time of day.

    Args:
        scenario: the scenario.
        n_worlds: batch size ``B``.
        architecture: "fd-ran", "uc-cell-free", "cell-free", "small-cell" or "cellular".
        idle_sleep: probability that an idle UBS of "uc-cell-free" sleeps.
        action_form: "joint" (Discrete) or "multi" (MultiDiscrete).
        reward: "team", or "local" (each UBS's contribution to it).

    Raises:
        ScenarioError: an unknown reward, or more UEs than the UBSs may serve.
    """

    name = "uplink_v0"
    render_modes: tuple[str, ...] = ("ansi", "rgb_array")

    def __init__(
        self,
        scenario: UplinkScenario,
        n_worlds: int = 1,
        *,
        architecture: ArchitectureName = "fd-ran",
        idle_sleep: float = 1.0,
        action_form: ActionForm = "joint",
        reward: RewardKind = "team",
    ) -> None:
        if reward not in REWARD_KINDS:
            raise ScenarioError(f"reward = {reward!r} is unknown; use one of {', '.join(REWARD_KINDS)}")
        self.scenario, self.n_worlds, self.reward_kind = scenario, n_worlds, reward
        self.architecture = build_architecture(scenario, architecture, idle_sleep)
        self._require_room()
        self.codec = ActionCodec(self.architecture, scenario.ues.count, action_form)
        self._simulation = Simulation(scenario, self.architecture, n_worlds)
        self._observer = Observer(scenario, self.codec, self._simulation)
        self.max_decisions = scenario.time.decisions
        self.observation_version, self.action_version = OBSERVATION_VERSION, self.codec.version
        observed = spaces.Box(self._observer.low, self._observer.high, dtype=np.float32)
        self.roles = (
            Role(
                "ubs",
                self.architecture.n_ubs,
                observed,
                self.codec.space(),
                sees=ubs_sight(),
                meaning=ubs_meaning(self.codec),
            ),
        )
        self.state_space = spaces.Box(self._observer.state_low, self._observer.state_high, dtype=np.float32)
        self._identity = f"{scenario.model_dump_json()} {architecture} {idle_sleep}"

    # --- the protocol -------------------------------------------------------------------------------------------------

    def reset(self, seeds: Sequence[int], worlds: BoolArray | None = None) -> None:
        """Start new episodes; see :meth:`voltran.envs.world.World.reset`."""
        chosen = worlds_to_reset(seeds, worlds, self.n_worlds)
        for world, seed in chosen.items():
            self._simulation.start(world, seed)
        self._observer.start(np.array(list(chosen), dtype=np.int64))

    def step(self, actions: Mapping[str, Any]) -> Transition:
        """Advance by one decision period; see :meth:`voltran.envs.world.World.step`."""
        require_running(self._simulation.state.running, self._simulation.state.seed)
        commands, projected = self._commands(actions)
        period = self._simulation.run_period(commands, counterfactuals=self.reward_kind == "local")
        state = self._simulation.state
        truncated = state.decision >= min(self.max_decisions, self.scenario.time.decisions)
        state.running[:] = ~truncated
        rewards, told = self._rewards(period)
        return Transition(
            rewards={"ubs": rewards},
            terminated=np.zeros(self.n_worlds, dtype=bool),
            truncated=truncated,
            agent_infos={"ubs": {"projected": projected, "repaired": period.repaired, "awake": state.awake.copy()}},
            episode_infos=told,
        )

    def observations(self) -> dict[str, NDArray[np.float32]]:
        """Role -> ``[B, M, F]``; the table is ``observation.FIELDS``."""
        return {"ubs": self._observer.observations()}

    def state(self) -> NDArray[np.float32]:
        """Global state vector ``[B, S]``."""
        return self._observer.state()

    def action_masks(self) -> dict[str, BoolArray]:
        """Role -> ``[B, M, A]``."""
        return {"ubs": self.codec.mask(self.active)}

    def kpis(self, worlds: BoolArray | None = None) -> dict[str, FloatArray]:
        """Metric -> ``[B]``, over the episodes so far (docs/uplink.md); NaN outside the mask ``worlds``."""
        return metrics_of_worlds(self._metrics_of, worlds, self._simulation.state.seed)

    def trace(self, world: int = 0) -> dict[str, NDArray[Any]]:
        """Time series of one world: ``time_h``, those of ``state.SERIES``, ``energy_efficiency``, ``awake [T, M]``."""
        series: dict[str, NDArray[Any]] = dict(self._simulation.state.of_world(world))
        done, time = len(series["sum_rate_mbps"]), self.scenario.time
        return {
            "time_h": time.start_h + np.arange(done) * time.period_h,
            "energy_efficiency": efficiency(series["sum_rate_mbps"], series["network_power_w"]),
            **series,
            "awake": self._simulation.state.awake_series[world, :done].copy(),
        }

    def ledger(self) -> dict[str, FloatArray]:
        """Where the power of the latest period went, quantity -> ``[B, M]``; see :func:`power_balance`."""
        if (self._simulation.state.decision == 0).any():
            raise EpisodeError("the ledger is empty: a world has made no step since its reset")
        return power_balance(self.architecture.power, self._simulation)

    def get_state(self) -> dict[str, Any]:
        """Snapshot: seeds (places, channels and traffic are drawn again from them) and state arrays."""
        return {"identity": self._identity, "state": self._simulation.snapshot()}

    def set_state(self, snapshot: Mapping[str, Any]) -> None:
        """Continue from a snapshot.

        Raises:
            EpisodeError: the snapshot is of another scenario, architecture or batch size; nothing has changed then.
        """
        seeds = snapshot["state"]["seed"]
        check_snapshot(snapshot.get("identity"), self._identity, seeds, self.n_worlds)
        self._simulation.restore(snapshot["state"])
        self._observer.start(np.flatnonzero(seeds >= 0))

    def render(self, mode: str, world: int = 0) -> Any:
        """Picture of one world; see ``viewer``."""
        from voltran.envs.uplink import viewer

        return viewer.render(self, mode, world)

    # --- what controllers ask -----------------------------------------------------------------------------------------

    def problem(self, index: int = 0) -> UplinkProblem:
        """What one world faces in the coming period; only the UEs that are active then take part, perhaps none.

        Raises:
            EpisodeError: the world has not been reset.
        """
        self._require_reset(index)
        return self._simulation.problem(index)

    def deployment(self, index: int = 0) -> Deployment:
        """Places, channels and pilots of one world's episode.

        Raises:
            EpisodeError: the world has not been reset.
        """
        return self._require_reset(index)

    @property
    def active(self) -> BoolArray:
        """UEs that take part in the coming period, ``[B, K]``."""
        return np.asarray(self._simulation.rate_min_mbps() > 0.0)

    @property
    def awake(self) -> BoolArray:
        """UBSs that served somebody in the latest period, ``[B, M]``; all before the first."""
        return self._simulation.state.awake.copy()

    @property
    def association(self) -> BoolArray:
        """Who served whom in the latest period, ``[B, M, K]``; nobody before the first."""
        return self._simulation.state.association.copy()

    @property
    def power_mw(self) -> FloatArray:
        """Transmit powers in the latest period, ``[B, K]``; zero for UEs that were silent."""
        return self._simulation.state.power_mw.copy()

    @property
    def rate_mbps(self) -> FloatArray:
        """Rates in the latest period, ``[B, K]``; zero for UEs that were silent."""
        return self._simulation.state.rate_mbps.copy()

    @property
    def decision(self) -> NDArray[np.int64]:
        """Decision periods done, ``[B]``."""
        return self._simulation.state.decision.copy()

    # --- inside -------------------------------------------------------------------------------------------------------

    def _require_room(self) -> None:
        network, count = self.architecture, self.scenario.ues.count
        if count > network.n_ubs * network.ues_per_ubs:
            raise ScenarioError(
                f"ues.count = {count}: {network.n_ubs} UBSs of {network.name} serve at most {network.ues_per_ubs} UEs "
                "each; raise layout.n_ubs or limits.ues_per_ubs, or use fewer UEs"
            )

    def _require_reset(self, world: int) -> Deployment:
        if not 0 <= world < self.n_worlds:
            raise EpisodeError(f"world = {world}: the batch has worlds 0 to {self.n_worlds - 1}")
        deployment = self._simulation.deployments[world]
        if deployment is None:
            raise EpisodeError(f"world {world} has not been reset: call reset(seeds) first")
        return deployment

    def _commands(self, actions: Mapping[str, Any]) -> tuple[UplinkCommands, BoolArray]:
        """Validated commands, and which agents' codes were illegal."""
        asked, active = actions_of("ubs", actions, self.name), self.active
        shape = (self.n_worlds, self.architecture.n_ubs, self.scenario.ues.count)
        if isinstance(asked, UplinkCommands):
            check_commands(asked, shape, self.scenario.radio.power_max_mw)
            return asked, np.zeros(shape[:2], dtype=bool)
        codes = self.codec.validate(asked, self.n_worlds)
        decoded = self.codec.decode(codes, np.argsort(self._observer.order(active), axis=-1), active)
        return UplinkCommands(decoded.association), decoded.projected

    def _rewards(self, period: Period) -> tuple[FloatArray, dict[str, FloatArray]]:
        """Rewards ``[B, M]``, and what to tell about the episode ``[B]``."""
        state, weights = self._simulation.state, self.scenario.reward
        reached = efficiency(state.latest("sum_rate_mbps"), state.latest("network_power_w"))
        woken = state.latest("wake_ups") / self.architecture.n_ubs
        demanded = state.latest("traffic_mbps")
        parts = components(weights, reached, state.latest("shortfall_mbps"), demanded, woken)
        told = {f"reward_{name}": value for name, value in parts.items()}
        team = np.repeat(np.sum(list(parts.values()), axis=0)[:, None], self.architecture.n_ubs, axis=1)
        if period.without is None:
            return team, told
        credit = marginal_credit(weights, period.without, demanded, period.was_awake)
        local = credit - weights.local_repair * period.repaired + weights.local_team * team
        told["reward_local"] = local.mean(axis=1)
        return local, told

    def _metrics_of(self, world: int) -> dict[str, float]:
        if self._simulation.state.decision[world] == 0:
            raise EpisodeError(f"world {world} has no metrics yet: no step has been made")
        return episode_metrics(self._simulation.state.of_world(world))

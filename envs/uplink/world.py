"""The uplink world ``uplink_v0``: base stations only receive, and sleep where not needed. Source: [FDRAN]."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from voltran.envs.action_checks import require_code
from voltran.envs.base import BatchedWorld, Outcome
from voltran.envs.errors import ScenarioError
from voltran.envs.observe import Observe, role_observations
from voltran.envs.rewards import RewardChoice, Rewards
from voltran.envs.uplink import WORLD
from voltran.envs.uplink.actions import ActionCodec, ActionForm, check_commands
from voltran.envs.uplink.architecture import ArchitectureName, build_architecture
from voltran.envs.uplink.balance import power_balance
from voltran.envs.uplink.channels import Channels
from voltran.envs.uplink.commands import UplinkCommands
from voltran.envs.uplink.deployment import Deployment
from voltran.envs.uplink.meaning import ubs_meaning
from voltran.envs.uplink.metrics import efficiency, episode_metrics
from voltran.envs.uplink.observation import DEFAULT, dimensions, global_state
from voltran.envs.uplink.problem import UplinkProblem
from voltran.envs.uplink.rewards.period import UplinkPeriod
from voltran.envs.uplink.scenario import UplinkScenario
from voltran.envs.uplink.simulation import Choices, EpisodeDraws, Simulation
from voltran.envs.uplink.view import UplinkView
from voltran.physics.arrays import BoolArray, FloatArray, IntArray

SAME = 1e-9  # less than this, relative to a power, is rounding


class UplinkOrders(NamedTuple):
    """Checked commands, and which agents' codes ``[B, M]`` were illegal."""

    network: UplinkCommands
    projected: BoolArray


class UplinkWorld(BatchedWorld):
    """A batch of uplink episodes.

    One decision period: UBSs say which UEs they offer to serve, offers are repaired to the limits of the association,
    transmit powers follow (EIPC unless commands say otherwise), and the network serves its UEs for the period. Places
    and large-scale fading stay for an episode; what UEs want changes with the time of day.

    Args:
        scenario: the scenario.
        n_worlds: batch size ``B``.
        architecture: "fd-ran", "uc-cell-free", "cell-free", "small-cell" or "cellular".
        idle_sleep: probability that an idle UBS of "uc-cell-free" sleeps.
        action_form: "joint" (Discrete) or "multi" (MultiDiscrete).
        reward: "team", "local" (each UBS's contribution to it), ``module:function`` or a function, see
            :mod:`voltran.envs.rewards`.
        observe: fields that agents observe, see :func:`voltran.envs.observe.role_observations`; by default all.

    Raises:
        ScenarioError: an unknown reward or field, or more UEs than the UBSs may serve.
    """

    spec = WORLD
    command_classes: ClassVar[Mapping[str, tuple[type, ...]]] = {"ubs": (UplinkCommands,)}
    scenario: UplinkScenario

    def __init__(
        self,
        scenario: UplinkScenario,
        n_worlds: int = 1,
        *,
        architecture: ArchitectureName = "fd-ran",
        idle_sleep: float = 1.0,
        action_form: ActionForm = "joint",
        reward: RewardChoice = "team",
        observe: Observe = None,
    ) -> None:
        identity = {"architecture": architecture, "idle_sleep": idle_sleep}
        super().__init__(scenario, n_worlds, scenario.time.decisions, identity)
        self.architecture = build_architecture(scenario, architecture, idle_sleep)
        self._require_room()
        self.codec = ActionCodec(self.architecture, scenario.ues.count, action_form)
        self._simulation = Simulation(scenario, self.architecture, self.episodes)
        radio = self._simulation.radio
        self._channels = Channels(self._simulation.gain.shape, radio.power_max_mw, radio.noise_mw)
        counts = {"ubs": self.architecture.n_ubs}
        observed = role_observations(self.name, counts, {"ubs": DEFAULT}, observe, dimensions(self.codec))
        role = observed["ubs"].as_role(self.codec.space(), self.codec.version, ubs_meaning(self.codec))
        self._introduce([role], observed, global_state(self.codec))
        self._rewards = Rewards(self.spec, list(observed), reward)

    # --- the protocol -------------------------------------------------------------------------------------------------

    def action_masks(self) -> dict[str, BoolArray]:
        """Role -> ``[B, M, A]``."""
        return {"ubs": self.codec.mask(self.active)}

    def trace(self, world: int = 0) -> dict[str, NDArray[Any]]:
        """Time series of one world, and what a map of it needs.

        Returns:
            ``time_h``, ``energy_efficiency``, those of ``state.SERIES``, each ``[T]``; ``awake [T, M]``; the map of
            :func:`~voltran.envs.uplink.scene.map_of`.
        """
        from voltran.envs.uplink.scene import map_of

        series = super().trace(world)
        reached = efficiency(series["sum_rate_mbps"], series["network_power_w"])
        return {"time_h": series["time_h"], "energy_efficiency": reached, **series, **map_of(self._simulation, world)}

    # --- what controllers ask -----------------------------------------------------------------------------------------

    def problem(self, index: int = 0) -> UplinkProblem:
        """What one world faces in the coming period; only the UEs that are active then take part, perhaps none.

        Raises:
            EpisodeError: the world has not been reset.
        """
        return self._simulation.problem(self.episodes.require_reset(index))

    def encode_commands(self, role: str, commands: UplinkCommands) -> IntArray:
        """Codes that stand for the UBSs' commands, see :func:`voltran.envs.action_codes.action_codes`."""
        shape = (self.n_worlds, self.architecture.n_ubs, self.scenario.ues.count)
        check_commands(commands, shape, self.scenario.radio.power_max_mw)
        power_mw, active = commands.power_mw, self.active
        if power_mw is not None:
            usual = np.isclose(power_mw, self._simulation.eipc_mw(commands.association), rtol=SAME, atol=0.0)
            remedy = "codes leave powers to EIPC, as trimsm-eipc:final=eipc does"
            require_code(usual | ~active, "ue", "power_mw", power_mw, remedy)
        return self.codec.encode(commands.association, np.argsort(self._channels.order(active), axis=-1), active)

    def deployment(self, index: int = 0) -> Deployment:
        """Places, channels and pilots of one world's episode.

        Raises:
            EpisodeError: the world has not been reset.
        """
        return self._simulation.deployment(self.episodes.require_reset(index))

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

    # --- inside -------------------------------------------------------------------------------------------------------

    def _require_room(self) -> None:
        network, count = self.architecture, self.scenario.ues.count
        if count > network.n_ubs * network.ues_per_ubs:
            raise ScenarioError(
                f"ues.count = {count}: {network.n_ubs} UBSs of {network.name} serve at most {network.ues_per_ubs} UEs "
                "each; raise layout.n_ubs or limits.ues_per_ubs, or use fewer UEs"
            )

    def _view(self) -> UplinkView:
        return UplinkView(self, self._simulation, self._channels, self.codec)

    def _draw(self, seed: int) -> EpisodeDraws:
        return self._simulation.draw(seed)

    def _load(self, drawn: Mapping[int, EpisodeDraws]) -> None:
        self._simulation.load(drawn)
        self._channels.start(np.array(list(drawn), dtype=np.int64), self._simulation.gain)

    def _begin(self, worlds: Sequence[int]) -> None:
        self._simulation.begin(worlds)

    def _decode(self, actions: dict[str, Any]) -> UplinkOrders:
        ubs_actions, active = actions["ubs"], self.active
        shape = (self.n_worlds, self.architecture.n_ubs, self.scenario.ues.count)
        if isinstance(ubs_actions, UplinkCommands):
            check_commands(ubs_actions, shape, self.scenario.radio.power_max_mw)
            return UplinkOrders(ubs_actions, np.zeros(shape[:2], dtype=bool))
        decoded = self.codec.decode(ubs_actions, np.argsort(self._channels.order(active), axis=-1), active)
        return UplinkOrders(UplinkCommands(decoded.association), decoded.projected)

    def _run_period(self, commands: UplinkOrders) -> Choices:
        return self._simulation.run_period(commands.network)

    def _outcome(self, commands: UplinkOrders, period: Choices) -> Outcome:
        state = self._simulation.state
        rewards, components = self._rewards(UplinkPeriod(self, state, period))
        infos = {"projected": commands.projected, "repaired": period.repaired, "awake": state.awake.copy()}
        return Outcome(rewards, {"ubs": infos}, components)

    def _metrics_of(self, world: int) -> dict[str, float]:
        return episode_metrics(self._series_of(world))

    def _state_arrays(self) -> Mapping[str, Any]:
        return self._simulation.state.arrays()

    def _series(self) -> Mapping[str, NDArray[Any]]:
        return self._simulation.state.named_series

    def _time_h(self, rows: int) -> FloatArray:
        """Hours since the first midnight."""
        return np.asarray(self.scenario.time.start_h + np.arange(rows) * self.scenario.time.period_h)

    def _ledger(self) -> dict[str, FloatArray]:
        """Where the power of the latest period went, quantity -> ``[B, M]``; see :func:`power_balance`."""
        return power_balance(self.architecture.power, self._simulation)

    def _scene(self, world: int) -> Any:
        from voltran.envs.uplink.scene import scene_of

        return scene_of(self._simulation, world, self.trace(world), self.played_by)

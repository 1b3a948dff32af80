"""The sharing world ``sharing_v0``: operators of co-located sites share batteries and panels. Source: [CG]."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from voltran.envs.base import BatchedWorld, Outcome
from voltran.envs.observe import Observe, role_observations
from voltran.envs.rewards import RewardChoice, Rewards
from voltran.envs.sharing import WORLD
from voltran.envs.sharing.actions import SharingCodec, SharingForm
from voltran.envs.sharing.commands import SharingCommands, check_commands
from voltran.envs.sharing.constants import SharingConstants
from voltran.envs.sharing.draws import EpisodeDraws
from voltran.envs.sharing.forecast import SharingForecast
from voltran.envs.sharing.metrics import episode_metrics
from voltran.envs.sharing.observation import DEFAULT, dimensions, global_state, operator_meaning
from voltran.envs.sharing.rewards.period import SharingPeriod
from voltran.envs.sharing.scenario import SharingScenario
from voltran.envs.sharing.simulation import Simulation
from voltran.envs.sharing.view import SharingView
from voltran.physics.arrays import BoolArray, FloatArray

ROLE = "operator"


class SharingOrders(NamedTuple):
    """Checked commands, and which agents' codes ``[B, N]`` were illegal."""

    commands: SharingCommands
    projected: BoolArray


class SharingWorld(BatchedWorld):
    """A batch of sharing episodes.

    One decision period is a slot: every operator says for its sites of an infrastructure whether they take their power
    from the grid or from the shared battery, and how much the grid shall charge it. Requests beyond what the battery
    can give are rationed by shares, and the rest comes from the grid, if it is there.

    Args:
        scenario: the scenario.
        n_worlds: batch size ``B``.
        action_form: "joint" (Discrete) or "multi" (MultiDiscrete).
        reward: "own" (each operator its own costs), "common" (all at an infrastructure the same), "saving" (likewise,
            with stored energy counted at once), ``module:function`` or a function, see :mod:`voltran.envs.rewards`.
        observe: fields that operators observe, see :func:`voltran.envs.observe.role_observations`; by default all.

    Attributes:
        constants: constants of the scenario.
        codec: of actions.
        forecast: what is known of the hours to come.

    Raises:
        ScenarioError: an unknown reward, field or form.
    """

    spec = WORLD
    command_classes: ClassVar[Mapping[str, tuple[type, ...]]] = {ROLE: (SharingCommands,)}
    scenario: SharingScenario

    def __init__(
        self,
        scenario: SharingScenario,
        n_worlds: int = 1,
        *,
        action_form: SharingForm = "joint",
        reward: RewardChoice = "own",
        observe: Observe = None,
    ) -> None:
        constants = SharingConstants(scenario)
        super().__init__(scenario, n_worlds, constants.decisions)
        self.constants = constants
        self.codec = SharingCodec(constants, action_form)
        self._simulation = Simulation(constants, self.episodes)
        self.forecast: SharingForecast = self._simulation.forecast
        counts, sizes = {ROLE: constants.n_agents}, dimensions(constants)
        observed = role_observations(self.name, counts, {ROLE: DEFAULT}, observe, sizes)
        role = observed[ROLE].as_role(self.codec.space(), self.codec.version, operator_meaning(constants))
        self._introduce([role], observed, global_state(constants))
        self._rewards = Rewards(self.spec, [ROLE], reward)

    # --- the protocol -------------------------------------------------------------------------------------------------

    def action_masks(self) -> dict[str, BoolArray]:
        """Role -> ``[B, N, A]``."""
        return {ROLE: self.codec.mask(self._simulation.can_charge())}

    # --- what controllers ask -----------------------------------------------------------------------------------------

    def encode_commands(self, role: str, commands: SharingCommands) -> NDArray[np.int64]:
        """Codes that stand for the operators' commands, see :func:`voltran.envs.action_codes.action_codes`."""
        check_commands(commands, self.n_worlds, self.constants.n_sites, self.constants.n_agents)
        return self.codec.encode(commands, self._simulation.can_charge())

    @property
    def soc(self) -> FloatArray:
        """States of charge ``[B, I]``."""
        return self._simulation.state.soc.copy()

    @property
    def health(self) -> FloatArray:
        """States of health ``[B, I]``."""
        return self._simulation.state.health.copy()

    @property
    def capacity_kwh(self) -> FloatArray:
        """Capacities of batteries today, ``[B, I]``."""
        return self._simulation.state.capacity_kwh.copy()

    @property
    def usable(self) -> BoolArray:
        """Infrastructures ``[B, I]`` whose battery can be used: it is not worn out."""
        return self._simulation.usable()

    @property
    def share(self) -> FloatArray:
        """Alpha of sites, ``[B, U]``."""
        return self._simulation.share.copy()

    @property
    def agent_share(self) -> FloatArray:
        """Alpha of all sites of agents, ``[B, N]``."""
        return self._simulation.agent_share.copy()

    @property
    def refill_price(self) -> FloatArray:
        """What a kWh costs that is missing at the end, ``[B]``, EUR/kWh before charging losses; see docs/sharing.md."""
        return self._simulation.refill_price()

    # --- inside -------------------------------------------------------------------------------------------------------

    def _view(self) -> SharingView:
        return SharingView(self, self._simulation)

    def _draw(self, seed: int) -> EpisodeDraws:
        return self._simulation.draw(seed)

    def _load(self, drawn: Mapping[int, EpisodeDraws]) -> None:
        self._simulation.load(drawn)

    def _begin(self, worlds: Sequence[int]) -> None:
        self._simulation.begin(worlds)

    def _decode(self, actions: dict[str, Any]) -> SharingOrders:
        chosen, constants = actions[ROLE], self.constants
        if isinstance(chosen, SharingCommands):
            check_commands(chosen, self.n_worlds, constants.n_sites, constants.n_agents)
            return SharingOrders(chosen, np.zeros((self.n_worlds, constants.n_agents), dtype=bool))
        decoded = self.codec.decode(chosen, self._simulation.can_charge())
        return SharingOrders(decoded.commands, decoded.projected)

    def _run_period(self, commands: SharingOrders) -> None:
        self._simulation.run_period(commands.commands)

    def _outcome(self, commands: SharingOrders, period: None) -> Outcome:
        self._simulation.settle(~self.episodes.running)
        ended = SharingPeriod(self, self._simulation.state)
        rewards, components = self._rewards(ended)
        costs = {name: -values.sum(axis=1) for name, values in ended.costs_eur.items()}
        return Outcome(rewards, {ROLE: self._agent_infos(commands.projected)}, {**costs, **components})

    def _agent_infos(self, projected: BoolArray) -> dict[str, NDArray[Any]]:
        """Key -> ``[B, N]`` about the latest slot."""
        state, constants = self._simulation.state, self.constants
        served = ("grid", "battery", "unserved")
        energy = {f"{name}_kwh": constants.by_agent(state.latest(f"{name}_kw")) * constants.period_h for name in served}
        return {"projected": projected, **energy}

    def _metrics_of(self, world: int) -> dict[str, float]:
        done = int(self.episodes.decision[world])
        simulation = self._simulation
        return episode_metrics(
            self.constants,
            self._series_of(world),
            simulation.grid_only_eur[world, :done],
            simulation.forecast.expected_kw(world, done),
        )

    def _state_arrays(self) -> Mapping[str, Any]:
        return self._simulation.arrays()

    def _series(self) -> Mapping[str, NDArray[Any]]:
        return self._simulation.state.series

    def _time_h(self, rows: int) -> FloatArray:
        """Hours since the midnight before the episode."""
        return np.asarray(self.scenario.weather.start_hour + np.arange(rows) * self.constants.period_h)

    def _ledger(self) -> dict[str, FloatArray]:
        """Balance of the latest slot, quantity -> ``[B, N]``.

        ``grid_kw + battery_kw + direct_kw + unserved_kw`` make up ``demand_kw``; ``residual_kw`` counts what the shared
        battery stores and loses, too, and is the larger of both residuals.
        """
        state, constants = self._simulation.state, self.constants
        names = ("demand_kw", "grid_kw", "battery_kw", "direct_kw", "unserved_kw")
        flows = {name: constants.by_agent(state.latest(name)) for name in names}
        of_sites = flows["demand_kw"] - sum(flows[name] for name in names[1:])
        of_battery = state.latest("residual_kw")[:, constants.agent_infrastructure]
        worst = np.where(np.abs(of_battery) > np.abs(of_sites), of_battery, of_sites)
        return {**flows, "residual_kw": worst}

    def _scene(self, world: int) -> Any:
        from voltran.envs.sharing.scene import scene_of

        return scene_of(self._simulation, world, self.trace(world), self.played_by)

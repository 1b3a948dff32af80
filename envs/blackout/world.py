"""The outage world ``blackout_v0``: base stations on batteries in a power cut, helping each other. Source: [MSRC]."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from voltran.envs.base import BatchedWorld, Outcome
from voltran.envs.blackout import WORLD
from voltran.envs.blackout.actions import ActionCodec, ActionForm, ActionSet, Legality
from voltran.envs.blackout.commands import SiteCommands, check_commands, with_modes
from voltran.envs.blackout.constants import MODES, BlackoutConstants
from voltran.envs.blackout.meaning import site_meaning
from voltran.envs.blackout.metrics import episode_metrics, hours
from voltran.envs.blackout.observation import DEFAULT, dimensions, global_state
from voltran.envs.blackout.power_imports import Imports, NoImports
from voltran.envs.blackout.readings import SiteReadings
from voltran.envs.blackout.repair import repair_worlds
from voltran.envs.blackout.rewards.period import BlackoutPeriod
from voltran.envs.blackout.scenario import BlackoutScenario
from voltran.envs.blackout.simulation import EpisodeDraws, Simulation
from voltran.envs.blackout.situation import SiteEnergy
from voltran.envs.blackout.state import PeriodTotals
from voltran.envs.blackout.undo import undone_on_errors
from voltran.envs.blackout.view import BlackoutView, Surroundings
from voltran.envs.errors import EpisodeError
from voltran.envs.observations import GlobalState, Observation
from voltran.envs.observe import Observe, role_observations
from voltran.envs.rewards import RewardChoice, Rewards
from voltran.envs.world import Role
from voltran.physics.arrays import BoolArray, FloatArray, Int16Array, IntArray
from voltran.physics.power import ASSISTED, HELPING, SLEEP


class SiteOrders(NamedTuple):
    """Commands of sites, checked and repaired.

    Attributes:
        commands: as they come into force.
        infos: what to tell the agents about them, key -> ``[B, site]``.
        links: ``[B, site, site]`` who helps whom, symmetric; none where commands are free.
    """

    commands: SiteCommands
    infos: dict[str, NDArray[Any]]
    links: BoolArray


class SitePeriod(NamedTuple):
    """Usable energy before a decision period, and where commanded modes changed at its start; both ``[B, site]``."""

    before_kwh: FloatArray
    changed: FloatArray


class BlackoutWorld(SiteReadings, BatchedWorld):
    """A batch of outage episodes.

    One decision period: commands are validated, decoded and repaired; then, in each physics step, service is recomputed
    if anything changed, loads are supplied, batteries and vehicles are updated, and sites that ran dry go down from the
    next step on.

    Args:
        scenario: the scenario.
        n_worlds: batch size ``B``.
        action_set: "paper" (bands follow the mode) or "extended" (any band set that the mode allows).
        action_form: "joint" (Discrete) or "multi" (MultiDiscrete).
        reward: "team" ([MSRC] Eq. 18, normalised), "local" (per-site training credit), "mixed", ``module:function`` or
            a function, see :mod:`voltran.envs.rewards`.
        observe: fields that agents observe, see :func:`voltran.envs.observe.role_observations`; by default all.
        cache: False recomputes service in every physics step; the results are the same, bit for bit.
        trace_sites: keep time series of each site for :meth:`trace`; by default in a batch of one.

    Raises:
        ScenarioError: an unknown reward or field.
    """

    spec = WORLD
    command_classes: ClassVar[Mapping[str, tuple[type, ...]]] = {"bs": (SiteCommands,)}
    unlimited = frozenset({"radius_m", "ev_power_kw", "ev_limit_kw"})  # free commands may ask for whatever there is
    scenario: BlackoutScenario

    def __init__(
        self,
        scenario: BlackoutScenario,
        n_worlds: int = 1,
        *,
        action_set: ActionSet = "paper",
        action_form: ActionForm = "joint",
        reward: RewardChoice = "team",
        observe: Observe = None,
        cache: bool = True,
        trace_sites: bool | None = None,
    ) -> None:
        constants = BlackoutConstants(scenario)
        keep_sites = n_worlds == 1 if trace_sites is None else trace_sites
        super().__init__(scenario, n_worlds, constants.max_decisions)
        self.constants = constants
        self.codec = ActionCodec(self.constants, action_set, action_form)
        observed = self._observe(observe)
        self._introduce(self._roles(observed), observed, self._global_state())
        self._rewards = Rewards(self.spec, list(observed), reward)
        self._surroundings = Surroundings(self.constants)
        self._simulation = Simulation(self.constants, n_worlds, cache, keep_sites, self._imports())

    # --- the protocol -------------------------------------------------------------------------------------------------

    def action_masks(self) -> dict[str, BoolArray]:
        """Role -> ``[B, n, A]``."""
        return {"bs": self.codec.mask(self.legality())}

    # --- what controllers ask -----------------------------------------------------------------------------------------

    def legality(self) -> Legality:
        """What live sites may do now: helping and being helped need somebody within reach, vehicle power an offer."""
        state, may_help = self._state, self.constants.may_help
        shape = (*state.soc.shape, len(MODES))
        mode = np.ones(shape, dtype=bool)
        mode[..., HELPING] = may_help.any(axis=1)
        helper_near = (state.alive[:, :, None] & may_help).any(axis=1)
        mode[..., ASSISTED] = mode[..., SLEEP] = helper_near
        if self.constants.k_max == 0:
            mode[..., 1:] = False
        level = np.ones(shape, dtype=bool)
        level[..., 1:] = (state.offered_kw > 0.0)[..., None]
        return Legality(mode, level, state.alive.copy())

    def effective_commands(self, commands: SiteCommands) -> SiteCommands:
        """Commands as they would come into force now: checked, and repaired unless they are free. Nothing changes.

        Raises:
            ActionError: commands that no site could carry out, or that their command set does not allow.
            EpisodeError: a world that has not been reset.
        """
        self.episodes.require_all_reset()
        return self._orders(commands).commands

    def encode_commands(self, role: str, commands: Any) -> IntArray:
        """Codes that stand for the commands of a role, see :func:`voltran.envs.action_codes.action_codes`."""
        return self.codec.encode(self.effective_commands(commands), self.legality(), self._state.offered_kw)

    def hysteresis_sites(self, in_force: SiteCommands) -> Int16Array:
        """Last serving sites ``[B, user]`` as they would count for the hysteresis under these commands, -1 for none.

        As long as nothing changes users do not associate anew, and the sites before the latest change count.
        """
        state = self._state
        same = ~state.stale & ~self._simulation.differs(in_force)
        return np.where(same[:, None], state.service.anchor, state.service.last_server)

    def site_energy(self, in_force: SiteCommands, index: int = 0) -> SiteEnergy:
        """Where the power of one world's sites could come from under these commands."""
        return self._simulation.site_energy(in_force, index)

    # --- inside -------------------------------------------------------------------------------------------------------

    def _observe(self, observe: Observe) -> dict[str, Observation]:
        """Role -> what its agents observe."""
        counts = {"bs": self.constants.n_sites}
        return role_observations(self.name, counts, {"bs": DEFAULT}, observe, dimensions(self.constants))

    def _roles(self, observed: Mapping[str, Observation]) -> list[Role]:
        """Who acts."""
        return [observed["bs"].as_role(self.codec.space(), self.codec.version, site_meaning(self.constants))]

    def _global_state(self) -> GlobalState:
        """What centralised critics see."""
        return global_state(self.constants)

    def _view(self) -> BlackoutView:
        return BlackoutView(self, self._simulation, self._surroundings)

    def _imports(self) -> Imports:
        """What sites can import; called once, when the constants are there."""
        return NoImports()

    def _draw(self, seed: int) -> EpisodeDraws:
        return self._simulation.draw(seed)

    def _load(self, drawn: Mapping[int, EpisodeDraws]) -> None:
        self._simulation.load(drawn)

    def _begin(self, worlds: Sequence[int]) -> None:
        self._simulation.begin(worlds)

    def _decode(self, actions: dict[str, Any]) -> Any:
        return self._orders(actions["bs"])

    def _orders(self, site_actions: Any) -> SiteOrders:
        """Commands, or those of codes, checked and repaired."""
        state, constants = self._state, self.constants
        if isinstance(site_actions, SiteCommands):
            check_commands(constants, site_actions, self.n_worlds)
            commands, projected = site_actions, np.zeros(state.soc.shape, dtype=bool)
        else:
            decoded = self.codec.decode(site_actions, self.legality(), state.offered_kw)
            commands, projected = decoded.commands, decoded.projected
        live = np.where(state.alive, commands.mode, SLEEP)
        links = np.zeros((*live.shape, constants.n_sites), dtype=bool)
        mode = live
        if commands.command_set != "free":
            literal = self.scenario.cooperation.links == "literal"
            mode, links = repair_worlds(
                live, state.alive, self.usable_kwh, constants.may_help, constants.k_max, literal
            )
        infos = {
            "projected": projected,
            "repaired": mode != live,
            "links": links.sum(axis=-1),
            "alive": state.alive.copy(),
        }
        return SiteOrders(with_modes(constants, commands, mode), infos, links)

    def _run_period(self, commands: Any) -> SitePeriod:
        if commands.commands.dispatcher is None:
            return self._play_period(commands)
        with undone_on_errors(self, self._simulation):
            return self._play_period(commands)

    def _play_period(self, commands: Any) -> SitePeriod:
        before_kwh = self.usable_kwh
        return SitePeriod(before_kwh, self._simulation.run_period(commands.commands))

    def _terminated(self) -> BoolArray:
        return self._simulation.terminated()

    def _outcome(self, commands: Any, period: SitePeriod) -> Outcome:
        rewards, components = self._rewards(self._looked_back_on(commands, period))
        return Outcome(rewards, {"bs": commands.infos}, {**components, "survival_lost": self._state.lost_step >= 0})

    def _looked_back_on(self, commands: Any, period: SitePeriod) -> BlackoutPeriod:
        """The period that has just ended, as rewards see it."""
        return BlackoutPeriod(self, **self._facts(commands, period))

    def _facts(self, commands: Any, period: SitePeriod) -> dict[str, Any]:
        """What rewards need to know about the period; see :class:`BlackoutPeriod`."""
        return {
            "constants": self.constants,
            "totals": PeriodTotals(*(total.copy() for total in self._state.totals)),
            "before_kwh": period.before_kwh,
            "changed": period.changed > 0.0,
            "repaired": commands.infos["repaired"],
            "home_users": self._simulation.inhabitants.home_view.users,
        }

    def _metrics_of(self, world: int) -> dict[str, float]:
        drawn = self._simulation.inhabitants
        vehicles = {name: getattr(drawn, name)[world] for name in ("arrival_s", "departure_s", "usable_kwh")}
        return episode_metrics(self.constants, self._series_of(world), vehicles)

    def _state_arrays(self) -> Mapping[str, Any]:
        return self._simulation.arrays()

    def _ranges(self) -> Mapping[str, tuple[int, int]]:
        sites = (-1, self.constants.n_sites - 1)
        codes = {"mode": (0, len(MODES) - 1), "band_bits": (0, self.constants.all_bands)}
        return {**codes, "server": sites, "anchor": sites, "last_server": sites}

    def _series(self) -> Mapping[str, NDArray[Any]]:
        return self._simulation.series()

    def _rows(self, decisions: int) -> int:
        return decisions * self.constants.steps_per_decision

    def _time_h(self, rows: int) -> FloatArray:
        return hours(rows, self.scenario.time.physics_step_s)

    def _ledger(self) -> dict[str, FloatArray]:
        """By site; power into the site is positive."""
        flows = self._simulation.flows
        if flows is None:
            raise EpisodeError("the ledger is empty: no step has been made since the snapshot")
        quantities = ("load_kw", "battery_kw", "ev_kw", "grid_kw", "unserved_kw", "loss_kw")
        ledger = {name: getattr(flows, name).copy() for name in quantities}
        ledger["pv_kw"] = np.zeros_like(flows.load_kw)
        ledger["residual_kw"] = self._simulation.residual_kw.copy()
        return ledger

    def _resume(self, worlds: Sequence[int]) -> None:
        self._simulation.resume(worlds, self.episodes.decision)

    def _scene(self, world: int) -> Any:
        from voltran.envs.blackout.scene import scene_of

        return scene_of(self._simulation, world, self.trace(world), self.played_by)

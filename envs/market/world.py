"""The market world ``market_v0``: base stations buy power from retailers, who set prices. Source: [DPA]."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from voltran.envs.base import BatchedWorld, Outcome
from voltran.envs.energy.site_batteries import SiteBatteries
from voltran.envs.market import WORLD
from voltran.envs.market.actions import MarketCodec, MarketForm
from voltran.envs.market.commands import MarketCommands, check_commands
from voltran.envs.market.constants import MarketConstants
from voltran.envs.market.metrics import episode_metrics
from voltran.envs.market.observation import DEFAULT, global_state, site_meaning
from voltran.envs.market.rewards.period import MarketPeriod
from voltran.envs.market.scenario import MarketScenario
from voltran.envs.market.simulation import EpisodeDraws, Simulation
from voltran.envs.market.view import MarketView
from voltran.envs.observations import Observation
from voltran.envs.observe import Observe, role_observations
from voltran.envs.retail.actions import RetailerCodec, RetailerCommands, RetailerForm
from voltran.envs.retail.observation import RETAILER_FIELDS, retailer_meaning
from voltran.envs.rewards import RewardChoice, Rewards
from voltran.envs.world import Role
from voltran.physics.arrays import BoolArray, FloatArray


class MarketOrders(NamedTuple):
    """Checked commands of both roles, and which sites' codes ``[B, M]`` were illegal."""

    sites: MarketCommands
    retailers: RetailerCommands
    projected: BoolArray


class MarketWorld(BatchedWorld):
    """A batch of market episodes; implements :class:`voltran.envs.retail.protocol.RetailWorld`, too.

    One decision period: sites say how much they want to buy, at which price at most, and what their batteries do;
    retailers post prices; the market is cleared once; purchases serve loads, batteries what is left, and load that
    nothing serves is lost. Without retailers there are sites only.

    Args:
        scenario: the scenario.
        n_worlds: batch size ``B``.
        action_form: of sites: "joint" (Discrete), "multi" (MultiDiscrete) or "box".
        reward: "own" (each agent its own dollars), "welfare" (everybody the same share of what all have),
            ``module:function`` or a function, see :mod:`voltran.envs.rewards`; or role -> such a reward.
        observe: fields that sites observe, or role -> fields that its agents do, see
            :func:`voltran.envs.observe.role_observations`; by default all.
        retailer_form: of retailers: "ladder" (Discrete) or "box".

    Attributes:
        constants: constants of the scenario.
        market: the retailers' state.
        codec, retailer_codec: of the two roles' actions.

    Raises:
        ScenarioError: an unknown reward, field or form, or a generation file that cannot be used.
    """

    spec = WORLD
    command_classes: ClassVar[Mapping[str, tuple[type, ...]]] = {
        "bs": (MarketCommands,),
        "retailer": (RetailerCommands,),
    }
    scenario: MarketScenario

    def __init__(
        self,
        scenario: MarketScenario,
        n_worlds: int = 1,
        *,
        action_form: MarketForm = "joint",
        reward: RewardChoice = "own",
        observe: Observe = None,
        retailer_form: RetailerForm = "ladder",
    ) -> None:
        constants = MarketConstants(scenario)
        super().__init__(scenario, n_worlds, constants.decisions)
        self.constants = constants
        self.codec = MarketCodec(self.constants, action_form)
        self.retailer_codec = RetailerCodec(self.constants.retail, retailer_form)
        self._simulation = Simulation(self.constants, self.episodes)
        self.market = self._simulation.market
        observed = self._observe(observe)
        self._introduce(self._roles(observed), observed, global_state(self.constants))
        self._rewards = Rewards(self.spec, list(observed), reward)

    # --- the protocol -------------------------------------------------------------------------------------------------

    def action_masks(self) -> dict[str, BoolArray]:
        """Role -> ``[B, n, A]``."""
        masks = {"bs": self.codec.mask(self._simulation.situation())}
        if self.constants.n_retailers:
            masks["retailer"] = self.retailer_codec.mask(self.n_worlds)
        return masks

    # --- what controllers ask -----------------------------------------------------------------------------------------

    def encode_commands(self, role: str, commands: Any) -> NDArray[Any]:
        """Actions that stand for the commands of a role, see :func:`voltran.envs.action_codes.action_codes`."""
        if role == "retailer":
            return self.retailer_codec.encode(commands, self.n_worlds)
        check_commands(commands, (self.n_worlds, self.constants.n_sites))
        return self.codec.encode(commands, self._simulation.situation())

    @property
    def demand_kw(self) -> FloatArray:
        """Loads of the coming period, ``[B, M]``; after the last, of the last."""
        return self._simulation.coming_load_kw()

    @property
    def charge_room_kw(self) -> FloatArray:
        """Power that batteries can take for the whole period, ``[B, M]``."""
        return self._simulation.situation().charge_room_kw

    @property
    def discharge_room_kw(self) -> FloatArray:
        """Power that batteries can give for the whole period, ``[B, M]``."""
        return self._simulation.situation().discharge_room_kw

    @property
    def soc(self) -> FloatArray:
        """States of charge ``[B, M]``; zero without a battery."""
        return self._simulation.state.soc.copy()

    @property
    def usable_kwh(self) -> FloatArray:
        """Energy that batteries can still deliver, after losses, ``[B, M]``."""
        return self.constants.usable_kwh(self._simulation.state.soc)

    @property
    def has_battery(self) -> BoolArray:
        """Sites with a battery, ``[M]``."""
        return self.constants.has_battery.copy()

    @property
    def battery(self) -> SiteBatteries:
        """Constants of all batteries."""
        return self.constants.batteries

    @property
    def load_series_kw(self) -> FloatArray:
        """Loads of whole episodes, ``[B, T, M]``: for those who may know the future."""
        return self._simulation.load_kw.copy()

    @property
    def latest_sold_kw(self) -> FloatArray:
        """What each retailer sold to each site in the latest period that this batch has played, ``[B, M, I]``."""
        return self._simulation.sold_kw.copy()

    # --- inside -------------------------------------------------------------------------------------------------------

    def _observe(self, observe: Observe) -> dict[str, Observation]:
        """Role -> what its agents observe; retailers are there or not."""
        counts = {"bs": self.constants.n_sites, "retailer": self.constants.n_retailers}
        present = {role: count for role, count in counts.items() if count}
        return role_observations(self.name, present, {"bs": DEFAULT, "retailer": RETAILER_FIELDS}, observe)

    def _roles(self, observed: Mapping[str, Observation]) -> list[Role]:
        """Sites, and retailers where there are any."""
        roles = [observed["bs"].as_role(self.codec.space(), self.codec.version, site_meaning())]
        if "retailer" in observed:
            codec = self.retailer_codec
            roles.append(observed["retailer"].as_role(codec.space(), codec.version, retailer_meaning(codec.form)))
        return roles

    def _view(self) -> MarketView:
        return MarketView(self, self._simulation)

    def _draw(self, seed: int) -> EpisodeDraws:
        return self._simulation.draw(seed)

    def _load(self, drawn: Mapping[int, EpisodeDraws]) -> None:
        self._simulation.load(drawn)

    def _begin(self, worlds: Sequence[int]) -> None:
        self._simulation.begin(worlds)

    def _decode(self, actions: dict[str, Any]) -> MarketOrders:
        retailers = self.retailer_codec.posted(actions, self.n_worlds)
        site_actions, shape = actions["bs"], (self.n_worlds, self.constants.n_sites)
        if isinstance(site_actions, MarketCommands):
            check_commands(site_actions, shape)
            return MarketOrders(site_actions, retailers, np.zeros(shape, dtype=bool))
        decoded = self.codec.decode(site_actions, self._simulation.situation())
        return MarketOrders(decoded.commands, retailers, decoded.projected)

    def _run_period(self, commands: MarketOrders) -> None:
        self._simulation.run_period(commands.sites, commands.retailers)

    def _outcome(self, commands: MarketOrders, period: None) -> Outcome:
        ended = MarketPeriod(self, self._simulation.state)
        rewards, components = self._rewards(ended)
        return Outcome(rewards, self._agent_infos(commands.projected), {**ended.welfare_parts(), **components})

    def _agent_infos(self, projected: BoolArray) -> dict[str, dict[str, NDArray[Any]]]:
        """Role -> key -> ``[B, n]`` about the latest period."""
        sales, unserved_kw = self.market.sales, self._simulation.state.latest("unserved_kw")
        infos: dict[str, dict[str, NDArray[Any]]] = {
            "bs": {
                "projected": projected,
                "bought_kwh": sales.bought_kwh.copy(),
                "unserved_kwh": unserved_kw * self.constants.period_h,
                "paid_usd": sales.paid_usd.copy(),
            },
            "retailer": self.market.agent_infos(),
        }
        return {role.name: infos[role.name] for role in self.roles}

    def _metrics_of(self, world: int) -> dict[str, float]:
        done = int(self.episodes.decision[world])
        return episode_metrics(self.constants, self._series_of(world), self._simulation.autarky_usd[world, :done])

    def _state_arrays(self) -> Mapping[str, Any]:
        return self._simulation.arrays()

    def _series(self) -> Mapping[str, NDArray[Any]]:
        return self._simulation.state.series

    def _time_h(self, rows: int) -> FloatArray:
        """Hours since the first midnight."""
        return np.asarray(self.scenario.retail.weather.start_hour + np.arange(rows) * self.constants.period_h)

    def _ledger(self) -> dict[str, FloatArray]:
        """Balance of the latest period, quantity -> ``[B, M]``.

        ``bought_kw + battery_kw + unserved_kw`` make up ``load_kw``; ``residual_kw`` counts what batteries store and
        lose. ``money_residual_usd`` is an equal share of what sites paid and retailers did not get.
        """
        state = self._simulation.state
        names = ("load_kw", "bought_kw", "battery_kw", "unserved_kw", "loss_kw", "residual_kw", "paid_usd")
        lost_usd = state.latest("paid_usd").sum(axis=1) - state.latest("earned_usd").sum(axis=1)
        share = np.repeat(lost_usd[:, None] / self.constants.n_sites, self.constants.n_sites, axis=1)
        return {**{name: state.latest(name) for name in names}, "money_residual_usd": share}

    def _scene(self, world: int) -> Any:
        from voltran.envs.market.scene import scene_of

        return scene_of(self._simulation, world, self.trace(world), self.played_by)

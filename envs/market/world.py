"""The market world ``market_v0``: base stations buy power from retailers, who set prices. Source: [DPA]."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from voltran.envs.base import BatchedWorld, Outcome
from voltran.envs.energy.site_batteries import SiteBatteries
from voltran.envs.errors import ScenarioError
from voltran.envs.market import WORLD
from voltran.envs.market.actions import MarketCodec, MarketForm
from voltran.envs.market.commands import MarketCommands, check_commands
from voltran.envs.market.constants import MarketConstants
from voltran.envs.market.metrics import episode_metrics
from voltran.envs.market.observation import BS_FEATURES, OBSERVATION_VERSION, Observer, site_meaning
from voltran.envs.market.reward import REWARD_KINDS, RewardKind
from voltran.envs.market.scenario import MarketScenario
from voltran.envs.market.simulation import EpisodeDraws, Simulation
from voltran.envs.retail.actions import RetailerCodec, RetailerCommands, RetailerForm
from voltran.envs.retail.observation import RETAILER_FEATURES, retailer_meaning, sight_of
from voltran.envs.world import BoolArray, FloatArray, Role

# Parts of the welfare, with their signs: payments are transfers, and no part of it.
WELFARE = (("satisfaction_usd", 1.0), ("generation_cost_usd", -1.0), ("lost_load_usd", -1.0), ("wear_usd", -1.0))


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
        reward: "own" (each agent its own dollars) or "welfare" (everybody the same share of what all have).
        retailer_form: of retailers: "ladder" (Discrete) or "box".

    Attributes:
        constants: constants of the scenario.
        market: the retailers' state.
        codec, retailer_codec: of the two roles' actions.

    Raises:
        ScenarioError: an unknown reward or form, or a generation file that cannot be used.
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
        reward: RewardKind = "own",
        retailer_form: RetailerForm = "ladder",
    ) -> None:
        if reward not in REWARD_KINDS:
            raise ScenarioError(f"reward = {reward!r} is unknown; use one of {', '.join(REWARD_KINDS)}")
        constants = MarketConstants(scenario)
        super().__init__(scenario, n_worlds, constants.decisions)
        self.reward_kind, self.constants = reward, constants
        self.codec = MarketCodec(self.constants, action_form)
        self.retailer_codec = RetailerCodec(self.constants.retail, retailer_form)
        self._simulation = Simulation(self.constants, self.episodes)
        self.market = self._simulation.market
        self._observer = Observer(self._simulation)
        self.observation_version, self.action_version = OBSERVATION_VERSION, self.codec.version
        self.roles = self._roles()
        self.state_space = spaces.Box(self._observer.state_low, self._observer.state_high, dtype=np.float32)

    # --- the protocol -------------------------------------------------------------------------------------------------

    def observations(self) -> dict[str, NDArray[np.float32]]:
        """Role -> ``[B, n, F]``; the tables are in docs/market.md."""
        return self._observer.observations()

    def state(self) -> NDArray[np.float32]:
        """Global state vector ``[B, S]``."""
        return self._observer.state()

    def action_masks(self) -> dict[str, BoolArray]:
        """Role -> ``[B, n, A]``."""
        masks = {"bs": self.codec.mask(self._simulation.situation())}
        if self.constants.n_retailers:
            masks["retailer"] = self.retailer_codec.mask(self.n_worlds)
        return masks

    # --- what controllers ask -----------------------------------------------------------------------------------------

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

    # --- inside -------------------------------------------------------------------------------------------------------

    def _roles(self) -> tuple[Role, ...]:
        """Sites, and retailers where there are any."""
        observer, codec = self._observer, self.retailer_codec
        seen = spaces.Box(observer.bs_low, observer.bs_high, dtype=np.float32)
        sites = Role(
            "bs",
            self.constants.n_sites,
            seen,
            self.codec.space(),
            OBSERVATION_VERSION,
            self.codec.version,
            sees=sight_of(BS_FEATURES),
            meaning=site_meaning(),
        )
        if self.constants.n_retailers == 0:
            return (sites,)
        seen = spaces.Box(observer.retailer_low, observer.retailer_high, dtype=np.float32)
        retailers = Role(
            "retailer",
            self.constants.n_retailers,
            seen,
            codec.space(),
            OBSERVATION_VERSION,
            codec.version,
            sees=sight_of(RETAILER_FEATURES),
            meaning=retailer_meaning(codec.form),
        )
        return (sites, retailers)

    def _draw(self, seed: int) -> EpisodeDraws:
        return self._simulation.draw(seed)

    def _load(self, drawn: Mapping[int, EpisodeDraws]) -> None:
        self._simulation.load(drawn)

    def _begin(self, worlds: Sequence[int]) -> None:
        self._simulation.begin(worlds)

    def _decode(self, actions: dict[str, Any]) -> MarketOrders:
        shape = (self.n_worlds, self.constants.n_retailers)
        retailers = RetailerCommands(np.zeros(shape), np.zeros(shape))
        if self.constants.n_retailers:
            retailers = self.retailer_codec.commands(actions["retailer"], self.n_worlds)
        asked, shape = actions["bs"], (self.n_worlds, self.constants.n_sites)
        if isinstance(asked, MarketCommands):
            check_commands(asked, shape)
            return MarketOrders(asked, retailers, np.zeros(shape, dtype=bool))
        decoded = self.codec.decode(asked, self._simulation.situation())
        return MarketOrders(decoded.commands, retailers, decoded.projected)

    def _run_period(self, commands: MarketOrders) -> None:
        self._simulation.run_period(commands.sites, commands.retailers)

    def _outcome(self, commands: MarketOrders, period: None) -> Outcome:
        state = self._simulation.state
        welfare = {name: sign * state.latest(name).sum(axis=1) for name, sign in WELFARE}
        return Outcome(self._rewards(), self._agent_infos(commands.projected), welfare)

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
            "retailer": {
                "price_usd_per_kwh": self.market.price.copy(),
                "sold_kwh": sales.sold_kwh.sum(axis=-1),
                "spilled_kwh": sales.spilled_kwh,
            },
        }
        return {role.name: infos[role.name] for role in self.roles}

    def _rewards(self) -> dict[str, FloatArray]:
        """Role -> ``[B, n]``, USD."""
        state, sizes = self._simulation.state, {role.name: role.count for role in self.roles}
        if self.reward_kind == "welfare":
            welfare = np.sum([sign * state.latest(name).sum(axis=1) for name, sign in WELFARE], axis=0)
            share = welfare[:, None] / sum(sizes.values())
            return {role: np.repeat(share, count, axis=1) for role, count in sizes.items()}
        costs = sum(state.latest(name) for name in ("paid_usd", "lost_load_usd", "wear_usd"))
        own = {"bs": state.latest("satisfaction_usd") - costs, "retailer": state.latest("profit_usd")}
        return {role: own[role] for role in sizes}

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

        return scene_of(self._simulation, world, self.trace(world))

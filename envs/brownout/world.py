"""The brownout world ``brownout_v0``: the outage, with retailers that supply a little power. Source: [MSRC], [DPA]."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, NamedTuple

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from voltran.envs.base import Outcome
from voltran.envs.blackout.actions import ActionForm, ActionSet
from voltran.envs.blackout.commands import SiteCommands
from voltran.envs.blackout.reward import RewardKind
from voltran.envs.blackout.world import BlackoutWorld, SitePeriod
from voltran.envs.brownout import WORLD
from voltran.envs.brownout.actions import BUY_LEVELS, PurchaseCodec
from voltran.envs.brownout.commands import BrownoutCommands, check_purchases
from voltran.envs.brownout.metrics import market_metrics
from voltran.envs.brownout.observation import (
    PURCHASE_FEATURES,
    RETAILER_VERSION,
    SITE_VERSION,
    purchase_features,
)
from voltran.envs.brownout.scenario import BrownoutScenario
from voltran.envs.brownout.supply import Supply
from voltran.envs.energy.grid import MainGrid
from voltran.envs.retail.actions import RetailerCodec, RetailerCommands, RetailerForm
from voltran.envs.retail.constants import RetailConstants
from voltran.envs.retail.market import RetailMarket
from voltran.envs.retail.observation import (
    RETAILER_FEATURES,
    Feature,
    feature_limits,
    feature_lines,
    retailer_features,
    retailer_meaning,
    sight_of,
)
from voltran.envs.world import BoolArray, FloatArray, Role
from voltran.physics.battery import largest_charge_kw, largest_discharge_kw


class BrownoutOrders(NamedTuple):
    """What a decision period is told.

    Attributes:
        commands, infos: of sites, as in :class:`voltran.envs.blackout.world.SiteOrders`.
        posted: by retailers.
        buy, accepted_price: ``[B, site]`` share that sites ask for, and the highest price that they pay.
    """

    commands: SiteCommands
    infos: dict[str, NDArray[Any]]
    posted: RetailerCommands
    buy: FloatArray
    accepted_price: FloatArray


class BrownoutWorld(BlackoutWorld):
    """A batch of brownout episodes; implements :class:`voltran.envs.retail.protocol.RetailWorld`, too.

    It is the outage world, and whoever controls sites there controls them here. Besides, sites ask for a share of the
    power that they can use (load and charging); the main grid gives what it has, and the market of the retailers is
    cleared for the rest, in every physics step. Without retailers and main grid nothing differs from ``blackout_v0``.

    Args:
        scenario: the scenario.
        n_worlds, action_set, action_form, reward, cache, trace_sites: as in :class:`BlackoutWorld`.
        retailer_form: "ladder" (one Discrete of eleven prices) or "box" (price and reserved share).

    Raises:
        ScenarioError: an unknown reward or form, or a generation file that cannot be used.
    """

    spec = WORLD
    command_classes: ClassVar[Mapping[str, tuple[type, ...]]] = {
        "bs": (BrownoutCommands, SiteCommands),
        "retailer": (RetailerCommands,),
    }
    unlimited = BlackoutWorld.unlimited | {"accepted_price"}
    scenario: BrownoutScenario

    def __init__(
        self,
        scenario: BrownoutScenario,
        n_worlds: int = 1,
        *,
        action_set: ActionSet = "paper",
        action_form: ActionForm = "joint",
        reward: RewardKind = "team",
        retailer_form: RetailerForm = "ladder",
        cache: bool = True,
        trace_sites: bool | None = None,
    ) -> None:
        self._retail_constants = RetailConstants(scenario.retail, scenario.layout.n_sites)
        self._grid = MainGrid(scenario.grid, scenario.layout.n_sites)
        self._purchase_usd = scenario.reward.purchase_per_usd
        self._start_hour = scenario.retail.weather.start_hour
        super().__init__(
            scenario, n_worlds, action_set=action_set, action_form=action_form, reward=reward, cache=cache,
            trace_sites=trace_sites,
        )  # fmt: skip
        self.purchase_codec = PurchaseCodec(self.codec)
        self.retailer_codec = RetailerCodec(self._retail_constants, retailer_form)
        self.observation_version, self.action_version = SITE_VERSION, self.purchase_codec.version
        self.roles = self._all_roles(self.roles[0])
        self.state_space = _extended(self.state_space, RETAILER_FEATURES, self._retail_constants.n_retailers)

    # --- the protocol -------------------------------------------------------------------------------------------------

    def observations(self) -> dict[str, NDArray[np.float32]]:
        """Role -> ``[B, n, F]``; sites see the outage's features and ``observation.PURCHASE_FEATURES``."""
        sites = super().observations()["bs"]
        purchases = purchase_features(self._supply, self.decision, self.constants.decision_h)
        observed = {"bs": np.concatenate([sites, purchases.astype(np.float32)], axis=-1)}
        if self._retail_constants.n_retailers:
            observed["retailer"] = self._retailer_features().astype(np.float32)
        return observed

    def state(self) -> NDArray[np.float32]:
        """Global state vector ``[B, S]``: the outage's, then every retailer's features."""
        retailers = self._retailer_features().reshape(self.n_worlds, -1).astype(np.float32)
        return np.concatenate([super().state(), retailers], axis=1)

    def action_masks(self) -> dict[str, BoolArray]:
        """Role -> ``[B, n, A]``."""
        masks = {"bs": self.purchase_codec.mask(super().action_masks()["bs"], self.alive)}
        if self._retail_constants.n_retailers:
            masks["retailer"] = self.retailer_codec.mask(self.n_worlds)
        return masks

    # --- what controllers ask -----------------------------------------------------------------------------------------

    @property
    def market(self) -> RetailMarket:
        """The retailers' state."""
        return self._supply.market

    @property
    def demand_kw(self) -> FloatArray:
        """Power that sites draw now, and so what they need next as far as it is known, ``[B, site]``."""
        return self.power_kw * self.alive

    @property
    def charge_room_kw(self) -> FloatArray:
        """Power at which batteries could be charged for the whole coming period, ``[B, site]``."""
        return np.asarray(largest_charge_kw(self._state.soc, self.constants.decision_h, self.constants.battery))

    @property
    def discharge_room_kw(self) -> FloatArray:
        """Power that batteries could give for the whole coming period, ``[B, site]``."""
        return np.asarray(largest_discharge_kw(self._state.soc, self.constants.decision_h, self.constants.battery))

    # --- inside -------------------------------------------------------------------------------------------------------

    def _imports(self) -> Supply:
        market = RetailMarket(
            self._retail_constants, self.n_worlds, self.constants.max_decisions, self.constants.decision_h
        )
        self._supply = Supply(self.constants, market, self._grid)
        return self._supply

    def _all_roles(self, sites: Role) -> tuple[Role, ...]:
        """The sites' role with what they see of the market, and that of the retailers, if there are any."""
        seen = _extended(sites.observation_space, PURCHASE_FEATURES, 1)
        meaning = {**sites.meaning, "buy_levels": list(BUY_LEVELS)}
        meaning["features"] = [*sites.meaning["features"], *feature_lines(PURCHASE_FEATURES)]
        roles = (
            replace(
                sites,
                observation_space=seen,
                action_space=self.purchase_codec.space(),
                sees=tuple(dict.fromkeys((*sites.sees, *sight_of(PURCHASE_FEATURES)))),
                meaning=meaning,
            ),
        )
        if self._retail_constants.n_retailers == 0:
            return roles
        low, high = feature_limits(RETAILER_FEATURES)
        retailers = Role(
            "retailer",
            self._retail_constants.n_retailers,
            spaces.Box(low, high, dtype=np.float32),
            self.retailer_codec.space(),
            RETAILER_VERSION,
            self.retailer_codec.version,
            sees=sight_of(RETAILER_FEATURES),
            meaning=retailer_meaning(self.retailer_codec.form),
        )
        return (*roles, retailers)

    def _decode(self, actions: dict[str, Any]) -> "BrownoutOrders":
        posted = self._posted(actions)
        purchases = self._purchases(actions["bs"])
        orders = self._orders(purchases.sites)
        orders.infos["projected"] |= purchases.projected
        return BrownoutOrders(*orders, posted, purchases.buy, purchases.accepted_price)

    def _run_period(self, commands: Any) -> SitePeriod:
        self.market.open_period(commands.posted)
        self._supply.open_period(commands.buy, commands.accepted_price)
        return super()._run_period(commands)

    def _outcome(self, commands: Any, period: SitePeriod) -> Outcome:
        return self._with_trade(super()._outcome(commands, period))

    def _posted(self, actions: Mapping[str, Any]) -> RetailerCommands:
        if self._retail_constants.n_retailers == 0:
            nothing = np.zeros((self.n_worlds, 0))
            return RetailerCommands(nothing, nothing)
        return self.retailer_codec.commands(actions["retailer"], self.n_worlds)

    def _purchases(self, asked: Any) -> "_Purchases":
        """Checked purchases; those of codes are as the mask wants them."""
        shape = (self.n_worlds, self.constants.n_sites)
        any_price = np.full(shape, self._retail_constants.highest_payment)
        if isinstance(asked, BrownoutCommands):
            check_purchases(asked, shape)
            return _Purchases(asked.sites, asked.buy, asked.accepted_price, np.zeros(shape, dtype=bool))
        if isinstance(asked, SiteCommands):
            return _Purchases(asked, np.ones(shape), any_price, np.zeros(shape, dtype=bool))
        codes, buy = self.purchase_codec.split(asked)
        projected = ~self.alive & (buy < 1.0)
        return _Purchases(codes, np.where(projected, 1.0, buy), any_price, projected)

    def _with_trade(self, outcome: Outcome) -> Outcome:
        """The outage's outcome, with what sites paid and what retailers earned."""
        sales, supply = self.market.sales, self._supply
        paid = self._purchase_usd * (sales.paid_usd + supply.main_paid_usd)
        shared = np.repeat(paid.mean(axis=1, keepdims=True), paid.shape[1], axis=1)
        weight = {"team": 0.0, "local": 1.0, "mixed": self.scenario.reward.mixed_share}[self.reward_kind]
        charged = paid if weight == 1.0 else weight * paid + (1.0 - weight) * shared
        rewards = {"bs": outcome.rewards["bs"] - charged}
        sites = {**outcome.agent_infos["bs"], "bought_kwh": sales.bought_kwh.copy(), "paid_usd": sales.paid_usd.copy()}
        infos = {"bs": sites}
        if self._retail_constants.n_retailers:
            rewards["retailer"] = self.market.rewards()
            infos["retailer"] = {
                "price_usd_per_kwh": self.market.price.copy(),
                "sold_kwh": sales.sold_kwh.sum(axis=-1),
                "spilled_kwh": sales.spilled_kwh,
            }
        return Outcome(rewards, infos, {**outcome.episode_infos, "reward_purchase": -paid.mean(axis=1)})

    def _retailer_features(self) -> FloatArray:
        hour = np.asarray(self._start_hour + self.decision * self.constants.decision_h, np.float64)
        return retailer_features(self.market, self.decision, hour)

    def _metrics_of(self, world: int) -> dict[str, float]:
        metrics = super()._metrics_of(world)
        return {
            **metrics,
            **market_metrics(
                self._retail_constants, self._series_of(world), metrics["unserved_kwh"], self.constants.step_h
            ),
        }

    def _ledger(self) -> dict[str, FloatArray]:
        """The outage's; ``grid_kw`` is the sum of its two sources."""
        main_kw, retail_kw = self._supply.latest_kw
        return {**super()._ledger(), "main_kw": main_kw.copy(), "retail_kw": retail_kw.copy()}

    def _scene(self, world: int) -> Any:
        from voltran.envs.brownout.scene import scene_of

        return scene_of(self._simulation, self._supply, world, self.trace(world))


class _Purchases(NamedTuple):
    """What sites are told, taken apart.

    Attributes:
        sites: commands or codes, as the outage world takes them.
        buy, accepted_price, projected: ``[B, site]``; share, highest price, and whether the share was not allowed.
    """

    sites: Any
    buy: FloatArray
    accepted_price: FloatArray
    projected: BoolArray


def _extended(space: spaces.Box, features: tuple[Feature, ...], times: int) -> spaces.Box:
    """The space of a vector with these features at its end, so many times over."""
    low, high = feature_limits(features * times)
    return spaces.Box(np.concatenate([space.low, low]), np.concatenate([space.high, high]), dtype=np.float32)

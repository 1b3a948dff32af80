"""The brownout world ``brownout_v0``: the outage, with retailers that supply a little power. Source: [MSRC], [DPA]."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from voltran.envs.action_checks import require_code
from voltran.envs.base import Outcome
from voltran.envs.blackout.actions import ActionForm, ActionSet
from voltran.envs.blackout.commands import SiteCommands
from voltran.envs.blackout.meaning import site_meaning
from voltran.envs.blackout.observation import dimensions
from voltran.envs.blackout.world import BlackoutWorld, SitePeriod
from voltran.envs.brownout import WORLD
from voltran.envs.brownout.actions import BUY_LEVELS, PurchaseCodec
from voltran.envs.brownout.commands import BrownoutCommands, check_purchases
from voltran.envs.brownout.metrics import market_metrics
from voltran.envs.brownout.observation import DEFAULT, global_state
from voltran.envs.brownout.rewards.period import BrownoutPeriod
from voltran.envs.brownout.scenario import BrownoutScenario
from voltran.envs.brownout.supply import Supply
from voltran.envs.brownout.view import BrownoutView
from voltran.envs.energy.grid import FeederGrid
from voltran.envs.observations import GlobalState, Observation
from voltran.envs.observe import Observe, role_observations
from voltran.envs.retail.actions import RetailerCodec, RetailerCommands, RetailerForm
from voltran.envs.retail.constants import RetailConstants
from voltran.envs.retail.market import RetailMarket
from voltran.envs.retail.observation import RETAILER_FIELDS, retailer_meaning
from voltran.envs.rewards import RewardChoice
from voltran.envs.world import Role
from voltran.physics.arrays import BoolArray, FloatArray
from voltran.physics.battery import largest_charge_kw, largest_discharge_kw


class BrownoutOrders(NamedTuple):
    """What a decision period is told.

    Attributes:
        commands, infos, links: of sites, as in :class:`voltran.envs.blackout.world.SiteOrders`.
        posted: by retailers.
        buy, accepted_price: ``[B, site]`` share that sites ask for, and the highest price that they pay.
    """

    commands: SiteCommands
    infos: dict[str, NDArray[Any]]
    links: BoolArray
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
        n_worlds, action_set, action_form, cache, trace_sites: as in :class:`BlackoutWorld`.
        reward: of the sites as in :class:`BlackoutWorld`, less what they pay; or role -> reward.
        observe: what the sites observe as in :class:`BlackoutWorld`; or role -> what its agents observe.
        retailer_form: "ladder" (one Discrete of eleven prices) or "box" (price and reserved share).

    Raises:
        ScenarioError: an unknown reward, field or form, or a generation file that cannot be used.
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
        reward: RewardChoice = "team",
        observe: Observe = None,
        retailer_form: RetailerForm = "ladder",
        cache: bool = True,
        trace_sites: bool | None = None,
    ) -> None:
        self._retail_constants = RetailConstants(scenario.retail, scenario.layout.n_sites)
        self._grid = FeederGrid(scenario.grid, scenario.layout.n_sites)
        self.retailer_codec = RetailerCodec(self._retail_constants, retailer_form)
        super().__init__(
            scenario, n_worlds, action_set=action_set, action_form=action_form, reward=reward,
            observe=observe, cache=cache, trace_sites=trace_sites,
        )  # fmt: skip

    # --- the protocol -------------------------------------------------------------------------------------------------

    def action_masks(self) -> dict[str, BoolArray]:
        """Role -> ``[B, n, A]``."""
        masks = {"bs": self.purchase_codec.mask(super().action_masks()["bs"], self.alive)}
        if self._retail_constants.n_retailers:
            masks["retailer"] = self.retailer_codec.mask(self.n_worlds)
        return masks

    # --- what controllers ask -----------------------------------------------------------------------------------------

    def encode_commands(self, role: str, commands: Any) -> NDArray[Any]:
        """Codes that stand for the commands of a role, see :func:`voltran.envs.action_codes.action_codes`."""
        if role == "retailer":
            return self.retailer_codec.encode(commands, self.n_worlds)
        purchases, highest = self._purchases(commands), self._retail_constants.highest_payment
        accepted = purchases.accepted_price
        require_code(accepted >= highest, "bs", "accepted_price", accepted, "codes accept any price")
        dead_buy = np.where(self.alive, 1.0, purchases.buy)
        require_code(dead_buy == 1.0, "bs", "buy", purchases.buy, "a site that is down buys all it can")
        return self.purchase_codec.join(super().encode_commands(role, purchases.sites), purchases.buy)

    @cached_property
    def purchase_codec(self) -> PurchaseCodec:
        """Of the sites' actions."""
        return PurchaseCodec(self.codec)

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

    @property
    def latest_sold_kw(self) -> FloatArray:
        """What each retailer sold to each site in the latest physics step, ``[B, site, retailer]``."""
        return self._supply.latest_sold_kw.copy()

    @property
    def main_kwh(self) -> FloatArray:
        """What sites imported from the main grid in the latest period, ``[B, site]``."""
        return self._supply.main_kwh.copy()

    @property
    def main_paid_usd(self) -> FloatArray:
        """What they paid for it, ``[B, site]``."""
        return self._supply.main_paid_usd.copy()

    # --- inside -------------------------------------------------------------------------------------------------------

    def _imports(self) -> Supply:
        market = RetailMarket(
            self._retail_constants, self.n_worlds, self.constants.max_decisions, self.constants.decision_h
        )
        self._supply = Supply(self.constants, market, self._grid)
        return self._supply

    def _observe(self, observe: Observe) -> dict[str, Observation]:
        counts = {"bs": self.constants.n_sites, "retailer": self._retail_constants.n_retailers}
        present = {role: count for role, count in counts.items() if count}
        defaults = {"bs": DEFAULT, "retailer": RETAILER_FIELDS}
        return role_observations(self.name, present, defaults, observe, dimensions(self.constants))

    def _roles(self, observed: Mapping[str, Observation]) -> list[Role]:
        meaning = {**site_meaning(self.constants), "buy_levels": list(BUY_LEVELS)}
        roles = [observed["bs"].as_role(self.purchase_codec.space(), self.purchase_codec.version, meaning)]
        if "retailer" in observed:
            codec = self.retailer_codec
            roles.append(observed["retailer"].as_role(codec.space(), codec.version, retailer_meaning(codec.form)))
        return roles

    def _global_state(self) -> GlobalState:
        return global_state(self.constants, self._retail_constants.n_retailers)

    def _view(self) -> BrownoutView:
        start_hour = self.scenario.retail.weather.start_hour
        return BrownoutView(self, self._simulation, self._surroundings, self._supply, start_hour)

    def _decode(self, actions: dict[str, Any]) -> "BrownoutOrders":
        posted = self.retailer_codec.posted(actions, self.n_worlds)
        purchases = self._purchases(actions["bs"])
        orders = self._orders(purchases.sites)
        orders.infos["projected"] |= purchases.projected
        return BrownoutOrders(*orders, posted, purchases.buy, purchases.accepted_price)

    def _play_period(self, commands: Any) -> SitePeriod:
        self.market.open_period(commands.posted)
        self._supply.open_period(commands.buy, commands.accepted_price)
        return super()._play_period(commands)

    def _outcome(self, commands: Any, period: SitePeriod) -> Outcome:
        outcome, sales = super()._outcome(commands, period), self.market.sales
        infos = outcome.agent_infos
        infos["bs"] |= {"bought_kwh": sales.bought_kwh.copy(), "paid_usd": sales.paid_usd.copy()}
        if self._retail_constants.n_retailers:
            infos["retailer"] = self.market.agent_infos()
        return outcome

    def _looked_back_on(self, commands: Any, period: SitePeriod) -> BrownoutPeriod:
        paid_usd = self.market.sales.paid_usd + self._supply.main_paid_usd
        facts = self._facts(commands, period)
        return BrownoutPeriod(self, **facts, paid_usd=paid_usd, profit_usd=self.market.rewards())

    def _purchases(self, site_actions: Any) -> "_Purchases":
        """Checked purchases; those of codes are as the mask wants them."""
        shape = (self.n_worlds, self.constants.n_sites)
        any_price = np.full(shape, self._retail_constants.highest_payment)
        if isinstance(site_actions, BrownoutCommands):
            check_purchases(site_actions, shape)
            return _Purchases(
                site_actions.sites, site_actions.buy, site_actions.accepted_price, np.zeros(shape, dtype=bool)
            )
        if isinstance(site_actions, SiteCommands):
            return _Purchases(site_actions, np.ones(shape), any_price, np.zeros(shape, dtype=bool))
        codes, buy = self.purchase_codec.split(site_actions)
        projected = ~self.alive & (buy < 1.0)
        return _Purchases(codes, np.where(projected, 1.0, buy), any_price, projected)

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

        return scene_of(self._simulation, self._supply, world, self.trace(world), self.played_by)


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

"""How a brownout looks while it plays: the outage, with who sells power to whom, and what the main grid gives."""

from dataclasses import replace
from typing import Any

import numpy as np

from voltran.envs.blackout.commands import SiteCommands
from voltran.envs.blackout.replay import LEDGER, OutageReplay
from voltran.envs.blackout.scene import Scene
from voltran.envs.brownout.commands import BrownoutCommands
from voltran.envs.replay.stage import Moment, Quantity, Stage
from voltran.envs.retail.market import RetailMarket
from voltran.envs.retail.replay import (
    SOLD,
    STRIPS,
    price_in_words,
    retail_strips,
    retailer_quantities,
    retailer_states,
    retailer_texts,
    retailer_things,
    sold_links,
)
from voltran.envs.world import Transition
from voltran.physics.arrays import FloatArray

IMPORTS = (
    Quantity("main_kw", "From the main grid", "kW"),
    Quantity("retail_kw", "From retailers", "kW"),
)
PURCHASES = (
    Quantity("bought_kwh", "Bought from retailers in the period", "kWh", 3, 0.0),
    Quantity("paid_usd", "Paid in the period", "USD", 3, 0.0),
)
TEXTS = {**OutageReplay.texts, "purchase": "Purchase"}
MAIN_KW = Quantity("main_kw", "From the main grid", "kW", 2, 0.0)


class BrownoutReplay(OutageReplay):
    """See :class:`~voltran.envs.replay.base.WorldReplay`."""

    ledger = (
        *(part for each in LEDGER for part in (IMPORTS if each.key == "grid_kw" else (each,))),
        *PURCHASES,
    )
    texts = TEXTS

    @property
    def stage(self) -> Stage:
        """The outage's, and retailers beside it."""
        outage, constants = super().stage, self.world.constants
        users, sites = outage.things
        retailers = retailer_things(self._market, constants.sites_m, constants.inter_site_distance_m)
        return replace(
            outage,
            things=[users, *retailers, sites],
            links=[*outage.links, *([SOLD] if retailers else [])],
            strips=[*outage.strips, MAIN_KW, *(STRIPS if retailers else ())],
        )

    def moment(self, transition: Transition | None = None) -> Moment:
        """See :class:`~voltran.envs.replay.base.WorldReplay`."""
        outage, market, index = super().moment(transition), self._market, self.index
        if market.constants.n_retailers == 0:
            return outage
        quantities = retailer_quantities(market, index)
        posted = None if self.orders is None else self.orders.posted
        return replace(
            outage,
            states={**outage.states, "retailers": retailer_states(quantities)},
            quantities={**outage.quantities, "retailers": quantities},
            texts={**outage.texts, "retailers": retailer_texts(market, posted, index)},
            links={**outage.links, "sold": sold_links(self.world.latest_sold_kw[index])},
        )

    @property
    def _market(self) -> RetailMarket:
        market: RetailMarket = self.world.market
        return market

    def _scene(self) -> Scene:
        scene: Scene = self.world.scene(self.index).outage
        return scene

    def _site_actions(self) -> Any:
        actions = self.asked["bs"]
        if isinstance(actions, BrownoutCommands):
            return actions.sites
        if isinstance(actions, SiteCommands):
            return actions
        return self.world.purchase_codec.split(np.asarray(actions))[0]

    def _flows(self, with_ledger: bool) -> dict[str, FloatArray]:
        sales, index = self._market.sales, self.index
        flows = super()._flows(with_ledger) if with_ledger else {}
        blank = np.full(self.world.constants.n_sites, np.nan)
        bought = {
            "bought_kwh": sales.bought_kwh[index],
            "paid_usd": sales.paid_usd[index] + self.world.main_paid_usd[index],
        }
        return {each.key: blank for each in self.ledger} | flows | (bought if with_ledger else {})

    def _site_texts(self, scene: Scene) -> dict[str, list[str]]:
        texts, count = super()._site_texts(scene), len(scene.status)
        if self.orders is None:
            return {**texts, "purchase": [""] * count}
        said = zip(self.orders.buy[self.index], self.orders.accepted_price[self.index], strict=True)
        return {**texts, "purchase": [self._purchase(float(share), float(price)) for share, price in said]}

    def _purchase(self, share: float, price: float) -> str:
        at = price_in_words(price, self._market.constants.highest_payment)
        if share <= 0.0:
            return "asks for nothing"
        return f"asks for {100.0 * share:.0f} % of what load and battery can take, {at}"

    def _strips(self, scene: Scene) -> dict[str, float]:
        main_kw = float(self.world.main_kwh[self.index].sum()) / self.world.constants.decision_h
        traded = retail_strips(self._market, self.index) if self._market.constants.n_retailers else {}
        return {**super()._strips(scene), "main_kw": main_kw, **traded}

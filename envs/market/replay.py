"""How a market looks while it plays: sites with loads and batteries, retailers with prices, and what is sold to whom.

Sites have no places; they stand on rings in the order of their numbers.
"""

from functools import cached_property

import numpy as np

from voltran.envs.market.constants import MarketConstants
from voltran.envs.replay.base import WorldReplay, places_m
from voltran.envs.replay.stage import Moment, Quantity, Stage, State, Things
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
from voltran.physics.arrays import FloatArray, IntArray

APART_M = 100.0
SMALL_KW = 1e-9  # less is rounding
SERVED, FROM_BATTERY, SHORT, WAITING = range(4)
STATES = (
    State("Load bought", "good", "circle"),
    State("Battery carries load", "first", "diamond"),
    State("Load not served in full", "lost", "cross"),
    State("Before the first period", "idle", "ring"),
)
LEDGER = (
    Quantity("load_kw", "Load", "kW"),
    Quantity("requested_kw", "Asked of retailers", "kW"),
    Quantity("bought_kw", "From retailers", "kW"),
    Quantity("battery_kw", "From the battery", "kW"),
    Quantity("unserved_kw", "Unserved", "kW"),
    Quantity("loss_kw", "Lost in the battery", "kW"),
    Quantity("residual_kw", "Residual of the ledger", "kW", 3),
    Quantity("paid_usd", "Paid in the period", "USD", 3),
    Quantity("satisfaction_usd", "Value of what was bought", "USD", 3),
    Quantity("lost_load_usd", "Cost of load not served", "USD", 3),
    Quantity("wear_usd", "Wear of the battery", "USD", 3),
)
SOC = Quantity("soc", "State of charge", "", 3, 0.0, 1.0)
TEXTS = {"decision": "Decision", "reason": "Why"}
TOTALS = (
    Quantity("welfare_usd", "Welfare of the period", "USD", 3),
    Quantity("load_kw", "Load of all sites", "kW", 2, 0.0),
    Quantity("battery_kw", "From batteries", "kW", 2),
    Quantity("unserved_kw", "Unserved", "kW", 2, 0.0),
    Quantity("soc", "Mean state of charge", "%", 1, 0.0, 100.0),
)


class MarketReplay(WorldReplay):
    """See :class:`~voltran.envs.replay.base.WorldReplay`."""

    @property
    def stage(self) -> Stage:
        """Sites on rings, and retailers beside them."""
        names = [f"bs_{site}" for site in range(self._constants.n_sites)]
        sites = Things("sites", "Base stations", self._sites_m, STATES, names, "soc", [SOC, *LEDGER], TEXTS)
        retailers = retailer_things(self._market, self._sites_m, APART_M)
        return Stage(
            things=[*retailers, sites],
            links=[SOLD] if retailers else [],
            strips=[*TOTALS, *(STRIPS if retailers else ())],
            measured=False,
        )

    def moment(self, transition: Transition | None = None) -> Moment:
        """See :class:`~voltran.envs.replay.base.WorldReplay`."""
        market, index = self._market, self.index
        row: dict[str, FloatArray] = self.world._simulation.state.row_of(index)
        retailers = retailer_quantities(market, index)
        posted = None if self.orders is None else self.orders.retailers
        has_retailers = market.constants.n_retailers > 0
        of_retailers = {"retailers": retailers} if has_retailers else {}
        return Moment(
            time_h=float(self.world.decision[index]) * self._constants.period_h,
            states={"sites": self._site_states(row)}
            | {key: retailer_states(each) for key, each in of_retailers.items()},
            quantities={"sites": {"soc": self._soc(), **{each.key: row[each.key] for each in LEDGER}}} | of_retailers,
            texts={"sites": self._site_texts(row)}
            | {key: retailer_texts(market, posted, index) for key in of_retailers},
            links={"sold": sold_links(self.world.latest_sold_kw[index])} if has_retailers else {},
            strips={**self._totals(row), **(retail_strips(market, index) if has_retailers else {})},
        )

    @property
    def _constants(self) -> MarketConstants:
        constants: MarketConstants = self.world.constants
        return constants

    @property
    def _market(self) -> RetailMarket:
        market: RetailMarket = self.world.market
        return market

    @cached_property
    def _sites_m(self) -> FloatArray:
        return places_m(self._constants.n_sites, APART_M)

    def _soc(self) -> FloatArray:
        return np.where(self._constants.has_battery, self.world.soc[self.index], np.nan)

    def _site_states(self, row: dict[str, FloatArray]) -> IntArray:
        states = np.where(row["battery_kw"] > SMALL_KW, FROM_BATTERY, SERVED)
        states[row["unserved_kw"] > SMALL_KW] = SHORT
        states[np.isnan(row["load_kw"])] = WAITING
        return states

    def _site_texts(self, row: dict[str, FloatArray]) -> dict[str, list[str]]:
        sites = range(self._constants.n_sites)
        if self.orders is None:
            return dict.fromkeys(TEXTS, [""] * len(sites))
        return {
            "decision": [self._decision(site) for site in sites],
            "reason": [self._reason(site, row) for site in sites],
        }

    def _decision(self, site: int) -> str:
        commands, index = self.orders.sites, self.index
        asked, price = float(commands.requested_kw[index, site]), float(commands.accepted_price[index, site])
        at = price_in_words(price, self._constants.retail.highest_payment)
        buys = f"buys at most {asked:.2f} kW {at}" if asked > 0.0 else "buys nothing"
        return f"{buys}; {self._battery(site)}"

    def _battery(self, site: int) -> str:
        if not self._constants.has_battery[site]:
            return "has no battery"
        battery_kw = float(self.orders.sites.battery_kw[self.index, site])
        if battery_kw > 0.0:
            return f"the battery gives at most {battery_kw:.2f} kW where purchases do not serve the load"
        return f"the battery takes at most {-battery_kw:.2f} kW" if battery_kw < 0.0 else "the battery rests"

    def _reason(self, site: int, row: dict[str, FloatArray]) -> str:
        sentences = []
        if self.orders.projected[self.index, site]:
            sentences.append("Asked something of its battery that the mask forbids: it is empty, full or not there.")
        asked, usable = float(self.orders.sites.requested_kw[self.index, site]), float(row["requested_kw"][site])
        if usable < asked - SMALL_KW:
            sentences.append(f"Load and battery can use {usable:.2f} kW, so no more was asked of retailers.")
        if row["bought_kw"][site] < usable - SMALL_KW:
            sentences.append(f"Retailers sold it {row['bought_kw'][site]:.2f} kW at a price that it accepts.")
        return " ".join(sentences) or "As asked."

    def _totals(self, row: dict[str, FloatArray]) -> dict[str, float]:
        has_battery = self._constants.has_battery
        spent = row["lost_load_usd"].sum() + row["wear_usd"].sum() + row["generation_cost_usd"].sum()
        return {
            "welfare_usd": float(row["satisfaction_usd"].sum() - spent),
            **{name: float(row[name].sum()) for name in ("load_kw", "battery_kw", "unserved_kw")},
            "soc": 100.0 * float(self.world.soc[self.index][has_battery].mean()) if has_battery.any() else np.nan,
        }

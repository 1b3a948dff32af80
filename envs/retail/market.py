"""The market of one batch of episodes: generation, posted prices, sales, and what came of them."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from voltran.envs.energy.generation import OUTLOOK_H, Generation, draw_generation
from voltran.envs.retail.actions import RetailerCommands
from voltran.envs.retail.constants import RetailConstants
from voltran.envs.snapshots import arrays_of
from voltran.physics.arrays import FloatArray
from voltran.physics.market import Offers, clear_market, payments

SUBSCRIBERS, OTHERS = 0, 1


@dataclass
class PeriodSales:
    """What was traded in the current, or else the latest, decision period.

    Attributes:
        requested_kwh, bought_kwh: ``[B, M]`` energy that sites asked for, and got.
        paid_usd: ``[B, M]`` payments of sites.
        earned_usd, cost_usd: ``[B, I]`` payments to retailers, and their costs of generation.
        offered_kwh: ``[B, I]`` energy that retailers had.
        sold_kwh: ``[B, I, 2]`` energy sold to subscribers, and to others.
    """

    requested_kwh: FloatArray
    bought_kwh: FloatArray
    paid_usd: FloatArray
    earned_usd: FloatArray
    cost_usd: FloatArray
    offered_kwh: FloatArray
    sold_kwh: FloatArray

    @property
    def spilled_kwh(self) -> FloatArray:
        """``[B, I]`` energy that nobody took."""
        return np.asarray(self.offered_kwh - self.sold_kwh.sum(axis=-1))


def blank_sales(n_worlds: int, n_sites: int, n_retailers: int) -> PeriodSales:
    """Sales at the start of a period."""
    sites, retailers = (n_worlds, n_sites), (n_worlds, n_retailers)
    return PeriodSales(
        requested_kwh=np.zeros(sites),
        bought_kwh=np.zeros(sites),
        paid_usd=np.zeros(sites),
        earned_usd=np.zeros(retailers),
        cost_usd=np.zeros(retailers),
        offered_kwh=np.zeros(retailers),
        sold_kwh=np.zeros((*retailers, 2)),
    )


class RetailMarket:
    """State of the retailers of a batch of episodes.

    A decision period runs: :meth:`open_period` posts prices; any number of times, :meth:`clear` says who gets how much
    power, and :meth:`settle` takes note of what was taken of it.

    Args:
        constants: constants of the retailers.
        n_worlds: batch size ``B``.
        periods: decision periods of an episode.
        period_h: length of one.

    Attributes:
        price, reserved: ``[B, I]`` what is in force.
        posted_price, posted_reserved: ``[B, I]`` what will be, in the next period.
        sales: of the current period, or else the latest.
        available_kw, outlook_kw: ``[B, T, I]`` and ``[B, T, I, ahead]``, see ``generation.Generation``.
    """

    def __init__(self, constants: RetailConstants, n_worlds: int, periods: int, period_h: float) -> None:
        self.constants, self.n_worlds, self.periods, self.period_h = constants, n_worlds, periods, period_h
        shape = (n_worlds, constants.n_retailers)
        self.price, self.posted_price = np.zeros(shape), np.zeros(shape)
        self.reserved, self.posted_reserved = np.zeros(shape), np.zeros(shape)
        self.sales = blank_sales(n_worlds, constants.n_sites, constants.n_retailers)
        self.available_kw = np.zeros((n_worlds, periods, constants.n_retailers))
        self.outlook_kw = np.zeros((*self.available_kw.shape, len(OUTLOOK_H)))
        self.draw(0)  # a file that cannot be used is told of at once

    def draw(self, seed: int) -> Generation:
        """Generation of the episode of a seed; nothing changes here.

        Raises:
            ScenarioError: a generation file that cannot be used.
        """
        retail = self.constants.retail
        return draw_generation(retail.retailers, retail.weather, seed, self.periods, self.period_h)

    def load(self, world: int, drawn: Generation) -> None:
        """Take over what was drawn for one world."""
        self.available_kw[world], self.outlook_kw[world] = drawn

    def begin(self, world: int) -> None:
        """Put one world at the start of its episode: retailers ask what power costs them."""
        self.price[world] = self.posted_price[world] = self.constants.price_ladder[:, 0]
        self.reserved[world] = self.posted_reserved[world] = 0.0
        for values in vars(self.sales).values():
            values[world] = 0.0

    def open_period(self, commands: RetailerCommands) -> None:
        """Begin a period: what was posted comes into force, or, where prices are simultaneous, what is posted now."""
        if self.constants.retail.timing == "posted":
            self.price[...], self.reserved[...] = self.posted_price, self.posted_reserved
        self.posted_price[...], self.posted_reserved[...] = commands.price, commands.reserved
        if self.constants.retail.timing == "simultaneous":
            self.price[...], self.reserved[...] = commands.price, commands.reserved
        self.sales = blank_sales(self.n_worlds, self.constants.n_sites, self.constants.n_retailers)

    @property
    def coming_price(self) -> FloatArray:
        """Prices ``[B, I]`` that hold in the coming period as far as anybody can know, USD/kWh."""
        return self.posted_price.copy()

    def available_at(self, period: Any) -> FloatArray:
        """Generation ``[B, I]`` in kW in the periods ``[B]``; that of the last period at the end of an episode."""
        return np.asarray(self.available_kw[np.arange(self.n_worlds), np.minimum(period, self.periods - 1)])

    def outlook_at(self, period: Any) -> FloatArray:
        """Outlook ``[B, I, ahead]`` in kW from the periods ``[B]``."""
        return np.asarray(self.outlook_kw[np.arange(self.n_worlds), np.minimum(period, self.periods - 1)])

    def clear(self, requested_kw: FloatArray, accepted_price: FloatArray, available_kw: FloatArray) -> FloatArray:
        """Who gets how much at the prices in force, ``[B, M, I]`` in kW; see ``physics.market.clear_market``.

        Args:
            requested_kw, accepted_price: ``[B, M]``.
            available_kw: ``[B, I]``.
        """
        return clear_market(
            requested_kw, accepted_price, Offers(self.price, available_kw, self.reserved), self.constants.contracts
        )

    def settle(
        self, requested_kw: FloatArray, sold_kw: FloatArray, available_kw: FloatArray, duration_h: float
    ) -> tuple[FloatArray, FloatArray]:
        """Book the sales ``[B, M, I]`` of a part of the period.

        Returns:
            What retailers earned in it, and what generation cost them, ``[B, I]`` in USD.
        """
        sales, contracts = self.sales, self.constants.contracts
        paid = payments(sold_kw, self.price, contracts.factor)
        earned_usd, cost_usd = paid.sum(axis=1) * duration_h, self.constants.generation_cost(sold_kw) * duration_h
        home_kw = (sold_kw * contracts.subscriber).sum(axis=1)
        sales.requested_kwh += requested_kw * duration_h
        sales.bought_kwh += sold_kw.sum(axis=2) * duration_h
        sales.paid_usd += paid.sum(axis=2) * duration_h
        sales.earned_usd += earned_usd
        sales.cost_usd += cost_usd
        sales.offered_kwh += available_kw * duration_h
        sales.sold_kwh[..., SUBSCRIBERS] += home_kw * duration_h
        sales.sold_kwh[..., OTHERS] += (sold_kw.sum(axis=1) - home_kw) * duration_h
        return earned_usd, cost_usd

    def rewards(self) -> FloatArray:
        """Profit of the period ``[B, I]``: what was earned, less costs and the charge for spilled energy, USD."""
        spill = self.constants.retail.spill_penalty_usd_per_kwh * self.sales.spilled_kwh
        return self.sales.earned_usd - self.sales.cost_usd - spill

    def agent_infos(self) -> dict[str, FloatArray]:
        """What retailers are told about the period, key -> ``[B, I]``."""
        return {
            "projected": np.zeros(self.price.shape, dtype=bool),  # they may always ask any price
            "price_usd_per_kwh": self.price.copy(),
            "sold_kwh": self.sales.sold_kwh.sum(axis=-1),
            "spilled_kwh": self.sales.spilled_kwh,
        }

    def arrays(self) -> dict[str, Any]:
        """All arrays that change."""
        names = ("price", "posted_price", "reserved", "posted_reserved")
        return {**{name: getattr(self, name) for name in names}, "sales": arrays_of(self.sales)}

"""How retailers look while an episode plays: what they ask for power, what they have, and to whom they sell it."""

import numpy as np

from voltran.envs.replay.base import column_m, joined_by_size
from voltran.envs.replay.stage import Joined, Links, Quantity, State, Things
from voltran.envs.retail.actions import RetailerCommands
from voltran.envs.retail.market import RetailMarket
from voltran.physics.arrays import FloatArray, IntArray

SELLS, SELLS_NOTHING, HAS_NOTHING = range(3)
STATES = (
    State("Sells power", "second", "square"),
    State("Sells nothing", "idle", "diamond"),
    State("Has no power", "poor", "triangle"),
)
QUANTITIES = (
    Quantity("price", "Price", "USD/kWh", 3, 0.0),
    Quantity("posted", "Price of the coming period", "USD/kWh", 3, 0.0),
    Quantity("reserved", "Reserved for subscribers", "%", 0, 0.0, 100.0),
    Quantity("available_kw", "Generation", "kW", 2, 0.0),
    Quantity("sold_kw", "Sold", "kW", 2, 0.0),
    Quantity("spilled_kw", "Not sold", "kW", 2, 0.0),
    Quantity("profit_usd", "Profit of the period", "USD", 3),
)
TEXTS = {"source": "Generates from", "decision": "Decision"}
STRIPS = (
    Quantity("price_low", "Lowest price", "USD/kWh", 3, 0.0),
    Quantity("price_high", "Highest price", "USD/kWh", 3, 0.0),
    Quantity("available_kw", "Generation of retailers", "kW", 2, 0.0),
    Quantity("bought_kw", "Bought from retailers", "kW", 2, 0.0),
    Quantity("paid_usd", "Paid to retailers", "USD", 3, 0.0),
)
SOLD = Links("sold", "Power sold", "retailers", "sites", "kW", "second")


def retailer_things(market: RetailMarket, sites_m: FloatArray, apart_m: float) -> list[Things]:
    """The retailers, in a column beside the sites ``[M, 2]``; none where there are none."""
    count = market.constants.n_retailers
    if count == 0:
        return []
    places_m, names = column_m(count, sites_m, apart_m), [f"retailer_{index}" for index in range(count)]
    return [Things("retailers", "Retailers", places_m, STATES, names, None, QUANTITIES, TEXTS)]


def retailer_quantities(market: RetailMarket, world: int) -> dict[str, FloatArray]:
    """Means and sums of one world's latest period, key -> ``[I]``."""
    sales, period_h = market.sales, market.period_h
    return {
        "price": market.price[world].copy(),
        "posted": market.posted_price[world].copy(),
        "reserved": 100.0 * market.reserved[world],
        "available_kw": sales.offered_kwh[world] / period_h,
        "sold_kw": sales.sold_kwh[world].sum(axis=-1) / period_h,
        "spilled_kw": sales.spilled_kwh[world] / period_h,
        "profit_usd": market.rewards()[world],
    }


def retailer_states(quantities: dict[str, FloatArray]) -> IntArray:
    """Codes ``[I]`` of :data:`STATES`."""
    idle = np.where(quantities["available_kw"] > 0.0, SELLS_NOTHING, HAS_NOTHING)
    return np.where(quantities["sold_kw"] > 0.0, SELLS, idle)


def retailer_texts(market: RetailMarket, posted: RetailerCommands | None, world: int) -> dict[str, list[str]]:
    """Where power comes from, and what retailers have just said.

    Args:
        market: the retailers.
        posted: what they have been told to post; None before the first step.
        world: which world of the batch.
    """
    sources: list[str] = [retailer.source for retailer in market.constants.retail.retailers]
    if posted is None:
        return {"source": sources, "decision": [""] * len(sources)}
    when = "from the coming period on" if market.constants.retail.timing == "posted" else "in this period"
    said = zip(posted.price[world], posted.reserved[world], strict=True)
    decisions = [
        f"asks {price:.3f} USD/kWh {when}; keeps {100.0 * share:.0f} % for subscribers" for price, share in said
    ]
    return {"source": sources, "decision": decisions}


def price_in_words(accepted_price: float, highest_payment: float) -> str:
    """Up to which price in USD/kWh somebody buys, who may accept no more than the highest."""
    return "at any price" if accepted_price >= highest_payment else f"for at most {accepted_price:.3f} USD/kWh"


def sold_links(sold_kw: FloatArray) -> Joined:
    """Who sells how much to whom, from sales ``[M, I]``."""
    return joined_by_size(sold_kw.T)


def retail_strips(market: RetailMarket, world: int) -> dict[str, float]:
    """Prices, and what was traded in the latest period."""
    sales, price = market.sales, market.price[world]
    return {
        "price_low": float(price.min()) if price.size else np.nan,
        "price_high": float(price.max()) if price.size else np.nan,
        "available_kw": float(sales.offered_kwh[world].sum()) / market.period_h,
        "bought_kw": float(sales.bought_kwh[world].sum()) / market.period_h,
        "paid_usd": float(sales.paid_usd[world].sum()),
    }

"""What retailers see, and what sites see of them, scaled to about [0, 1]."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from voltran.envs.retail.constants import PRICE_LEVELS
from voltran.envs.retail.market import OTHERS, SUBSCRIBERS, RetailMarket
from voltran.envs.world import FloatArray, Sight

SMALL_KW = 1e-9


class Feature(NamedTuple):
    """One entry of an observation, in [``low``, ``high``]; ``sees`` says of whom it tells."""

    name: str
    low: float
    high: float
    meaning: str
    sees: Sight = "own"


def feature_lines(features: Sequence[Feature]) -> list[str]:
    """The features as texts, for ``Role.meaning``."""
    return [f"{feature.name} in [{feature.low:g}, {feature.high:g}]" for feature in features]


def sight_of(features: Sequence[Feature]) -> tuple[Sight, ...]:
    """Of whom the features tell, for ``Role.sees``."""
    return tuple(dict.fromkeys(feature.sees for feature in features))


def retailer_meaning(form: str) -> dict[str, Any]:
    """What a policy for retailers is tied to: see ``Role.meaning``."""
    prices = f"{PRICE_LEVELS}, unit cost to cap in equal ratios" if form == "ladder" else "one number on that scale"
    return {"features": feature_lines(RETAILER_FEATURES), "prices": prices}


def feature_limits(features: Sequence[Feature]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Low and high bounds of a vector made of these features."""
    low, high = ([getattr(feature, name) for feature in features] for name in ("low", "high"))
    return np.array(low, np.float32), np.array(high, np.float32)


RETAILER_FEATURES = (
    Feature("available", 0, 1, "generation in the coming period, share of capacity"),
    Feature("outlook_near", 0, 1, "generation expected in 1 h, share of capacity"),
    Feature("outlook_far", 0, 1, "generation expected in 4 h, share of capacity"),
    Feature("capacity", 0, 1, "own capacity, share of that of all retailers", "network"),
    Feature("unit_cost", 0, 1, "unit cost over the price cap"),
    Feature("price", 0, 1, "own price in the latest period over the cap"),
    Feature("posted", 0, 1, "own price posted for the coming period over the cap"),
    Feature("rival_price", 0, 1, "lowest price that others have posted over the cap; 1 without others", "network"),
    Feature("rival_available", 0, 1, "what others generate in the coming period, share of their capacity", "network"),
    Feature("sold_subscribers", 0, 1, "sold to subscribers in the latest period, share of generation"),
    Feature("sold_others", 0, 1, "sold to others in the latest period, share of generation"),
    Feature("scarcity", 0, 5, "requests to everybody in the latest period over all generation, at most 5", "network"),
    Feature("subscribers", 0, 1, "share of sites that are subscribers"),
    Feature("clock_sine", -1, 1, "time of day on a circle"),
    Feature("clock_cosine", -1, 1, "time of day on a circle"),
)

SITE_FEATURES = (
    Feature("best_price", 0, 2, "lowest price of the coming period that the site would pay, over the cap; 2 without"),
    Feature("home_price", 0, 1, "its home retailer's price over the cap; 1 without"),
    Feature(
        "home_available", 0, 1, "its home retailer's generation in the coming period, share of capacity", "neighbours"
    ),
    Feature("all_available", 0, 1, "generation of all retailers, share of capacity", "network"),
    Feature("all_outlook_near", 0, 1, "the same expected in 1 h", "network"),
    Feature("all_outlook_far", 0, 1, "the same expected in 4 h", "network"),
    Feature("filled", 0, 1, "share of its latest request that was filled; 1 before the first"),
)


def retailer_features(market: RetailMarket, period: np.ndarray, hour: FloatArray) -> FloatArray:
    """Features of retailers ``[B, I, F]`` before the periods ``[B]``, at the hours of day ``[B]``."""
    constants, sales = market.constants, market.sales
    cap, capacity = constants.retail.price_cap_usd_per_kwh, constants.capacity_kw
    available, outlook = market.available_at(period), market.outlook_at(period)
    shape = available.shape
    alone = shape[1] < 2
    rival = np.where(np.eye(shape[1], dtype=bool), np.inf, market.posted_price[:, None, :]).min(axis=2, initial=np.inf)
    offered, requested = sales.offered_kwh, sales.requested_kwh.sum(axis=1, keepdims=True)
    scarcity = requested / np.maximum(offered.sum(axis=1, keepdims=True), SMALL_KW)
    sold = sales.sold_kwh / np.maximum(offered, SMALL_KW)[..., None]
    angle = (2.0 * np.pi / 24.0 * hour)[:, None]
    others_kw = available.sum(axis=1, keepdims=True) - available
    columns = [
        available / capacity,
        outlook[..., 0] / capacity,
        outlook[..., 1] / capacity,
        capacity / max(capacity.sum(), SMALL_KW),
        constants.unit_cost / cap,
        market.price / cap,
        market.posted_price / cap,
        np.ones(shape) if alone else rival / cap,
        np.zeros(shape) if alone else others_kw / np.maximum(capacity.sum() - capacity, SMALL_KW),
        sold[..., SUBSCRIBERS],
        sold[..., OTHERS],
        np.minimum(scarcity, 5.0),
        constants.contracts.subscriber.mean(axis=0),
        np.sin(angle),
        np.cos(angle),
    ]
    return np.stack([np.broadcast_to(column, shape) for column in columns], axis=-1)


def site_features(market: RetailMarket, period: np.ndarray) -> FloatArray:
    """What sites see of retailers, ``[B, M, F]``, before the periods ``[B]``."""
    constants, sales = market.constants, market.sales
    shape = (market.n_worlds, constants.n_sites)
    if constants.n_retailers == 0:
        return np.broadcast_to(np.array([2.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0]), (*shape, len(SITE_FEATURES))).copy()
    cap, capacity = constants.retail.price_cap_usd_per_kwh, constants.capacity_kw
    available, outlook = market.available_at(period), market.outlook_at(period)
    paid = np.where(constants.contracts.access, constants.contracts.factor * market.posted_price[:, None, :], np.inf)
    total = capacity.sum()
    shares = [available.sum(axis=1), outlook[..., 0].sum(axis=1), outlook[..., 1].sum(axis=1)]
    columns = [
        np.minimum(paid.min(axis=2) / cap, 2.0),
        market.posted_price[:, constants.home] / cap,
        (available / capacity)[:, constants.home],
        *(share[:, None] / total for share in shares),
        np.where(sales.requested_kwh > 0.0, sales.bought_kwh / np.maximum(sales.requested_kwh, SMALL_KW), 1.0),
    ]
    return np.stack([np.broadcast_to(column, shape) for column in columns], axis=-1)

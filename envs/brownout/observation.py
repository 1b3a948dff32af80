"""What sites of the brownout world see besides the outage's observation: retailers, and the main grid."""

import numpy as np

from voltran.envs.blackout.observation import OBSERVATION_VERSION as OUTAGE_VERSION
from voltran.envs.brownout.supply import Supply
from voltran.envs.retail.observation import SITE_FEATURES, Feature, site_features
from voltran.envs.world import FloatArray

AHEAD_H = 2.0

GRID_FEATURES = (
    Feature("main_now", 0, 1, "share of the coming period in which the main grid supplies the site"),
    Feature("main_ahead", 0, 1, "the same over the coming 2 h"),
    Feature("main_price", 0, 5, "price of the main grid over the price cap"),
    Feature("paid", 0, 5, "paid for power in the latest period over the price of 1 kWh at the cap"),
)
PURCHASE_FEATURES = (*SITE_FEATURES, *GRID_FEATURES)
SITE_VERSION = f"brownout-{OUTAGE_VERSION}-1"
RETAILER_VERSION = "retailer-1"


def purchase_features(supply: Supply, period: np.ndarray, decision_h: float) -> FloatArray:
    """Features ``[B, M, F]`` before the periods ``[B]``."""
    market, grid = supply.market, supply.grid
    hour = period * decision_h
    cap = market.constants.retail.price_cap_usd_per_kwh
    paid = (market.sales.paid_usd + supply.main_paid_usd) / cap
    columns = [
        grid.share_on(hour, decision_h, decision_h / 4.0),
        grid.share_on(hour, AHEAD_H, decision_h),
        np.full(paid.shape, min(grid.grid.main_price_usd_per_kwh / cap, 5.0)),
        np.minimum(paid, 5.0),
    ]
    return np.concatenate([site_features(market, period), np.stack(columns, axis=-1)], axis=-1)

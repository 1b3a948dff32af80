"""What a period is worth to sites and to everybody, in USD. Source: [DPA] Eq. 4, with prices in place of costs."""

import numpy as np

from voltran.envs.market.constants import MarketConstants
from voltran.envs.retail.scenario import Retail
from voltran.envs.world import FloatArray
from voltran.physics.market import generation_cost, satisfaction


def satisfaction_usd(constants: MarketConstants, sold_kw: FloatArray, load_kw: FloatArray) -> FloatArray:
    """What purchases that serve the load are worth to sites, ``[B, M]`` in USD for the period.

    Charging is worth nothing by itself; each retailer has the same part in it as in the load.

    Args:
        constants: constants.
        sold_kw: ``[B, M, I]`` purchases.
        load_kw: ``[B, M]``.
    """
    retail, bought_kw = constants.scenario.retail, sold_kw.sum(axis=2)
    served_kw = np.minimum(bought_kw, load_kw)
    if constants.scenario.reward.utility == "site":
        return _worth(retail, served_kw) * constants.period_h
    share = np.divide(served_kw, bought_kw, out=np.zeros_like(bought_kw), where=bought_kw > 0.0)
    return np.asarray(_worth(retail, sold_kw * share[..., None]).sum(axis=2) * constants.period_h)


def lost_load_usd(constants: MarketConstants, unserved_kw: FloatArray) -> FloatArray:
    """What load that is not served costs, in USD for a period; any shape."""
    return unserved_kw * (constants.scenario.retail.value_of_lost_load_usd_per_kwh * constants.period_h)


def wear_usd(constants: MarketConstants, battery_kw: FloatArray) -> FloatArray:
    """What charging and discharging cost, in USD for a period; any shape."""
    return np.abs(battery_kw) * (constants.scenario.battery.wear_usd_per_kwh * constants.period_h)


def paper_utility(constants: MarketConstants, sold_kw: FloatArray) -> FloatArray:
    """Objective of [DPA] Eq. 12, ``[B]`` over the period: Eq. 4 of all sales ``[B, M, I]``, with ``eta_2 = eta_1``.

    The paper counts costs, with the surcharge of non-subscribers, and values all purchases, one by one.
    """
    retail = constants.scenario.retail
    cost = (
        generation_cost(sold_kw, constants.retail.unit_cost, constants.retail.is_quadratic)
        * constants.retail.contracts.factor
    )
    utility = _worth(retail, sold_kw) - retail.satisfaction_usd_per_h * cost
    return np.asarray(utility.sum(axis=(1, 2)) * constants.period_h)


def _worth(retail: Retail, power_kw: FloatArray) -> FloatArray:
    return satisfaction(power_kw, retail.satisfaction_usd_per_h, retail.reference_kw)

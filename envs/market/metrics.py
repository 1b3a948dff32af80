"""What an episode of the market world is judged by; every metric is a function of the episode's series alone."""

import numpy as np

from voltran.envs.market.constants import MarketConstants
from voltran.envs.world import FloatArray

SUMS = ("satisfaction_usd", "generation_cost_usd", "lost_load_usd", "wear_usd", "paid_usd", "utility_paper")


def episode_metrics(
    constants: MarketConstants, series: dict[str, FloatArray], autarky_usd: FloatArray
) -> dict[str, float]:
    """Metrics of one episode; definitions in docs/market.md.

    Args:
        constants: constants.
        series: name -> ``[T, ...]``, time series of the episode, as ``MarketState.series`` names them.
        autarky_usd: ``[T]`` welfare of the same periods without any trade.

    Returns:
        Metric name -> value; shares of nothing are zero, the mean price of nothing is NaN.
    """
    usd = {name: float(series[name].sum()) for name in SUMS}
    kwh = {
        name: float(series[f"{name}_kw"].sum()) * constants.period_h
        for name in ("requested", "bought", "unserved", "available", "sold")
    }
    profit = series["profit_usd"].sum(axis=0)
    spent = usd["generation_cost_usd"] + usd["lost_load_usd"] + usd["wear_usd"]
    return {
        "welfare_usd": usd["satisfaction_usd"] - spent,
        "welfare_autarky_usd": float(autarky_usd.sum()),
        **usd,
        "retailer_profit_usd": float(profit.sum()),
        **{f"retailer_profit_usd_{retailer}": float(value) for retailer, value in enumerate(profit)},
        "unserved_kwh": kwh["unserved"],
        "bought_kwh": kwh["bought"],
        "spilled_kwh": max(kwh["available"] - kwh["sold"], 0.0),
        "sold_share": _ratio(kwh["sold"], kwh["available"]),
        "mean_price_usd_per_kwh": usd["paid_usd"] / kwh["bought"] if kwh["bought"] > 0.0 else np.nan,
        "fill": _ratio(kwh["bought"], kwh["requested"]),
        "soc_end": float(series["soc"][-1][constants.has_battery].mean()) if constants.has_battery.any() else 0.0,
        "ledger_residual_kw": float(np.abs(series["residual_kw"]).max()),
    }


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0.0 else 0.0

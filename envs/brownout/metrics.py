"""What the market of a brownout episode is judged by; survival and service are the outage's metrics."""

import numpy as np

from voltran.envs.retail.constants import RetailConstants
from voltran.envs.world import FloatArray


def market_metrics(
    constants: RetailConstants, series: dict[str, FloatArray], unserved_kwh: float, step_h: float
) -> dict[str, float]:
    """Metrics of one episode; definitions in docs/metrics.md.

    Args:
        constants: constants of the retailers.
        series: time series of the episode, as ``Supply.series`` names them.
        unserved_kwh: load of live sites that nothing supplied.
        step_h: length of a physics step.
    """
    bought_kwh = float(series["bought_kw"].sum() * step_h)
    requested_kwh = float(series["requested_kw"].sum() * step_h)
    offered_kwh = float(series["available_kw"].sum() * step_h)
    profits = (series["earned_usd"] - series["retailer_cost_usd"]).sum(axis=0)
    paid, cost, main_paid = (float(series[name].sum()) for name in ("paid_usd", "generation_cost_usd", "main_paid_usd"))
    value = float(series["satisfaction_usd"].sum())
    lost = unserved_kwh * constants.retail.value_of_lost_load_usd_per_kwh
    return {
        "welfare_usd": value - cost - main_paid - lost,
        "satisfaction_usd": value,
        "generation_cost_usd": cost,
        "lost_load_usd": lost,
        "paid_usd": paid,
        "main_paid_usd": main_paid,
        "retailer_profit_usd": float(profits.sum()),
        **{f"retailer_profit_usd_{index}": float(profit) for index, profit in enumerate(profits)},
        "bought_kwh": bought_kwh,
        "main_kwh": float(series["main_kw"].sum() * step_h),
        "spilled_kwh": offered_kwh - bought_kwh,
        "sold_share": bought_kwh / offered_kwh if offered_kwh > 0.0 else 0.0,
        "fill": bought_kwh / requested_kwh if requested_kwh > 0.0 else 1.0,
        "mean_price_usd_per_kwh": paid / bought_kwh if bought_kwh > 0.0 else np.nan,
    }

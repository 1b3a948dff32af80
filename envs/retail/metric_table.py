"""What trade with retailers is judged by, as tables show it."""

from math import inf

from voltran.envs.metric import ANY, SHARE, Metric, percent

METRICS: tuple[Metric, ...] = (
    Metric("welfare_usd", "Welfare", "USD", 2, "up", True, bounds=ANY),
    percent("efficiency", "Efficiency of the market", "Efficiency", True, bounds=(-inf, 1.0)),
    Metric("price_of_anarchy", "Price of anarchy", "", 3, "down", bounds=ANY),
    Metric("welfare_gap_usd", "Welfare short of the optimum", "USD", 2, "down", bounds=ANY),
    Metric("welfare_optimum_usd", "Welfare, social optimum", "USD", 2, bounds=ANY),
    Metric("welfare_autarky_usd", "Welfare without trade", "USD", 2, bounds=ANY),
    Metric("satisfaction_usd", "Satisfaction", "USD", 2, "up", bounds=ANY),
    Metric("generation_cost_usd", "Cost of generation", "USD", 2, "down"),
    Metric("lost_load_usd", "Lost load", "USD", 2, "down", True),
    Metric("wear_usd", "Battery wear", "USD", 2, "down"),
    Metric("paid_usd", "Payments to retailers", "USD", 2, bounds=ANY),
    Metric("main_paid_usd", "Payments to the main grid", "USD", 2, bounds=ANY),
    Metric("retailer_profit_usd", "Profit of retailers", "USD", 2, None, True, short="Profit", bounds=ANY),
    Metric("retailer_profit_usd_*", "Profit of retailer *", "USD", 2, bounds=ANY),
    Metric(
        "mean_price_usd_per_kwh",
        "Mean price",
        "USD/kWh",
        3,
        None,
        True,
        short="Price",
        bounds=ANY,
        may_be_undefined=True,
    ),
    Metric("bought_kwh", "Purchases from retailers", "kWh", 1),
    Metric("main_kwh", "Supply of the main grid", "kWh", 1),
    Metric("spilled_kwh", "Spilled generation", "kWh", 1, "down"),
    percent("sold_share", "Generation sold"),
    percent("fill", "Requests filled"),
    Metric("soc_end", "State of charge at the end", "", 2, bounds=SHARE),
    Metric("utility_paper", "Utility of [DPA]", "USD", 2, "up", bounds=ANY),
)

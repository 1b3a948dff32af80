"""What episodes of sharing are judged by, as tables show it."""

from math import inf

from voltran.envs.energy.metric_table import LEDGER_RESIDUAL_KW, UNSERVED_KWH
from voltran.envs.metric import ANY, SHARE, Metric, percent

METRICS: tuple[Metric, ...] = (
    Metric("cost_eur", "Cost", "EUR", 2, "down", True, bounds=ANY),
    percent("saving", "Saving over the grid alone", "Saving", True, bounds=(-inf, 1.0)),
    percent("captured_saving", "Part of the largest saving", "Captured", True, bounds=(-inf, 1.0)),
    UNSERVED_KWH,
    Metric("cost_bound_eur", "Cost, at least", "EUR", 2, bounds=ANY),
    Metric("grid_only_eur", "Cost with the grid alone", "EUR", 2, bounds=ANY),
    Metric("energy_cost_eur", "Purchases for sites", "EUR", 2, bounds=ANY),
    Metric("charge_cost_eur", "Purchases for batteries", "EUR", 2, bounds=ANY),
    Metric("wear_eur", "Battery wear", "EUR", 2, "down", True),
    Metric("lost_load_eur", "Lost load", "EUR", 2, "down"),
    Metric("refill_eur", "Filling batteries up again", "EUR", 2, "down"),
    Metric("cost_eur_operator_*", "Cost of operator *", "EUR", 2, "down", bounds=ANY),
    Metric("bought_kwh", "Purchases", "kWh", 1),
    Metric("battery_kwh", "Served by batteries", "kWh", 1, None, True, short="Battery"),
    Metric("fallback_kwh", "Taken from the grid instead of the battery", "kWh", 1, "down"),
    Metric("curtailed_kwh", "Solar energy lost", "kWh", 1, "down"),
    Metric("switches_per_day", "Changes of source per site and day", "", 1, "down"),
    Metric("forecast_error", "Error of the coming slot's forecast, over demand", "", 4, "down"),
    Metric("soc_end", "State of charge at the end", "", 2, bounds=SHARE),
    Metric("soc_min", "Lowest state of charge", "", 2, bounds=SHARE),
    Metric("health_loss", "Health lost", "1e-6", 1, "down", scale=1e6),
    LEDGER_RESIDUAL_KW,
)

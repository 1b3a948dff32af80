"""The metrics of result tables and plots: names, units, formats, and which way is better."""

from dataclasses import dataclass
from math import inf
from typing import Literal

from voltran.evaluation.results import Interval

MISSING = "—"
UNEVEN = 0.1  # share by which the sides of an interval may differ and still be one number
ANY, POSITIVE, SHARE = (-inf, inf), (0.0, inf), (0.0, 1.0)

CLASSES = {
    "critical": "Critical",
    "emergency": "Emergency",
    "voice": "Voice",
    "essential": "Essential",
    "best_effort": "Best effort",
}


@dataclass(frozen=True)
class Metric:
    """How one metric is shown.

    Attributes:
        key: name in ``World.kpis`` and in results files.
        title: words for tables and axes.
        short: fewer words for the terminal, where they differ.
        unit: unit as shown, after ``scale``.
        digits: digits after the decimal point.
        better: whether more or less of it is better, or neither.
        headline: whether it stands in the short tables.
        scale: factor from the stored value to the shown one.
        bounds: lowest and highest possible value, as stored: intervals and axes end there.
    """

    key: str
    title: str
    unit: str = ""
    digits: int = 2
    better: Literal["up", "down"] | None = None
    headline: bool = False
    scale: float = 1.0
    short: str = ""
    bounds: Interval = POSITIVE

    @property
    def shown_bounds(self) -> Interval:
        """The bounds in shown units."""
        return self.bounds[0] * self.scale, self.bounds[1] * self.scale

    @property
    def short_heading(self) -> str:
        """Few words and the unit, for narrow tables."""
        return f"{self.short or self.title} {self.unit}".rstrip()

    @property
    def heading(self) -> str:
        """Title with its unit, for column heads and axes."""
        return f"{self.title} ({self.unit})" if self.unit else self.title

    def number(self, value: float | None, signed: bool = False) -> str:
        """One value as text."""
        if value is None:
            return MISSING
        text = f"{value * self.scale:{'+' if signed else ''}.{self.digits}f}"
        return text.removeprefix("-") if float(text) == 0.0 else text

    def estimate(self, mean: float | None, interval: Interval | None, signed: bool = False) -> str:
        """A mean and its interval as text: ``±`` and the longer side where both are about as long."""
        text = self.number(mean, signed)
        if mean is None or interval is None:
            return text
        longer, shorter = sorted((mean - interval[0], interval[1] - mean), reverse=True)
        even = longer - shorter <= UNEVEN * longer or self.number(longer) == self.number(shorter)
        return f"{text} ± {self.number(longer)}" if even else f"{text} {self.span(interval, signed)}"

    def span(self, interval: Interval, signed: bool = False) -> str:
        """Both ends of an interval as text."""
        return f"[{self.number(interval[0], signed)}, {self.number(interval[1], signed)}]"


def _percent(
    key: str,
    title: str,
    short: str = "",
    headline: bool = False,
    better: Literal["up", "down"] | None = "up",
    bounds: Interval = SHARE,
) -> Metric:
    return Metric(key, title, "%", 1, better, headline, 100.0, short, bounds)


def _availability() -> list[Metric]:
    metrics = []
    for key, words in CLASSES.items():
        headline = key in ("critical", "best_effort")
        metrics += [
            _percent(f"availability_{key}", f"{words} availability", words, headline),
            _percent(f"availability_{key}_at_2h5", f"{words} availability at 2.5 h"),
            _percent(f"availability_{key}_latched_at_2h5", f"{words} availability at 2.5 h, latched"),
        ]
    return metrics


OUTAGE_METRICS: tuple[Metric, ...] = (
    Metric("survival_h", "Survival", "h", 2, "up", True),
    Metric("survival_hold_h", "Survival, 30 min hold", "h", 2, "up"),
    Metric("survival_15_h", "Survival, 15 min hold", "h", 2, "up"),
    _percent("censored", "Censored episodes", better=None),
    Metric("first_depletion_h", "First depletion", "h", 2, "up"),
    Metric("half_depleted_h", "Half depleted", "h", 2, "up"),
    _percent("continuity", "Continuity, first 5 h", "Continuity", True),
    _percent("continuity_own", "Continuity, own survival", " own survival", True),
    *_availability(),
    Metric("service_hours", "Service hours", "h", 2, "up", True, short="Service"),
    Metric("served_gbit", "Served traffic", "Gbit", 0, "up"),
    Metric("unserved_gbit", "Unserved traffic", "Gbit", 0, "down"),
    _percent("ev_utilisation", "EV utilisation", "EV use", True),
    _percent("ev_utilisation_nameplate", "EV utilisation, nameplate"),
    Metric("ev_cost", "EV cost", "$", 0, "down", True),
    Metric("handovers_per_user_h", "Handovers per user", "1/h", 2, "down", True, short="Handovers"),
    Metric("handovers_per_user", "Handovers per user, total", "", 2, "down"),
    Metric("mode_switches_per_site_h", "Mode switches per site", "1/h", 2, "down", True, short="Switches"),
    Metric("mode_switches_per_site", "Mode switches per site, total", "", 2, "down"),
    Metric("mean_power_kw", "Mean site power", "kW", 2, "down"),
    Metric("unserved_kwh", "Unserved energy", "kWh", 1, "down"),
    _percent("uncovered_share_at_start", "Users without coverage at the start", better="down"),
    _percent("uncovered_share", "Users without coverage", better="down"),
    Metric("ledger_residual_kw", "Ledger residual", "1e-9 kW", 3, "down", scale=1e9),
)

UPLINK_METRICS: tuple[Metric, ...] = (
    Metric("energy_efficiency", "Energy efficiency", "Mbit/J", 3, "up", True, short="Efficiency"),
    Metric("active_ubs", "Active UBSs", "", 2, None, True),
    _percent("qos_violations", "QoS violations", "Violations", True, "down"),
    _percent("qos_shortfall", "QoS shortfall", better="down"),
    Metric("wake_ups", "Wake-ups", "", 1, "down"),
    Metric("network_power_w", "Network power", "W", 1, "down", True, short="Power"),
    Metric("sum_rate_mbps", "Sum rate", "Mbit/s", 1, "up", True),
)

MARKET_METRICS: tuple[Metric, ...] = (
    Metric("welfare_usd", "Welfare", "$", 2, "up", True, bounds=ANY),
    _percent("efficiency", "Efficiency of the market", "Efficiency", True, bounds=(-inf, 1.0)),
    Metric("price_of_anarchy", "Price of anarchy", "", 3, "down", bounds=ANY),
    Metric("welfare_gap_usd", "Welfare short of the optimum", "$", 2, "down", bounds=ANY),
    Metric("welfare_optimum_usd", "Welfare, social optimum", "$", 2, bounds=ANY),
    Metric("welfare_autarky_usd", "Welfare without trade", "$", 2, bounds=ANY),
    Metric("satisfaction_usd", "Satisfaction", "$", 2, "up", bounds=ANY),
    Metric("generation_cost_usd", "Cost of generation", "$", 2, "down"),
    Metric("lost_load_usd", "Lost load", "$", 2, "down", True),
    Metric("wear_usd", "Battery wear", "$", 2, "down"),
    Metric("paid_usd", "Payments to retailers", "$", 2, bounds=ANY),
    Metric("main_paid_usd", "Payments to the main grid", "$", 2, bounds=ANY),
    Metric("retailer_profit_usd", "Profit of retailers", "$", 2, None, True, short="Profit", bounds=ANY),
    Metric("mean_price_usd_per_kwh", "Mean price", "$/kWh", 3, None, True, short="Price", bounds=ANY),
    Metric("bought_kwh", "Purchases from retailers", "kWh", 1),
    Metric("main_kwh", "Supply of the main grid", "kWh", 1),
    Metric("spilled_kwh", "Spilled generation", "kWh", 1, "down"),
    _percent("sold_share", "Generation sold"),
    _percent("fill", "Requests filled"),
    Metric("soc_end", "State of charge at the end", "", 2, bounds=SHARE),
    Metric("utility_paper", "Utility of [DPA]", "$", 2, "up", bounds=ANY),
)

# of controllers, whatever world they play in: wall time, and what they count of their own work
CONTROLLER_METRICS: tuple[Metric, ...] = (
    Metric("decision_ms", "Decision time, median", "ms", 2, "down", True, short="Decision"),
    Metric("decision_p95_ms", "Decision time, 95th percentile", "ms", 2, "down"),
    Metric("failed_solves", "Plans that fell back", "", 2, "down"),
    Metric("plan_evaluations", "Evaluations per plan", "", 0),
    _percent("plan_error_power", "Planned site power, mean absolute error", better="down", bounds=POSITIVE),
    _percent("plan_error_service", "Planned service, mean absolute error", better="down", bounds=POSITIVE),
    Metric("swaps", "Accepted moves", "", 1),
    Metric("slmdb_steps_1e3", "SLMDB steps to 1e-3", "", 1, "down"),
    Metric("slmdb_steps_1e4", "SLMDB steps to 1e-4", "", 1, "down"),
    Metric("allocation_iterations", "Iterations per allocation", "", 1, "down"),
    _percent("not_converged", "Allocations short of the optimum", better="down"),
    Metric("answer_rounds", "Rounds of best responses", "", 2, "down"),
    _percent("answer_cycles", "Best responses that went in circles", better=None),
)

METRICS: tuple[Metric, ...] = (*OUTAGE_METRICS, *UPLINK_METRICS, *MARKET_METRICS, *CONTROLLER_METRICS)

PROFIT_OF = "retailer_profit_usd_"  # followed by a retailer's number

# measured in wall time: differs from run to run, so it is shown but never compared in pairs
TIMING_KEYS = frozenset({"decision_ms", "decision_p95_ms"})

# pictures that are drawn episode by episode, and of which metrics
DRAWN_KEYS = {
    "survival": frozenset({"survival_h", "censored"}),
    "cdf-energy_efficiency": frozenset({"energy_efficiency"}),
    "cdf-swaps": frozenset({"swaps"}),
}

# counted by controllers that plan or search, see ``voltran.envs.controller``; the others show none
COUNTER_KEYS = frozenset(metric.key for metric in CONTROLLER_METRICS) - TIMING_KEYS

_BY_KEY = {metric.key: metric for metric in METRICS}


def metric_of(key: str) -> Metric:
    """The metric with a key; one that is not listed shows under its own name."""
    if key.startswith(PROFIT_OF):
        return Metric(key, f"Profit of retailer {key.removeprefix(PROFIT_OF)}", "$", 2, bounds=ANY)
    return _BY_KEY.get(key) or Metric(key, key.replace("_", " "), digits=3, bounds=ANY)


def in_order(keys: set[str]) -> list[Metric]:
    """The metrics with these keys: listed ones in listed order, then others by name."""
    listed = [metric for metric in METRICS if metric.key in keys]
    return listed + [metric_of(key) for key in sorted(keys - _BY_KEY.keys())]

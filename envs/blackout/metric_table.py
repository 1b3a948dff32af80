"""What episodes of an outage are judged by, as tables show it."""

from voltran.envs.energy.metric_table import LEDGER_RESIDUAL_KW, UNSERVED_KWH
from voltran.envs.metric import Metric, percent

CLASSES = {
    "critical": "Critical",
    "emergency": "Emergency",
    "voice": "Voice",
    "essential": "Essential",
    "best_effort": "Best effort",
}


def _availability() -> list[Metric]:
    metrics = []
    for key, words in CLASSES.items():
        headline = key in ("critical", "best_effort")
        metrics += [
            percent(f"availability_{key}", f"{words} availability", words, headline),
            percent(f"availability_{key}_at_2h5", f"{words} availability at 2.5 h"),
            percent(f"availability_{key}_latched_at_2h5", f"{words} availability at 2.5 h, latched"),
        ]
    return metrics


METRICS: tuple[Metric, ...] = (
    Metric("survival_h", "Survival", "h", 2, "up", True, censored_by="censored"),
    Metric("survival_hold_h", "Survival, 30 min hold", "h", 2, "up"),
    Metric("survival_15_h", "Survival, 15 min hold", "h", 2, "up"),
    percent("censored", "Censored episodes", better=None),
    Metric("first_depletion_h", "First depletion", "h", 2, "up"),
    Metric("half_depleted_h", "Half depleted", "h", 2, "up"),
    percent("continuity", "Continuity, first 5 h", "Continuity", True),
    percent("continuity_own", "Continuity, own survival", " own survival", True),
    *_availability(),
    Metric("service_hours", "Service hours", "h", 2, "up", True, short="Service"),
    Metric("served_gbit", "Served traffic", "Gbit", 0, "up"),
    Metric("unserved_gbit", "Unserved traffic", "Gbit", 0, "down"),
    percent("ev_utilisation", "EV utilisation", "EV use", True),
    percent("ev_utilisation_nameplate", "EV utilisation, nameplate"),
    Metric("ev_cost", "EV cost", "USD", 0, "down", True),
    Metric("handovers_per_user_h", "Handovers per user", "1/h", 2, "down", True, short="Handovers"),
    Metric("handovers_per_user", "Handovers per user, total", "", 2, "down"),
    Metric("mode_switches_per_site_h", "Mode switches per site", "1/h", 2, "down", True, short="Switches"),
    Metric("mode_switches_per_site", "Mode switches per site, total", "", 2, "down"),
    Metric("mean_power_kw", "Mean site power", "kW", 2, "down"),
    UNSERVED_KWH,
    percent("uncovered_share_at_start", "Users without coverage at the start", better="down"),
    percent("uncovered_share", "Users without coverage", better="down"),
    LEDGER_RESIDUAL_KW,
)

"""What episodes of an uplink are judged by, as tables show it."""

from voltran.envs.metric import Metric, percent

METRICS: tuple[Metric, ...] = (
    Metric("energy_efficiency", "Energy efficiency", "Mbit/J", 3, "up", True, short="Efficiency"),
    Metric("active_ubs", "Active UBSs", "", 2, None, True),
    percent("qos_violations", "QoS violations", "Violations", True, "down"),
    percent("qos_shortfall", "QoS shortfall", better="down"),
    Metric("wake_ups", "Wake-ups", "", 1, "down"),
    Metric("network_power_w", "Network power", "W", 1, "down", True, short="Power"),
    Metric("sum_rate_mbps", "Sum rate", "Mbit/s", 1, "up", True),
)

"""What an episode of the uplink world is judged by; every metric is a function of the episode's series alone."""

import numpy as np

from voltran.physics.layout import FloatArray


def episode_metrics(series: dict[str, FloatArray]) -> dict[str, float]:
    """Metrics of one episode; definitions in docs/uplink.md.

    Args:
        series: name -> ``[T, ...]``, time series of the episode, as ``UplinkState.named_series`` names them.

    Returns:
        Metric name -> value; shares of nothing are zero.
    """
    total = {name: float(values.sum()) for name, values in series.items()}
    return {
        "energy_efficiency": _ratio(total["sum_rate_mbps"], total["network_power_w"]),
        "active_ubs": float(series["active_ubs"].mean()),
        "qos_violations": _ratio(total["violations"], total["active_ues"]),
        "qos_shortfall": _ratio(total["shortfall_mbps"], total["traffic_mbps"]),
        "wake_ups": total["wake_ups"],
        "network_power_w": float(series["network_power_w"].mean()),
        "sum_rate_mbps": float(series["sum_rate_mbps"].mean()),
    }


def efficiency(rate_mbps: FloatArray, power_w: FloatArray) -> FloatArray:
    """Energy efficiency in Mbit/J, elementwise; zero where nothing draws power."""
    return np.asarray(np.divide(rate_mbps, power_w, out=np.zeros_like(rate_mbps), where=power_w > 0.0))


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0.0 else 0.0

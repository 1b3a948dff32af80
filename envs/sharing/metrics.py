"""What an episode of sharing is judged by; every metric is a function of the episode's series alone."""

import numpy as np

from voltran.envs.sharing.constants import SharingConstants
from voltran.envs.sharing.state import AGENT_SERIES
from voltran.physics.arrays import FloatArray
from voltran.physics.units import HOURS_PER_DAY

ENERGIES = ("battery", "fallback", "curtailed", "unserved")


def episode_metrics(
    constants: SharingConstants, series: dict[str, FloatArray], grid_only_eur: FloatArray, expected_kw: FloatArray
) -> dict[str, float]:
    """Metrics of one episode; definitions in docs/sharing.md.

    Args:
        constants: constants.
        series: name -> ``[T, ...]``, time series of the episode, as ``SharingState.series`` names them.
        grid_only_eur: ``[T]`` cost of the same slots without batteries and panels.
        expected_kw: ``[T, U]`` what was forecast for each slot just before it.

    Returns:
        Metric name -> value; shares of nothing are zero.
    """
    parts = {name: series[name].sum(axis=0) for name in AGENT_SERIES}
    of_agent = sum(parts.values(), np.zeros(constants.n_agents))
    of_operator = np.bincount(constants.agent_operator, of_agent)
    alone, cost = float(grid_only_eur.sum()), float(of_agent.sum())
    kwh = {f"{name}_kwh": float(series[f"{name}_kw"].sum()) * constants.period_h for name in ENERGIES}
    bought_kw = series["grid_kw"].sum() + series["grid_charge_kw"].sum()
    hours = len(grid_only_eur) * constants.period_h
    demand_kw, battery = series["demand_kw"], constants.scenario.battery
    return {
        "cost_eur": cost,
        "saving": 1.0 - cost / alone if alone > 0.0 else 0.0,
        "grid_only_eur": alone,
        **{name: float(values.sum()) for name, values in parts.items()},
        **{f"cost_eur_operator_{operator}": float(value) for operator, value in enumerate(of_operator)},
        "bought_kwh": float(bought_kw) * constants.period_h,
        **kwh,
        "switches_per_day": _switches(series["requested_kw"]) / (constants.n_sites * hours / HOURS_PER_DAY),
        "forecast_error": float(np.abs(expected_kw - demand_kw).sum() / demand_kw.sum()) if demand_kw.any() else 0.0,
        "soc_end": float(series["soc"][-1].mean()),
        "soc_min": float(series["soc"].min()),
        "health_loss": float((battery.initial_health - series["health"][-1]).mean()),
        "ledger_residual_kw": float(np.abs(series["residual_kw"]).max()),
    }


def _switches(requested_kw: FloatArray) -> float:
    """How often sites ``[T, U]`` change between grid and battery."""
    chosen = requested_kw > 0.0
    return float((chosen[1:] != chosen[:-1]).sum())

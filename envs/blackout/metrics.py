"""What an episode of the outage world is judged by: its trace, and the metrics computed from it.

Every metric is a function of the trace alone, so that anybody who has the trace can recompute it.
"""

import numpy as np

from voltran.envs.blackout.constants import CLASS_NAMES, BlackoutConstants
from voltran.envs.blackout.survival import NOT_LOST, first_loss, hold_rule, loss_rule
from voltran.physics.arrays import FloatArray
from voltran.physics.ev import deliverable_energy_kwh
from voltran.physics.units import MEGABITS_PER_GIGABIT, SECONDS_PER_HOUR

THRESHOLD_H = 2.5


def episode_metrics(
    constants: BlackoutConstants,
    trace: dict[str, FloatArray],
    vehicles: dict[str, FloatArray],
) -> dict[str, float]:
    """Metrics of one episode; definitions in docs/metrics.md.

    Args:
        constants: the scenario's constants.
        trace: time series of the episode, as ``Trace.series`` names them.
        vehicles: ``arrival_s``, ``departure_s``, ``usable_kwh``, all ``[site, slot]``.

    Returns:
        Metric name -> value.
    """
    end, survival = _survival(constants, trace["critical"])
    own = slice(0, max(end, 1))
    unserved_mbit = (trace["asked_mbps"] - trace["served_mbps"]).sum() * constants.scenario.time.physics_step_s
    return {
        **survival,
        **_depletion(constants, trace["alive_share"]),
        **_service(constants, trace, own, survival["survival_h"]),
        **_vehicles(constants, trace, vehicles, end),
        "ev_cost": float(trace["ev_cost"].sum()),
        "unserved_kwh": float(trace["unserved_kw"].sum() * constants.step_h),
        "unserved_gbit": float(unserved_mbit / MEGABITS_PER_GIGABIT),
        "mean_power_kw": float(trace["mean_power_kw"][own].mean()),
        "uncovered_share_at_start": float(trace["uncovered_share"][0]),
        "uncovered_share": float(trace["uncovered_share"].mean()),
        "ledger_residual_kw": float(trace["residual_kw"].max(initial=0.0)),
        **_changes(constants, trace, own, survival["survival_h"]),
    }


def _survival(constants: BlackoutConstants, critical: FloatArray) -> tuple[int, dict[str, float]]:
    """The step in which the network was lost (the number of steps if it never was), and survival by several rules."""
    survival, step_s = constants.scenario.survival, constants.scenario.time.physics_step_s
    rules = (
        loss_rule(survival, step_s),
        hold_rule(survival, survival.hold_s, step_s),
        hold_rule(survival, survival.short_hold_s, step_s),
    )
    losses = [first_loss(critical, rule) for rule in rules]
    end, held, held_short = (len(critical) if lost == NOT_LOST else lost for lost in losses)
    return end, {
        "survival_h": end * constants.step_h,
        "survival_hold_h": held * constants.step_h,
        "survival_15_h": held_short * constants.step_h,
        "censored": float(losses[0] == NOT_LOST),
    }


def _changes(
    constants: BlackoutConstants, trace: dict[str, FloatArray], own: slice, survival_h: float
) -> dict[str, float]:
    result = {}
    for name, series, count in (
        ("handovers_per_user", "handovers", constants.n_users),
        ("mode_switches_per_site", "switches", constants.n_sites),
    ):
        result[name] = float(trace[series][own].sum()) / count
        result[f"{name}_h"] = result[name] / max(survival_h, constants.step_h)
    return result


def _depletion(constants: BlackoutConstants, alive_share: FloatArray) -> dict[str, float]:
    dead_share = 1.0 - alive_share
    result = {}
    for name, reached in (("first_depletion_h", dead_share > 0.0), ("half_depleted_h", dead_share >= 0.5)):
        result[name] = float(np.argmax(reached) if reached.any() else len(reached)) * constants.step_h
    return result


def _service(
    constants: BlackoutConstants, trace: dict[str, FloatArray], own: slice, survival_h: float
) -> dict[str, float]:
    window = slice(0, round(constants.scenario.survival.continuity_window_h / constants.step_h))
    at_threshold = min(round(THRESHOLD_H / constants.step_h), trace["critical"].shape[0] - 1)
    step_s = constants.scenario.time.physics_step_s
    result = {
        "continuity": float(trace["satisfaction"][window].mean()),
        "continuity_own": float(trace["satisfaction"][own].mean()),
        "service_hours": float(trace["satisfaction"].sum() * constants.step_h),
        "served_gbit": float(trace["served_mbps"].sum() * step_s / MEGABITS_PER_GIGABIT),
    }
    series = {name: trace["availability"][:, index] for index, name in enumerate(CLASS_NAMES)}
    series["critical"] = trace["critical"]
    for name, values in series.items():
        result[f"availability_{name}"] = float(values[own].mean())
        result[f"availability_{name}_at_2h5"] = float(values[at_threshold])
        result[f"availability_{name}_latched_at_2h5"] = float(values[at_threshold]) if survival_h > THRESHOLD_H else 0.0
    return result


def _vehicles(
    constants: BlackoutConstants, trace: dict[str, FloatArray], vehicles: dict[str, FloatArray], end: int
) -> dict[str, float]:
    until_s = np.asarray(end * constants.scenario.time.physics_step_s)
    delivered_kwh = float(trace["ev_kw"][:end].sum() * constants.step_h)
    deliverable = deliverable_energy_kwh(
        vehicles["usable_kwh"], vehicles["arrival_s"], vehicles["departure_s"], until_s, constants.ev.vehicle_limit_kw
    ).sum()
    # What sites charged into vehicles is what these could have delivered besides.
    charged_kwh = float(trace["ev_charge_kw"][:end].sum() * constants.step_h)
    deliverable += charged_kwh
    nameplate = vehicles["usable_kwh"][vehicles["arrival_s"] < until_s].sum() + charged_kwh
    return {
        "ev_utilisation": delivered_kwh / deliverable if deliverable > 0.0 else 0.0,
        "ev_utilisation_nameplate": delivered_kwh / nameplate if nameplate > 0.0 else 0.0,
    }


def hours(steps: int, step_s: float) -> FloatArray:
    """Start of each step in hours."""
    return np.arange(steps, dtype=np.float64) * step_s / SECONDS_PER_HOUR

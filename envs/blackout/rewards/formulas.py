"""What the outage world's rewards are made of: the normalised objective of [MSRC] Eq. 18, and a credit per site."""

import numpy as np
from numpy.typing import NDArray

from voltran.envs.blackout.constants import BlackoutConstants
from voltran.envs.blackout.state import PeriodTotals
from voltran.physics.arrays import FloatArray
from voltran.physics.compiled import kernel

# A site's service below this share of its critical users costs extra in the training reward.
CRITICAL_TARGET = 0.99


@kernel
def service_loss(weighted_loss: FloatArray, availability: FloatArray, class_floor: FloatArray) -> FloatArray:
    """Service loss ``[B]`` in [0, 1]: priority-weighted loss plus the classes' mean shortfall below their floors.

    Reconstructed: [MSRC] Eq. 18 weighs classes 1000 : 100 : 10 : 1, so that all of best effort counts less than 1 %;
    the floors keep every class worth serving.

    Args:
        weighted_loss: ``[B]`` priority-weighted mean of 1 - min(1, r / D).
        availability: ``[B, class]``.
        class_floor: ``[class]`` floors of availability.
    """
    n_worlds, n_classes = availability.shape
    loss = np.empty(n_worlds)
    for world in range(n_worlds):
        shortfall = 0.0
        for kind in range(n_classes):
            floor = class_floor[kind]
            shortfall += max(floor - availability[world, kind], 0.0) / max(floor, 1e-9)
        loss[world] = min(weighted_loss[world] + shortfall / n_classes, 1.0)
    return loss


def team_components(
    constants: BlackoutConstants, totals: PeriodTotals, mode_changes: FloatArray
) -> dict[str, FloatArray]:
    """Components ``[B]`` of the team reward of one decision period. Source: [MSRC] Eq. 18, normalised.

    Survival and service are per reference time (5 h by default), vehicle cost per what all chargers could cost in that
    time, mode changes per site and decision.

    Args:
        totals: sums over the period.
        mode_changes: ``[B]`` sites whose commanded mode changed.
    """
    weights, time = constants.scenario.reward, constants.scenario.time
    reference_h = weights.reference_h
    cost_scale = constants.scenario.vehicles.price_max * constants.ev.site_limit_kw * constants.n_sites * reference_h
    decisions = reference_h * 3600.0 / time.decision_period_s
    served_h = constants.decision_h - totals.service_loss_h
    return {
        "survival": weights.survival * totals.surviving_h / reference_h,
        "service": weights.service * served_h / reference_h,
        "ev_cost": -weights.ev_cost * totals.ev_cost / max(cost_scale, 1e-9),
        "switching": -weights.switching * mode_changes / (constants.n_sites * decisions),
    }


def site_credit(
    constants: BlackoutConstants,
    totals: PeriodTotals,
    energy_before_kwh: FloatArray,
    energy_after_kwh: FloatArray,
    changed: NDArray[np.bool_],
    repaired: NDArray[np.bool_],
    home_users: FloatArray,
) -> FloatArray:
    """Per-site training credit ``[B, site]`` of one decision period, before sharing with neighbours.

    Discharged energy counts more where less is left than elsewhere; service, handovers and critical service are those
    of the site's home users; repaired actions cost, so that policies learn to be feasible.

    Args:
        totals: sums over the period.
        energy_before_kwh, energy_after_kwh: ``[B, site]`` usable energy at both ends of the period.
        changed, repaired: ``[B, site]`` whether the mode changed, and whether the action had to be repaired.
        home_users: ``[B, site]`` number of home users.
    """
    weights = constants.scenario.reward
    mean_kwh = energy_before_kwh.mean(axis=1, keepdims=True)
    scarcity = (mean_kwh / np.maximum(energy_before_kwh, 1e-3)) ** weights.energy_exponent
    scarcity = np.minimum(scarcity, weights.energy_weight_max)
    discharged = (energy_before_kwh - energy_after_kwh) / constants.usable_full_kwh
    service = 1.0 - totals.home_service / constants.steps_per_decision
    critical = np.maximum(CRITICAL_TARGET - totals.home_critical / constants.steps_per_decision, 0.0)
    credit: FloatArray = -weights.local_energy * scarcity * discharged
    credit -= weights.local_service * service + weights.local_critical * critical
    credit -= weights.local_handover * totals.handovers / np.maximum(home_users, 1.0)
    credit -= weights.local_switching * changed + weights.local_repair * repaired
    return credit


def shared_with_neighbours(constants: BlackoutConstants, credit: FloatArray) -> FloatArray:
    """Half of a site's own credit plus half of its neighbourhood's mean, ``[B, site]``."""
    near = constants.distance_m <= constants.neighbourhood_m
    share = near / near.sum(axis=1, keepdims=True)
    return np.asarray(0.5 * credit + 0.5 * (credit[:, None, :] * share).sum(axis=-1))

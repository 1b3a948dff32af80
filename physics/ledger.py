"""The energy ledger of sites: whether the flows of a step and what batteries and vehicles hold tell the same story."""

import numpy as np

from voltran.physics.arrays import FloatArray
from voltran.physics.balance import EnergyStep
from voltran.physics.compiled import kernel


@kernel
def balance_residual_kw(
    step: EnergyStep, soc: FloatArray, energy_kwh: FloatArray, step_h: float, capacity_kwh: float
) -> FloatArray:
    """What flows and stored energies disagree on: rounding, unless a flow is wrong.

    The largest of three residuals: of the site, ``load = battery + vehicles + grid + unserved``; of its battery, whose
    stored energy changes by the flow at its terminals and the losses; and of its vehicles, whose energy changes by what
    they give or take. Source: [MSRC] Eq. 12, [MSRC] Eq. 17, left side less right side.

    Args:
        step: the flows, and the state after them.
        soc: ``[B, site]`` states of charge before them, shares.
        energy_kwh: ``[B, site, slot]`` energies of vehicles before them, kWh.
        step_h: length of the step, hours.
        capacity_kwh: of a battery.

    Returns:
        ``[B, site]`` kW, the residual of the largest size with its sign.
    """
    residual_kw = np.zeros(soc.shape)
    for w in range(soc.shape[0]):
        for i in range(soc.shape[1]):
            supplied_kw = step.battery_kw[w, i] + step.ev_kw[w, i] + step.grid_kw[w, i] + step.unserved_kw[w, i]
            stored_kw = (step.soc[w, i] - soc[w, i]) * capacity_kwh / step_h
            given_kwh = 0.0
            for slot in range(energy_kwh.shape[2]):
                given_kwh += energy_kwh[w, i, slot] - step.energy_kwh[w, i, slot]
            of_site = step.load_kw[w, i] - supplied_kw
            of_battery = step.battery_kw[w, i] + step.loss_kw[w, i] + stored_kw
            of_vehicles = step.ev_kw[w, i] - given_kwh / step_h
            worst = of_site
            for other in (of_battery, of_vehicles):
                if abs(other) > abs(worst):
                    worst = other
            residual_kw[w, i] = worst
    return residual_kw

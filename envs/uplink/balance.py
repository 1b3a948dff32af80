"""Balance of a network's power: the parts that add up to what it draws, told apart by UBS. Source: [FDRAN] Eq. 24."""

import numpy as np

from voltran.envs.uplink.simulation import Simulation
from voltran.physics.arrays import FloatArray
from voltran.physics.units import WATTS_PER_KILOWATT
from voltran.physics.uplink_power import UplinkPower


def power_balance(power: UplinkPower, simulation: Simulation) -> dict[str, FloatArray]:
    """Power of the latest period, quantity -> ``[B, M]``.

    ``station_kw`` is a UBS's own power without load, with its fronthaul; ``load_kw`` what its share of its UEs' rates
    adds, there and in the edge cloud; ``edge_kw`` and ``ue_kw`` are equal shares of the idle edge cloud and of the UEs.
    ``residual_kw`` is an equal share of what the network draws beyond all of these, zero but for rounding.

    Args:
        power: the network's coefficients.
        simulation: the batch.
    """
    state = simulation.state
    n_ubs = state.awake.shape[1]
    links = state.association.astype(np.float64)
    servers = links.sum(axis=1)
    per_link = (
        np.divide(power.w_per_mbps, servers, out=np.zeros_like(servers), where=servers > 0) + power.link_w_per_mbps
    )
    active_ues = state.latest("active_ues")
    ues_w = power.ue_w * active_ues + power.w_per_mw * state.power_mw.sum(axis=1)
    parts = {
        "station_kw": np.where(state.awake, power.awake_w, power.asleep_w),
        "load_kw": np.matmul(links, (per_link * state.rate_mbps)[..., None])[..., 0],
        "edge_kw": np.full(state.awake.shape, power.shared_w / n_ubs),
        "ue_kw": np.repeat(ues_w[:, None] / n_ubs, n_ubs, axis=1),
    }
    residual_w = (
        state.latest("network_power_w") - np.sum([part.sum(axis=1) for part in parts.values()], axis=0)
    ) / n_ubs
    parts["residual_kw"] = np.repeat(residual_w[:, None], n_ubs, axis=1)
    return {name: part / WATTS_PER_KILOWATT for name, part in parts.items()}

"""One uplink world as text: a line about the network, and a table of UBSs."""

import numpy as np

from voltran.envs.uplink.scene import Scene


def as_text(scene: Scene) -> str:
    """A line about the network, then one per UBS."""
    minutes = round(60.0 * scene.clock_h)
    head = [
        f"{minutes // 60:02d}:{minutes % 60:02d} ({scene.title})",
        f"{scene.latest('energy_efficiency'):.3f} Mbit/J",
        f"{scene.latest('network_power_w'):.0f} W",
        f"{scene.latest('sum_rate_mbps'):.0f} Mbit/s",
        f"{int(scene.awake.sum())} of {scene.awake.size} UBSs awake",
        f"{int(scene.latest('violations'))} of {int(scene.active.sum())} UEs below their minimum rate",
    ]
    share_mbps = scene.rate_mbps / np.maximum(scene.association.sum(axis=0), 1)
    load_mbps = np.where(scene.association, share_mbps, 0.0).sum(axis=1)
    lines = [f"{'UBS':<8}{'state':<8}{'load':>14}  serves UEs"]
    for ubs, awake in enumerate(scene.awake):
        served = " ".join(str(ue) for ue in np.flatnonzero(scene.association[ubs])) or "-"
        lines.append(f"{f'ubs_{ubs}':<8}{'awake' if awake else 'asleep':<8}{load_mbps[ubs]:>7.1f} Mbit/s  {served}")
    return "\n".join([" | ".join(head), *lines])

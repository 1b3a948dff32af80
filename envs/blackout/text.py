"""One outage world as text: a line about the network, and a table of sites."""

import numpy as np

from voltran.envs.blackout.scene import STATUS_NAMES, Scene

BAR_LENGTH = 10


def as_text(scene: Scene) -> str:
    """A line about the network, then one per site."""
    n_sites, n_up = scene.status.size, int(scene.is_up.sum())
    survival = "not lost" if scene.lost_h is None else f"lost at {scene.lost_h:.2f} h"
    head = [
        f"{scene.time_h:.2f} h into the outage ({scene.title})",
        f"survival {survival}",
        f"critical {100 * scene.critical:.1f} %",
        f"service {100 * scene.satisfaction:.1f} %",
        f"{n_up} of {n_sites} sites in operation",
    ]
    served = np.bincount(scene.server[scene.server >= 0], minlength=n_sites)
    band_names = [f"{band.frequency_mhz:g}" for band in scene.constants.scenario.bands]
    wide = max(len("bands (MHz)"), len(" ".join(band_names)))
    lines = [f"{'site':<7}{'mode':<10}{'bands (MHz)':<{wide + 2}}{'battery':<19}{'power':>8}  vehicles       users"]
    for site, status in enumerate(scene.status):
        on = " ".join(name for band, name in enumerate(band_names) if scene.band_bits[site] >> band & 1) or "-"
        vehicles = f"{scene.accepting[site]} of {scene.parked[site]} accept"
        lines.append(
            f"{f'bs_{site}':<7}{STATUS_NAMES[status]:<10}{on:<{wide + 2}}{_bar(scene.soc[site])}"
            f"{scene.power_kw[site]:>6.2f} kW  {vehicles:<15}{served[site]:>5}"
        )
    return "\n".join([" | ".join(head), *lines])


def _bar(share: float) -> str:
    full = round(BAR_LENGTH * share)
    return f"[{'#' * full}{'.' * (BAR_LENGTH - full)}] {100 * share:>3.0f} % "

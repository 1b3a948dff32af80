"""What the action codes of base-station agents mean, and the world around them, for those who learn from them."""

from typing import Any

from voltran.envs.blackout.actions import EV_LEVELS
from voltran.envs.blackout.constants import CLASS_NAMES, MODE_NAMES, NEIGHBOURS, BlackoutConstants


def site_meaning(constants: BlackoutConstants) -> dict[str, Any]:
    """What a policy for sites is tied to: see ``Role.meaning``, besides what it observes."""
    return {
        "bands_mhz": [float(band.frequency_mhz) for band in constants.scenario.bands],
        "service_classes": list(CLASS_NAMES),
        "neighbours": f"{NEIGHBOURS}, nearest first",
        "modes": list(MODE_NAMES),
        "vehicle_levels": [round(level, 6) for level in EV_LEVELS],
    }

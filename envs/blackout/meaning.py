"""What the observation and the action codes of base-station agents mean, for those who learn from them."""

from typing import Any

from voltran.envs.blackout.actions import EV_LEVELS
from voltran.envs.blackout.constants import CLASS_NAMES, MODE_NAMES, NEIGHBOURS, BlackoutConstants
from voltran.envs.blackout.observation import Field, Part, observation_fields
from voltran.envs.world import Sight

SIGHT: dict[Part, Sight] = {"site": "own", "neighbour": "neighbours", "network": "network"}


def site_meaning(constants: BlackoutConstants) -> dict[str, Any]:
    """What a policy for sites is tied to: see ``Role.meaning``."""
    return {
        "bands_mhz": [float(band.frequency_mhz) for band in constants.scenario.bands],
        "service_classes": list(CLASS_NAMES),
        "neighbours": f"{NEIGHBOURS}, nearest first",
        "modes": list(MODE_NAMES),
        "vehicle_levels": [round(level, 6) for level in EV_LEVELS],
        "features": [_line(field) for field in observation_fields(constants.n_bands)],
    }


def site_sight(n_bands: int) -> tuple[Sight, ...]:
    """Of whom the observation tells: see ``Role.sees``."""
    return tuple(dict.fromkeys(SIGHT[field.part] for field in observation_fields(n_bands)))


def _line(field: Field) -> str:
    return (
        f"{field.part} {field.name}: {field.size} x {field.unit} / {field.scale:g} in [{field.low:g}, {field.high:g}]"
    )

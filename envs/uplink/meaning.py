"""What the observation and the action codes of UBS agents mean, for those who learn from them."""

from typing import Any

from voltran.envs.uplink.actions import ActionCodec
from voltran.envs.uplink.observation import FIELDS, Field, Part
from voltran.envs.world import Sight

# What a UBS sees of a UE compares its own channel with those of other UBSs.
SIGHT: dict[Part, Sight] = {"ubs": "own", "ue": "neighbours", "network": "network"}


def ubs_meaning(codec: ActionCodec) -> dict[str, Any]:
    """What a policy for UBSs is tied to: see ``Role.meaning``."""
    order = f"the {codec.most} strongest active ones, strongest first" if codec.form == "joint" else "all, as numbered"
    return {"features": [_line(field) for field in FIELDS], "ues": order}


def ubs_sight() -> tuple[Sight, ...]:
    """Of whom the observation tells: see ``Role.sees``."""
    return tuple(dict.fromkeys(SIGHT[field.part] for field in FIELDS))


def _line(field: Field) -> str:
    return f"{field.part} {field.name}: {field.unit or 'number'} / {field.scale:g} in [{field.low:g}, {field.high:g}]"

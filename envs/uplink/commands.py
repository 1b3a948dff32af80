"""Commands of the uplink world: all that any controller can say."""

from dataclasses import dataclass

from voltran.physics.arrays import BoolArray, FloatArray


@dataclass(frozen=True)
class UplinkCommands:
    """Commands for all UBSs and UEs of all worlds.

    Attributes:
        association: ``[B, M, K]`` True where a UBS is to serve a UE; repaired to the limits, inactive UEs are ignored.
        power_mw: ``[B, K]`` transmit powers, or None for EIPC over the UBSs that are then awake.
    """

    association: BoolArray
    power_mw: FloatArray | None = None

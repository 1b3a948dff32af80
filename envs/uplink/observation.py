"""What a UBS agent sees: a documented, fixed-size vector of scaled floats per UBS.

The vector has three parts: the UBS itself, the UEs that it could serve, and the network. With joint actions the UEs are
the strongest active ones, in falling order, as many as a UBS may serve: a policy moves between networks with the same
limit. With multi actions they are all UEs in the order of the choices.
"""

from dataclasses import replace
from functools import partial

from voltran.envs.fields import Field
from voltran.envs.observations import GlobalState, Observation
from voltran.envs.uplink.actions import ActionCodec
from voltran.envs.uplink.view import shown_ues

UES = "ues"  # a number that fields may name

_own = partial(Field, clip=True)
# What a UBS sees of a UE compares its own channel with those of other UBSs.
_ue = partial(Field, sees="neighbours", times=UES, clip=True)
_network = partial(Field, sees="network", clip=True)

OWN = (
    _own("awake", "flag", 0, 1, "state.awake", "the UBS served somebody in the last period"),
    _own("served", "UEs", 0, 2, "served", "UEs that it served", scale=10),
    _own("load", "Mbit/s", 0, 5, "load_mbps", "its share of their rates", scale=40),
)
UE = (
    _ue("exists", "flag", 0, 1, "ue_exists", "there is such a UE and it is active; else all zero"),
    _ue("gain", "dB", -1, 2, "ue_gain_db", "what the UBS receives from it at full power, over noise", scale=50),
    _ue("behind", "dB", 0, 4, "ue_behind_db", "how much stronger its strongest UBS is", scale=20),
    _ue("stronger", "UBSs", 0, 5, "ue_stronger", "UBSs that receive it more strongly", scale=10),
    _ue("rate_min", "Mbit/s", 0, 5, "ue_rate_min_mbps", "its minimum rate in the coming period", scale=20),
    _ue("shortfall", "Mbit/s", 0, 5, "ue_shortfall_mbps", "what it lacked in the last period", scale=20),
    _ue("servers", "UBSs", 0, 5, "ue_servers", "UBSs that served it in the last period", scale=3),
    _ue("own", "flag", 0, 1, "ue_own", "this UBS served it in the last period"),
)
NETWORK = (
    _network("clock_sine", "", -1, 1, "clock_sine", "sine of the time of day"),
    _network("clock_cosine", "", -1, 1, "clock_cosine", "cosine of the time of day"),
    _network("traffic", "Mbit/s", 0, 5, "traffic_mbps", "sum of the minimum rates in the coming period", scale=160),
    _network("active", "share", 0, 1, "share_active", "UEs that are active in the coming period"),
    _network("awake", "share", 0, 1, "share_awake", "UBSs awake in the last period; 1 at the start"),
    _network("efficiency", "Mbit/J", 0, 5, "efficiency_mbit_per_j", "energy efficiency in the last period", scale=0.5),
    _network("violations", "share", 0, 1, "violations", "active UEs below their minimum rate in the last period"),
)

DEFAULT = (*OWN, *UE, *NETWORK)
"""All built-in fields of a UBS, in the order of the vector."""

# The part of the UEs in the global state: what does not depend on who looks.
STATE_UE = {"rate_min": "rate_min_mbps", "shortfall": "state.shortfall_mbps", "servers": "servers"}


def dimensions(codec: ActionCodec) -> dict[str, int]:
    """Names and numbers that fields may refer to in ``size`` and ``times``."""
    return {UES: shown_ues(codec)}


def global_state(codec: ActionCodec) -> GlobalState:
    """What centralised critics see: all UBSs, what UEs want and have, all gains, the network."""
    ues = [replace(field, compute=STATE_UE[field.name], times=1) for field in UE if field.name in STATE_UE]
    gains = [replace(field, compute="channels.gain_db", times=codec.n_ues) for field in UE if field.name == "gain"]
    parts = (("ubs", codec.n_ubs, OWN), ("ue", codec.n_ues, ues), ("link", codec.n_ubs, gains), ("network", 1, NETWORK))
    return GlobalState([Observation(name, count, fields, built_in=fields) for name, count, fields in parts])

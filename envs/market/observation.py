"""What sites and retailers see: documented, fixed-size vectors of scaled floats, the same for any number of agents."""

from functools import partial
from typing import Any

from voltran.envs.fields import Field
from voltran.envs.market.actions import BATTERY_CHOICES, REQUESTS
from voltran.envs.market.constants import MarketConstants
from voltran.envs.observations import GlobalState, Observation
from voltran.envs.retail.observation import RETAILER_FIELDS, SITE_FIELDS

_own = partial(Field, clip=True)

OWN = (
    _own("load", "share", 0, 1, "load", "own load in the coming period, share of full power"),
    _own("load_near", "share", 0, 1, "load_near", "load that the usual day promises in 1 h, share of full power"),
    _own("load_far", "share", 0, 1, "load_far", "load that the usual day promises in 4 h, share of full power"),
    _own("full_power", "kW", 0, 5, "full_power_kw", "full power, kW, at most 5"),
    _own("soc", "share", 0, 1, "state.soc", "state of charge; 0 without a battery"),
    _own("has_battery", "flag", 0, 1, "has_battery", "1 with a battery"),
    _own(
        "charge_room", "ratio", 0, 5, "charge_room",
        "power that the battery can take for the whole period, over full power, at most 5",
    ),
    _own(
        "discharge_room", "ratio", 0, 5, "discharge_room",
        "power that it can give for the whole period, over full power, at most 5",
    ),
    _own("unserved", "share", 0, 1, "unserved", "share of the load that nothing served in the latest period"),
)  # fmt: skip
CLOCK = (
    _own("clock_sine", "", -1, 1, "clock_sine", "time of day on a circle"),
    _own("clock_cosine", "", -1, 1, "clock_cosine", "time of day on a circle"),
)

DEFAULT = (*OWN, *SITE_FIELDS, *CLOCK)
"""All built-in fields of a site, in the order of the vector; those of retailers are ``RETAILER_FIELDS``."""


def site_meaning() -> dict[str, Any]:
    """What a policy for sites is tied to: see ``Role.meaning``, besides what it observes."""
    return {"requests": list(REQUESTS), "battery": list(BATTERY_CHOICES)}


def global_state(constants: MarketConstants) -> GlobalState:
    """What centralised critics see: all sites, all retailers, the clock."""
    parts = [Observation("bs", constants.n_sites, OWN, built_in=OWN)]
    if constants.n_retailers:
        parts.append(Observation("retailer", constants.n_retailers, RETAILER_FIELDS, built_in=RETAILER_FIELDS))
    return GlobalState([*parts, Observation("clock", 1, CLOCK, built_in=CLOCK)])

"""What sites of the brownout world see besides the outage's observation: retailers, and the main grid."""

from functools import partial

from voltran.envs.blackout.constants import BlackoutConstants
from voltran.envs.blackout.observation import DEFAULT as OUTAGE_FIELDS
from voltran.envs.blackout.observation import state_parts
from voltran.envs.fields import Field
from voltran.envs.observations import GlobalState, Observation
from voltran.envs.retail.observation import RETAILER_FIELDS, SITE_FIELDS

_own = partial(Field, clip=True)

GRID_FIELDS = (
    _own(
        "main_now", "share", 0, 1, "main_now",
        "share of the coming period in which the main grid supplies the site",
    ),
    _own("main_ahead", "share", 0, 1, "main_ahead", "the same over the coming 2 h"),
    _own("main_price", "ratio", 0, 5, "main_price", "price of the main grid over the price cap"),
    _own(
        "paid", "ratio", 0, 5, "paid", "paid for power in the latest period over the price of 1 kWh at the cap"
    ),
)  # fmt: skip
PURCHASE_FIELDS = (*SITE_FIELDS, *GRID_FIELDS)
"""What follows the outage's fields."""

DEFAULT = (*OUTAGE_FIELDS, *PURCHASE_FIELDS)
"""All built-in fields of a site, in the order of the vector; those of retailers are ``RETAILER_FIELDS``."""


def global_state(constants: BlackoutConstants, n_retailers: int) -> GlobalState:
    """What centralised critics see: the outage's state, then every retailer's fields."""
    parts = state_parts(constants)
    if n_retailers:
        parts.append(Observation("retailer", n_retailers, RETAILER_FIELDS, built_in=RETAILER_FIELDS))
    return GlobalState(parts)

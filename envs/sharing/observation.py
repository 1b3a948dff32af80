"""What operators see: documented, fixed-size vectors of scaled floats, the same for any number of agents."""

from functools import partial
from typing import Any

from voltran.envs.fields import Field
from voltran.envs.observations import GlobalState, Observation
from voltran.envs.sharing.actions import VOTES
from voltran.envs.sharing.constants import SharingConstants

_own = partial(Field, clip=True)
# What three large sites draw, and usual prices, are of the order of 1.
POWER_KW, PRICE = 10.0, 0.3

BATTERY = (
    _own("soc", "share", 0, 1, "soc", "state of charge of the shared battery"),
    _own("health", "share", 0, 1, "health", "its state of health"),
)
DEMAND = (
    _own("demand_before", "kW", 0, 4, "demand_before", "own demand in the latest slot, over 10 kW", scale=POWER_KW),
    _own(
        "demand_outlook", "kW", 0, 4, "demand_outlook", "own demand expected so many slots ahead, over 10 kW",
        size="ahead", scale=POWER_KW,
    ),
    _own(
        "site_demand", "kW", 0, 4, "site_demand", "demand expected of each own site in the coming slot, over 10 kW",
        size="sites", scale=POWER_KW,
    ),
)  # fmt: skip
OWN = (
    *BATTERY,
    _own("share", "share", 0, 1, "share", "alpha, own share in the infrastructure"),
    *DEMAND,
    _own(
        "price_outlook", "EUR/kWh", -2, 5, "price_outlook", "price so many slots ahead, over 0.3 EUR/kWh",
        size="ahead", scale=PRICE,
    ),
    _own("price_mean", "EUR/kWh", -2, 5, "price_mean", "mean price of the coming day, over 0.3 EUR/kWh", scale=PRICE),
    _own("price_rank", "share", 0, 1, "price_rank", "share of the coming day that is cheaper than the coming slot"),
    _own(
        "solar_outlook", "share", 0, 1, "solar_outlook", "solar power expected so many slots ahead, of full power",
        size="ahead",
    ),
    _own("grid_on", "flag", 0, 1, "grid_on", "1 if power can be bought in the coming slot"),
    _own(
        "grid_outlook", "flag", 0, 1, "grid_outlook", "1 if power is expected to be on sale so many slots ahead",
        size="ahead",
    ),
)  # fmt: skip
OTHERS = (
    _own(
        "others_requested", "kW", 0, 10, "others_requested",
        "what the other operators together asked of the battery in the latest slot, over 10 kW",
        scale=POWER_KW, sees="neighbours",
    ),
)  # fmt: skip
CLOCK = (
    _own("clock_sine", "", -1, 1, "clock_sine", "time of day on a circle"),
    _own("clock_cosine", "", -1, 1, "clock_cosine", "time of day on a circle"),
    _own("weekend", "flag", 0, 1, "is_weekend", "1 on Saturdays and Sundays"),
    _own("time_left", "day", 0, 1, "time_left", "time to the end of the episode, at most a day"),
)

DEFAULT = (*OWN, *OTHERS, *CLOCK)
"""All built-in fields of an operator, in the order of the vector."""


def dimensions(constants: SharingConstants) -> dict[str, int]:
    """Numbers that fields may refer to."""
    return {"ahead": len(constants.scenario.forecast.ahead), "sites": constants.agent_has.shape[1]}


def operator_meaning(constants: SharingConstants) -> dict[str, Any]:
    """What a policy for operators is tied to: see ``Role.meaning``, besides what it observes."""
    ahead = list(constants.scenario.forecast.ahead)
    return {"ahead": ahead, "slot_h": constants.period_h, "votes": list(VOTES)}


def global_state(constants: SharingConstants) -> GlobalState:
    """What centralised critics see: all operators, and the clock."""
    sizes = dimensions(constants)
    of_operators = Observation("operator", constants.n_agents, OWN, sizes, built_in=OWN)
    return GlobalState([of_operators, Observation("clock", 1, CLOCK, built_in=CLOCK)])

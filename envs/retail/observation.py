"""What retailers see, and what sites see of them, scaled to about [0, 1]; computed from ``view.retail``."""

from functools import partial
from typing import Any

from voltran.envs.fields import Field
from voltran.envs.retail.constants import PRICE_LEVELS

_own = partial(Field, clip=True)
_network = partial(Field, sees="network", clip=True)

RETAILER_FIELDS = (
    _own("available", "share", 0, 1, "retail.available", "generation in the coming period, share of capacity"),
    _own("outlook_near", "share", 0, 1, "retail.outlook_near", "generation expected in 1 h, share of capacity"),
    _own("outlook_far", "share", 0, 1, "retail.outlook_far", "generation expected in 4 h, share of capacity"),
    _network("capacity", "share", 0, 1, "retail.capacity", "own capacity, share of that of all retailers"),
    _own("unit_cost", "share", 0, 1, "retail.unit_cost", "unit cost over the price cap"),
    _own("price", "share", 0, 1, "retail.price", "own price in the latest period over the cap"),
    _own("posted", "share", 0, 1, "retail.posted", "own price posted for the coming period over the cap"),
    _network(
        "rival_price", "share", 0, 1, "retail.rival_price",
        "lowest price that others have posted over the cap; 1 without others",
    ),
    _network(
        "rival_available", "share", 0, 1, "retail.rival_available",
        "what others generate in the coming period, share of their capacity",
    ),
    _own(
        "sold_subscribers", "share", 0, 1, "retail.sold_subscribers",
        "sold to subscribers in the latest period, share of generation",
    ),
    _own(
        "sold_others", "share", 0, 1, "retail.sold_others", "sold to others in the latest period, share of generation"
    ),
    _network(
        "scarcity", "ratio", 0, 5, "retail.scarcity",
        "requests to everybody in the latest period over all generation, at most 5",
    ),
    _own("subscribers", "share", 0, 1, "retail.subscribers", "share of sites that are subscribers"),
    _own("clock_sine", "", -1, 1, "retail.clock_sine", "time of day on a circle"),
    _own("clock_cosine", "", -1, 1, "retail.clock_cosine", "time of day on a circle"),
)  # fmt: skip
"""All built-in fields of a retailer, in the order of the vector."""

SITE_FIELDS = (
    _own(
        "best_price", "ratio", 0, 2, "retail.best_price",
        "lowest price of the coming period that the site would pay, over the cap; 2 without",
    ),
    _own("home_price", "share", 0, 1, "retail.home_price", "its home retailer's price over the cap; 1 without"),
    Field(
        "home_available", "share", 0, 1, "retail.home_available",
        "its home retailer's generation in the coming period, share of capacity", sees="neighbours", clip=True,
    ),
    _network(
        "all_available", "share", 0, 1, "retail.all_available", "generation of all retailers, share of capacity"
    ),
    _network("all_outlook_near", "share", 0, 1, "retail.all_outlook_near", "the same expected in 1 h"),
    _network("all_outlook_far", "share", 0, 1, "retail.all_outlook_far", "the same expected in 4 h"),
    _own("filled", "share", 0, 1, "retail.filled", "share of its latest request that was filled; 1 before the first"),
)  # fmt: skip
"""What sites see of retailers."""


def retailer_meaning(form: str) -> dict[str, Any]:
    """What a policy for retailers is tied to: see ``Role.meaning``, besides what it observes."""
    prices = f"{PRICE_LEVELS}, unit cost to cap in equal ratios" if form == "ladder" else "one number on that scale"
    return {"prices": prices}

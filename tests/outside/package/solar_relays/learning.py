"""What relays see, and what they learn from."""

from typing import Any

import numpy as np

from voltran import Field

FIELDS = (
    Field("soc", "share", 0, 1, "world.soc", meaning="state of charge"),
    Field("sun", "kW", 0, 1, "world.sun_kw", scale=0.2, meaning="what the panel gives in the coming period", clip=True),
    Field("hour", "share", 0, 1, lambda view: view.world.decision / view.world.scenario.periods, meaning="of the day"),
)

hours_left = Field(
    "hours_left",
    "h",
    0,
    1,
    lambda view: view.world.soc * view.world.scenario.battery_kwh / view.world.load_kw[2],
    scale=24.0,
    meaning="how long the battery carries full power",
)


def delivered(period: Any) -> np.ndarray:
    """What was sent, in units of full power."""
    return period.world.delivered_mbps / period.world.rate_mbps[2]


def delivered_with_reserve(period: Any) -> np.ndarray:
    """The same, and a little for what is kept."""
    return period.reward("delivered") + 0.1 * period.world.soc

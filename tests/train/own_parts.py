"""A reward and a feature as a user writes them."""

from typing import Any

from voltran.envs.fields import Field

reserve = Field("reserve", "kWh", 0.0, 100.0, "world.usable_kwh")


def careful(period: Any) -> Any:
    """Charge in the battery is worth something by itself."""
    return period.reward("local") + 0.1 * period.world.soc


def generous(period: Any) -> Any:
    """A retailer's reward, from what it gets by default."""
    return 2.0 * period.reward("own", "retailer")

"""The generated tables of the documentation about the options of families of controllers."""

from collections.abc import Mapping

from docs.tools.rows import fields, table
from voltran.baselines import collective, market
from voltran.baselines.entry import Entry


def market_settings() -> str:
    """Every option of every controller of worlds with retailers, with default and meaning."""
    return _options(market.CONTROLLERS)


def sharing_settings() -> str:
    """Every option of every controller of worlds with shared batteries, with default and meaning."""
    return _options(collective.CONTROLLERS)


def _options(controllers: Mapping[str, Entry]) -> str:
    rows = [
        [f"`{controller}`", f"`{name}`", *rest]
        for controller, entry in controllers.items()
        if entry.settings is not None
        for name, *rest in fields(entry.settings)
    ]
    return table(["controller", "option", "default", "meaning"], rows)


TABLES = {make.__name__: make for make in (market_settings, sharing_settings)}

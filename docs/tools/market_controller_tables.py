"""The generated table of the documentation about the controllers of worlds with retailers."""

from docs.tools.rows import fields, table
from voltran.baselines.market import CONTROLLERS


def market_settings() -> str:
    """Every option of every controller, with default and meaning."""
    rows = [
        [f"`{controller}`", f"`{name}`", *rest]
        for controller, entry in CONTROLLERS.items()
        if entry.settings is not None
        for name, *rest in fields(entry.settings)
    ]
    return table(["controller", "option", "default", "meaning"], rows)


TABLES = {market_settings.__name__: market_settings}

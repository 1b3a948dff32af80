"""What ships with the package, for ``voltran scenarios``."""

from operator import attrgetter
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.markup import escape
from rich.table import Table

from voltran.envs.metric import MISSING
from voltran.envs.registry import make_world
from voltran.envs.scenario import scenario_names

# column title and where scenarios keep it; a world without such a field shows a dash
COLUMNS = {"Sites": "layout.n_sites", "Users": "users.count", "Load": "traffic.load_factor"}


def scenario_table() -> Table:
    """Every shipped scenario with its world, size, load and description."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    table.add_column("Scenario", no_wrap=True)
    table.add_column("World", no_wrap=True)
    for title in COLUMNS:
        table.add_column(title, justify="right")
    table.add_column("Description")
    for name in scenario_names():
        scenario = make_world(name).scenario
        values = [_value(scenario, path) for path in COLUMNS.values()]
        table.add_row(name, scenario.world, *values, escape(scenario.description))
    return table


def _value(scenario: Any, path: str) -> str:
    try:
        value = attrgetter(path)(scenario)
    except AttributeError:
        return MISSING
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)

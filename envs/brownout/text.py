"""One brownout world as text: the outage's, a line about the main grid, and a table of retailers."""

from voltran.envs.blackout import text as outage
from voltran.envs.brownout.scene import Scene


def as_text(scene: Scene) -> str:
    """The outage's table, a line about the main grid, then one line per retailer."""
    lines = [outage.as_text(scene.outage), "", _grid_line(scene), *_retailer_lines(scene)]
    return "\n".join(lines)


def _grid_line(scene: Scene) -> str:
    supplied, sites = int(scene.is_supplied.sum()), scene.is_supplied.size
    if supplied == 0:
        return f"main grid: down | latest import {scene.main_kw:.2f} kW"
    terms = f"at most {scene.main_limit_kw:g} kW each at {scene.main_price:.3f} USD/kWh"
    return f"main grid: supplies {supplied} of {sites} sites, {terms} | latest import {scene.main_kw:.2f} kW"


def _retailer_lines(scene: Scene) -> list[str]:
    if not scene.sources:
        return ["no retailers"]
    lines = [
        f"{'retailer':<13}{'source':<10}{'generation':<20}{'price':>8}{'posted':>9} USD/kWh{'sold':>9}{'profit':>15}"
    ]
    for index, source in enumerate(scene.sources):
        generation = f"{scene.available_kw[index]:.2f} of {scene.capacity_kw[index]:g} kW"
        lines.append(
            f"{f'retailer_{index}':<13}{source:<10}{generation:<20}{scene.price[index]:>8.3f}{scene.posted[index]:>9.3f}"
            f"{scene.sold_kw[index]:>14.2f} kW{scene.profit_usd[index]:>11.2f} USD"
        )
    return lines

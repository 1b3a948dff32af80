"""One sharing world as text: a line about everybody, and a table of infrastructures."""

from voltran.envs.sharing.scene import Scene

MOST_LINES = 20  # of infrastructures


def as_text(scene: Scene) -> str:
    """A line about everybody, then a table of infrastructures, the first twenty."""
    head = [
        f"{scene.clock} ({scene.title})",
        f"cost {scene.cost_eur:.2f} EUR (grid alone {scene.grid_only_eur:.2f})",
        f"price {float(scene.latest('price_eur_per_kwh')):.3f} EUR/kWh",
        f"from batteries {scene.total_kwh('battery_kw'):.1f} kWh",
        f"unserved {scene.total_kwh('unserved_kw'):.1f} kWh",
    ]
    return "\n".join([" | ".join(head), *_lines(scene)])


def _lines(scene: Scene) -> list[str]:
    constants = scene.constants
    of_sites = ("demand_kw", "grid_kw", "battery_kw", "direct_kw", "unserved_kw")
    columns = [constants.by_infrastructure(scene.latest(name)) for name in of_sites]
    columns += [scene.latest(name) for name in ("solar_kw", "grid_charge_kw")]
    heads = ("demand kW", "grid", "battery", "direct", "unserved", "solar", "charging")
    lines = [f"{'infrastructure':<16}" + "".join(f"{head:>10}" for head in heads) + f"{'SoC':>7}"]
    for place, soc in enumerate(scene.soc[:MOST_LINES]):
        numbers = "".join(f"{column[place]:>10.3f}" for column in columns)
        lines.append(f"{place:<16}{numbers}{soc:>7.0%}")
    if len(scene.soc) > MOST_LINES:
        lines.append(f"... and {len(scene.soc) - MOST_LINES} more")
    return lines

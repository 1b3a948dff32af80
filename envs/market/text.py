"""One market world as text: a line about everybody, a table of retailers and one of sites."""

from voltran.envs.market.scene import Scene


def as_text(scene: Scene) -> str:
    """A line about everybody, then a table of retailers and one of sites."""
    period_h = scene.constants.period_h
    head = [
        f"{scene.clock} ({scene.title})",
        f"welfare {scene.welfare_usd:.2f} USD",
        f"paid {scene.total('paid_usd'):.2f} USD",
        f"bought {scene.total('bought_kw') * period_h:.1f} kWh",
        f"unserved {scene.total('unserved_kw') * period_h:.1f} kWh",
    ]
    return "\n".join([" | ".join(head), *_retailer_lines(scene), *_site_lines(scene)])


def _retailer_lines(scene: Scene) -> list[str]:
    retailers = scene.constants.scenario.retail.retailers
    if not retailers:
        return ["no retailers"]
    price, available, sold = (scene.latest(name) for name in ("price", "available_kw", "sold_kw"))
    lines = [f"{'retailer':<12}{'source':<10}{'USD/kWh':>9}{'has kW':>9}{'sold kW':>9}"]
    for index, retailer in enumerate(retailers):
        numbers = f"{price[index]:>9.3f}{available[index]:>9.3f}{sold[index]:>9.3f}"
        lines.append(f"{f'retailer_{index}':<12}{retailer.source:<10}{numbers}")
    return lines


def _site_lines(scene: Scene) -> list[str]:
    names = ("load_kw", "bought_kw", "battery_kw", "unserved_kw")
    load, bought, battery, unserved = (scene.latest(name) for name in names)
    lines = [f"{'site':<12}{'load kW':>9}{'bought':>9}{'battery':>9}{'unserved':>10}{'SoC':>7}"]
    for site, soc in enumerate(scene.soc):
        charge = f"{soc:>7.0%}" if scene.constants.has_battery[site] else f"{'-':>7}"
        numbers = f"{load[site]:>9.3f}{bought[site]:>9.3f}{battery[site]:>9.3f}{unserved[site]:>10.3f}"
        lines.append(f"{f'bs_{site}':<12}{numbers}{charge}")
    return lines

"""Generated tables of the documentation about retailers and the worlds that have some."""

from docs.tools.rows import fields, space_cells, table
from voltran.envs.blackout.actions import ActionCodec, ActionForm, ActionSet
from voltran.envs.blackout.constants import BlackoutConstants
from voltran.envs.blackout.scenario import BlackoutScenario
from voltran.envs.brownout.actions import PurchaseCodec
from voltran.envs.brownout.scenario import BrownoutReward
from voltran.envs.decision_time import DecisionTime
from voltran.envs.energy.grid import Grid
from voltran.envs.energy.weather import Weather
from voltran.envs.market.actions import MarketCodec, MarketForm
from voltran.envs.market.constants import MarketConstants
from voltran.envs.market.scenario import Battery, Load, MarketScenario, Reward, SiteGroup
from voltran.envs.retail.scenario import Retail, Retailer
from voltran.envs.scenario import Section
from voltran.envs.series_files import SeriesFormat

DEFAULT = BlackoutScenario(name="default")
MARKET = MarketScenario(name="default", sites=(SiteGroup(fixed_kw=1.0),))


def brownout_actions() -> str:
    """Space, mask and version of each set and form of the actions of sites in the brownout."""
    sets: tuple[ActionSet, ...] = ("paper", "extended")
    forms: tuple[ActionForm, ...] = ("joint", "multi")
    rows = []
    for codec in (PurchaseCodec(ActionCodec(BlackoutConstants(DEFAULT), of, form)) for of in sets for form in forms):
        cells = space_cells(codec.space(), codec.sizes, codec.version)
        rows.append([codec.outage.action_set, codec.outage.form, *cells])
    return table(["action set", "form", "space of one site", "mask entries", "version"], rows)


def retail_scenario() -> str:
    """Every key of scenarios about retailers, with default and meaning."""
    sections: tuple[tuple[str, type[Section]], ...] = (
        ("retail.", Retail),
        ("retail.retailers: ", Retailer),
        ("retail.weather.", Weather),
    )
    rows = [[f"`{prefix}{key}`", *rest] for prefix, section in sections for key, *rest in fields(section)]
    own_tables = {"`retail.weather`"}
    return table(["key", "default", "meaning"], [row for row in rows if row[0] not in own_tables])


def brownout_scenario() -> str:
    """Every key of scenarios about the main grid, and the price of what sites pay."""
    rows = [[f"`grid.{key}`", *rest] for key, *rest in fields(Grid)]
    rows += [[f"`reward.{key}`", *rest] for key, *rest in fields(BrownoutReward, ["purchase_per_usd"])]
    return table(["key", "default", "meaning"], rows)


def series_format() -> str:
    """Every key about series from files, with default and meaning."""
    rows = [[f"`series.{key}`", *rest] for key, *rest in fields(SeriesFormat)]
    return table(["key", "default", "meaning"], rows)


def market_actions() -> str:
    """Space, mask and version of each form of the actions of sites in the market."""
    forms: tuple[MarketForm, ...] = ("joint", "multi")
    rows = []
    for codec in (MarketCodec(MarketConstants(MARKET), form) for form in forms):
        rows.append([codec.form, *space_cells(codec.space(), codec.sizes, codec.version)])
    box = MarketCodec(MarketConstants(MARKET), "box")
    rows.append([box.form, f"`Box(-1, 1, {box.space().shape})`", "0", f"`{box.version}`"])
    return table(["form", "space of one site", "mask entries", "version"], rows)


def market_scenario() -> str:
    """Every key of scenarios of the market about sites, time and rewards, with default and meaning."""
    sections: tuple[tuple[str, type[Section]], ...] = (
        ("sites: ", SiteGroup),
        ("battery.", Battery),
        ("load.", Load),
        ("time.", DecisionTime),
        ("reward.", Reward),
    )
    rows = [[f"`{prefix}{key}`", *rest] for prefix, section in sections for key, *rest in fields(section)]
    return table(["key", "default", "meaning"], rows)


TABLES = {
    made.__name__: made
    for made in (
        brownout_actions,
        retail_scenario,
        brownout_scenario,
        series_format,
        market_actions,
        market_scenario,
    )
}

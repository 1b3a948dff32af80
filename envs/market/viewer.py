"""Pictures of one market world: tables of retailers and sites as text, or the day so far as an image."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from voltran.envs.errors import EpisodeError, ScenarioError
from voltran.envs.market.constants import MarketConstants
from voltran.envs.world import FloatArray

if TYPE_CHECKING:
    from voltran.envs.market.world import MarketWorld


@dataclass(frozen=True)
class Scene:
    """What one world looks like.

    Attributes:
        title: scenario and seed.
        constants: constants.
        time_h: hours since the first midnight, now.
        soc: ``[M]`` states of charge, now.
        past: time series of the episode so far, as ``MarketWorld.trace`` gives them.
    """

    title: str
    constants: MarketConstants
    time_h: float
    soc: FloatArray
    past: dict[str, FloatArray]

    @property
    def clock(self) -> str:
        """Time of day, as on a clock."""
        minutes = round(60.0 * self.time_h) % (24 * 60)
        return f"{minutes // 60:02d}:{minutes % 60:02d}"

    def latest(self, name: str) -> FloatArray:
        """Latest values ``[M]`` or ``[I]`` of a series, zero before the first decision."""
        values = self.past[name]
        return np.asarray(values[-1] if len(values) else np.zeros(values.shape[1:]))

    def total(self, name: str) -> float:
        """Sum of a series over everybody and all periods so far."""
        return float(self.past[name].sum())

    @property
    def welfare_usd(self) -> float:
        """Welfare of the episode so far."""
        spent = self.total("generation_cost_usd") + self.total("lost_load_usd") + self.total("wear_usd")
        return self.total("satisfaction_usd") - spent


def render(world: "MarketWorld", mode: str, index: int) -> str | NDArray[np.uint8]:
    """Picture of one world of a batch.

    Args:
        world: the batch, reset.
        mode: "ansi" gives text, "rgb_array" an image ``[height, width, 3]`` of fixed size.
        index: which world of the batch.

    Raises:
        ScenarioError: an unknown mode.
        EpisodeError: no such world, or it has not been reset.
        MissingExtraError: "rgb_array" without Matplotlib.
    """
    if mode not in world.render_modes:
        raise ScenarioError(f"render mode = {mode!r}: unknown; {world.name} has {', '.join(world.render_modes)}")
    scene = scene_of(world, index)
    if mode == "ansi":
        return as_text(scene)
    from voltran.envs.market.picture import as_image

    return as_image(scene)


def scene_of(world: "MarketWorld", index: int = 0) -> Scene:
    """Collect what there is to see.

    Raises:
        EpisodeError: no such world, or it has not been reset.
    """
    if not 0 <= index < world.n_worlds:
        raise EpisodeError(f"world = {index}: the batch has worlds 0 to {world.n_worlds - 1}")
    state = world._simulation.state  # the viewer is a part of the world
    if state.seed[index] < 0:
        raise EpisodeError(f"world {index} has not been reset: call reset(seeds) first")
    hours = float(state.decision[index]) * world.constants.period_h
    return Scene(
        title=f"{world.scenario.name}, seed {int(state.seed[index])}",
        constants=world.constants,
        time_h=world.scenario.retail.weather.start_hour + hours,
        soc=state.soc[index].copy(),
        past=world.trace(index),
    )


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

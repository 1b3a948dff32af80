"""Pictures of one brownout world: the outage's, and beside it who sells power, at what price, and what is bought."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from voltran.envs.blackout import viewer as outage
from voltran.envs.errors import ScenarioError

if TYPE_CHECKING:
    from voltran.envs.brownout.world import BrownoutWorld

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Scene:
    """What one world looks like now. Arrays are ``[retailer]`` unless stated otherwise.

    Attributes:
        outage: sites, users and vehicles; its ``past`` also has the series of the market.
        sources: what retailers generate from.
        capacity_kw: largest generation.
        available_kw: generation in the coming period.
        price, posted: USD/kWh in force in the latest period, and posted for the coming one.
        sold_kw: mean over the latest period.
        profit_usd: of the episode so far.
        is_supplied: ``[site]`` sites that the main grid supplies now.
        main_limit_kw: most import of a site from the main grid.
        main_price: USD/kWh.
        main_kw: import of all sites from the main grid, mean over the latest period.
    """

    outage: outage.Scene
    sources: tuple[str, ...]
    capacity_kw: FloatArray
    available_kw: FloatArray
    price: FloatArray
    posted: FloatArray
    sold_kw: FloatArray
    profit_usd: FloatArray
    is_supplied: BoolArray
    main_limit_kw: float
    main_price: float
    main_kw: float


def render(world: "BrownoutWorld", mode: str, index: int) -> str | NDArray[np.uint8]:
    """Picture of one world of a batch.

    Args:
        world: the batch, reset.
        mode: "ansi" gives text, "rgb_array" an image ``[height, width, 3]`` of fixed size.
        index: which world of the batch.

    Raises:
        ScenarioError: an unknown mode, or no such world.
        MissingExtraError: "rgb_array" without Matplotlib.
    """
    if mode not in world.render_modes:
        raise ScenarioError(f"render mode = {mode!r}: unknown; {world.name} has {', '.join(world.render_modes)}")
    scene = scene_of(world, index)
    if mode == "ansi":
        return as_text(scene)
    from voltran.envs.brownout.picture import as_image

    return as_image(scene)


def scene_of(world: "BrownoutWorld", index: int = 0) -> Scene:
    """Collect what there is to see.

    Raises:
        ScenarioError: no such world, or it has not been reset.
    """
    sites = outage.scene_of(world, index)
    # The viewer is a part of the world and reads what the world does not tell.
    market, supply, period_h = world.market, world._supply, world.constants.decision_h
    grid, past = supply.grid, sites.past
    return Scene(
        outage=sites,
        sources=tuple(retailer.source for retailer in market.constants.retail.retailers),
        capacity_kw=market.constants.capacity_kw,
        available_kw=market.available_at(world.decision)[index],
        price=market.price[index].copy(),
        posted=market.posted_price[index].copy(),
        sold_kw=market.sales.sold_kwh[index].sum(axis=-1) / period_h,
        profit_usd=(past["earned_usd"] - past["retailer_cost_usd"]).sum(axis=0),
        is_supplied=grid.is_on(np.array(sites.time_h)),
        main_limit_kw=grid.grid.main_limit_kw,
        main_price=grid.grid.main_price_usd_per_kwh,
        main_kw=float(supply.main_kwh[index].sum()) / period_h,
    )


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

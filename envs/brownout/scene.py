"""What there is to see of one brownout world: the outage, who sells power at what price, and what is bought."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voltran.envs.blackout import scene as outage
from voltran.envs.blackout.simulation import Simulation
from voltran.envs.brownout.supply import Supply
from voltran.physics.arrays import BoolArray, FloatArray


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


def scene_of(
    simulation: Simulation, supply: Supply, world: int, past: Mapping[str, NDArray[np.float64]], played_by: str = ""
) -> Scene:
    """Collect what there is to see.

    Args:
        simulation: the batch.
        supply: its imports.
        world: which of its worlds; it has been reset.
        past: time series of the episode so far, with ``time_h``.
        played_by: who plays, as pictures shall say it.
    """
    sites = outage.scene_of(simulation, world, past, played_by)
    market, grid, period_h = supply.market, supply.grid, simulation.constants.decision_h
    period = simulation.state.step // simulation.constants.steps_per_decision
    return Scene(
        outage=sites,
        sources=tuple(retailer.source for retailer in market.constants.retail.retailers),
        capacity_kw=market.constants.capacity_kw,
        available_kw=market.available_at(period)[world],
        price=market.price[world].copy(),
        posted=market.posted_price[world].copy(),
        sold_kw=market.sales.sold_kwh[world].sum(axis=-1) / period_h,
        profit_usd=(past["earned_usd"] - past["retailer_cost_usd"]).sum(axis=0),
        is_supplied=grid.is_on(np.array(sites.time_h)),
        main_limit_kw=grid.grid.main_limit_kw,
        main_price=grid.grid.main_price_usd_per_kwh,
        main_kw=float(supply.main_kwh[world].sum()) / period_h,
    )

"""What price setters expect of the market: who will want how much, and who would sell it at which prices."""

from typing import TypeGuard

import numpy as np

from voltran.envs.errors import ScenarioError
from voltran.envs.retail.actions import RetailerCommands
from voltran.envs.retail.constants import RetailConstants
from voltran.envs.retail.market import RetailMarket
from voltran.envs.retail.protocol import RetailWorld
from voltran.envs.world import World
from voltran.physics.arrays import FloatArray
from voltran.physics.market import Offers, clear_market

ROLE = "retailer"


def is_retail_world(world: object) -> TypeGuard[RetailWorld]:
    """Whether a world has retailers, or could have; cheaper than asking the protocol for every attribute."""
    return isinstance(getattr(world, "market", None), RetailMarket)


def retail_world(world: World, controller: str) -> RetailWorld:
    """The world as one with retailers.

    Raises:
        ScenarioError: the world is of another kind.
    """
    if not is_retail_world(world):
        raise ScenarioError(f"controller {controller!r} sets prices; {world.name} has no retailers")
    return world


def available_kw(world: RetailWorld) -> FloatArray:
    """Generation ``[B, I]`` in the coming period: also the best guess at that of the period after it."""
    return world.market.available_at(world.decision)


def wanted_kw(world: RetailWorld, charge_share: float) -> FloatArray:
    """Power ``[B, M]`` that sites will want, if they take this share of what their batteries could."""
    return world.demand_kw + charge_share * world.charge_room_kw


def sales_kw(constants: RetailConstants, wanted: FloatArray, available: FloatArray, price: FloatArray) -> FloatArray:
    """Sales ``[B, M, I]`` at prices ``[B, I]`` to sites that accept them all, nothing being reserved.

    Args:
        constants: constants of the retailers.
        wanted: ``[B, M]`` kW.
        available: ``[B, I]`` kW.
        price: ``[B, I]`` USD/kWh.
    """
    accepted = np.full(wanted.shape, constants.highest_payment)
    return clear_market(wanted, accepted, Offers(price, available, np.zeros(price.shape)), constants.contracts)


def marginal_cost(constants: RetailConstants, sold_kw: FloatArray) -> FloatArray:
    """Cost ``[..., I]`` of one more kWh at the sales ``[..., M, I]``, USD; the mean over what is sold, by pair."""
    if not constants.is_quadratic:
        return np.broadcast_to(constants.unit_cost, sold_kw.shape[:-2] + constants.unit_cost.shape).copy()
    total_kw = sold_kw.sum(axis=-2)
    if constants.retail.cost_scope == "retailer":
        return np.asarray(2.0 * constants.unit_cost * total_kw)
    squares = np.square(sold_kw).sum(axis=-2)
    return np.asarray(
        2.0 * constants.unit_cost * np.divide(squares, total_kw, out=np.zeros_like(total_kw), where=total_kw > 0.0)
    )


def posted(constants: RetailConstants, price: FloatArray) -> RetailerCommands:
    """Commands that post prices ``[B, I]``, lowered to the cap where they exceed it, and reserve nothing."""
    capped = np.clip(price, 0.0, constants.retail.price_cap_usd_per_kwh)
    return RetailerCommands(capped, np.zeros_like(capped))

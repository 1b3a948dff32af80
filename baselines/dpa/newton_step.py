"""One Newton step of the interior-point method, site by site and then over retailers."""

from typing import NamedTuple

import numpy as np

from voltran.baselines.dpa.program import Duals, Parts, Program, parts
from voltran.physics.arrays import FloatArray


class Residual(NamedTuple):
    """Curvature and right-hand side of a step, in the order of :class:`Parts` and then of the rows.

    Attributes:
        curvature: ``[site, retailer]`` of each pair's own power.
        pooled: ``[site]`` of each site's total power.
        power, short, less, left: what stationarity lacks.
        room: what the band lacks.
        demand, capacity: what the rows lack.
    """

    curvature: FloatArray
    pooled: FloatArray
    power: FloatArray
    short: FloatArray
    less: FloatArray
    room: FloatArray
    left: FloatArray
    demand: FloatArray
    capacity: FloatArray


class Step(NamedTuple):
    """Change of all variables, of their duals, and of the rows' duals."""

    values: FloatArray
    duals: FloatArray
    rows: Duals


class _Sites(NamedTuple):
    """What is left of sites once their own rows are eliminated.

    Attributes:
        ease: ``[site, retailer]`` change of power per price.
        shift: ``[site, retailer]`` change of power if no retailer's price changes.
        relief: ``[site]`` what one more kW offered by retailers lowers the price that a site pays by.
        outlet: ``[site]`` share of a price that other ways than power take up.
        constant: ``[site]`` balance price if no retailer's price changes.
        coupling: ``[site]`` how the balance price follows what power would do by itself.
    """

    ease: FloatArray
    shift: FloatArray
    relief: FloatArray
    outlet: FloatArray
    constant: FloatArray
    coupling: FloatArray


def newton_step(
    program: Program, values: FloatArray, duals: FloatArray, residual: Residual, target: FloatArray
) -> Step:
    """The step after which residuals vanish, and every product of a value and its dual has changed by its target."""
    at, dual, wanted = parts(values, program), parts(duals, program), parts(target / values, program)
    sites = _eliminate_sites(program, at, dual, residual, wanted)
    prices, by_pair = _retailer_prices(program, at, dual, residual, wanted, sites)
    pull = (sites.ease * by_pair).sum(axis=1)
    power = sites.shift - sites.ease * (by_pair - (sites.relief * pull)[:, None])
    balance = sites.constant - sites.coupling * pull
    change = np.zeros_like(values)
    to = parts(change, program)
    to.power[:] = power
    if program.elastic:
        to.short[:] = (residual.short + wanted.short - balance) * at.short / dual.short
    banded = program.band > 0.0
    to.less[:] = _less_ease(program, at, dual) * (_less_push(residual, at, dual, wanted) - balance)
    to.room[:] = np.where(banded, residual.room - to.less, 0.0)
    to.left[:] = (residual.left + wanted.left - prices) * at.left / dual.left
    return Step(change, (target - duals * change) / values, Duals(prices, balance))


def _eliminate_sites(program: Program, at: Parts, dual: Parts, residual: Residual, wanted: Parts) -> _Sites:
    stiffness = residual.curvature + dual.power / at.power
    ease = np.divide(1.0, stiffness, out=np.zeros_like(stiffness), where=program.open_)
    push = residual.power + wanted.power
    own, total = ease.sum(axis=1), (ease * push).sum(axis=1)
    less_ease = _less_ease(program, at, dual)
    short_ease = at.short / dual.short if program.elastic else np.zeros_like(own)
    elsewhere = less_ease + short_ease
    moved = less_ease * _less_push(residual, at, dual, wanted) + short_ease * (residual.short + wanted.short)
    stiff = 1.0 + residual.pooled * own
    coupling = 1.0 / (own + elsewhere * stiff)
    constant = coupling * (total + stiff * (moved - residual.demand))
    level = (constant + residual.pooled * total) / stiff
    return _Sites(
        ease=ease,
        shift=ease * (push - level[:, None]),
        relief=(coupling + residual.pooled) / stiff,
        outlet=elsewhere * coupling,
        constant=constant,
        coupling=coupling,
    )


def _retailer_prices(
    program: Program, at: Parts, dual: Parts, residual: Residual, wanted: Parts, sites: _Sites
) -> tuple[FloatArray, FloatArray]:
    """Change of capacity prices ``[retailer]``, and of what power costs at all ``[site, retailer]``."""
    retailers = program.capacity.size
    # ease[m] less its mean along power[m], written so that nothing cancels where the site has no other way out
    within = -sites.relief[:, None, None] * sites.ease[:, :, None] * sites.ease[:, None, :]
    diagonal = np.arange(retailers)
    within[:, diagonal, diagonal] = 0.0
    within[:, diagonal, diagonal] = sites.ease * sites.outlet[:, None] - within.sum(axis=2)
    room = at.left / dual.left
    left_side = within.sum(axis=0) + np.diag(room)
    right_side = sites.shift.sum(axis=0) + (residual.left + wanted.left) * room - residual.capacity
    if not program.joint.any():
        prices = _solve(left_side, right_side)
        return prices, np.broadcast_to(prices, sites.ease.shape)
    share = program.share
    mixed = np.einsum("mij,mj->ij", within, share)
    shared = np.einsum("mi,mij,mj->ij", share, within, share)
    # a retailer whose power is free has no shared cost to move
    free = program.joint == 0.0
    stiffness = np.divide(0.5, program.joint, out=np.ones(retailers), where=~free)
    mixed[:, free] = 0.0
    shared[free] = shared[:, free] = 0.0
    whole = np.block([[left_side, mixed], [mixed.T, shared + np.diag(stiffness)]])
    pushed = np.where(free, 0.0, (share * sites.shift).sum(axis=0))
    both = _solve(whole, np.concatenate([right_side, pushed]))
    prices, costs = both[:retailers], both[retailers:]
    return prices, prices + share * costs


def _solve(matrix: FloatArray, right_side: FloatArray) -> FloatArray:
    """Solve a positive definite system whose rows may differ by many orders of magnitude."""
    scale = 1.0 / np.sqrt(np.diag(matrix))
    even, wanted = matrix * scale * scale[:, None], right_side * scale
    try:
        return np.asarray(scale * np.linalg.solve(even, wanted))
    except np.linalg.LinAlgError:
        # Prices that only matter together, where nobody has capacity or demand to spare: the shortest step will do.
        return np.asarray(scale * np.linalg.lstsq(even, wanted, rcond=None)[0])


def _less_ease(program: Program, at: Parts, dual: Parts) -> FloatArray:
    """``[site]`` change of unused demand per price; none without battery."""
    stiffness = dual.less / at.less + dual.room / at.room
    return np.divide(1.0, stiffness, out=np.zeros_like(stiffness), where=program.band > 0.0)


def _less_push(residual: Residual, at: Parts, dual: Parts, wanted: Parts) -> FloatArray:
    """``[site]`` what pushes the unused demand up."""
    return np.asarray(residual.less + wanted.less - wanted.room + dual.room / at.room * residual.room)

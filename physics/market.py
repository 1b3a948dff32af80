"""Power market between retailers and base stations: what power is worth, what it costs, and who gets it.

Source: [DPA]. Arrays carry sites before retailers, ``[..., site, retailer]``; power sold is positive.
"""

from typing import NamedTuple

import numpy as np

from voltran.physics.arrays import BoolArray, FloatArray, IntArray
from voltran.physics.compiled import kernel
from voltran.physics.ordering import SAME, surpasses

# The shares that are filled settle geometrically; a round that moves none by more than this is the last.
SETTLED_SHARE = 1e-13
MOST_ROUNDS = 1000


def cost_factor(subscriber: BoolArray, priority: float) -> FloatArray:
    """Factor on what power costs a site, 1 for subscribers and 2 - o for others.

    Source: [DPA] Eq. 3, [DPA] Eq. 4. Reconstructed: Eq. 4 is read as ``c (1 + (1 - o))``, which costs non-subscribers
    more and subscribers the cost itself; the proof of Proposition 1 drops the leading 1, and would make power free for
    subscribers.

    Args:
        subscriber: whether the retailer is the site's home retailer, any shape.
        priority: alpha of Eq. 3, the priority o of non-subscribers, a share in [0, 1).

    Returns:
        Numbers without unit, same shape.
    """
    return np.where(subscriber, 1.0, 2.0 - priority)


def generation_cost(power_kw: FloatArray, unit_cost: FloatArray, quadratic: bool) -> FloatArray:
    """Cost of generating power.

    Source: [DPA] Eq. 2, without the linear and constant terms of the quadratic model, which the paper leaves out.

    Args:
        power_kw: power, any shape.
        unit_cost: c: USD/kWh where costs are linear, USD/kWh per kW where they are quadratic; any shape that
            broadcasts.
        quadratic: whether they are quadratic.

    Returns:
        USD/h, of the shape that they broadcast to.
    """
    return np.asarray(unit_cost * (power_kw * power_kw if quadratic else power_kw))


def satisfaction(power_kw: FloatArray, weight: float, reference_kw: float) -> FloatArray:
    """What power is worth, ``eta_1 ln(1 + p / p_0)``.

    Source: first term of [DPA] Eq. 4. Reconstructed: the paper adds 1 to a power, so that its unit decides; p_0 names
    it.

    Args:
        power_kw: power, any shape.
        weight: eta_1, USD/h.
        reference_kw: p_0, the power that is counted in.

    Returns:
        USD/h, same shape.
    """
    return np.asarray(weight * np.log1p(power_kw / reference_kw))


class Offers(NamedTuple):
    """What retailers post; all arrays ``[B, retailer]``.

    Attributes:
        price: USD/kWh, for subscribers; others pay it times their cost factor.
        available_kw: power that can be sold.
        reserved: share of it that is kept for subscribers.
    """

    price: FloatArray
    available_kw: FloatArray
    reserved: FloatArray


class Contracts(NamedTuple):
    """Who may buy where, and on what terms; all arrays ``[site, retailer]``.

    Attributes:
        subscriber: the retailer is the site's home retailer.
        access: the site can buy from the retailer.
        factor: on the price, see :func:`cost_factor`.
    """

    subscriber: BoolArray
    access: BoolArray
    factor: FloatArray


@kernel
def clear_market(
    requested_kw: FloatArray, accepted_price: FloatArray, offers: Offers, contracts: Contracts
) -> FloatArray:
    """Who gets how much.

    Every site asks its cheapest retailer first, by what it would pay there, and asks the next for what it did not get,
    as long as the price is one that it accepts. Every retailer serves its subscribers first, then others out of what is
    left and not reserved, and within a class gives everybody the same share of what they ask for. A subscriber that
    comes late, because others were cheaper, still comes before those that are none.

    The shares are the fixed point of this rule: asking more never gets anybody else more, so that they fall from 1 to
    where they settle.

    Source: own, as the paper has no market: it allocates. That subscribers come first is [DPA] Section II.

    Args:
        requested_kw: ``[B, site]`` power asked for.
        accepted_price: ``[B, site]`` highest price that a site pays, surcharge included, USD/kWh.
        offers: of the retailers.
        contracts: of the sites.

    Returns:
        ``[B, site, retailer]`` kW.
    """
    n_worlds, n_sites = requested_kw.shape
    n_retailers = offers.price.shape[1]
    sold_kw = np.zeros((n_worlds, n_sites, n_retailers))
    if n_retailers == 0:
        return sold_kw
    for w in range(n_worlds):
        paid = contracts.factor * offers.price[w]
        order = _cheapest_first(paid)
        willing = contracts.access & (paid <= (1.0 + SAME) * accepted_price[w][:, None])
        share = np.ones((2, n_retailers))
        asked_kw = np.zeros((n_sites, n_retailers))
        for _ in range(MOST_ROUNDS):
            _ask(requested_kw[w], order, willing, contracts.subscriber, share, asked_kw, sold_kw[w])
            if _ration(asked_kw, contracts.subscriber, offers.available_kw[w], offers.reserved[w], share):
                break
        # Within the last bits of the fixed point, what is sold never exceeds what there is.
        for m in range(n_sites):
            for i in range(n_retailers):
                sold_kw[w, m, i] = share[0 if contracts.subscriber[m, i] else 1, i] * asked_kw[m, i]
    return sold_kw


@kernel
def _cheapest_first(paid: FloatArray) -> IntArray:
    """Retailers ``[site, rank]`` by price, the first of equals first."""
    n_sites, n_retailers = paid.shape
    order = np.zeros((n_sites, n_retailers), dtype=np.int64)
    for m in range(n_sites):
        for i in range(n_retailers):
            rank = i
            while rank > 0 and surpasses(paid[m, order[m, rank - 1]], paid[m, i]):
                order[m, rank] = order[m, rank - 1]
                rank -= 1
            order[m, rank] = i
    return order


@kernel
def _ask(
    requested_kw: FloatArray,
    order: IntArray,
    willing: BoolArray,
    subscriber: BoolArray,
    share: FloatArray,
    asked_kw: FloatArray,
    sold_kw: FloatArray,
) -> None:
    """What sites ask of retailers, and get, if retailers fill these shares ``[class, retailer]``."""
    for m in range(order.shape[0]):
        left_kw = requested_kw[m]
        for rank in range(order.shape[1]):
            i = order[m, rank]
            asked_kw[m, i] = left_kw if willing[m, i] else 0.0
            sold_kw[m, i] = share[0 if subscriber[m, i] else 1, i] * asked_kw[m, i]
            left_kw -= sold_kw[m, i]


@kernel
def _ration(
    asked_kw: FloatArray, subscriber: BoolArray, available_kw: FloatArray, reserved: FloatArray, share: FloatArray
) -> bool:
    """Lower the shares ``[class, retailer]`` to what retailers can fill; whether none of them had to move."""
    settled = True
    for i in range(available_kw.shape[0]):
        class_kw = np.zeros(2)
        for m in range(asked_kw.shape[0]):
            class_kw[0 if subscriber[m, i] else 1] += asked_kw[m, i]
        left_kw = available_kw[i] - min(class_kw[0], available_kw[i])
        for group, limit_kw in ((0, available_kw[i]), (1, min(left_kw, (1.0 - reserved[i]) * available_kw[i]))):
            filled = limit_kw / class_kw[group] if class_kw[group] > limit_kw else 1.0
            settled &= share[group, i] - filled <= SETTLED_SHARE
            share[group, i] = min(share[group, i], filled)
    return settled


def payments(sold_kw: FloatArray, price: FloatArray, factor: FloatArray) -> FloatArray:
    """What is paid for power: a transfer from sites to retailers.

    Source: own; the price times the factor of [DPA] Eq. 4.

    Args:
        sold_kw: ``[..., site, retailer]`` power sold.
        price: ``[..., retailer]`` USD/kWh.
        factor: ``[site, retailer]`` see :func:`cost_factor`, numbers without unit.

    Returns:
        ``[..., site, retailer]`` USD/h.
    """
    return np.asarray(sold_kw * price[..., None, :] * factor)

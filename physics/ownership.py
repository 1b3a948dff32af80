"""What it costs to own, rent and feed sites over years, and how long an investment takes to come back.

Rent and energy are paid evenly over the years. Both a discount rate and a growth of prices may be named; [CG] names
neither.
"""

from typing import NamedTuple

import numpy as np

from voltran.physics.arrays import FloatArray

# Shares of one infrastructure that its only site has may miss 1 by rounding.
WHOLE_SHARE = 1.0 - 1e-9
# A rate per year below which a lifetime of it is lost in rounding.
SLOWEST = 1e-12


class InfrastructureCosts(NamedTuple):
    """What one infrastructure costs, whoever pays.

    Attributes:
        infrastructure_eur: Gamma^Infra, of rolling out the power infrastructure.
        battery_eur: Gamma^Battery, 0 without one.
        renewable_eur: Gamma^Renew, 0 without panels.
        rent_eur_per_year: Gamma^Rent.
    """

    infrastructure_eur: float
    battery_eur: float
    renewable_eur: float
    rent_eur_per_year: float


def capital_eur(costs: InfrastructureCosts, share: FloatArray) -> FloatArray:
    """Capital expenditure of sites.

    Source: [CG] Eq. 7, its first term.

    Args:
        costs: of the infrastructure.
        share: ``[...]`` alpha, shares of it that sites have; those of one infrastructure sum to 1.

    Returns:
        ``[...]`` EUR.
    """
    return share * (costs.infrastructure_eur + costs.battery_eur + costs.renewable_eur)


def energy_cost_eur(
    price_eur_per_kwh: FloatArray, load_kwh: FloatArray, charge_kwh: FloatArray, share: FloatArray
) -> FloatArray:
    """What sites pay for energy from the grid.

    Source: [CG] Eq. 7, its last term.

    Args:
        price_eur_per_kwh: ``[T]`` p^G.
        load_kwh: ``[T, n]`` E^GL, what each site takes from the grid.
        charge_kwh: ``[T]`` E^GB, what charges the battery from the grid.
        share: ``[n]`` alpha, shares of the infrastructure.

    Returns:
        ``[n]`` EUR.
    """
    return np.asarray(price_eur_per_kwh @ (load_kwh + share * charge_kwh[:, None]))


def total_cost_eur(
    costs: InfrastructureCosts,
    share: FloatArray,
    energy_eur_per_year: FloatArray,
    years: FloatArray,
    discount_rate: float = 0.0,
    price_growth: float = 0.0,
) -> FloatArray:
    """Total cost of ownership of sites: capital at once, rent and energy over the years.

    Source: [CG] Eq. 7. Reconstructed: the paper's rent is per year, so that it counts once for each. Discounting and
    growing prices are ours; at 0, as in the paper, the costs grow straight.

    Args:
        costs: of the infrastructure.
        share: ``[...]`` alpha, shares of the infrastructure.
        energy_eur_per_year: ``[...]`` what each site pays for energy in the first year.
        years: number of years since the beginning, one or an array that broadcasts with ``[...]``.
        discount_rate: share by which money is worth less a year later.
        price_growth: share by which energy costs more a year later.

    Returns:
        EUR, the shape of all three arrays together.
    """
    rent_eur = share * costs.rent_eur_per_year * worth_years(years, discount_rate)
    energy_eur = energy_eur_per_year * worth_years(years, discount_rate, price_growth)
    return np.asarray(capital_eur(costs, share) + rent_eur + energy_eur)


def network_cost_eur(site_cost_eur: FloatArray) -> FloatArray:
    """Total cost of a network.

    Source: [CG] Eq. 8.

    Args:
        site_cost_eur: ``[..., U]`` total cost of each site.

    Returns:
        ``[...]`` EUR.
    """
    return np.asarray(site_cost_eur.sum(axis=-1))


def sharing_ratio(share: FloatArray) -> FloatArray:
    """Part of the sites that share their infrastructure.

    Source: [CG] Eq. 9. Reconstructed: the printed sum counts sites with alpha = 1, which are those that share with
    nobody; text and Fig. 5 mean the others, with alpha < 1.

    Args:
        share: ``[..., U]`` alpha, shares of infrastructures.

    Returns:
        ``[...]`` zeta, a share of the sites.
    """
    return np.asarray(np.mean(share < WHOLE_SHARE, axis=-1))


def worth_years(years: FloatArray, discount_rate: float = 0.0, growth: float = 0.0) -> FloatArray:
    """Years of the first year's spending that spending over some years is worth at the beginning.

    Source: own; the integral of ((1 + growth) / (1 + discount_rate))^t over t, which is the years themselves at 0.

    Args:
        years: number of years since the beginning, one or an array of any shape.
        discount_rate: share by which money is worth less a year later.
        growth: share by which more is spent a year later.

    Returns:
        Number of years, shape of ``years``.
    """
    rate = _rate(discount_rate, growth)
    return np.asarray(np.expm1(rate * years) / rate if rate else 1.0 * years)


def payback_years(
    extra_capital_eur: FloatArray, saving_eur_per_year: FloatArray, discount_rate: float = 0.0, growth: float = 0.0
) -> FloatArray:
    """Years after which an investment has come back: where two curves of :func:`total_cost_eur` cross.

    Source: own; :func:`worth_years` solved for the years.

    Args:
        extra_capital_eur: ``[...]`` what is invested.
        saving_eur_per_year: ``[...]`` what is saved in the first year.
        discount_rate: share by which money is worth less a year later.
        growth: share by which more is saved a year later.

    Returns:
        ``[...]`` number of years; 0 where nothing is invested, infinite where it never comes back.
    """
    extra, saving = np.broadcast_arrays(np.asarray(extra_capital_eur, float), np.asarray(saving_eur_per_year, float))
    needed = np.full(extra.shape, np.inf)
    np.divide(extra, saving, out=needed, where=saving > 0.0)
    rate = _rate(discount_rate, growth)
    if rate:  # with discounting, the savings of all times together are worth no more than -1 / rate years of them
        reached = np.isfinite(needed) & (rate * needed > -1.0)
        needed = np.where(reached, np.log1p(rate * np.where(reached, needed, 0.0)) / rate, np.inf)
    return np.where(extra <= 0.0, 0.0, needed)


def _rate(discount_rate: float, growth: float) -> float:
    """Continuous rate at which what a year's spending is worth changes; 0 where it hardly does."""
    rate = float(np.log1p(growth) - np.log1p(discount_rate))
    return rate if abs(rate) > SLOWEST else 0.0

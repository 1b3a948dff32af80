"""Problems of shared batteries for tests: random days, and small ones that can be searched through."""

from typing import Any

import numpy as np

from voltran.baselines.collective.problem import SharingProblem
from voltran.physics.battery import BatteryParameters

PERIOD_H = 0.25


def battery(capacity_kwh: float = 50.0, efficiency: float = 0.95, limit_kw: float = 12.5) -> BatteryParameters:
    """A battery that may be used from 10 % to 100 %."""
    return BatteryParameters(capacity_kwh, 0.1, 1.0, efficiency, efficiency, limit_kw, limit_kw)


def day(seed: int, *, periods: int = 96, sites: int = 3, **changes: Any) -> SharingProblem:
    """A day of sites whose demand follows the hours, with two peaks of the price and sunshine."""
    generator = np.random.default_rng(seed)
    hour = np.arange(periods) * 24.0 / periods
    wave = 1.0 + 0.35 * np.sin(2.0 * np.pi * (hour[:, None] - generator.uniform(6.0, 12.0, sites)) / 24.0)
    demand = generator.uniform(1.8, 6.0, sites) * wave * generator.uniform(0.8, 1.2, (periods, sites)) * 24.0 / periods
    price = 0.24 + 0.1 * np.exp(-(((hour - 8.0) / 2.0) ** 2)) + 0.15 * np.exp(-(((hour - 19.0) / 2.5) ** 2))
    sun = np.clip(np.sin(np.pi * (hour - 6.0) / 12.0), 0.0, None) * 2.0 * 24.0 / periods
    options: dict[str, Any] = {
        "demand_kwh": demand,
        "price_eur_per_kwh": price + 0.01 * generator.standard_normal(periods),
        "solar_kwh": sun * generator.uniform(0.2, 1.0, periods),
        "grid_limit_kwh": np.full(periods, np.inf),
        "stored_kwh": 25.0,
        "battery": battery(),
        "period_h": 24.0 / periods,
        "final_kwh": 25.0,
        "wear_eur": 0.44,
    }
    return SharingProblem(**options | changes)


def small(seed: int, *, periods: int = 4, sites: int = 2, outages: bool = False, **changes: Any) -> SharingProblem:
    """A few slots in which nothing fits by itself."""
    generator = np.random.default_rng(seed)
    demand = generator.uniform(0.5, 2.0, (periods, sites))
    limit = np.where(generator.uniform(size=periods) < 0.5, 2.0 * demand.sum(axis=1), np.inf)
    if outages:
        limit[generator.integers(periods)] = 0.0
        limit[generator.integers(periods)] = 0.6 * demand.sum(axis=1).min()
    options: dict[str, Any] = {
        "demand_kwh": demand,
        "price_eur_per_kwh": generator.uniform(0.05, 0.5, periods),
        "solar_kwh": generator.uniform(0.0, 1.5, periods) * (generator.uniform(size=periods) < 0.7),
        "grid_limit_kwh": limit,
        "stored_kwh": 4.0,
        "battery": battery(8.0, 0.9, generator.uniform(6.0, 14.0)),
        "period_h": PERIOD_H,
        "final_kwh": generator.uniform(0.8, 5.0),
        "wear_eur": generator.choice([0.0, 0.2]),
    }
    return SharingProblem(**options | changes)

"""What a market scenario means in arrays; nothing here changes within or between episodes."""

import numpy as np

from voltran.envs.energy.site_batteries import SiteBatteries, battery_rooms_kw
from voltran.envs.market.load import per_site
from voltran.envs.market.scenario import MarketScenario
from voltran.envs.retail.constants import RetailConstants
from voltran.physics.arrays import FloatArray


class MarketConstants:
    """Constants of one scenario.

    Args:
        scenario: the scenario.

    Attributes:
        scenario: as given.
        retail: constants of the retailers, a :class:`voltran.envs.retail.constants.RetailConstants`.
        n_sites, n_retailers: sizes ``M``, ``I``.
        decisions, period_h: decision periods of an episode, and the length of one.
        fixed_kw: ``[M]`` power at full utilisation.
        batteries: of all sites.
        has_battery: ``[M]``.
        initial_soc: ``[M]``, zero without a battery.
    """

    def __init__(self, scenario: MarketScenario) -> None:
        self.scenario = scenario
        self.n_sites, self.n_retailers = scenario.n_sites, len(scenario.retail.retailers)
        self.retail = RetailConstants(scenario.retail, self.n_sites)
        self.decisions, self.period_h = scenario.time.decisions, scenario.time.period_h
        self.fixed_kw = per_site(scenario, "fixed_kw")
        battery, capacity_kwh = scenario.battery, per_site(scenario, "battery_kwh")
        self.has_battery = capacity_kwh > 0.0
        self.batteries = SiteBatteries(
            capacity_kwh=capacity_kwh,
            soc_min=battery.soc_min,
            soc_max=battery.soc_max,
            charge_efficiency=battery.charge_efficiency,
            discharge_efficiency=battery.discharge_efficiency,
            charge_limit_kw=np.where(self.has_battery, battery.charge_limit_kw, 0.0),
            discharge_limit_kw=np.where(self.has_battery, battery.discharge_limit_kw, 0.0),
        )
        self.initial_soc: FloatArray = np.where(self.has_battery, battery.initial_soc, 0.0)

    def rooms_kw(self, soc: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Power ``[B, M]`` at which batteries can be charged, and discharged, for a whole period."""
        return battery_rooms_kw(soc, self.period_h, self.batteries)

    def usable_kwh(self, soc: FloatArray) -> FloatArray:
        """Energy ``[B, M]`` that batteries can still deliver, after losses."""
        stored_kwh = np.maximum(soc - self.batteries.soc_min, 0.0) * self.batteries.capacity_kwh
        return np.asarray(stored_kwh * self.batteries.discharge_efficiency)

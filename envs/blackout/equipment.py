"""What stands at sites of the outage world: bands and their power, a battery, and vehicles that park there."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, model_validator

from voltran.envs import domains
from voltran.envs.scenario import Section
from voltran.physics.arrays import FloatArray
from voltran.physics.ev import soc_price_factor
from voltran.physics.power import load_coefficients_w
from voltran.physics.units import MILLIWATTS_PER_WATT, db_to_linear

FOLDED = ("static_w", "dynamic_w", "w_per_mbps")


class PowerTerms(Section):
    """Each term of a sector's power by itself, [MSRC] Eq. 2; transmit power is that of the band.

    Attributes:
        constant_w: beta_0, draw at no load besides what follows.
        downlink_blocks_w: beta_1, extra draw with all resource blocks of the downlink in use.
        uplink_blocks_w: beta_2, the same of the uplink.
        downlink_w_per_mbps: beta_3, extra draw per Mbit/s that the site carries downlink.
        uplink_w_per_mbps: beta_4, the same uplink.
        w_per_transmit_w: beta_5, draw per W of transmit power.
        w_per_loss_db: beta_6, draw per dB of feeder loss.
        feeder_loss_db: L, which lowers no received power: transmit power is that at the antenna.
    """

    constant_w: domains.PowerW
    downlink_blocks_w: domains.PowerW
    uplink_blocks_w: domains.PowerW
    downlink_w_per_mbps: domains.PowerW
    uplink_w_per_mbps: domains.PowerW
    w_per_transmit_w: domains.PowerW = 0.0
    w_per_loss_db: domains.PowerW = 0.0
    feeder_loss_db: domains.LossDb = 0.0

    @property
    def beta(self) -> FloatArray:
        """beta_0 to beta_6."""
        blocks_w = (self.downlink_blocks_w, self.uplink_blocks_w)
        w_per_mbps = (self.downlink_w_per_mbps, self.uplink_w_per_mbps)
        return np.array([self.constant_w, *blocks_w, *w_per_mbps, self.w_per_transmit_w, self.w_per_loss_db])


class Band(Section):
    """One band of a site; powers are per sector, capacity per site.

    Its power is given folded, by ``static_w``, ``dynamic_w`` and ``w_per_mbps``, or term by term, by ``terms``.
    """

    name: str
    frequency_mhz: domains.FrequencyMhz
    bandwidth_mhz: domains.BandwidthMhz
    capacity_mbps: domains.PositiveRateMbps
    transmit_dbm: domains.PowerDbm = 46.0
    antenna_gain_dbi: domains.GainDb = 15.0
    static_w: domains.PowerW | None = None
    dynamic_w: domains.PowerW | None = None
    w_per_mbps: domains.PowerW | None = None
    standby_w: domains.PowerW
    terms: PowerTerms | None = None

    def load_coefficients_w(self, uplink_ratio: float) -> FloatArray:
        """W without load, W at full downlink resource use, and W per Mbit/s downlink. Source: [MSRC] Eq. 2."""
        if self.terms is None:
            return np.array([self.static_w, self.dynamic_w, self.w_per_mbps], dtype=np.float64)
        transmit_w = np.asarray(db_to_linear(self.transmit_dbm)) / MILLIWATTS_PER_WATT
        return load_coefficients_w(self.terms.beta, transmit_w, np.asarray(self.terms.feeder_loss_db), uplink_ratio)

    @model_validator(mode="after")
    def _power_is_of_one_form(self) -> "Band":
        folded = [name for name in FOLDED if getattr(self, name) is not None]
        if self.terms is not None and folded:
            raise ValueError(
                f"power of band {self.name!r} is given twice, by terms and by {', '.join(folded)}: drop one of them"
            )
        missing = [name for name in FOLDED if getattr(self, name) is None]
        if self.terms is None and missing:
            listed = f"{', '.join(missing)}: give {', '.join(FOLDED)}, or terms"
            raise ValueError(f"power of band {self.name!r} lacks {listed}")
        return self


LTE_800 = Band(
    name="LTE 800", frequency_mhz=800, bandwidth_mhz=10, capacity_mbps=50,
    static_w=124, dynamic_w=300, w_per_mbps=0.30, standby_w=12,
)  # fmt: skip
LTE_1800 = Band(
    name="LTE 1800", frequency_mhz=1800, bandwidth_mhz=20, capacity_mbps=100,
    static_w=142, dynamic_w=340, w_per_mbps=0.30, standby_w=14,
)  # fmt: skip
LTE_2600 = Band(
    name="LTE 2600", frequency_mhz=2600, bandwidth_mhz=20, capacity_mbps=120,
    static_w=142, dynamic_w=340, w_per_mbps=0.30, standby_w=14,
)  # fmt: skip
NR_3700 = Band(
    name="NR 3700", frequency_mhz=3700, bandwidth_mhz=100, capacity_mbps=500, transmit_dbm=53, antenna_gain_dbi=20,
    static_w=380, dynamic_w=900, w_per_mbps=0.20, standby_w=38,
)  # fmt: skip


class Power(Section):
    """Site power.

    The coefficients of [MSRC]'s source are unpublished. Those of the bands are plausible values; the multipliers are
    calibrated on independent operation (configs/calibration.yaml, docs/results.md) and frozen.
    """

    sectors: Annotated[int, Field(ge=1, le=24)] = 3
    sleep_w: domains.PowerW = 100.0
    static_multiplier: domains.Factor = 0.86
    dynamic_multiplier: domains.Factor = 1.2


class Battery(Section):
    """Stationary battery of every site."""

    capacity_kwh: domains.PositiveEnergyKwh = 20.0
    initial_soc: domains.Share | tuple[domains.Share, ...] = 0.8
    soc_min: domains.Share = 0.2
    soc_max: domains.Share = 1.0
    charge_efficiency: domains.Efficiency = 0.95
    discharge_efficiency: domains.Efficiency = 0.95
    charge_limit_kw: domains.PowerKw = 5.0
    discharge_limit_kw: domains.PositivePowerKw = 10.0
    restart_margin: Annotated[float, domains.between(1e-6, 1.0)] = 0.05
    restart_hold_s: domains.DurationS = 300.0

    @model_validator(mode="after")
    def _bounds_are_ordered(self) -> "Battery":
        if self.soc_min >= self.soc_max:
            raise ValueError(f"soc_min = {self.soc_min} must be below soc_max = {self.soc_max}")
        if self.soc_min + self.restart_margin > self.soc_max + 1e-9:
            raise ValueError(
                f"restart_margin = {self.restart_margin} above soc_min = {self.soc_min} must not exceed soc_max = "
                f"{self.soc_max}: no battery could bring its site back"
            )
        initial = self.initial_soc if isinstance(self.initial_soc, tuple) else (self.initial_soc,)
        for soc in initial:
            if not self.soc_min <= soc <= self.soc_max:
                raise ValueError(f"initial_soc = {soc} must lie between soc_min = {self.soc_min} and soc_max")
        return self


class Vehicles(Section):
    """Electric vehicles that park at sites.

    They are charged (``charging``) never, or from what is abundant: import beyond load and battery, and where there is
    none, the battery above ``charging_soc`` at sites that ask their vehicles for nothing. Owners do not pay for it.
    With ``price_soc_weight`` above 0 the dynamic price of an emptier vehicle is higher.
    """

    arrivals_per_day: Annotated[float, domains.between(0.0, 1000.0)] = 3.0
    mean_stay_h: domains.DurationH = 3.0
    capacity_mean_kwh: domains.PositiveEnergyKwh = 60.0
    capacity_sigma_kwh: domains.EnergyKwh = 15.0
    capacity_min_kwh: domains.PositiveEnergyKwh = 20.0
    capacity_max_kwh: domains.PositiveEnergyKwh = 110.0
    initial_soc_low: domains.Share = 0.5
    initial_soc_high: domains.Share = 0.8
    soc_min: domains.Share = 0.33
    vehicle_limit_kw: domains.PositivePowerKw = 7.0
    site_limit_kw: domains.PowerKw = 7.0
    base_price: domains.PositiveUsdPerKwh = 0.5
    urgency: Annotated[float, domains.between(0.0, 1000.0)] = 2.0
    urgency_time_h: domains.DurationH = 1.5
    price_acceptance: bool = True
    price_soc_weight: Annotated[float, domains.between(0.0, 1000.0)] = 0.0
    charging: Literal["never", "abundant"] = "never"
    charging_soc: domains.Share = 0.9

    @property
    def reservation_price_max(self) -> float:
        """Highest price that a site can offer, $/kWh; reservation prices are uniform up to it."""
        return self.base_price * (1.0 + self.urgency)

    @property
    def price_mean_soc(self) -> float:
        """Mean state of charge of arriving vehicles, which are offered the site's price."""
        return 0.5 * (self.initial_soc_low + self.initial_soc_high)

    @property
    def price_max(self) -> float:
        """Highest price that a vehicle can be offered, $/kWh: one that is as empty as its driver allows."""
        factor = soc_price_factor(self.soc_min, self.price_soc_weight, self.price_mean_soc)
        return self.reservation_price_max * factor

    @model_validator(mode="after")
    def _ranges_are_ordered(self) -> "Vehicles":
        if self.capacity_min_kwh > self.capacity_max_kwh:
            raise ValueError(
                f"capacity_min_kwh = {self.capacity_min_kwh:g} must not exceed capacity_max_kwh = "
                f"{self.capacity_max_kwh:g}"
            )
        if self.initial_soc_low > self.initial_soc_high:
            raise ValueError(
                f"initial_soc_low = {self.initial_soc_low:g} must not exceed initial_soc_high = "
                f"{self.initial_soc_high:g}"
            )
        return self

    @model_validator(mode="after")
    def _energy_is_known(self) -> "Vehicles":
        if self.initial_soc_low >= self.soc_min:
            return self
        for name, value, default in (
            ("charging", self.charging, "never"),
            ("price_soc_weight", self.price_soc_weight, 0.0),
        ):
            if value != default:
                raise ValueError(
                    f"{name} = {value!r} needs initial_soc_low = {self.initial_soc_low:g} of at least soc_min = "
                    f"{self.soc_min:g}: what vehicles lack below the driver's minimum is not kept"
                )
        return self

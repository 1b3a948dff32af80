"""Scenario of the outage world: every number of [MSRC]'s simulator as a typed, named field.

Defaults are the medium-load 19-site network of [MSRC] Table I. Where the paper is silent or contradicts itself, the
choice is a field of its own; docs/model.md gives the reasons.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from voltran.envs.scenario import Scenario, Section

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[float, Field(gt=0.0)]
NonNegative = Annotated[float, Field(ge=0.0)]
Point = tuple[float, float]


class Layout(Section):
    """Sites: full hexagonal rings, or explicit positions."""

    n_sites: Annotated[int, Field(ge=1, le=127)] = 19
    inter_site_distance_m: Positive = 500.0
    positions_m: tuple[Point, ...] | None = None

    @model_validator(mode="after")
    def _positions_match(self) -> "Layout":
        if self.positions_m is not None and len(self.positions_m) != self.n_sites:
            raise ValueError(f"positions_m has {len(self.positions_m)} entries but n_sites is {self.n_sites}")
        rings = {1 + 3 * ring * (ring + 1) for ring in range(7)}
        if self.positions_m is None and self.n_sites not in rings:
            raise ValueError(f"n_sites = {self.n_sites} does not fill whole rings; use one of {sorted(rings)}")
        return self


class Users(Section):
    """Users: how many, where, and of which service class."""

    count: Annotated[int, Field(ge=1, le=20000)] = 1000
    hotspot_share: Share = 0.7
    hotspots: Literal["per_cell", "free"] = "per_cell"
    free_hotspots: Annotated[int, Field(ge=1)] = 10
    hotspot_sigma_m: Positive = 120.0
    indoor_share: Share = 0.7
    covered_at_start: bool = True
    height_m: Positive = 1.5
    speed_m_per_s: NonNegative = 0.0
    positions_m: tuple[Point, ...] | None = None
    classes: tuple[Literal["emergency", "voice", "essential", "best_effort"], ...] | None = None

    @model_validator(mode="after")
    def _explicit_users_match(self) -> "Users":
        for field in ("positions_m", "classes"):
            value = getattr(self, field)
            if value is not None and len(value) != self.count:
                raise ValueError(f"{field} has {len(value)} entries but count is {self.count}")
        return self


class ServiceClass(Section):
    """One service class: its share of users, priority weight and demand.

    The demand is constant, or log-normal where ``log_sigma`` is positive; the load factor scales elastic classes only.
    """

    share: Share
    weight: Positive
    mean_log_mbps: float | None = None
    log_sigma: NonNegative = 0.0
    constant_mbps: Positive | None = None
    minimum_mbps: NonNegative | None = None
    minimum_share: Share = 0.99
    floor: Share = 0.97
    elastic: bool = True


class Traffic(Section):
    """Demand. A list of load factors means one drawn per episode."""

    load_factor: Positive | tuple[Positive, ...] = 1.0
    redraw_period_s: Positive | None = None
    emergency: ServiceClass = ServiceClass(
        share=0.02, weight=1000.0, constant_mbps=0.064, minimum_mbps=0.064, elastic=False
    )
    voice: ServiceClass = ServiceClass(share=0.15, weight=100.0, constant_mbps=0.064, minimum_mbps=0.064, elastic=False)
    essential: ServiceClass = ServiceClass(share=0.50, weight=10.0, mean_log_mbps=0.0, log_sigma=0.5)
    best_effort: ServiceClass = ServiceClass(
        share=0.33, weight=1.0, mean_log_mbps=1.5, log_sigma=0.7, minimum_share=0.0, floor=0.75
    )

    @model_validator(mode="after")
    def _shares_sum_to_one(self) -> "Traffic":
        total = sum(service.share for service in self.classes)
        if abs(total - 1.0) > 1e-9:
            raise ValueError(f"the class shares sum to {total:g}; they must sum to 1")
        return self

    @property
    def classes(self) -> tuple[ServiceClass, ServiceClass, ServiceClass, ServiceClass]:
        """Classes in order of priority: emergency, voice, essential, best effort."""
        return self.emergency, self.voice, self.essential, self.best_effort


class Band(Section):
    """One band of a site; powers are per sector, capacity per site."""

    name: str
    frequency_mhz: Positive
    bandwidth_mhz: Positive
    capacity_mbps: Positive
    transmit_dbm: float = 46.0
    antenna_gain_dbi: float = 15.0
    static_w: NonNegative
    dynamic_w: NonNegative
    w_per_mbps: NonNegative
    standby_w: NonNegative


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

    sectors: Annotated[int, Field(ge=1)] = 3
    sleep_w: NonNegative = 100.0
    static_multiplier: Positive = 0.86
    dynamic_multiplier: Positive = 1.2


class Radio(Section):
    """Propagation, coverage radii, association and scheduling."""

    site_height_m: Positive = 25.0
    r_nom_m: Positive = 400.0
    r_red: Annotated[float, Field(gt=0.0, le=1.0)] = 0.5
    r_exp_m: Positive | None = None
    planning_margin_db: NonNegative = 7.7
    sinr_min_db: float = -6.0
    noise_figure_db: float = 7.0
    shannon_share: Annotated[float, Field(gt=0.0, le=1.0)] = 0.6
    efficiency_max: Positive = 4.4
    interference: Literal["per_band", "per_site"] = "per_band"
    line_of_sight: Literal["random", "always", "never"] = "random"
    shadowing: bool = True
    shadowing_site_common_share: Share = 0.5
    helping_loss: Share = 0.05
    handover_hysteresis: NonNegative = 0.3
    association_passes: Annotated[int, Field(ge=1, le=10)] = 3
    precision: Literal["float32", "float64"] = "float32"


class Cooperation(Section):
    """Who may help whom, and what assisted sites keep on.

    Links that count towards ``k_max`` are the assignments in use ("active"), or all pairs of a helping and an assisted
    or sleeping site within reach, as [MSRC] Eq. 23 is printed ("literal"); "unlimited" sets ``k_max`` aside, so that
    only Eqs. 20 and 21 hold.
    """

    r_coop_m: Positive = 1000.0
    kappa_min: Share = 0.3
    k_max: Annotated[int, Field(ge=0)] = 3
    links: Literal["active", "literal", "unlimited"] = "active"
    assisted_bands: Literal["low", "high"] = "low"
    low_band_mhz_max: Positive = 2000.0


class Battery(Section):
    """Stationary battery of every site."""

    capacity_kwh: Positive = 20.0
    initial_soc: Share | tuple[Share, ...] = 0.8
    soc_min: Share = 0.2
    soc_max: Share = 1.0
    charge_efficiency: Annotated[float, Field(gt=0.0, le=1.0)] = 0.95
    discharge_efficiency: Annotated[float, Field(gt=0.0, le=1.0)] = 0.95
    charge_limit_kw: NonNegative = 5.0
    discharge_limit_kw: Positive = 10.0
    restart_margin: Annotated[float, Field(gt=0.0, le=1.0)] = 0.05
    restart_hold_s: Positive = 300.0

    @model_validator(mode="after")
    def _bounds_are_ordered(self) -> "Battery":
        if self.soc_min >= self.soc_max:
            raise ValueError(f"soc_min = {self.soc_min} must be below soc_max = {self.soc_max}")
        initial = self.initial_soc if isinstance(self.initial_soc, tuple) else (self.initial_soc,)
        for soc in initial:
            if not self.soc_min <= soc <= self.soc_max:
                raise ValueError(f"initial_soc = {soc} must lie between soc_min = {self.soc_min} and soc_max")
        return self


class Vehicles(Section):
    """Electric vehicles that park at sites."""

    arrivals_per_day: NonNegative = 3.0
    mean_stay_h: Positive = 3.0
    capacity_mean_kwh: Positive = 60.0
    capacity_sigma_kwh: NonNegative = 15.0
    capacity_min_kwh: Positive = 20.0
    capacity_max_kwh: Positive = 110.0
    initial_soc_low: Share = 0.5
    initial_soc_high: Share = 0.8
    soc_min: Share = 0.33
    vehicle_limit_kw: Positive = 7.0
    site_limit_kw: NonNegative = 7.0
    base_price: Positive = 0.5
    urgency: NonNegative = 2.0
    urgency_time_h: Positive = 1.5
    price_acceptance: bool = True

    @property
    def price_max(self) -> float:
        """Highest price that can be offered, $/kWh; reservation prices are uniform up to it."""
        return self.base_price * (1.0 + self.urgency)


class Time(Section):
    """Physics step, decision period and horizon."""

    physics_step_s: Positive = 60.0
    decision_period_s: Positive = 900.0
    horizon_h: Positive = 24.0

    @model_validator(mode="after")
    def _steps_divide(self) -> "Time":
        steps = self.decision_period_s / self.physics_step_s
        if abs(steps - round(steps)) > 1e-9 or steps < 1:
            raise ValueError(
                f"decision_period_s = {self.decision_period_s:g} must be an integer multiple of "
                f"physics_step_s = {self.physics_step_s:g}"
            )
        periods = self.horizon_h * 3600.0 / self.decision_period_s
        if abs(periods - round(periods)) > 1e-9 or periods < 1:
            raise ValueError(
                f"horizon_h = {self.horizon_h:g} must be an integer multiple of the decision period of "
                f"{self.decision_period_s:g} s"
            )
        return self


class Survival(Section):
    """When the network counts as lost, and when the episode ends."""

    critical_availability: Share = 0.95
    hold_s: Positive = 1800.0
    short_hold_s: Positive = 900.0
    continuity_window_h: Positive = 5.0
    end: Literal["survival_lost", "late", "horizon"] = "survival_lost"
    late_margin_h: NonNegative = 1.5


class Reward(Section):
    """Weights of [MSRC] Eq. 18, normalised, and of the per-site training reward."""

    survival: NonNegative = 0.5
    service: NonNegative = 0.3
    ev_cost: NonNegative = 0.1
    switching: NonNegative = 0.1
    reference_h: Positive = 5.0
    local_energy: NonNegative = 1.0
    local_service: NonNegative = 2.0
    local_critical: NonNegative = 4.0
    local_handover: NonNegative = 0.05
    local_switching: NonNegative = 0.02
    local_repair: NonNegative = 0.15
    local_team: NonNegative = 0.3
    energy_exponent: NonNegative = 1.5
    energy_weight_max: Positive = 10.0
    neighbourhood_m: Positive = 550.0
    mixed_share: Share = 0.5


class OutageScenario(Scenario):
    """The outage world ``blackout_v0``, and what ``brownout_v0`` adds retailers to.

    Attributes:
        import_keys: keys that :attr:`import_limit_kw` follows from.
    """

    import_keys: ClassVar[tuple[str, ...]] = ()

    world: Literal["blackout_v0", "brownout_v0"] = "blackout_v0"
    layout: Layout = Layout()
    users: Users = Users()
    traffic: Traffic = Traffic()
    bands: Annotated[tuple[Band, ...], Field(min_length=1, max_length=6)] = (LTE_800, LTE_1800, LTE_2600, NR_3700)
    power: Power = Power()
    radio: Radio = Radio()
    cooperation: Cooperation = Cooperation()
    battery: Battery = Battery()
    vehicles: Vehicles = Vehicles()
    time: Time = Time()
    survival: Survival = Survival()
    reward: Reward = Reward()

    @property
    def import_limit_kw(self) -> float:
        """Most that a site could ever import."""
        return 0.0

    @model_validator(mode="after")
    def _per_site_values_match(self) -> "OutageScenario":
        soc = self.battery.initial_soc
        if isinstance(soc, tuple) and len(soc) != self.layout.n_sites:
            raise ValueError(f"battery.initial_soc has {len(soc)} entries but layout.n_sites is {self.layout.n_sites}")
        if self.layout.positions_m is not None and self.users.positions_m is None:
            raise ValueError("explicit layout.positions_m need explicit users.positions_m: cells are not hexagonal")
        return self

"""Scenario of the outage world: every number of [MSRC]'s simulator as a typed, named field.

Defaults are the medium-load 19-site network of [MSRC] Table I. Where the paper is silent or contradicts itself, the
choice is a field of its own; docs/model.md gives the reasons.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from voltran.envs import domains
from voltran.envs.blackout.equipment import LTE_800, LTE_1800, LTE_2600, NR_3700, Band, Battery, Power, Vehicles
from voltran.envs.places import require_apart, require_metres
from voltran.envs.scenario import Scenario, Section


class Layout(Section):
    """Sites: full hexagonal rings, or explicit positions.

    Radii that are not set follow the distance of neighbouring sites: ``inter_site_distance_m``, or the median distance
    to the nearest site where several positions are given.
    """

    n_sites: Annotated[int, Field(ge=1, le=127)] = 19
    inter_site_distance_m: domains.DistanceM = 500.0
    positions_m: tuple[domains.Point, ...] | None = None

    @model_validator(mode="after")
    def _positions_match(self) -> "Layout":
        if self.positions_m is not None and len(self.positions_m) != self.n_sites:
            raise ValueError(f"positions_m has {len(self.positions_m)} entries but n_sites is {self.n_sites}")
        rings = {1 + 3 * ring * (ring + 1) for ring in range(7)}
        if self.positions_m is None and self.n_sites not in rings:
            raise ValueError(f"n_sites = {self.n_sites} does not fill whole rings; use one of {sorted(rings)}")
        require_metres("positions_m", self.positions_m or ())
        require_apart("positions_m", self.positions_m or ())
        return self


class Users(Section):
    """Users: how many, where, and of which service class."""

    count: Annotated[int, Field(ge=1, le=20000)] = 1000
    hotspot_share: domains.Share = 0.7
    hotspots: Literal["per_cell", "free"] = "per_cell"
    free_hotspots: Annotated[int, Field(ge=1, le=20000)] = 10
    hotspot_sigma_m: domains.DistanceM = 120.0
    indoor_share: domains.Share = 0.7
    covered_at_start: bool = True
    height_m: domains.UserHeightM = 1.5
    speed_m_per_s: domains.SpeedMPerS = 0.0
    positions_m: tuple[domains.Point, ...] | None = None
    classes: tuple[Literal["emergency", "voice", "essential", "best_effort"], ...] | None = None

    @model_validator(mode="after")
    def _explicit_users_match(self) -> "Users":
        for field in ("positions_m", "classes"):
            value = getattr(self, field)
            if value is not None and len(value) != self.count:
                raise ValueError(f"{field} has {len(value)} entries but count is {self.count}")
        require_metres("positions_m", self.positions_m or ())
        return self


class ServiceClass(Section):
    """One service class: its share of users, priority weight and demand.

    The demand is constant, or log-normal where ``log_sigma`` is positive; the load factor scales elastic classes only.
    """

    share: domains.Share
    weight: domains.PositiveWeight
    mean_log_mbps: domains.LogMbps | None = None
    log_sigma: domains.LogSpread = 0.0
    constant_mbps: domains.PositiveRateMbps | None = None
    minimum_mbps: domains.RateMbps | None = None
    minimum_share: domains.Share = 0.99
    floor: domains.Share = 0.97
    elastic: bool = True


class Traffic(Section):
    """Demand. A list of load factors means one drawn per episode.

    Uplink traffic is ``uplink_ratio`` times what is carried downlink; it only draws power.
    """

    load_factor: domains.Factor | Annotated[tuple[domains.Factor, ...], Field(min_length=1)] = 1.0
    redraw_period_s: domains.DurationS | None = None
    uplink_ratio: domains.Share = 1.0
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


class Radio(Section):
    """Propagation, coverage radii, association and scheduling.

    By default the nominal radius is 0.8 times the distance of neighbouring sites; the expanded one of helping sites is
    1.6 times that distance, or the planning radius of the lowest band where that is less.

    With ``radii = "per_band"`` a site reaches as far as its bands do, [MSRC] Eq. 5: ``band_radius_m`` in the order of
    the bands, or by default their planning radii.
    """

    site_height_m: domains.SiteHeightM = 25.0
    r_nom_m: domains.DistanceM | None = None
    r_red: Annotated[float, domains.between(0.01, 1.0)] = 0.5
    r_exp_m: domains.DistanceM | None = None
    radii: Literal["per_mode", "per_band"] = "per_mode"
    band_radius_m: tuple[domains.DistanceM, ...] | None = None
    planning_margin_db: domains.LossDb = 7.7
    sinr_min_db: Annotated[float, domains.between(-30.0, 40.0)] = -6.0
    noise_figure_db: domains.LossDb = 7.0
    shannon_share: Annotated[float, domains.between(0.01, 1.0)] = 0.6
    efficiency_max: domains.BitPerSHz = 4.4
    interference: Literal["per_band", "per_site"] = "per_band"
    line_of_sight: Literal["random", "always", "never"] = "random"
    shadowing: bool = True
    shadowing_site_common_share: domains.Share = 0.5
    helping_loss: domains.Share = 0.05
    handover_hysteresis: Annotated[float, domains.between(0.0, 100.0)] = 0.3
    association_passes: Annotated[int, Field(ge=1, le=10)] = 3
    precision: Literal["float32", "float64"] = "float32"

    @model_validator(mode="after")
    def _radii_are_of_one_kind(self) -> "Radio":
        others = ("band_radius_m",) if self.radii == "per_mode" else ("r_nom_m", "r_exp_m")
        for name in others:
            if getattr(self, name) is not None:
                raise ValueError(f"radii = {self.radii!r} and {name} contradict each other: drop one of them")
        return self


class Cooperation(Section):
    """Who may help whom, and what assisted sites keep on.

    Links that count towards ``k_max`` are the assignments in use ("active"), or all pairs of a helping and an assisted
    or sleeping site within reach, as [MSRC] Eq. 23 is printed ("literal"); "unlimited" sets ``k_max`` aside, so that
    only [MSRC] Eq. 20 and [MSRC] Eq. 21 hold. Helpers are by default at most twice the distance of neighbouring sites
    away.
    """

    r_coop_m: domains.DistanceM | None = None
    kappa_min: domains.Share = 0.3
    k_max: Annotated[int, Field(ge=0, le=127)] = 3
    links: Literal["active", "literal", "unlimited"] = "active"
    assisted_bands: Literal["low", "high"] = "low"
    low_band_mhz_max: Annotated[float, domains.between(1.0, 1e6)] = 2000.0


class Time(Section):
    """Physics step, decision period and horizon."""

    physics_step_s: domains.DurationS = 60.0
    decision_period_s: domains.DurationS = 900.0
    horizon_h: domains.HorizonH = 24.0

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
    """When the network counts as lost (see ``envs.blackout.survival``), and when the episode ends."""

    critical_availability: domains.Share = 0.95
    hold_s: domains.DurationS = 1800.0
    window_s: domains.DurationS = 3600.0
    short_hold_s: domains.DurationS = 900.0
    continuity_window_h: domains.DurationH = 5.0
    end: Literal["survival_lost", "late", "horizon"] = "survival_lost"
    late_margin_h: domains.MarginH = 1.5

    @model_validator(mode="after")
    def _window_holds_a_run(self) -> "Survival":
        if self.window_s < self.hold_s:
            raise ValueError(f"window_s = {self.window_s:g} must not be shorter than hold_s = {self.hold_s:g}")
        return self


class Reward(Section):
    """Weights of [MSRC] Eq. 18, normalised, and of the per-site training reward.

    The neighbourhood that shares credit reaches by default 1.1 times the distance of neighbouring sites.
    """

    survival: domains.Weight = 0.5
    service: domains.Weight = 0.3
    ev_cost: domains.Weight = 0.1
    switching: domains.Weight = 0.1
    reference_h: domains.DurationH = 5.0
    local_energy: domains.Weight = 1.0
    local_service: domains.Weight = 2.0
    local_critical: domains.Weight = 4.0
    local_handover: domains.Weight = 0.05
    local_switching: domains.Weight = 0.02
    local_repair: domains.Weight = 0.15
    local_team: domains.Weight = 0.3
    energy_exponent: Annotated[float, domains.between(0.0, 10.0)] = 1.5
    energy_weight_max: domains.PositiveWeight = 10.0
    neighbourhood_m: domains.DistanceM | None = None
    mixed_share: domains.Share = 0.5


class BlackoutScenario(Scenario):
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
    def _bands_have_names(self) -> "BlackoutScenario":
        names = [band.name for band in self.bands]
        if twice := next((name for name in names if names.count(name) > 1), None):
            raise ValueError(f"bands: two are called {twice!r}; give each a name of its own")
        return self

    @model_validator(mode="after")
    def _uplink_has_coefficients(self) -> "BlackoutScenario":
        folded = [band.name for band in self.bands if band.terms is None]
        if self.traffic.uplink_ratio != 1.0 and folded:
            raise ValueError(
                f"traffic.uplink_ratio = {self.traffic.uplink_ratio:g} needs the power of all bands by terms, as "
                f"folded coefficients hold for uplink and downlink alike; {folded[0]!r} has none"
            )
        return self

    @model_validator(mode="after")
    def _lowest_band_reaches_farthest(self) -> "BlackoutScenario":
        radii_m = self.radio.band_radius_m
        if radii_m is None:
            return self
        if len(radii_m) != len(self.bands):
            raise ValueError(f"radio.band_radius_m has {len(radii_m)} entries but there are {len(self.bands)} bands")
        lowest = min(range(len(radii_m)), key=lambda band: self.bands[band].frequency_mhz)
        if radii_m[lowest] < max(radii_m):
            raise ValueError(
                f"radio.band_radius_m = {list(radii_m)}: {self.bands[lowest].name}, the lowest band, which helping "
                "sites keep on, must reach farthest"
            )
        return self

    @model_validator(mode="after")
    def _batteries_keep_a_reserve(self) -> "BlackoutScenario":
        vehicles, battery = self.vehicles, self.battery
        if vehicles.charging != "never" and vehicles.charging_soc < battery.soc_min:
            raise ValueError(
                f"vehicles.charging_soc = {vehicles.charging_soc:g}, what batteries keep when they charge vehicles, "
                f"must not be below battery.soc_min = {battery.soc_min:g}"
            )
        return self

    @model_validator(mode="after")
    def _per_site_values_match(self) -> "BlackoutScenario":
        soc = self.battery.initial_soc
        if isinstance(soc, tuple) and len(soc) != self.layout.n_sites:
            raise ValueError(f"battery.initial_soc has {len(soc)} entries but layout.n_sites is {self.layout.n_sites}")
        if self.layout.positions_m is not None and self.users.positions_m is None:
            raise ValueError("explicit layout.positions_m need explicit users.positions_m: cells are not hexagonal")
        return self

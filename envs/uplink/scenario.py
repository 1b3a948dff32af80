"""Scenario of the uplink world: every number of [FDRAN] Section VII as a typed, named field.

Words are the paper's: UBS for an uplink base station, UE for a user's equipment. Values that the paper's text lost are
reconstructed; docs/uplink_physics.md gives the reasons.
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from voltran.envs import domains
from voltran.envs.decision_time import DecisionTime
from voltran.envs.places import require_inside, require_metres
from voltran.envs.scenario import Scenario, Section
from voltran.envs.series_time import ZoneName

Symbols = Annotated[int, Field(ge=1, le=1_000_000)]


class Layout(Section):
    """UBSs in a square that continues at its opposite edges, or ends there."""

    n_ubs: Annotated[int, Field(ge=1, le=200)] = 20
    side_m: domains.DistanceM = 500.0
    height_m: Annotated[float, domains.between(1.0, 150.0)] = 10.0
    positions_m: tuple[domains.Point, ...] | None = None
    wrap_around: bool = True

    @model_validator(mode="after")
    def _positions_match(self) -> "Layout":
        if self.positions_m is not None and len(self.positions_m) != self.n_ubs:
            raise ValueError(f"positions_m has {len(self.positions_m)} entries but n_ubs is {self.n_ubs}")
        require_metres("positions_m", self.positions_m or ())
        require_inside("positions_m", self.positions_m or (), self.side_m)
        return self


class Ues(Section):
    """UEs: uniform in the square, at the centres of equal square regions, or at given places."""

    count: Annotated[int, Field(ge=1, le=200)] = 8
    placement: Literal["random", "regions"] = "random"
    positions_m: tuple[domains.Point, ...] | None = None

    @model_validator(mode="after")
    def _positions_match(self) -> "Ues":
        if self.positions_m is not None and len(self.positions_m) != self.count:
            raise ValueError(f"positions_m has {len(self.positions_m)} entries but count is {self.count}")
        if self.placement == "regions" and round(self.count**0.5) ** 2 != self.count:
            raise ValueError(f"count = {self.count}: placement by regions needs a square number, such as 25")
        require_metres("positions_m", self.positions_m or ())
        return self


class Radio(Section):
    """[FDRAN] Table III; the noise is that of 20 MHz with a noise figure of 7 dB."""

    antennas: Annotated[int, Field(ge=1, le=256)] = 5
    bandwidth_mhz: domains.BandwidthMhz = 20.0
    coherence_symbols: Symbols = 200
    pilot_symbols: Symbols = 10
    noise_dbm: domains.NoiseDbm = -94.0
    power_max_mw: domains.PowerMw = 100.0
    pilot_power_mw: domains.PowerMw = 100.0
    shadowing_db: Annotated[float, domains.between(0.0, 20.0)] = 4.0
    correlation: Literal["none", "local_scattering"] = "none"
    angular_spread_deg: Annotated[float, domains.between(0.1, 60.0)] = 15.0

    @model_validator(mode="after")
    def _pilots_fit(self) -> "Radio":
        if self.pilot_symbols >= self.coherence_symbols:
            raise ValueError(
                f"pilot_symbols = {self.pilot_symbols} leave no symbol of coherence_symbols = "
                f"{self.coherence_symbols} for data; use fewer"
            )
        return self


class Limits(Section):
    """[FDRAN] Eq. 25d and [FDRAN] Eq. 25e: UBSs per UE (all, where there are fewer), UEs per UBS."""

    ubs_per_ue: Annotated[int, Field(ge=1, le=1000)] = 3
    ues_per_ubs: Annotated[int, Field(ge=1, le=1000)] = 10


class Quality(Section):
    """[FDRAN] Eq. 25b: the rate that a UE is to have while it is active and at its peak."""

    rate_min_mbps: domains.RateMbps = 20.0


class Power(Section):
    """[FDRAN] Table III: what scales the power tables, and what is beside them.

    Attributes:
        table: name of a power table, or path of one's own in YAML.
        gops_per_w: efficiency of the processors; None for the table's.
        bandwidth_mhz, quantisation_bits, spectral_efficiency_bps_hz, streams: what base stations are built for, of
            [FDRAN] Eq. 10; None for the table's reference. Antennas are ``radio.antennas``.
        loss_form: losses as "shares" of what is drawn, or as "overheads" on what is used.
        edge_rounding: whether the edge cloud has whole units for "all" of its power, for the "constant" part, or for
            "none" of it.
        reference_rate_mbps: rate of full load.
        load_split: whether a UE's rate is shared among its UBSs, or loads each in full.
    """

    table: str = "desset2012"
    gops_per_w: Annotated[float, domains.between(1.0, 1e6)] | None = None
    bandwidth_mhz: domains.BandwidthMhz | None = None
    quantisation_bits: Annotated[float, domains.between(1.0, 64.0)] | None = None
    spectral_efficiency_bps_hz: domains.BitPerSHz | None = None
    streams: Annotated[int, Field(ge=1, le=256)] | None = None
    sleep_share: domains.Share = 0.1
    mains_loss: domains.LossShare = 0.1
    conversion_loss: domains.LossShare = 0.05
    cooling_loss: domains.LossShare = 0.0
    edge_cooling_loss: domains.LossShare = 0.05
    loss_form: Literal["shares", "overheads"] = "shares"
    centralised_share: domains.Share = 0.8
    stacking_gain: domains.Factor = 2.0
    edge_capacity: domains.Factor = 5.0
    edge_unit_cost: domains.Factor = 2.0
    edge_rounding: Literal["all", "constant", "none"] = "all"
    fronthaul_fixed_w: domains.PowerW = 0.825
    fronthaul_w_per_gbps: domains.PowerW = 0.25
    ue_w: domains.PowerW = 1.31
    amplifier_factor: Annotated[float, domains.between(1.0, 100.0)] = 2.6
    reference_rate_mbps: domains.PositiveRateMbps = 40.0
    load_split: Literal["equal", "full"] = "equal"


class Cellular(Section):
    """The cellular network that FD-RAN is compared with: few sites with all antennas, and cooling."""

    n_sites: Annotated[int, Field(ge=1, le=200)] = 4
    placement: Literal["grid", "random"] = "grid"
    cooling_loss: domains.LossShare = 0.1

    @model_validator(mode="after")
    def _grid_is_square(self) -> "Cellular":
        if self.placement == "grid" and round(self.n_sites**0.5) ** 2 != self.n_sites:
            raise ValueError(f"n_sites = {self.n_sites}: placement on a grid needs a square number, such as 4")
        return self


class Time(DecisionTime):
    """Length of an episode, and of the periods for which decisions hold; the clock shows ``start_h`` at its start."""

    start_h: domains.Hour = 0.0


class TrafficFiles(Section):
    """Measured traffic; docs/uplink.md describes the formats.

    Attributes:
        paths: one file in the format ``long``, one per UE in the format ``lte-barcelona``.
        format: see above.
        cells: of the format ``long``, whether its regions are those of the UEs, or cells of a ``square`` grid, numbered
            from 1, row by row from the south-west on, that are summed to as many square regions as there are UEs.
        quantity: which column of ``lte-barcelona`` to take.
        zone: time zone in which days begin, such as Europe/Madrid, +01:00 or UTC; by default clocks never change.
        day: which of the whole days, from midnight to midnight, counted from 0.
        fill_gaps_h: gaps up to this length are bridged by straight lines; longer ones are errors.
    """

    paths: Annotated[tuple[str, ...], Field(min_length=1)]
    format: Literal["long", "lte-barcelona"] = "long"
    cells: Literal["regions", "square"] = "regions"
    quantity: Literal["up", "down"] = "up"
    zone: ZoneName | None = None
    day: Annotated[int, Field(ge=0, le=100_000)] = 0
    fill_gaps_h: domains.MarginH = 0.0

    @model_validator(mode="after")
    def _cells_are_numbered(self) -> "TrafficFiles":
        if self.cells == "square" and self.format != "long":
            raise ValueError(
                f"cells = 'square': needs numbered regions in one file; format is {self.format!r}, use 'long'"
            )
        return self


class Traffic(Section):
    """Minimum rates of UEs over time; a UE takes part while its traffic is positive.

    Attributes:
        source: ``constant`` (``quality.rate_min_mbps`` for everybody), ``daily`` (a synthetic profile) or ``files``.
        night_share: of ``daily``, traffic in the dead of night over that at the peak.
        morning_h, evening_h: of ``daily``, its two peaks; every UE has its own mix of them.
        unevenness: of ``daily``, standard deviation of the logarithm of the UEs' weights.
        session_h: of ``daily``, UEs come and go at this interval; None for UEs that are always there.
        peak_total_mbps: scales all traffic so that the largest total of its day, without sessions, is this (looked for
            every quarter of an hour from midnight to midnight); None leaves it.
        silent_below: UEs with less than this share of the largest traffic at the moment (or of the total) are silent.
        threshold_of: which of the two.
        files: of ``files``.
    """

    source: Literal["constant", "daily", "files"] = "daily"
    night_share: domains.Share = 0.1
    morning_h: domains.Hour = 11.0
    evening_h: domains.Hour = 20.0
    unevenness: Annotated[float, Field(ge=0.0, le=2.0)] = 0.0
    session_h: domains.DurationH | None = 1.0
    peak_total_mbps: domains.PositiveRateMbps | None = None
    silent_below: domains.Share = 0.0
    threshold_of: Literal["largest", "total"] = "largest"
    files: TrafficFiles | None = None

    @model_validator(mode="after")
    def _files_match_source(self) -> "Traffic":
        if (self.source == "files") != (self.files is not None):
            raise ValueError(f"source = {self.source!r}: files.paths is needed if, and only if, source is 'files'")
        return self


class Reward(Section):
    """Weights of the rewards; see ``rewards/``.

    Attributes:
        reference_mbit_per_j: energy efficiency that counts 1.
        shortfall: of the missing share of the demanded rates.
        wake_up: of the share of UBSs that wake up.
        local_repair: of the local reward, for a UBS whose action had to be repaired.
        local_team: of the local reward, share of the team reward in it.
    """

    reference_mbit_per_j: domains.PositiveWeight = 0.5
    shortfall: domains.Weight = 2.0
    wake_up: domains.Weight = 0.2
    local_repair: domains.Weight = 0.01
    local_team: domains.Weight = 0.0


class UplinkScenario(Scenario):
    """The whole scenario."""

    world: Literal["uplink_v0"] = "uplink_v0"
    layout: Layout = Layout()
    ues: Ues = Ues()
    radio: Radio = Radio()
    limits: Limits = Limits()
    quality: Quality = Quality()
    power: Power = Power()
    cellular: Cellular = Cellular()
    time: Time = Time()
    traffic: Traffic = Traffic()
    reward: Reward = Reward()

    @model_validator(mode="after")
    def _ues_are_inside(self) -> "UplinkScenario":
        require_inside("ues.positions_m", self.ues.positions_m or (), self.layout.side_m)
        return self

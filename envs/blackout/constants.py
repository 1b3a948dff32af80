"""What a scenario means in arrays: geometry, per-mode settings and the parameter tuples of the physics.

Nothing here changes within or between episodes.
"""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.stats import poisson

from voltran.envs.blackout.scenario import BlackoutScenario
from voltran.envs.errors import ScenarioError
from voltran.physics.arrays import FloatArray
from voltran.physics.balance import SHORTFALL_KW
from voltran.physics.battery import BatteryParameters
from voltran.physics.coverage import effective_radii_m
from voltran.physics.ev import EvParameters
from voltran.physics.layout import disc_overlap_share, distances_m, hexagonal_sites
from voltran.physics.ordering import SAME, rising
from voltran.physics.power import ASSISTED, HELPING, NORMAL, SLEEP, PowerParameters, site_power_kw
from voltran.physics.propagation import building_loss_db, noise_limited_radius_m
from voltran.physics.radio import RadioParameters, noise_mw
from voltran.physics.scheduler import SchedulerParameters
from voltran.physics.units import db_to_linear, linear_to_db

MODES = (NORMAL, HELPING, ASSISTED, SLEEP)
MODE_NAMES = ("normal", "helping", "assisted", "sleep")
CLASS_NAMES = ("emergency", "voice", "essential", "best_effort")
NEIGHBOURS = 6
SLOT_TAIL_PROBABILITY = 1e-9
# Radii that a scenario leaves open, in distances of neighbouring sites: 400, 800, 1000 and 550 m where those are 500 m.
NOMINAL_SHARE, EXPANDED_SHARE, COOPERATION_SHARE, NEIGHBOURHOOD_SHARE = 0.8, 1.6, 2.0, 1.1


class BlackoutConstants:
    """Constants of one scenario.

    Attributes:
        scenario: the scenario.
        n_sites, n_bands, n_users: sizes.
        sites_m: ``[site, 2]`` positions.
        inter_site_distance_m: of neighbouring sites; the median over sites where positions are given.
        r_nom_m: radius of sites in normal operation.
        r_coop_m: largest distance of a helper.
        neighbourhood_m: within which sites share credit.
        distance_m: ``[site, site]``.
        assistance_potential: ``[helper, site]`` assistance potential, [MSRC] Eq. 1; zero on the diagonal.
        may_help: ``[helper, site]`` within R_coop and kappa >= kappa_min.
        neighbours: ``[site, 6]`` nearest sites, padded with -1.
        radius_m: ``[mode, set]`` effective radius by the bit set of the bands that are on, [MSRC] Eq. 5.
        mode_radius_m: ``[mode]`` the same with all bands that the mode may use.
        mode_bands: ``[mode]`` bit set of the bands a mode may use (and uses in the paper's action set).

    Raises:
        ScenarioError: radii with which cells have holes, or sites cannot help each other although they should.
    """

    def __init__(self, scenario: BlackoutScenario) -> None:
        self.scenario = scenario
        self.n_sites = scenario.layout.n_sites
        self.n_bands = len(scenario.bands)
        self.n_users = scenario.users.count
        explicit = scenario.layout.positions_m
        self.sites_m: FloatArray = (
            np.asarray(explicit, dtype=np.float64)
            if explicit is not None
            else hexagonal_sites(self.n_sites, scenario.layout.inter_site_distance_m)
        )
        self.distance_m = distances_m(self.sites_m, self.sites_m)
        self.inter_site_distance_m = self._inter_site_distance_m()
        self.r_coop_m = self._scaled(scenario.cooperation.r_coop_m, COOPERATION_SHARE)
        self.neighbourhood_m = self._scaled(scenario.reward.neighbourhood_m, NEIGHBOURHOOD_SHARE)
        self.mode_bands = self._mode_bands()
        self.radius_m = self._radii()
        self.mode_radius_m: FloatArray = self.radius_m[np.arange(len(MODES)), self.mode_bands]
        self.r_nom_m = float(self.mode_radius_m[NORMAL])
        self.assistance_potential = disc_overlap_share(self.distance_m, self.mode_radius_m[HELPING], self.r_nom_m)
        np.fill_diagonal(self.assistance_potential, 0.0)
        within = self.distance_m <= self.r_coop_m + 1e-6
        self.may_help: NDArray[np.bool_] = within & (self.assistance_potential >= scenario.cooperation.kappa_min - SAME)
        np.fill_diagonal(self.may_help, False)
        self.neighbours = self._nearest_sites()
        self._check_geometry()
        self._require_supply()

    @cached_property
    def frequencies_ghz(self) -> FloatArray:
        """Carrier frequency per band."""
        return np.array([band.frequency_mhz for band in self.scenario.bands]) / 1000.0

    @cached_property
    def lowest_band(self) -> int:
        """Index of the band that reaches farthest; helping sites keep it on."""
        return int(np.argmin(self.frequencies_ghz))

    @cached_property
    def all_bands(self) -> int:
        """Bit set of all bands."""
        return (1 << self.n_bands) - 1

    @cached_property
    def low_bands(self) -> int:
        """Bit set of the low bands, which assisted sites keep; all bands if there is no low one."""
        limit_mhz = self.scenario.cooperation.low_band_mhz_max
        low = sum(1 << index for index, band in enumerate(self.scenario.bands) if band.frequency_mhz <= limit_mhz)
        return low or self.all_bands

    @cached_property
    def transmit_dbm(self) -> FloatArray:
        """Transmit power plus antenna gain per band."""
        return np.array([band.transmit_dbm + band.antenna_gain_dbi for band in self.scenario.bands])

    @cached_property
    def radio(self) -> RadioParameters:
        """Parameters of association and rates."""
        radio, sectors = self.scenario.radio, self.scenario.power.sectors
        bandwidth = np.array([band.bandwidth_mhz for band in self.scenario.bands])
        return RadioParameters(
            bandwidth_mhz=bandwidth * sectors,
            noise_mw=noise_mw(bandwidth, radio.noise_figure_db),
            sinr_min=float(db_to_linear(radio.sinr_min_db)),
            shannon_share=radio.shannon_share,
            efficiency_max=radio.efficiency_max,
            helping_loss=radio.helping_loss,
            hysteresis=radio.handover_hysteresis,
            passes=radio.association_passes,
            interference_per_site=radio.interference == "per_site",
        )

    @cached_property
    def scheduler(self) -> SchedulerParameters:
        """Parameters of the scheduler: the highest band is filled first."""
        return SchedulerParameters(
            band_order=np.argsort(-self.frequencies_ghz, kind="stable"),
            capacity_mbps=np.array([band.capacity_mbps for band in self.scenario.bands]),
            helping_loss=self.scenario.radio.helping_loss,
        )

    @cached_property
    def power(self) -> PowerParameters:
        """Power coefficients with the calibrated multipliers applied."""
        power, bands = self.scenario.power, self.scenario.bands
        ratio = self.scenario.traffic.uplink_ratio
        static_w, dynamic_w, w_per_mbps = np.array([band.load_coefficients_w(ratio) for band in bands]).T
        return PowerParameters(
            static_w=static_w * power.static_multiplier,
            dynamic_w=dynamic_w * power.dynamic_multiplier,
            w_per_mbps=w_per_mbps * power.dynamic_multiplier,
            standby_w=np.array([band.standby_w for band in bands]) * power.static_multiplier,
            sleep_w=power.sleep_w,
            sectors=power.sectors,
        )

    @cached_property
    def normal_idle_kw(self) -> float:
        """Power of a site in normal mode that serves nobody: less brings no site back."""
        nothing = np.zeros(self.n_bands)
        return site_power_kw(NORMAL, int(self.mode_bands[NORMAL]), nothing, nothing, self.power)

    @cached_property
    def battery(self) -> BatteryParameters:
        """Battery parameters."""
        battery = self.scenario.battery
        return BatteryParameters(
            capacity_kwh=battery.capacity_kwh,
            soc_min=battery.soc_min,
            soc_max=battery.soc_max,
            charge_efficiency=battery.charge_efficiency,
            discharge_efficiency=battery.discharge_efficiency,
            charge_limit_kw=battery.charge_limit_kw,
            discharge_limit_kw=battery.discharge_limit_kw,
        )

    @cached_property
    def ev(self) -> EvParameters:
        """Parameters of chargers and prices."""
        vehicles = self.scenario.vehicles
        return EvParameters(
            site_limit_kw=vehicles.site_limit_kw,
            vehicle_limit_kw=vehicles.vehicle_limit_kw,
            base_price=vehicles.base_price,
            urgency=vehicles.urgency,
            urgency_time_h=vehicles.urgency_time_h,
            soc_min=vehicles.soc_min,
            price_soc_weight=vehicles.price_soc_weight,
            price_mean_soc=vehicles.price_mean_soc,
            charging=vehicles.charging == "abundant",
            charging_soc=vehicles.charging_soc,
        )

    @cached_property
    def vehicle_slots(self) -> tuple[int, int]:
        """Slots per site for vehicles present at the start and for later arrivals; practically never too few."""
        vehicles = self.scenario.vehicles
        rate_per_h = vehicles.arrivals_per_day / 24.0
        tail = 1.0 - SLOT_TAIL_PROBABILITY
        present = int(poisson.ppf(tail, rate_per_h * vehicles.mean_stay_h))
        return present, int(poisson.ppf(tail, rate_per_h * self.scenario.time.horizon_h))

    @cached_property
    def k_max(self) -> int:
        """Most cooperation links of a site; as many as there are sites where links are unlimited."""
        cooperation = self.scenario.cooperation
        return self.n_sites if cooperation.links == "unlimited" else cooperation.k_max

    @cached_property
    def class_weight(self) -> FloatArray:
        """``[class]`` priority weights."""
        return np.array([service.weight for service in self.scenario.traffic.classes])

    @cached_property
    def class_floor(self) -> FloatArray:
        """``[class]`` service below which a class counts as dropped in the reward."""
        return np.array([service.floor for service in self.scenario.traffic.classes])

    @cached_property
    def usable_full_kwh(self) -> float:
        """Energy a full battery can deliver."""
        battery = self.battery
        return (battery.soc_max - battery.soc_min) * battery.capacity_kwh * battery.discharge_efficiency

    @cached_property
    def steps_per_decision(self) -> int:
        """Physics steps in a decision period."""
        return round(self.scenario.time.decision_period_s / self.scenario.time.physics_step_s)

    @cached_property
    def max_decisions(self) -> int:
        """Decision periods up to the horizon."""
        return round(self.scenario.time.horizon_h * 3600.0 / self.scenario.time.decision_period_s)

    @cached_property
    def step_h(self) -> float:
        """Length of a physics step in hours."""
        return self.scenario.time.physics_step_s / 3600.0

    @cached_property
    def decision_h(self) -> float:
        """Length of a decision period in hours."""
        return self.scenario.time.decision_period_s / 3600.0

    def band_radius_m(self, band: int) -> float:
        """Noise-limited radius of a band, indoors and with the planning margin; see ``noise_limited_radius_m``."""
        radio = self.scenario.radio
        frequency = float(self.frequencies_ghz[band])
        indoor = float(building_loss_db(frequency, np.array([0.0]), np.array([0.0]))[0])
        return noise_limited_radius_m(
            transmit_and_gain_dbm=float(self.transmit_dbm[band]),
            noise_dbm=float(linear_to_db(self.radio.noise_mw[band])),
            threshold_db=radio.sinr_min_db,
            margin_db=radio.planning_margin_db + indoor,
            frequency_ghz=frequency,
            site_height_m=radio.site_height_m,
            user_height_m=self.scenario.users.height_m,
        )

    def _inter_site_distance_m(self) -> float:
        layout = self.scenario.layout
        if layout.positions_m is None or self.n_sites == 1:
            return layout.inter_site_distance_m
        apart_m = self.distance_m + np.diag(np.full(self.n_sites, np.inf))
        return float(np.median(apart_m.min(axis=1)))

    def _scaled(self, given_m: float | None, share: float) -> float:
        # Whole micrometres: 1.1 times 500 m is 550 m, and sites at a radius are within it.
        return round(share * self.inter_site_distance_m, 6) if given_m is None else given_m

    def _require_supply(self) -> None:
        """Refuse a scenario in which no site could ever carry its idle load in normal mode."""
        scenario, vehicles = self.scenario, self.scenario.vehicles
        parts = {
            "battery.discharge_limit_kw": scenario.battery.discharge_limit_kw,
            "vehicles.site_limit_kw": vehicles.site_limit_kw if vehicles.arrivals_per_day > 0.0 else 0.0,
            **({", ".join(scenario.import_keys): scenario.import_limit_kw} if scenario.import_keys else {}),
        }
        if sum(parts.values()) >= self.normal_idle_kw - SHORTFALL_KW:
            return
        listed = "; ".join(f"{keys}: {power_kw:g} kW" for keys, power_kw in parts.items())
        raise ScenarioError(
            f"a site can be supplied with {sum(parts.values()):g} kW at most, and draws {self.normal_idle_kw:g} kW in "
            f"normal mode before it serves anybody ({listed}; vehicles only come with "
            "vehicles.arrivals_per_day above 0): raise a limit, or lower power.static_multiplier"
        )

    def _radii(self) -> FloatArray:
        """``[mode, set]`` metres. Source: [MSRC] Eq. 5; reconstructed by default: one planning radius for all."""
        radio = self.scenario.radio
        if radio.radii == "per_band":
            planned_m = radio.band_radius_m or [self.band_radius_m(band) for band in range(self.n_bands)]
            return effective_radii_m(np.array(planned_m))
        expanded = self._scaled(radio.r_exp_m, EXPANDED_SHARE)
        if radio.r_exp_m is None:
            expanded = min(expanded, self.band_radius_m(self.lowest_band))
        nominal = self._scaled(radio.r_nom_m, NOMINAL_SHARE)
        radii = np.zeros((len(MODES), self.all_bands + 1))
        radii[NORMAL], radii[HELPING], radii[ASSISTED] = nominal, expanded, radio.r_red * nominal
        return radii

    def _check_geometry(self) -> None:
        if self.scenario.layout.positions_m is None:
            self._check_cells()
        if self.n_sites > 1 and self.k_max > 0 and not self.may_help.any():
            raise ScenarioError(
                f"no site can help another: with radio.r_exp_m = {self.mode_radius_m[HELPING]:g}, radio.r_nom_m = "
                f"{self.r_nom_m:g}, cooperation.r_coop_m = {self.r_coop_m:g} and cooperation.kappa_min = "
                f"{self.scenario.cooperation.kappa_min:g} no pair of sites {self.inter_site_distance_m:g} m apart "
                "qualifies; raise radio.r_exp_m or cooperation.r_coop_m, lower cooperation.kappa_min, move the sites "
                "closer, or set cooperation.k_max = 0 (with links that count) to do without"
            )
        if self.n_sites > 1 and self.mode_radius_m[HELPING] < self.r_nom_m:
            raise ScenarioError(
                f"radio.r_exp_m = {self.mode_radius_m[HELPING]:g}, the reach of helping sites, is below radio.r_nom_m "
                f"= {self.r_nom_m:g}, that of all others; raise the one, lower the other, or lower "
                "layout.inter_site_distance_m"
            )

    def _check_cells(self) -> None:
        corner_m = self.inter_site_distance_m / np.sqrt(3.0)
        cell = (
            f"layout.inter_site_distance_m = {self.inter_site_distance_m:g} puts the corners of cells {corner_m:.0f} m"
        )
        if self.scenario.radio.radii == "per_band" and self.r_nom_m < corner_m:
            raise ScenarioError(
                f"{cell} from their site, beyond radio.band_radius_m = {self.r_nom_m:g} of its farthest band; raise "
                "it, or lower layout.inter_site_distance_m"
            )
        if self.r_nom_m < corner_m:
            raise ScenarioError(
                f"{cell} from their site, beyond radio.r_nom_m = {self.r_nom_m:g}; leave radio.r_nom_m out, so that it "
                "is 0.8 of that distance"
            )
        reach_m = self.band_radius_m(self.lowest_band)
        if reach_m < corner_m:
            raise ScenarioError(
                f"{cell} from their site, beyond the {reach_m:.0f} m that the lowest band is planned for; use at most "
                f"{reach_m * np.sqrt(3.0):.0f} m, or lower radio.planning_margin_db"
            )

    def _mode_bands(self) -> NDArray[np.int64]:
        low = self.low_bands
        assisted = low if self.scenario.cooperation.assisted_bands == "low" else self.all_bands & ~low
        return np.array([self.all_bands, self.all_bands, assisted or self.all_bands, 0])

    def _nearest_sites(self) -> NDArray[np.int64]:
        order = rising(np.where(np.eye(self.n_sites, dtype=bool), -np.inf, self.distance_m))[:, 1 : NEIGHBOURS + 1]
        padded = np.full((self.n_sites, NEIGHBOURS), -1)
        padded[:, : order.shape[1]] = order
        return padded

"""Network architectures that [FDRAN] compares: FD-RAN, cell-free, small cells and cellular."""

from dataclasses import dataclass
from typing import Literal, get_args

from voltran.envs.errors import ScenarioError
from voltran.envs.uplink.hardware import scaling
from voltran.envs.uplink.power_tables import power_table
from voltran.envs.uplink.scenario import UplinkScenario
from voltran.physics.uplink_power import (
    EdgeCloud,
    Fronthaul,
    Losses,
    UplinkPower,
    network_coefficients,
    station_power,
)

ArchitectureName = Literal["fd-ran", "uc-cell-free", "cell-free", "small-cell", "cellular"]
ARCHITECTURES: tuple[ArchitectureName, ...] = get_args(ArchitectureName)


@dataclass(frozen=True)
class Architecture:
    """One network's hardware, limits and power.

    Attributes:
        name: see :data:`ARCHITECTURES`.
        n_ubs: base stations.
        antennas: of each.
        ubs_per_ue, ues_per_ubs: limits of the association.
        power: coefficients of the network's power.
    """

    name: ArchitectureName
    n_ubs: int
    antennas: int
    ubs_per_ue: int
    ues_per_ubs: int
    power: UplinkPower


def build_architecture(scenario: UplinkScenario, name: ArchitectureName, idle_sleep: float = 1.0) -> Architecture:
    """One architecture in a scenario. Source: [FDRAN] Section VII-A.

    ``fd-ran`` has everything: an edge cloud, several UBSs per UE, sleep. ``uc-cell-free`` lacks the edge cloud, and its
    idle base stations sleep with a probability only, as they serve the downlink too. ``cell-free`` serves everybody
    from everywhere. ``small-cell`` serves every UE from one base station, without fronthaul and sleep. ``cellular`` has
    as many antennas at few sites, with cooling, and no limit on UEs.

    Args:
        scenario: the scenario.
        name: which architecture.
        idle_sleep: probability that an idle base station of ``uc-cell-free`` sleeps.

    Raises:
        ScenarioError: an unknown architecture or power table, a probability outside [0, 1] or of another architecture,
            antennas that do not divide among the cellular sites, or coefficients of the power that contradict each
            other.
    """
    if name not in ARCHITECTURES:
        raise ScenarioError(f"architecture = {name!r} is unknown; use one of {', '.join(ARCHITECTURES)}")
    if not 0.0 <= idle_sleep <= 1.0:
        raise ScenarioError(f"idle_sleep = {idle_sleep}: must be a probability")
    if idle_sleep != 1.0 and name != "uc-cell-free":
        raise ScenarioError(f"idle_sleep = {idle_sleep}: applies to uc-cell-free only, not to {name}")
    n_ubs, antennas = scenario.layout.n_ubs, scenario.radio.antennas
    if name == "cellular":
        n_ubs, antennas = scenario.cellular.n_sites, _antennas_per_site(scenario)
    everywhere = name == "cell-free"
    single = name in ("small-cell", "cellular")
    unlimited = everywhere or name == "cellular"
    return Architecture(
        name=name,
        n_ubs=n_ubs,
        antennas=antennas,
        ubs_per_ue=n_ubs if everywhere else 1 if single else min(scenario.limits.ubs_per_ue, n_ubs),
        ues_per_ubs=scenario.ues.count if unlimited else scenario.limits.ues_per_ubs,
        power=_power(scenario, name, n_ubs, antennas, idle_sleep),
    )


def _power(
    scenario: UplinkScenario, name: ArchitectureName, n_ubs: int, antennas: int, idle_sleep: float
) -> UplinkPower:
    power, table = scenario.power, power_table(scenario.power.table)
    if power.gops_per_w is not None:
        table = table.model_copy(update={"gops_per_w": power.gops_per_w})
    sleeps = {"fd-ran": 1.0, "uc-cell-free": idle_sleep}
    cooling = scenario.cellular.cooling_loss if name == "cellular" else power.cooling_loss
    edge = EdgeCloud(
        power.centralised_share, power.stacking_gain, power.edge_capacity, power.edge_unit_cost, power.edge_rounding
    )
    has_fronthaul = name not in ("small-cell", "cellular")
    return network_coefficients(
        station_power(table.radio_parts(), table.baseband_parts(), antennas, scaling(scenario, table)),
        n_ubs,
        Losses(power.mains_loss, power.conversion_loss, cooling, power.edge_cooling_loss, power.loss_form),
        edge if name == "fd-ran" else None,
        Fronthaul(power.fronthaul_fixed_w, power.fronthaul_w_per_gbps) if has_fronthaul else None,
        reference_rate_mbps=power.reference_rate_mbps,
        sleep_share=power.sleep_share,
        idle_sleep=sleeps.get(name, 0.0),
        ue_w=power.ue_w,
        amplifier_factor=power.amplifier_factor,
        load_split=power.load_split,
    )


def _antennas_per_site(scenario: UplinkScenario) -> int:
    total, n_sites = scenario.layout.n_ubs * scenario.radio.antennas, scenario.cellular.n_sites
    if total % n_sites:
        raise ScenarioError(
            f"cellular.n_sites = {n_sites}: {scenario.layout.n_ubs} x {scenario.radio.antennas} antennas do not divide "
            "among them; change layout.n_ubs, radio.antennas or cellular.n_sites"
        )
    return total // n_sites

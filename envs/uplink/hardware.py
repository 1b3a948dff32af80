"""What base stations are built for, over the reference of their power table. Source: [FDRAN] Eq. 10, Table III."""

from voltran.envs.errors import ScenarioError
from voltran.envs.uplink.power_tables import PowerTable
from voltran.envs.uplink.scenario import UplinkScenario
from voltran.physics.uplink_power import Scaling

# field of the scenario's power and of a table's reference -> ratio, and what parts grow with it by
QUANTITIES = {
    "bandwidth_mhz": "bandwidth",
    "quantisation_bits": "quantisation",
    "spectral_efficiency_bps_hz": "spectral_efficiency",
    "streams": "streams",
}


def scaling(scenario: UplinkScenario, table: PowerTable) -> Scaling:
    """Ratios of a scenario's base stations to the reference of their power table.

    Args:
        scenario: the scenario.
        table: its power table.

    Raises:
        ScenarioError: coefficients that contradict each other: less bandwidth than the radio uses, more streams than
            antennas, full load at a rate that the base station cannot carry, or a value that no part of the table
            grows with.
    """
    power = scenario.power
    given = {name: value for name in QUANTITIES if (value := getattr(power, name)) is not None}
    for name, value in given.items():
        _check_counts(name, float(value), power.table, table)
    _check_agreement(scenario, table, given)
    reference = table.reference.model_dump()
    return Scaling(**{QUANTITIES[name]: float(value) / reference[name] for name, value in given.items()})


def _check_counts(name: str, value: float, table_name: str, table: PowerTable) -> None:
    """A value beside the reference must have an effect."""
    exponent, reference = f"{QUANTITIES[name]}_exponent", float(getattr(table.reference, name))
    parts = (*table.radio_parts(), *table.baseband_parts())
    if value != reference and not any(getattr(part, exponent) for part in parts):
        raise ScenarioError(
            f"power.{name} = {value:g}: no part of power.table {table_name!r} grows with it; leave it at "
            f"{reference:g}, or name a table with {exponent}"
        )


def _check_agreement(scenario: UplinkScenario, table: PowerTable, given: dict[str, float]) -> None:
    """Values that were given must not contradict the rest."""
    power, radio = scenario.power, scenario.radio
    if power.bandwidth_mhz is not None and power.bandwidth_mhz < radio.bandwidth_mhz:
        raise ScenarioError(
            f"power.bandwidth_mhz = {power.bandwidth_mhz:g}: is less than radio.bandwidth_mhz = "
            f"{radio.bandwidth_mhz:g}; base stations must be built for what they receive"
        )
    if power.streams is not None and power.streams > radio.antennas:
        raise ScenarioError(
            f"power.streams = {power.streams}: is more than radio.antennas = {radio.antennas}; use fewer"
        )
    built = {name: given.get(name, getattr(table.reference, name)) for name in QUANTITIES}
    most_mbps = built["bandwidth_mhz"] * built["spectral_efficiency_bps_hz"] * built["streams"]
    if given and power.reference_rate_mbps > most_mbps:
        raise ScenarioError(
            f"power.reference_rate_mbps = {power.reference_rate_mbps:g}: full load is more than the {most_mbps:g} "
            "Mbit/s that power.bandwidth_mhz, power.spectral_efficiency_bps_hz and power.streams carry; lower it, or "
            "raise one of them"
        )

"""The power tables say where they come from, and hold the numbers that they claim to hold."""

import pytest

from voltran.envs.errors import ScenarioError
from voltran.envs.uplink.power_tables import PowerTable, power_table, power_table_names
from voltran.physics.uplink_power import StationPower, station_power

TABLES = pytest.mark.parametrize("name", power_table_names())


def station(table: PowerTable, antennas: int) -> StationPower:
    return station_power(table.radio_parts(), table.baseband_parts(), antennas)


def test_both_tables_ship() -> None:
    assert power_table_names() == ["calibrated", "desset2012"]


@TABLES
def test_provenance_is_stated(name: str) -> None:
    source = power_table(name).source
    assert len(source) > 80
    assert power_table(name).fitted == ("not a measurement" in source)
    assert power_table(name).fitted != ("not checked against the original" in source)


@TABLES
def test_names_of_parts_are_unique(name: str) -> None:
    for parts in (power_table(name).radio, power_table(name).baseband):
        names = [part.name for part in parts]
        assert len(set(names)) == len(names)


def test_desset_in_watts() -> None:
    table = power_table("desset2012")
    assert sum(part.power_mw for part in table.radio) == pytest.approx(5140.0)
    assert table.gops_per_w == 120.0
    assert station(table, 5) == pytest.approx(StationPower(25.7, 20.0, 35.0 / 3.0))
    macro = table.model_copy(update={"gops_per_w": 40.0})
    assert station(macro, 5) == pytest.approx(StationPower(25.7, 60.0, 35.0))


@pytest.mark.parametrize("antennas", [1, 2, 5, 25])
def test_calibrated_is_desset_at_800_gops_per_w_and_a_tenth_of_a_watt_per_cubed_antenna(antennas: int) -> None:
    desset = power_table("desset2012").model_copy(update={"gops_per_w": 800.0})
    expected = station(desset, antennas)
    found = station(power_table("calibrated"), antennas)
    assert found.radio_w == pytest.approx(expected.radio_w)
    assert found.load_w == pytest.approx(expected.load_w)
    assert found.baseband_w == pytest.approx(expected.baseband_w + 0.1 * antennas**3)


@pytest.mark.parametrize("name", ["desset2021", "debaillie2015", "", "../desset2012"])
def test_unknown_table_is_an_error_that_lists_the_known_ones(name: str) -> None:
    with pytest.raises(ScenarioError, match=r"power\.table = .* known tables: calibrated, desset2012"):
        power_table(name)


def test_a_slip_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(ScenarioError, match="did you mean 'desset2012'"):
        power_table("desset2021")

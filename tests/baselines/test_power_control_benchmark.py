"""The benchmark of power control reports every size, and ratios that the methods promise."""

from benchmarks.power_control import SIZES, power_control


def test_every_size_has_a_row_and_direct_is_not_behind() -> None:
    section = power_control(quick=True)
    assert [row[0] for row in section.rows] == [f"{n_ues}/{n_ubs}" for n_ues, n_ubs in SIZES]
    for row in section.rows:
        assert len(row) == len(section.head)
        assert int(row[1]) <= int(row[2])
        assert float(row[7].split()[0]) >= 0.999
        assert float(row[8].split()[-1]) <= 1.001

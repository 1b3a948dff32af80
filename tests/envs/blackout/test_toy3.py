"""The scenario ``toy3``, worked out by hand: who dies when, who serves whom then, and what the metrics must be.

Three sites in a row, A at 0 m, B at 500 m, C at 1000 m. Eight users; four of them are critical, so that losing a single
one (3/4 < 0.95) loses survival once it has lasted for more than 12 minutes. Distances in metres:

    user             A     B     C   reached within 400 m   within 800 m
    0 emergency    100   600  1100   A                      A B
    1 voice        230   270   770   A B                    A B C
    2 essential    150   522  1011   A                      A B
    3 best effort  484    63   523   B                      A B C
    4 essential    541   151   503   B                      A B C
    5 voice        780   280   220   B C                    A B C
    6 emergency   1100   600   100   C                      B C
    7 best effort 1007   514   120   C                      B C

A battery gives 12.5 kWh x (SoC - 0.2) x 0.8 = 10 kWh x (SoC - 0.2). A site dies in the minute in which its energy ends;
that minute is still served, so it is down, and its users are without it, from the next minute on.
"""

import math

import numpy as np
import pytest

from tests.envs.blackout.tools import outage_world, play
from voltran.envs.blackout.world import BlackoutWorld

USERS, SITES = 8, 3
WINDOW_MIN = 120  # the continuity window of 2 h
# Two sectors, all bands on: 2 x (250 + 250 + 500 + 1000) W.
NORMAL_KW = 4.0
# The low bands on, the high ones in standby: 2 x (250 + 250 + 50 + 50) W.
LOW_BANDS_KW = 1.2
SLEEP_KW = 0.4
QUARTER_H = 0.25

ENERGY_A, ENERGY_B, ENERGY_C = (10.0 * (soc - 0.2) for soc in (0.345, 0.435, 0.485))  # 1.45, 2.35, 2.85 kWh


def down_from_min(energy_kwh: float, power_kw: float) -> int:
    """First minute in which a site with constant power is down."""
    return math.floor(energy_kwh / power_kw * 60.0) + 1


def metrics(controller: str) -> dict[str, float]:
    world = outage_world()
    play(world, controller)
    return {name: float(values[0]) for name, values in world.kpis().items()}


def check(found: dict[str, float], *, lost_min: int, first_min: int, half_min: int, served: int) -> None:
    """Compare with hand-made figures; ``served`` is the number of user minutes served in the window."""
    assert found["survival_h"] * 60.0 == pytest.approx(lost_min, abs=1e-9)
    assert found["first_depletion_h"] * 60.0 == pytest.approx(first_min, abs=1e-9)
    assert found["half_depleted_h"] * 60.0 == pytest.approx(half_min, abs=1e-9)
    assert found["continuity"] == pytest.approx(served / (USERS * WINDOW_MIN), abs=1e-12)
    assert found["censored"] == 0.0


def test_the_table_above_is_that_of_the_scenario() -> None:
    constants = outage_world().constants
    users = np.asarray(constants.scenario.users.positions_m)
    rounded = np.rint(np.linalg.norm(users[:, None] - constants.sites_m, axis=-1))
    assert rounded.tolist() == [
        [100, 600, 1100], [230, 270, 770], [150, 522, 1011], [484, 63, 523],
        [541, 151, 503], [780, 280, 220], [1100, 600, 100], [1007, 514, 120],
    ]  # fmt: skip
    assert constants.mode_radius_m.tolist() == [400.0, 800.0, 200.0, 0.0]
    # At 500 m kappa is above 0.3, at 1000 m below: only neighbours may help each other.
    assert constants.may_help.tolist() == [[False, True, False], [True, False, True], [False, True, False]]
    assert constants.usable_full_kwh == pytest.approx(8.0)


def test_independent() -> None:
    down_a, down_b, down_c = (down_from_min(energy, NORMAL_KW) for energy in (ENERGY_A, ENERGY_B, ENERGY_C))
    assert (down_a, down_b, down_c) == (22, 36, 43)
    found = metrics("independent")
    # Without A nobody within 400 m serves users 0 and 2: one critical user is lost, and stays lost.
    # Without B, users 1 (770 m from C), 3 and 4 go as well; then C, and with it everybody.
    served = 22 * 8 + (36 - 22) * 6 + (43 - 36) * 3
    check(found, lost_min=down_a, first_min=down_a, half_min=down_b, served=served)
    assert found["handovers_per_user"] == 0.0
    assert found["mode_switches_per_site"] == 0.0


@pytest.mark.parametrize("controller", ["static", "static-v2g"])
def test_static(controller: str) -> None:
    """Within 800 m, B serves all of A's users when A is down; there are no vehicles that V2G could use."""
    down_a, down_b, down_c = 22, 36, 43  # helping costs what normal operation does
    found = metrics(controller)
    # Without A and B, C reaches all but users 0 and 2; user 0 is critical.
    served = 36 * 8 + (43 - 36) * 6
    check(found, lost_min=down_b, first_min=down_a, half_min=down_b, served=served)
    # When A goes, its users 0, 1 and 2 move to B.
    assert found["handovers_per_user"] == pytest.approx(3 / USERS)
    assert found["mode_switches_per_site"] == 0.0
    assert down_c == down_from_min(ENERGY_C, NORMAL_KW)


def test_carrier_shutdown() -> None:
    down_a, down_b, down_c = (down_from_min(energy, LOW_BANDS_KW) for energy in (ENERGY_A, ENERGY_B, ENERGY_C))
    assert (down_a, down_b, down_c) == (73, 118, 143)
    served = 73 * 8 + (118 - 73) * 6 + (WINDOW_MIN - 118) * 3
    check(metrics("carrier-shutdown"), lost_min=down_a, first_min=down_a, half_min=down_b, served=served)


def test_rotating_sleep() -> None:
    """Quarter of an hour by quarter of an hour: the richest helps, and covers its poorer neighbours.

    A and C are no neighbours: when C is the richest it covers B, and A has to help as well (linked to the sleeping B).
    """
    active_kwh, asleep_kwh = NORMAL_KW * QUARTER_H, SLEEP_KW * QUARTER_H
    a, b, c = ENERGY_A, ENERGY_B, ENERGY_C
    # 0-15 min: C is the richest: C and A help, B sleeps; together they reach everybody.
    a, b, c = a - active_kwh, b - asleep_kwh, c - active_kwh
    assert max(a, b, c) == b
    # 15-30 min: B helps, and reaches everybody; A and C sleep.
    a, b, c = a - asleep_kwh, b - active_kwh, c - asleep_kwh
    assert max(a, b, c) == c
    # 30-45 min: C and A help, B sleeps. A's 0.35 kWh end after 5.25 minutes; C alone does not reach users 0 and 2.
    down_a = 30 + down_from_min(a, NORMAL_KW)
    b, c = b - asleep_kwh, c - active_kwh
    assert (down_a, max(b, c)) == (36, b)
    # 45-60 min: B helps and reaches everybody, C sleeps: 9 minutes with 3/4 served lack 2.25 of 3 minutes.
    b, c = b - active_kwh, c - asleep_kwh
    assert max(b, c) == c
    # 60-75 min: C helps, B sleeps. C's 0.65 kWh end after 9.75 minutes; then nobody serves until the next plan, and
    # minute 70 shows that the hour from minute 36 on lacks too much.
    down_c = 60 + down_from_min(c, NORMAL_KW)
    b -= asleep_kwh
    # From 75 min on: B helps until its last 0.05 kWh end, within the minute, and interrupts the gap from minute 60 on.
    down_b = 75 + down_from_min(b, NORMAL_KW)
    assert (down_c, down_b) == (70, 76)

    found = metrics("rotating-sleep")
    served = 30 * 8 + 6 * 8 + 9 * 6 + 15 * 8 + 10 * 6 + 5 * 0 + 1 * 8
    check(found, lost_min=down_a, first_min=down_a, half_min=down_c, served=served)
    # No gap lasts for 30 minutes before the last one.
    assert found["survival_hold_h"] * 60.0 == pytest.approx(down_b)
    # The gap from 60 to 75 min lasts for 15 minutes, and counts where that is the hold.
    assert found["survival_15_h"] * 60.0 == pytest.approx(60.0)
    # In the order of the changes: users 3 and 4 leave B; all go to B; all leave B.
    assert found["handovers_per_user"] == pytest.approx((2 + 8 + 8) / USERS)
    # All three change at 15 and 30 min; the first plan is no change.
    assert found["mode_switches_per_site"] == pytest.approx((3 + 3) / SITES)


def test_nothing_is_random() -> None:
    """Worlds of different seeds are the same."""
    world: BlackoutWorld = outage_world(n_worlds=3)
    play(world, "rotating-sleep", seed=5)
    for values in world.kpis().values():
        assert len(set(values.tolist())) == 1

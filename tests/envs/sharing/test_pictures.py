"""Pictures: what they say is what the world says, and the same state gives the same picture."""

import matplotlib as mpl
import numpy as np
import pytest

from tests.envs.sharing.tools import random_actions, sharing_world, small
from voltran.envs.sharing.picture import as_image, places
from voltran.envs.sharing.world import SharingWorld


def stepped(steps: int = 5) -> SharingWorld:
    world, rng = small(), np.random.default_rng(0)
    for _ in range(steps):
        world.step(random_actions(world, rng))
    return world


def test_the_text_says_what_flows() -> None:
    world = stepped()
    lines, trace, ledger = world.render("ansi").splitlines(), world.trace(), world.ledger()
    assert lines[0].startswith("Mon 01:15 (sharing12, seed 0) | ")
    assert f"grid alone {world.kpis()['grid_only_eur'][0]:.2f}" in lines[0]
    assert f"cost {world.kpis()['cost_eur'][0]:.2f} EUR" in lines[0]
    assert len(lines) == 4
    for place, line in enumerate(lines[2:]):
        shown = [float(word.rstrip("%")) for word in line.split()]
        agents = slice(3 * place, 3 * place + 3)
        names = ("demand_kw", "grid_kw", "battery_kw", "direct_kw", "unserved_kw")
        flows = [ledger[name][0, agents].sum() for name in names]
        flows += [trace[name][-1, place] for name in ("solar_kw", "grid_charge_kw")]
        assert shown[1:8] == pytest.approx(flows, abs=6e-4)
        assert shown[8] == pytest.approx(100 * world.soc[0, place], abs=0.51)


def test_a_long_table_is_cut() -> None:
    world = sharing_world("sharing12", overrides={"network.infrastructures": 25, "time.horizon_h": 1.0})
    assert world.render("ansi").splitlines()[-1] == "... and 5 more"


def test_a_picture_follows_from_the_state_alone() -> None:
    first = stepped().render("rgb_array")
    with mpl.rc_context({"font.size": 30, "axes.grid": True}):
        assert np.array_equal(stepped().render("rgb_array"), first)
    assert not np.array_equal(stepped(6).render("rgb_array"), first)
    start = stepped(0).render("rgb_array")
    assert start.shape == first.shape
    assert not np.array_equal(as_image(stepped().scene(), dark=True), first)


def test_places_are_neighbours_at_a_distance_of_one() -> None:
    for count in (1, 2, 7, 12, 400):
        place = places(count)
        distance = np.linalg.norm(place[:, None] - place, axis=-1) + 10.0 * np.eye(count)
        assert place.shape == (count, 2)
        if count > 1:
            assert distance.min(axis=1) == pytest.approx(np.ones(count))

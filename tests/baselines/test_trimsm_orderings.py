"""What [FDRAN] claims of architectures and algorithms: orderings and wide bands, on fixed drops."""

import itertools
from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest

from voltran.envs.registry import make_world
from voltran.evaluation.controller_spec import parse_controllers

SEEDS = tuple(range(12))


@cache
def efficiency(entry: str, n_ubs: int = 20, n_ues: int = 8, seeds: Sequence[int] = SEEDS) -> np.ndarray:
    """Energy efficiency of each drop, Mbit/J."""
    controller = parse_controllers(entry)[0].builder()
    overrides = {"layout.n_ubs": n_ubs, "ues.count": n_ues, "limits.ubs_per_ue": min(3, n_ubs)}
    world = make_world("uplink20-drop", len(seeds), overrides, **getattr(controller, "world_options", {}))
    world.reset(seeds)
    controller.reset(world)
    assert world.step(controller.act(world)).truncated.all()
    return world.kpis()["energy_efficiency"]


def test_fd_ran_before_shared_stations_and_the_more_these_sleep_the_better() -> None:
    order = ["trimsm-eipc", *(f"uc-cell-free:idle_sleep={share}" for share in (1, 0.5, 0))]
    for better, worse in itertools.pairwise(order):
        assert (efficiency(better) > efficiency(worse)).all()


@pytest.mark.parametrize(("better", "worse"), [("trimsm-eipc", "cell-free"), ("cell-free", "cellular")])
def test_fd_ran_before_cell_free_before_cellular(better: str, worse: str) -> None:
    assert (efficiency(better) > efficiency(worse)).all()


def test_small_cells_lie_between_cellular_and_fd_ran() -> None:
    assert (efficiency("trimsm-eipc") > efficiency("small-cell")).all()
    assert (efficiency("small-cell") > efficiency("cellular")).all()


def test_sleep_is_worth_a_third_to_a_factor_of_two() -> None:
    assert 1.3 <= efficiency("trimsm-eipc").mean() / efficiency("trimsm-no-sleep").mean() <= 2.0


def test_the_gain_of_sleep_falls_with_more_ues() -> None:
    few, many = (
        efficiency("trimsm-eipc", n_ues=count).mean() / efficiency("trimsm-no-sleep", n_ues=count).mean()
        for count in (8, 20)
    )
    assert 1.0 < many < few


@pytest.mark.parametrize("variant", ["eipc", "qopc", "fipc"])
@pytest.mark.parametrize("peer", ["tsap", "recp", "llsf"])
def test_every_variant_before_every_peer(variant: str, peer: str) -> None:
    assert efficiency(f"trimsm-{variant}").mean() > efficiency(peer).mean()


@pytest.mark.parametrize("full", [10, 20])
def test_efficiency_falls_where_another_unit_of_the_edge_cloud_is_needed(full: int) -> None:
    assert efficiency("trimsm-eipc", n_ubs=full).mean() > 1.05 * efficiency("trimsm-eipc", n_ubs=full + 1).mean()


def test_a_network_of_two_is_too_small_for_an_edge_cloud() -> None:
    assert (efficiency("trimsm-eipc", n_ubs=2) < efficiency("uc-cell-free:idle_sleep=1", n_ubs=2)).all()


def test_inverse_power_control_comes_close_to_the_original() -> None:
    seeds = (4, 9)
    inverse, original = (efficiency(f"trimsm-{name}", n_ubs=10, n_ues=5, seeds=seeds) for name in ("eipc", "original"))
    assert inverse.mean() == pytest.approx(original.mean(), rel=0.08)

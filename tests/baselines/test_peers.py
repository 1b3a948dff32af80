"""Rules of thumb for associations: each rule's definition, the limits, and nobody unserved."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.baselines.uplink_problems import draw_problem
from voltran.baselines.trimsm import peers
from voltran.envs.uplink.problem import UplinkProblem
from voltran.physics.arrays import BoolArray

RULES = [peers.recp, peers.llsf, peers.tsap, peers.masters]


@pytest.mark.parametrize("associate", RULES)
@given(
    seed=st.integers(0, 1000),
    n_ues=st.integers(1, 12),
    n_ubs=st.integers(1, 8),
    ubs_per_ue=st.integers(1, 4),
    ues_per_ubs=st.integers(1, 12),
)
@settings(max_examples=40)
def test_limits_hold_and_every_ue_is_served_while_there_is_room(
    associate: Callable[[UplinkProblem], BoolArray],
    seed: int,
    n_ues: int,
    n_ubs: int,
    ubs_per_ue: int,
    ues_per_ubs: int,
) -> None:
    overrides: dict[str, Any] = {"limits__ubs_per_ue": min(ubs_per_ue, n_ubs), "limits__ues_per_ubs": ues_per_ubs}
    problem = draw_problem(seed, n_ues, n_ubs, **overrides)
    association = associate(problem)
    servers, clients = association.sum(axis=0), association.sum(axis=1)
    assert servers.max() <= problem.ubs_per_ue
    assert clients.max() <= problem.ues_per_ubs
    assert (servers > 0).sum() == min(n_ues, n_ubs * ues_per_ubs)


@pytest.mark.parametrize("seed", range(5))
def test_recp_takes_as_few_of_the_strongest_as_make_up_the_share(seed: int) -> None:
    problem = draw_problem(seed, limits__ubs_per_ue=20)
    association = peers.recp(problem)
    for ue in range(problem.n_ues):
        gain = np.sort(problem.gain[:, ue])[::-1]
        needed = 1 + int((gain.cumsum() < 0.95 * gain.sum()).sum())
        strongest = np.argsort(-problem.gain[:, ue])[:needed]
        assert set(np.flatnonzero(association[:, ue])) == set(strongest)


@pytest.mark.parametrize("seed", range(5))
def test_recp_stops_at_the_limit_of_servers(seed: int) -> None:
    wide, narrow = (peers.recp(draw_problem(seed, limits__ubs_per_ue=most)).sum(axis=0) for most in (20, 3))
    assert np.array_equal(narrow, np.minimum(wide, 3))


@pytest.mark.parametrize("seed", range(5))
def test_llsf_takes_the_strongest(seed: int) -> None:
    problem = draw_problem(seed)
    ranks = (-problem.gain).argsort(axis=0).argsort(axis=0)
    assert np.array_equal(peers.llsf(problem), ranks < 3)


@pytest.mark.parametrize("seed", range(5))
def test_tsap_serves_beyond_the_master_only_strong_links_on_free_pilots(seed: int) -> None:
    problem = draw_problem(seed, n_ues=16, radio__pilot_symbols=4)
    association = peers.tsap(problem)
    master = problem.gain == problem.gain.max(axis=0)
    assert association[master].all()
    extra = association & ~master
    assert extra.any()
    assert (problem.gain[extra] >= 0.3 * np.broadcast_to(problem.gain.max(axis=0), master.shape)[extra]).all()
    same_pilot = (problem.statistics.coherent != 0.0).any(axis=0)
    for ubs, ue in np.argwhere(extra):
        assert not (extra[ubs] & same_pilot[ue]).any()
        assert not (master[ubs] & same_pilot[ue]).any()


def test_tsap_leaves_no_strong_link_out_without_a_reason() -> None:
    problem = draw_problem(2)
    association = peers.tsap(problem)
    left_out = (problem.gain >= 0.3 * problem.gain.max(axis=0)) & ~association
    for _, ue in np.argwhere(left_out):
        assert association[:, ue].sum() == problem.ubs_per_ue


@given(seed=st.integers(0, 1000), n_ues=st.integers(1, 10), n_ubs=st.integers(1, 24))
@settings(max_examples=40)
def test_all_ubs_are_given_work_where_there_are_links_enough(seed: int, n_ues: int, n_ubs: int) -> None:
    problem = draw_problem(seed, n_ues, n_ubs, limits__ubs_per_ue=min(3, n_ubs))
    association = peers.all_awake(problem, peers.recp(problem))
    assert association.sum(axis=0).max() <= problem.ubs_per_ue
    assert association.sum(axis=1).max() <= problem.ues_per_ubs
    assert association.any(axis=0).all()
    assert association.any(axis=1).sum() == min(n_ubs, n_ues * problem.ubs_per_ue)


def test_rules_leave_an_empty_network_empty() -> None:
    problem = draw_problem(0)
    nobody = np.array([], dtype=np.int64)
    empty = problem._replace(
        ue=nobody,
        gain=problem.gain[:, nobody],
        statistics=type(problem.statistics)(
            problem.statistics.signal[:, nobody],
            problem.statistics.leakage[:, nobody][:, :, nobody],
            problem.statistics.coherent[:, nobody][:, :, nobody],
        ),
        rate_min_mbps=problem.rate_min_mbps[nobody],
    )
    for associate in (*RULES, peers.everywhere):
        assert associate(empty).shape == (20, 0)

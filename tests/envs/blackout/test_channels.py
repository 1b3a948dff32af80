"""Channels: what a user and a site share, who is covered, and how a walk changes both."""

import numpy as np
import pytest

from tests.envs.blackout.test_draws import model_with
from tests.envs.blackout.tools import put
from voltran.envs.blackout import channels, draws
from voltran.envs.blackout.channels import NODE_SPACING_M, walked_channels
from voltran.envs.blackout.constants import BlackoutConstants
from voltran.envs.blackout.population import Inhabitants
from voltran.physics.layout import distances_m
from voltran.physics.radio import covered_users


@pytest.fixture(scope="module")
def constants() -> BlackoutConstants:
    return model_with()


@pytest.fixture(scope="module")
def start(constants: BlackoutConstants) -> channels.ChannelDraws:
    return channels.draw_channels(constants, 0, np.arange(1000))


def theory(distance_m: float) -> float:
    """Correlation of an interpolated field at two places some distance apart, over all places of the first.

    With ``d`` in node spacings: the mean over ``u`` of ``cos(pi d / 2)`` where both lie between the same nodes, and of
    ``sin(pi u / 2) cos(pi (u + d - 1) / 2)`` where they have one node in common.
    """
    apart = min(distance_m / NODE_SPACING_M, 2.0)
    return float((1.0 - apart / 2.0) * np.cos(np.pi * apart / 2.0) + np.sin(np.pi * apart / 2.0) / np.pi)


def test_channels_depend_on_the_seed_and_share_a_part_among_sites(
    constants: BlackoutConstants, start: channels.ChannelDraws
) -> None:
    shadowing = start.shadowing_normal
    assert shadowing.std() == pytest.approx(1.0, rel=0.05)
    correlation = np.asarray(np.corrcoef(shadowing))[np.triu_indices(19, 1)]
    assert correlation.mean() == pytest.approx(0.5, abs=0.05)
    assert start.indoor.mean() == pytest.approx(0.7, abs=0.06)
    assert not np.array_equal(shadowing, channels.draw_channels(constants, 1, np.arange(1000)).shadowing_normal)


def test_what_is_drawn_for_a_user_depends_on_nobody_else(
    constants: BlackoutConstants, start: channels.ChannelDraws
) -> None:
    some = np.array([0, 3, 4, 800])
    for attempt in (0, 2):
        everybody = start if attempt == 0 else channels.draw_channels(constants, 0, np.arange(1000), attempt)
        alone = channels.draw_channels(constants, 0, some, attempt)
        for name, values in vars(alone).items():
            assert np.array_equal(values, getattr(everybody, name)[..., some])


def test_users_are_covered_before_the_outage(constants: BlackoutConstants) -> None:
    """With the option off a few per cent are not; with it on, next to nobody."""
    open_model = model_with(users__covered_at_start=False)
    uncovered = {True: 0, False: 0}
    for seed in range(5):
        positions = draws.draw_positions(constants, seed)
        distance = distances_m(constants.sites_m, positions)
        for wanted, drawn_for in ((True, constants), (False, open_model)):
            _, received, _ = channels.draw_covered_channels(drawn_for, seed, distance)
            uncovered[wanted] += int((~covered_users(received, distance, 400.0, constants.radio)).sum())
    assert uncovered[True] <= 2
    assert uncovered[False] > 50


@pytest.mark.parametrize("speed_m_per_s", [0.0, 1.0])
def test_servable_users_are_those_whom_normal_operation_reaches(speed_m_per_s: float) -> None:
    """Somebody decodes a site on some band: signal over interference and noise, within 400 m, where users are now."""
    walking = model_with(users__speed_m_per_s=speed_m_per_s, users__covered_at_start=False)
    inhabitants = Inhabitants(walking, 2)
    put(inhabitants, 1, 5)
    for time_s in (0.0, 900.0, 7200.0):
        inhabitants.advance_to(1, time_s)
        users = inhabitants.users
        received = users.received_mw[1].astype(np.float64)
        sinr = received / (received.sum(axis=1, keepdims=True) - received + walking.radio.noise_mw[:, None, None])
        decoded = (sinr >= walking.radio.sinr_min).any(axis=0) & (users.distance_m[1] <= 400.0)
        assert np.array_equal(users.servable[1], decoded.any(axis=0))
        assert 0.8 < users.servable[1].mean() < 1.0


@pytest.mark.parametrize("walked_m", [10.0, 53.25, 1350.0, 77777.7])
def test_walked_channels_are_distributed_as_at_the_start(
    constants: BlackoutConstants, start: channels.ChannelDraws, walked_m: float
) -> None:
    """Shadowing standard normal with half of its variance common to all sites, the other number uniform; same walls."""
    walked = walked_channels(constants, 0, start, walked_m)
    assert walked.shadowing_normal.mean() == pytest.approx(0.0, abs=0.1)
    assert walked.shadowing_normal.std() == pytest.approx(1.0, rel=0.05)
    assert np.asarray(np.corrcoef(walked.shadowing_normal))[np.triu_indices(19, 1)].mean() == pytest.approx(
        0.5, abs=0.06
    )
    sight = walked.sight_uniform
    assert np.abs(np.histogram(sight, 10, (0.0, 1.0))[0] / sight.size - 0.1).max() < 0.01
    assert np.abs(np.asarray(np.corrcoef(sight))[np.triu_indices(19, 1)]).mean() < 0.05
    for name in ("indoor", "depth_m", "wall_db"):
        assert np.array_equal(getattr(walked, name), getattr(start, name))


@pytest.mark.parametrize("apart_m", [0.0, 25.0, 50.0, 107.0, 500.0])
def test_channels_forget_over_the_distance_walked(apart_m: float) -> None:
    """1 / e at 50 m and nothing beyond two node spacings, for both numbers."""
    constants = model_with(radio__shadowing_site_common_share=0.0)
    start = channels.draw_channels(constants, 0, np.arange(1000))
    shadowing, sight = [], []
    for first_m in (np.arange(20) + (np.arange(20) + 0.5) / 20.0) * NODE_SPACING_M:  # everywhere between nodes
        here, there = (walked_channels(constants, 0, start, walked) for walked in (first_m, first_m + apart_m))
        shadowing.append(np.mean(here.shadowing_normal * there.shadowing_normal))
        sight.append(np.mean((here.sight_uniform - 0.5) * (there.sight_uniform - 0.5)) * 12.0)
    # 19 000 links at each of 20 places.
    assert np.mean(shadowing) == pytest.approx(theory(apart_m), abs=0.02)
    # The rank correlation of normal numbers with correlation r is 6 / pi arcsin(r / 2), which is r within 0.02.
    assert np.mean(sight) == pytest.approx(theory(apart_m), abs=0.035)


def test_the_spacing_of_nodes_gives_the_correlation_distance() -> None:
    assert theory(50.0) == pytest.approx(np.exp(-1.0), abs=1e-3)
    assert theory(0.0) == 1.0
    assert theory(107.0) == pytest.approx(0.0, abs=1e-12)


def test_a_walk_begins_with_the_channel_of_the_start(
    constants: BlackoutConstants, start: channels.ChannelDraws
) -> None:
    assert walked_channels(constants, 0, start, 0.0) is start
    near = walked_channels(constants, 0, start, 1e-9)
    np.testing.assert_allclose(near.shadowing_normal, start.shadowing_normal, atol=1e-9)
    np.testing.assert_allclose(near.sight_uniform, start.sight_uniform, atol=1e-9)


def test_channels_after_a_walk_do_not_depend_on_its_steps() -> None:
    """500 m at once, or in ten times 50 m."""
    walking = model_with(users__speed_m_per_s=1.0)
    once, often = Inhabitants(walking, 1), Inhabitants(walking, 1)
    for inhabitants in (once, often):
        put(inhabitants, 0, 4)
    start = once.users.received_mw.copy()
    once.advance_to(0, 500.0)
    for step in range(1, 11):
        often.advance_to(0, 50.0 * step)
    for name, values in once.users._asdict().items():
        assert np.array_equal(values, getattr(often.users, name)), name
    assert not np.array_equal(start, once.users.received_mw)


def test_walkers_leave_the_coverage_that_their_start_was_drawn_for() -> None:
    """At the start next to everybody is covered; after a walk of 1350 m as many are not as if nobody had asked."""
    walking = model_with(users__speed_m_per_s=1.5)
    inhabitants = Inhabitants(walking, 5)
    for world in range(5):
        put(inhabitants, world, world)
    at_start = (~inhabitants.users.servable).mean(axis=1).mean()
    for world in range(5):
        inhabitants.advance_to(world, 900.0)
    assert at_start < 0.002
    assert 0.01 < (~inhabitants.users.servable).mean(axis=1).mean() < 0.12


def test_a_walk_is_the_same_for_the_first_users_of_more() -> None:
    few, many = (Inhabitants(model_with(users__speed_m_per_s=1.0, users__count=count), 1) for count in (300, 600))
    for inhabitants in (few, many):
        put(inhabitants, 0, 8)
        inhabitants.advance_to(0, 3600.0)
    assert np.array_equal(few.users.received_mw, many.users.received_mw[..., :300])
    assert np.array_equal(few.users.servable, many.users.servable[:, :300])

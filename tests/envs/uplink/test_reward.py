"""Rewards: the team's formula, and a local credit that is the team reward less that without the UBS's offer."""

import numpy as np
import pytest

from tests.envs.episodes import started
from tests.envs.uplink.tools import asked, random_codes, strongest, uplink_world
from voltran.envs.uplink.architecture import ARCHITECTURES

COMPONENTS = ("efficiency", "shortfall", "wake_up")
OVERRIDES = {"quality.rate_min_mbps": 40.0, "layout.n_ubs": 8, "time.horizon_h": 6, "time.start_h": 9}


def test_the_team_reward_follows_its_formula() -> None:
    world, generator = started(uplink_world("uplink20", 2, OVERRIDES)), np.random.default_rng(0)
    for _ in range(24):
        transition = world.step(random_codes(world, generator))
        for index in range(2):
            latest = {name: values[-1] for name, values in world.trace(index).items()}
            missing = latest["shortfall_mbps"] / latest["traffic_mbps"] if latest["traffic_mbps"] else 0.0
            expected = latest["energy_efficiency"] / 0.5 - 2.0 * missing - 0.2 * latest["wake_ups"] / 8
            np.testing.assert_allclose(transition.rewards["ubs"][index], expected, rtol=1e-12)
            told = sum(
                transition.episode_infos[f"reward_{part}"][index] for part in ("efficiency", "shortfall", "wake_up")
            )
            assert told == pytest.approx(expected)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("form", ["joint", "multi"])
def test_the_local_credit_is_what_a_ubs_adds_to_the_team(architecture: str, form: str) -> None:
    """Brute force: play the same period again in a copy of the world, with one UBS asking to sleep."""
    weights = {"reward.local_repair": 0.03, "reward.local_team": 0.25}
    options = {"architecture": architecture, "action_form": form}
    local = started(uplink_world("uplink20", 1, {**OVERRIDES, **weights}, **options, reward="local"))
    team = started(uplink_world("uplink20", 1, {**OVERRIDES, **weights}, **options))
    generator = np.random.default_rng(2)
    for _ in range(6):
        before, actions = team.get_state(), random_codes(local, generator)
        transition = local.step(actions)
        reached = team.step(actions).rewards["ubs"][0, 0]
        after = team.get_state()
        for ubs in range(local.architecture.n_ubs):
            team.set_state(before)
            changed = actions["ubs"].copy()
            changed[0, ubs] = 0
            credit = reached - team.step({"ubs": changed}).rewards["ubs"][0, 0]
            penalty = 0.03 * transition.agent_infos["ubs"]["repaired"][0, ubs]
            found = transition.rewards["ubs"][0, ubs]
            assert found == pytest.approx(credit - penalty + 0.25 * reached, abs=1e-12)
            if not actions["ubs"][0, ubs].any():
                assert found == -penalty + 0.25 * reached
        team.set_state(after)


def test_credits_hold_explicit_powers_fixed() -> None:
    world = started(uplink_world("uplink20-drop", reward="local"))
    team = started(uplink_world("uplink20-drop"))
    association, power_mw = strongest(world, 2), np.linspace(5.0, 90.0, 8)[None]
    found = world.step(asked(association, power_mw)).rewards["ubs"][0]
    reached = team.step(asked(association, power_mw)).rewards["ubs"][0, 0]
    for ubs in np.flatnonzero(association[0].any(axis=1)).tolist():
        started(team)
        changed = association.copy()
        changed[0, ubs] = False
        assert found[ubs] == pytest.approx(
            reached - team.step(asked(changed, power_mw)).rewards["ubs"][0, 0], abs=1e-12
        )


def test_without_wake_ups_a_shut_network_pays_nothing_for_waking() -> None:
    world = started(uplink_world("uplink20", overrides={"reward.wake_up": 0.0}))
    transition = world.step(random_codes(world, np.random.default_rng(0)))
    assert transition.episode_infos["reward_wake_up"].tolist() == [0.0]

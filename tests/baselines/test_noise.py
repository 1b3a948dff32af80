"""No decision hangs on the last bits of what controllers are told: noise leaves whole episodes' commands as they are.

``make noise`` plays many more of them.
"""

import pytest

from tests.baselines.noise import (
    BROWNOUT_TEAMS,
    LOADS,
    MARKET_TEAMS,
    PLANNERS,
    RULES,
    assert_same_commands,
    controller_of,
    play,
    play_with_noise,
)
from voltran.envs.registry import make_world
from voltran.physics.ordering import SAME

# Single precision would swallow the noise on received powers.
DOUBLE = {"radio.precision": "float64"}


def expect_the_same(scenario: str, name: str, seed: int, decisions: int | None = None) -> None:
    overrides = DOUBLE if scenario.startswith("urban") else {}
    plain = play(make_world(scenario, 1, overrides), controller_of(name), seed, decisions)
    other = play_with_noise(scenario, overrides, controller_of(name), seed, noise=seed, decisions=decisions)
    assert_same_commands(plain, other, SAME)


@pytest.mark.parametrize("name", [*RULES, *PLANNERS])
def test_noise_moves_no_command_in_a_small_outage(name: str) -> None:
    expect_the_same("urban7-medium", name, seed=1, decisions=4)


@pytest.mark.parametrize("name", ["msrc-fast", "msrc-extended", "trimsm"])
def test_noise_moves_no_plan_of_a_large_network(name: str) -> None:
    """Each site has many neighbours that are as good as each other."""
    expect_the_same("urban19-medium", name, seed=1000, decisions=1)


@pytest.mark.parametrize("name", MARKET_TEAMS)
def test_noise_moves_no_trade(name: str) -> None:
    expect_the_same("market8", name, seed=0, decisions=24)


def test_noise_moves_neither_plans_nor_prices_of_a_brownout() -> None:
    expect_the_same("urban19-brownout-medium", "bs=msrc-fast+retailer=dpa", seed=0, decisions=2)


@pytest.mark.slow
@pytest.mark.parametrize("load", LOADS)
@pytest.mark.parametrize("seed", [1001, 1002])
def test_noise_moves_no_rule_in_whole_outages(seed: int, load: str) -> None:
    for name in RULES:
        expect_the_same(f"urban19-{load}", name, seed)


@pytest.mark.slow
@pytest.mark.parametrize("load", LOADS)
@pytest.mark.parametrize(("name", "seeds", "decisions"), [
    ("msrc-fast", (1001, 1002), 16), ("msrc", (1001,), 6), ("msrc-extended", (1001,), 4), ("trimsm", (1001,), 4),
])  # fmt: skip
def test_noise_moves_no_planner_in_outages(name: str, seeds: tuple[int, ...], decisions: int | None, load: str) -> None:
    for seed in seeds:
        expect_the_same(f"urban19-{load}", name, seed, decisions)


@pytest.mark.slow
@pytest.mark.parametrize("name", [*MARKET_TEAMS, *BROWNOUT_TEAMS])
def test_noise_moves_nothing_in_whole_markets(name: str) -> None:
    if name in MARKET_TEAMS:
        expect_the_same("market8", name, seed=1)
    else:
        expect_the_same("urban19-brownout-medium", name, seed=1, decisions=8)

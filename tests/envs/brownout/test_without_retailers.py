"""With no retailers and no main grid the brownout is blackout_v0, bit for bit."""

from typing import Any

import numpy as np
import pytest

from tests.envs.blackout.tools import assert_same, over, random_codes
from tests.envs.brownout.tools import NOBODY, blackout_twin, brownout_world
from tests.envs.episodes import started
from voltran.envs.blackout.commands import mode_commands
from voltran.envs.blackout.world import BlackoutWorld
from voltran.envs.brownout.actions import BUY_LEVELS
from voltran.envs.brownout.commands import BrownoutCommands
from voltran.envs.brownout.world import BrownoutWorld
from voltran.envs.world import Transition


def assert_twins(brownout: BrownoutWorld, outage: BlackoutWorld) -> None:
    """Everything that the outage has to tell, both tell alike."""
    ours, theirs = brownout.get_state(), outage.get_state()
    for part in ("episodes", "state", "series"):
        names = theirs[part].keys() - {"imports"}
        assert_same({name: ours[part][name] for name in names}, {name: theirs[part][name] for name in names})
    observed = outage.observations()["bs"]
    assert np.array_equal(brownout.observations()["bs"][..., : observed.shape[-1]], observed)
    assert np.array_equal(brownout.state(), outage.state())
    levels = brownout.action_masks()["bs"].reshape(*observed.shape[:2], -1, len(BUY_LEVELS))
    assert np.array_equal(levels.any(axis=-1), outage.action_masks()["bs"])
    for name, values in outage.ledger().items():
        assert np.array_equal(brownout.ledger()[name], values), name


def assert_same_metrics(brownout: BrownoutWorld, outage: BlackoutWorld) -> None:
    metrics, outage_metrics = brownout.kpis(), outage.kpis()
    assert_same({name: metrics[name] for name in outage_metrics}, outage_metrics)


def assert_same_outcome(brownout: Transition, outage: Transition) -> None:
    assert_same(brownout.rewards, outage.rewards)
    assert np.array_equal(brownout.terminated, outage.terminated)
    assert np.array_equal(brownout.truncated, outage.truncated)
    infos, outage_infos = brownout.agent_infos["bs"], outage.agent_infos["bs"]
    assert_same({name: infos[name] for name in outage_infos}, outage_infos)
    assert_same({name: brownout.episode_infos[name] for name in outage.episode_infos}, outage.episode_infos)


@pytest.mark.parametrize(
    ("n_worlds", "seed", "options"),
    [
        (1, 0, {}),
        (4, 1, {"action_set": "extended", "reward": "local"}),
        (4, 50, {"reward": "mixed"}),
    ],
)
def test_same_codes_give_the_same_episodes(n_worlds: int, seed: int, options: dict[str, Any]) -> None:
    brownout = started(brownout_world(n_worlds, NOBODY, **options), seed)
    outage, generator = blackout_twin(n_worlds, **options), np.random.default_rng(seed)
    outage.reset(range(seed, seed + n_worlds))
    assert [role.name for role in brownout.roles] == ["bs"]
    finished = False
    while not finished:
        codes = random_codes(outage, generator)
        levels = np.where(outage.alive, generator.integers(len(BUY_LEVELS), size=codes.shape), len(BUY_LEVELS) - 1)
        transition = brownout.step({"bs": codes * len(BUY_LEVELS) + levels})
        assert_same_outcome(transition, outage.step({"bs": codes}))
        assert_twins(brownout, outage)
        finished = over(transition)
    assert_same_metrics(brownout, outage)
    assert not outage.alive.all()  # enough has happened


@pytest.mark.parametrize("says_what_to_buy", [False, True])
@pytest.mark.parametrize("command_set", ["free", "extended"])
def test_same_commands_give_the_same_episodes(says_what_to_buy: bool, command_set: Any) -> None:
    brownout, outage = started(brownout_world(4, NOBODY), 7), blackout_twin(4)
    outage.reset(range(7, 11))
    generator, shape = np.random.default_rng(0), (4, 7)
    for _ in range(6):
        sites = mode_commands(
            outage.constants,
            generator.integers(4, size=shape),
            command_set=command_set,
            ev_power_kw=generator.uniform(0.0, 7.0, shape),
            ev_to_battery=bool(generator.random() < 0.5),
        )
        buying = BrownoutCommands(sites, generator.random(shape), generator.random(shape))
        transition = brownout.step({"bs": buying if says_what_to_buy else sites})
        assert_same_outcome(transition, outage.step({"bs": sites}))
        assert_twins(brownout, outage)
    assert_same_metrics(brownout, outage)


def test_there_is_no_trade_to_tell_of() -> None:
    world = started(brownout_world(2, NOBODY))
    for _ in range(3):
        world.step({"bs": random_codes(world, np.random.default_rng(0))})
    metrics = world.kpis()
    for name in (
        "bought_kwh",
        "main_kwh",
        "paid_usd",
        "generation_cost_usd",
        "satisfaction_usd",
        "retailer_profit_usd",
    ):
        assert not metrics[name].any(), name
    assert not [name for name in metrics if name.startswith("retailer_profit_usd_")]
    assert np.isnan(metrics["mean_price_usd_per_kwh"]).all()

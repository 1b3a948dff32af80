"""Bad scenarios, options and commands: refused with the field, the value and the remedy, and nothing has changed."""

from typing import Any

import numpy as np
import pytest

from tests.envs.episodes import started
from tests.envs.uplink.tools import asked, random_codes, strongest, uplink_world
from voltran.envs.errors import ActionError, EpisodeError, ScenarioError
from voltran.envs.uplink.commands import UplinkCommands


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"ues.count": 0}, "ues.count = 0: .*greater than or equal to 1"),
        ({"layout.n_ubs": 3, "ues.count": 31}, "ues.count = 31: 3 UBSs of fd-ran serve at most 10 UEs each; raise"),
        ({"time.horizon_h": 0.3}, "horizon_h = 0.3 is not a whole number of decision periods of 900.0 s"),
        ({"time.start_h": 24}, "time.start_h = 24: .*less than 24"),
        ({"traffic.source": "files"}, "source = 'files': files.paths is needed"),
        ({"traffic.night_share": 2}, "traffic.night_share = 2"),
        ({"traffic.sessions_h": 2}, r"unknown key 'traffic.sessions_h' \(did you mean 'session_h'\?\)"),
        ({"reward.wake_up": -1}, "reward.wake_up = -1"),
    ],
)
def test_impossible_scenarios(overrides: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        uplink_world(overrides=overrides)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"architecture": "mesh"}, "architecture = 'mesh' is unknown; use one of fd-ran"),
        ({"idle_sleep": 0.5}, "idle_sleep = 0.5: applies to uc-cell-free only"),
        ({"action_form": "single"}, "action_form = 'single' is unknown"),
        ({"reward": "mixed"}, "reward = 'mixed' is unknown; use one of team, local"),
        ({"action_set": "paper"}, "uplink_v0 has no option 'action_set'; its options: architecture"),
    ],
)
def test_impossible_options(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        uplink_world(**options)
    with pytest.raises(ScenarioError, match="n_worlds = 0"):
        uplink_world(n_worlds=0)


def offers(**changes: Any) -> UplinkCommands:
    return UplinkCommands(changes.get("association", np.ones((2, 20, 8), dtype=bool)), changes.get("power_mw"))


def powers(value: float) -> Any:
    power_mw = np.full((2, 8), 10.0)
    power_mw[1, 3] = value
    return power_mw


@pytest.mark.parametrize(
    ("actions", "message"),
    [
        ({"bs": np.zeros((2, 20), dtype=int)}, r"roles \['bs'\]; uplink_v0 has exactly the role ubs"),
        ({"ubs": np.zeros((2, 19), dtype=int)}, r"shape \(2, 19\); expected \(2, 20\)"),
        ({"ubs": np.zeros((2, 20))}, "dtype float64; expected integers"),
        ({"ubs": np.full((2, 20), 11)}, r"action of ubs_0 in world 0 = 11: must lie in \[0, 10\]"),
        ({"ubs": [[1], [1, 2]]}, "ragged"),
        ({"ubs": offers(association=np.ones((2, 20, 7), dtype=bool))}, r"shape \(2, 20, 7\) is not .* \(2, 20, 8\)"),
        ({"ubs": offers(association=np.ones((2, 20, 8)))}, "command association: dtype float64 is not bool"),
        ({"ubs": offers(power_mw=np.ones((2, 20)))}, r"command power_mw: shape \(2, 20\) is not .* = \(2, 8\)"),
        ({"ubs": offers(power_mw=np.ones((2, 8), dtype=int))}, "command power_mw: dtype int64"),
        ({"ubs": offers(power_mw=powers(-1.0))}, r"power_mw of UE 3 in world 1 = -1.0: must lie in \[0, 100\]"),
        ({"ubs": offers(power_mw=powers(100.1))}, "power_mw of UE 3 in world 1 = 100.1"),
        ({"ubs": offers(power_mw=powers(np.nan))}, "power_mw of UE 3 in world 1 = nan"),
    ],
)
def test_impossible_commands_change_nothing(actions: dict[str, Any], message: str) -> None:
    world = started(uplink_world(n_worlds=2))
    world.step(random_codes(world, np.random.default_rng(0)))
    before = world.get_state()["state"]
    with pytest.raises(ActionError, match=message):
        world.step(actions)
    after = world.get_state()["state"]
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_calls_out_of_turn() -> None:
    world = uplink_world("uplink20-drop")
    for call in (world.problem, world.deployment, lambda: world.step(asked(np.ones((1, 20, 8), dtype=bool)))):
        with pytest.raises(EpisodeError, match="world 0 has not been reset: call reset"):
            call()
    started(world)
    with pytest.raises(EpisodeError, match="world = 1: the batch has worlds 0 to 0"):
        world.problem(1)
    with pytest.raises(EpisodeError, match="no metrics yet"):
        world.kpis()
    with pytest.raises(EpisodeError, match="the ledger is empty"):
        world.ledger()
    with pytest.raises(EpisodeError, match="2 seeds for 1 worlds"):
        world.reset([0, 1])
    world.step(asked(strongest(world)))
    with pytest.raises(EpisodeError, match="world 0 has ended its episode"):
        world.step(asked(strongest(world)))

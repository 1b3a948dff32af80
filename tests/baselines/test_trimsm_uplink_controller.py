"""Controllers of the uplink world: options, counters, and commands that need no repair."""

from typing import Any

import numpy as np
import pytest

from tests.envs.fake_world import make_fake_world
from voltran import baselines
from voltran.envs.errors import ScenarioError
from voltran.envs.registry import make_world
from voltran.envs.uplink.commands import UplinkCommands
from voltran.envs.uplink.problem import evaluate

MATCHING = ["trimsm-eipc", "trimsm-qopc", "trimsm-fipc", "trimsm-no-sleep", "uc-cell-free"]
RULES = ["tsap", "recp", "llsf", "cellular", "small-cell", "cell-free"]
ARCHITECTURES = ["cellular", "small-cell", "cell-free", "uc-cell-free"]
SMALL = {"layout.n_ubs": 8, "ues.count": 5, "cellular.n_sites": 4}
NOBODY = {**SMALL, "traffic.silent_below": 1.0, "traffic.threshold_of": "total"}


def started(name: str, seeds: tuple[int, ...] = (3,), *, overrides: Any = None, **options: Any) -> tuple[Any, Any]:
    controller = baselines.make(name, **options)
    world = make_world("uplink20-drop", len(seeds), overrides or SMALL, **controller.world_options)  # type: ignore[attr-defined]
    world.reset(seeds)
    controller.reset(world)
    return controller, world


@pytest.mark.parametrize("name", [*MATCHING, *RULES])
def test_commands_are_carried_out_as_they_are(name: str) -> None:
    controller, world = started(name)
    commands = controller.act(world)["ubs"]
    transition = world.step({"ubs": commands})
    assert not transition.agent_infos["ubs"]["repaired"].any()
    expected = evaluate(world.problem(0), commands.association[0], commands.power_mw[0])
    assert world.kpis()["energy_efficiency"][0] == pytest.approx(expected.efficiency)
    assert controller.information == "global"


@pytest.mark.parametrize("name", [*MATCHING, *RULES])
def test_a_moment_without_ues_gets_an_empty_association(name: str) -> None:
    controller, world = started(name, overrides=NOBODY)
    commands = controller.act(world)["ubs"]
    assert not commands.association.any()
    assert not commands.power_mw.any()
    world.step({"ubs": commands})
    assert world.kpis()["energy_efficiency"][0] == 0.0


@pytest.mark.parametrize("name", ["trimsm-eipc", "tsap", "uc-cell-free"])
def test_worlds_of_a_batch_are_played_alike(name: str) -> None:
    controller, world = started(name, (1, 2, 3))
    together = controller.act(world)["ubs"]
    for index, seed in enumerate((1, 2, 3)):
        single, alone = started(name, (seed,))
        commands = single.act(alone)["ubs"]
        assert np.array_equal(commands.association[0], together.association[index])
        assert np.array_equal(commands.power_mw[0], together.power_mw[index])


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_architectures_build_and_want_their_own_networks(name: str) -> None:
    controller, world = started(name)
    assert world.architecture.name == name
    with pytest.raises(ScenarioError, match=f"'{name}' plays networks with architecture = '{name}'; this world has"):
        controller.reset(make_world("uplink20-drop", 1, SMALL))


def test_shared_stations_get_the_matching_of_fd_ran_and_their_own_sleep() -> None:
    shared, world = started("uc-cell-free", idle_sleep=0.5)
    assert world.architecture.power.asleep_w > 0.5 * world.architecture.power.awake_w
    trimsm, network = started("trimsm-eipc")
    assert np.array_equal(shared.act(world)["ubs"].association, trimsm.act(network)["ubs"].association)


def test_no_sleep_keeps_every_ubs_awake() -> None:
    controller, world = started("trimsm-no-sleep")
    assert controller.act(world)["ubs"].association.any(axis=2).all()


@pytest.mark.parametrize("name", MATCHING)
def test_searches_count_their_work_per_decision(name: str) -> None:
    controller, world = started(name, (1, 2), final="eipc")
    assert controller.counters() == {}
    world.step(controller.act(world))
    counters = controller.counters()
    assert set(counters) == {"failed_solves", "swaps", "plan_evaluations"}
    assert counters["plan_evaluations"] > 50.0
    controller.reset(world)
    assert controller.counters() == {}


def test_steps_of_slmdb_are_counted_where_it_is_the_final_control() -> None:
    controller, world = started("recp", final="slmdb")
    world.step(controller.act(world))
    counters = controller.counters()
    assert 1.0 <= counters["slmdb_steps_1e3"] <= counters["slmdb_steps_1e4"]
    assert set(counters) == {"failed_solves", "slmdb_steps_1e3", "slmdb_steps_1e4"}


@pytest.mark.parametrize("final", ["eipc", "qopc", "fipc", "slmdb"])
def test_the_direct_final_control_is_the_best(final: str) -> None:
    values = []
    for chosen in ("direct", final):
        controller, world = started("recp", final=chosen)
        world.step(controller.act(world))
        values.append(float(world.kpis()["energy_efficiency"][0]))
    assert values[0] >= 0.999 * values[1]


@pytest.mark.parametrize(
    ("options", "differs"),
    [
        ({"block_moves": "on"}, True),
        ({"order": "first"}, True),
        ({"inner": "qopc"}, True),
        ({"inner": "eipc", "order": "batch", "qos": "elastic", "block_moves": "off", "final": "direct"}, False),
    ],
)
def test_options_reach_the_search(options: dict[str, Any], differs: bool) -> None:
    overrides = {"layout.n_ubs": 20, "ues.count": 8}
    plain, world = started("trimsm-eipc", overrides=overrides)
    other, same_world = started("trimsm-eipc", overrides=overrides, **options)
    first, second = plain.act(world)["ubs"].association, other.act(same_world)["ubs"].association
    assert np.array_equal(first, second) != differs


def test_the_original_is_the_search_with_the_direct_method_inside() -> None:
    overrides = {"layout.n_ubs": 5, "ues.count": 3}
    original, world = started("trimsm-original", overrides=overrides)
    spelled_out, same_world = started("trimsm-eipc", overrides=overrides, inner="direct")
    commands: list[UplinkCommands] = [original.act(world)["ubs"], spelled_out.act(same_world)["ubs"]]
    assert np.array_equal(commands[0].association, commands[1].association)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("tsap", {"inner": "eipc"}, "controller 'tsap' has no option 'inner'; its options: final"),
        ("tsap", {"final": "best"}, "controller tsap: final = 'best': Input should be 'direct', 'slmdb'"),
        ("trimsm-eipc", {"order": 1}, "controller trimsm-eipc: order = 1: Input should be 'batch' or 'first'"),
        ("trimsm-eipc", {"block_moves": True}, "block_moves = True: Input should be 'on' or 'off'"),
        ("trimsm-eipc", {"idle_sleep": 0.5}, "has no option 'idle_sleep'; its options: final, inner, order, qos"),
        ("uc-cell-free", {"idle_sleep": 1.5}, "idle_sleep = 1.5: must lie in \\[0, 1\\]"),
        ("uc-cell-free", {"idle_sleep": "most"}, "idle_sleep = 'most': the text 'most' is no number"),
    ],
)
def test_a_controller_that_cannot_be_made(name: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        baselines.make(name, **options)


@pytest.mark.parametrize("name", ["trimsm-eipc", "tsap", "cellular"])
def test_a_world_of_another_kind_is_refused(name: str) -> None:
    controller, world = baselines.make(name), make_fake_world(1)
    for call in (controller.reset, controller.act):
        with pytest.raises(ScenarioError, match=f"controller '{name}' plays uplink_v0; this world is {world.name}"):
            call(world)

"""Worlds, controllers and comparisons that the tests of the outage world share."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from tests.envs.episodes import started
from voltran import baselines
from voltran.envs.blackout.commands import SiteCommands, mode_commands
from voltran.envs.blackout.observation import OWN, dimensions
from voltran.envs.blackout.population import Inhabitants, draw_inhabitants
from voltran.envs.blackout.world import BlackoutWorld
from voltran.envs.registry import make_world
from voltran.envs.world import Transition
from voltran.physics.arrays import IntArray

Actions = dict[str, Any]

# Users move, demands change, and batteries are small: much happens in few steps.
LIVELY = {
    "users.speed_m_per_s": 1.0,
    "traffic.redraw_period_s": 900.0,
    "battery.capacity_kwh": 8.0,
    "vehicles.arrivals_per_day": 6,
    "time.horizon_h": 4,
    "survival.end": "horizon",
}


def outage_world(
    scenario: str = "toy3", n_worlds: int = 1, overrides: Mapping[str, Any] | None = None, **options: Any
) -> BlackoutWorld:
    """A batch of outage worlds, not yet reset."""
    world = make_world(scenario, n_worlds, overrides, **options)
    assert isinstance(world, BlackoutWorld)
    return world


def put(inhabitants: Inhabitants, world: int, seed: int) -> None:
    """Put one world's users and vehicles at the start of the episode of a seed."""
    inhabitants.load(world, draw_inhabitants(inhabitants.constants, seed))


def play(world: BlackoutWorld, controller: str, seed: int = 0, **options: Any) -> list[Transition]:
    """A whole episode of a batch whose worlds end together, under one of the simple rules."""
    started(world, seed)
    rule = baselines.make(controller, **options)
    rule.reset(world)
    return until_over(world, lambda: rule.act(world))


def until_over(world: BlackoutWorld, act: Callable[[], Actions]) -> list[Transition]:
    """Step until every world is over."""
    transitions: list[Transition] = []
    while not transitions or not over(transitions[-1]):
        transitions.append(world.step(act()))
    return transitions


def over(transition: Transition) -> bool:
    """Whether every world of the batch has ended its episode."""
    return bool((transition.terminated | transition.truncated).all())


def random_codes(world: BlackoutWorld, generator: np.random.Generator) -> IntArray:
    """One legal joint code per site, uniformly."""
    mask = world.action_masks()["bs"]
    return np.asarray(np.argmax(generator.random(mask.shape) * mask, axis=-1))


def codes_of(world: BlackoutWorld, modes: Sequence[int], level: int = 0) -> IntArray:
    """Joint codes ``[1, site]`` of the paper's action set for some modes and one level of vehicle power."""
    codec = world.codec
    found = [np.flatnonzero((codec.code_mode == mode) & (codec.code_level == level))[0] for mode in modes]
    return np.array([found])


def commands(world: BlackoutWorld, modes: Sequence[int], **options: Any) -> Actions:
    """The same commands for every world, free of repair unless ``command_set`` says otherwise."""
    options.setdefault("command_set", "free")
    asked: SiteCommands = mode_commands(world.constants, np.tile(np.asarray(modes), (world.n_worlds, 1)), **options)
    return {"bs": asked}


def site_columns(world: BlackoutWorld) -> list[str]:
    """Names of the entries of an observation's first part, the site itself, in order."""
    fields = [field.in_numbers(dimensions(world.constants)) for field in OWN]
    return [field.name for field in fields for _ in range(int(field.size))]


def depleted_beside_a_vehicle(**overrides: Any) -> BlackoutWorld:
    """A toy3 whose site A is dead, with a full vehicle that accepts any price and stays for two hours."""
    settings = {"vehicles.arrivals_per_day": 3, "vehicles.price_acceptance": False, **overrides}
    for seed in range(100):
        world = started(outage_world(overrides=settings), seed)
        state = world.get_state()
        parked, drawn = world._simulation.present()[0, 0], world._simulation.inhabitants
        stays = parked & (drawn.departure_s[0, 0] > 7200.0) & (state["state"]["ev_energy_kwh"][0, 0] > 10.0)
        if parked.sum() == stays.sum() == 1:
            state["state"]["soc"][0, 0] = world.constants.battery.soc_min
            state["state"]["alive"][0, 0] = False
            world.set_state(state)
            return world
    raise AssertionError("no seed among 100 parks a vehicle at site A")


def leaves(value: Any, path: str = "") -> dict[str, Any]:
    """A nested snapshot as path -> leaf."""
    if not isinstance(value, Mapping):
        return {path: value}
    return {name: leaf for key, item in value.items() for name, leaf in leaves(item, f"{path}/{key}").items()}


def assert_same(first: Any, second: Any, rows: Any = slice(None)) -> None:
    """Two snapshots, or other nests of arrays, are equal bit for bit; ``rows`` selects worlds of the second."""
    ours, theirs = leaves(first), leaves(second)
    assert ours.keys() == theirs.keys()
    for path, value in ours.items():
        other = theirs[path]
        if isinstance(value, np.ndarray):
            assert np.array_equal(value, other[rows], equal_nan=value.dtype.kind == "f"), path
        else:
            assert value == other, path


def same_transition(first: Transition, second: Transition, rows: Any = slice(None)) -> None:
    """Two transitions are equal bit for bit."""
    assert_same(vars(first), vars(second), rows)

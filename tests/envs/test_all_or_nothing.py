"""A reset or a snapshot that is refused changes nothing, in any world: the episode goes on, bit for bit, without it."""

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.envs.blackout.tools import assert_same, same_transition
from tests.envs.fake_world import make_fake_world
from voltran.envs.base import BatchedWorld
from voltran.envs.errors import EpisodeError, ScenarioError, VoltranError
from voltran.envs.registry import make_world, world_specs

Snapshot = dict[str, Any]
DECISIONS = 2


def own_worlds() -> dict[str, Callable[[], Any]]:
    """Name to builder of a batch of two: all worlds of the package, and the fake one."""

    def builder(scenario: str) -> Callable[[], Any]:
        return lambda: make_world(scenario, 2)

    own = [spec for spec in world_specs() if str(spec.world).startswith("voltran.envs.")]
    return {spec.name: builder(spec.default_scenario) for spec in own} | {"fake_v0": lambda: make_fake_world(2)}


WORLDS = own_worlds()


def random_actions(world: BatchedWorld, generator: np.random.Generator) -> dict[str, Any]:
    masks = world.action_masks()
    return {role: np.argmax(generator.random(mask.shape) * mask, axis=-1) for role, mask in masks.items()}


@pytest.fixture(scope="module", params=WORLDS)
def pair(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    """Two worlds in the same place, some decisions into their episodes."""
    world, twin = WORLDS[request.param](), WORLDS[request.param]()
    for each in (world, twin):
        generator = np.random.default_rng(0)
        each.reset([4, 5])
        for _ in range(DECISIONS):
            each.step(random_actions(each, generator))
    return world, twin


def go_on_alike(world: Any, twin: Any) -> None:
    """Both tell the same, and do so after another step, from which they come back."""
    assert_same(world.get_state(), twin.get_state())
    assert_same(world.observations(), twin.observations())
    assert_same(world.action_masks(), twin.action_masks())
    assert np.array_equal(world.state(), twin.state())
    before, actions = twin.get_state(), random_actions(twin, np.random.default_rng(1))
    same_transition(world.step(actions), twin.step(actions))
    assert_same(world.ledger(), twin.ledger())
    assert_same(world.kpis(), twin.kpis())
    assert_same(world.trace(1), twin.trace(1))
    for each in (world, twin):
        each.set_state(before)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("mode",), 4),
        (("mode",), -1),
        (("band_bits",), 16),
        (("service", "server"), 19),
        (("service", "last_server"), -2),
    ],
)
def test_codes_that_do_not_exist_are_refused(path: tuple[str, ...], value: int) -> None:
    world, twin = WORLDS["blackout_v0"](), WORLDS["blackout_v0"]()
    for each in (world, twin):
        each.reset([4, 5])
        each.step(random_actions(each, np.random.default_rng(0)))
    snapshot = copy.deepcopy(world.get_state())
    array = snapshot["state"]
    for name in path:
        array = array[name]
    array[1, 2] = value
    with pytest.raises(EpisodeError, match=rf"\['{path[-1]}'\]\[1, 2\] = {value}: must lie in"):
        world.set_state(snapshot)
    go_on_alike(world, twin)


# --- snapshots --------------------------------------------------------------------------------------------------------


def leaves(tree: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    """Where each array of a snapshot is."""
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from leaves(value)
        else:
            assert isinstance(tree, dict)
            yield tree, name


def leaf(snapshot: Snapshot, part: str, kind: type = np.generic) -> tuple[dict[str, Any], str]:
    """The last array of a part that is of a kind."""
    return [(tree, name) for tree, name in leaves(snapshot[part]) if np.issubdtype(tree[name].dtype, kind)][-1]


def replaced(part: str, change: Callable[[NDArray[Any]], Any], kind: type = np.generic) -> Callable[[Snapshot], None]:
    def breaks(snapshot: Snapshot) -> None:
        tree, name = leaf(snapshot, part, kind)
        tree[name] = change(tree[name])

    return breaks


def put(path: tuple[str, ...], value: Any) -> Callable[[Snapshot], None]:
    def breaks(snapshot: Snapshot) -> None:
        tree: Any = snapshot
        for name in path[:-1]:
            tree = tree[name]
        tree[path[-1]] = value

    return breaks


def without(part: str) -> Callable[[Snapshot], None]:
    def breaks(snapshot: Snapshot) -> None:
        tree, name = leaf(snapshot, part)
        del tree[name]

    return breaks


def with_last(value: Any) -> Callable[[NDArray[Any]], NDArray[Any]]:
    def change(array: NDArray[Any]) -> NDArray[Any]:
        changed = array.copy()
        changed.reshape(-1)[-1] = value
        return changed

    return change


BROKEN: dict[str, tuple[Callable[[Snapshot], None], str]] = {
    "no part": (lambda snapshot: snapshot.pop("series"), "snapshot has no 'series'"),
    "a part too many": (put(("colour",), {}), "snapshot has 'colour', which this world does not"),
    "a part that is none": (put(("state",), [1]), r"snapshot\['state'\] is a list, not a mapping"),
    "another world": (put(("identity", "world"), "chess_v0"), "another scenario or other options.*'chess_v0'"),
    "another scenario": (put(("identity", "scenario"), "{}"), "another scenario"),
    "no episodes": (put(("episodes",), {}), r"snapshot\['episodes'\] has no 'seed'"),
    "more worlds": (put(("episodes", "seed"), np.array([1, 2, 3], object)), "holds 3 worlds; this batch has 2"),
    "a negative seed": (put(("episodes", "seed"), np.array([4, -2], object)), r"seed\[1\] of .*seed = -2"),
    "words as seeds": (put(("episodes", "seed"), np.array([3, "four"], object)), r"seed\[1\] of .*'four'"),
    "seeds of a short type": (put(("episodes", "seed"), np.array([3, 4])), r"\['seed'\] is int64"),
    "a decision beyond the end": (put(("episodes", "decision"), np.array([10_000, 2])), r"decision\[0\] of .* = 10000"),
    "a decision before the start": (put(("episodes", "decision"), np.array([2, -1])), r"decision\[1\] of .* = -1"),
    "decisions of floats": (put(("episodes", "decision"), np.array([2.0, 2.0])), r"\['decision'\] is float64"),
    "flags as numbers": (put(("episodes", "running"), np.array([1, 1])), r"\['running'\] is int64"),
    "no array of the state": (without("state"), r"snapshot\['state'\].* has no '"),
    "state of another shape": (replaced("state", lambda array: array[:1]), r"snapshot\['state'\].* is .*\(1,"),
    "state of another type": (
        replaced("state", lambda array: array.astype(object)), r"snapshot\['state'\].* is object"
    ),
    "state as a list": (replaced("state", lambda array: array.tolist()), r"snapshot\['state'\].* is list"),
    "a state that is not a number": (
        replaced("state", with_last(np.nan), np.floating), r"snapshot\['state'\].* = nan: must be a finite number"
    ),
    "no series": (without("series"), r"snapshot\['series'\] has no '"),
    "short series": (replaced("series", lambda array: array[:, :1]), r"snapshot\['series'\].* is "),
    "infinite series": (
        replaced("series", with_last(np.inf), np.floating), r"snapshot\['series'\].* = inf: must be a finite number"
    ),
}  # fmt: skip


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_snapshot_changes_nothing(pair: tuple[Any, Any], broken: str) -> None:
    world, twin = pair
    breaks, message = BROKEN[broken]
    snapshot = copy.deepcopy(world.get_state())
    breaks(snapshot)
    before, observed = world.get_state(), world.observations()
    with pytest.raises(EpisodeError, match=message):
        world.set_state(snapshot)
    assert_same(world.get_state(), before)
    assert_same(world.observations(), observed)
    go_on_alike(world, twin)


def test_a_snapshot_whose_episodes_cannot_be_drawn_changes_nothing(
    pair: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    world, twin = pair
    snapshot = world.get_state()
    snapshot["episodes"]["seed"][:] = [5, 6]
    with monkeypatch.context() as patch:
        patch.setattr(world, "_draw", failing(world._draw, 6))
        with pytest.raises(ScenarioError, match="no such file"):
            world.set_state(snapshot)
    go_on_alike(world, twin)


# --- resets -----------------------------------------------------------------------------------------------------------


def failing(draw: Callable[[int], Any], bad_seed: int) -> Callable[[int], Any]:
    """The world's own draw, which cannot draw the episode of one seed."""

    def fails(seed: int) -> Any:
        if seed == bad_seed:
            raise ScenarioError("no such file")
        return draw(seed)

    return fails


@pytest.mark.parametrize(
    ("seeds", "flags"),
    [
        ([1], None),
        ([1, 2, 3], None),
        ([1, -1], None),
        ([1, 2.5], None),
        ([1, True], None),
        ([1, 2**128], None),
        ([1, "two"], None),
        ([1, 2], np.array([True])),
        ([1, 2], np.array([1, 0])),
        ([1, 2], "all"),
    ],
)
def test_a_refused_reset_changes_nothing(pair: tuple[Any, Any], seeds: Any, flags: Any) -> None:
    world, twin = pair
    with pytest.raises(VoltranError):
        world.reset(seeds, flags)
    go_on_alike(world, twin)


@pytest.mark.parametrize("flags", [None, np.array([False, True])])
def test_a_reset_whose_episode_cannot_be_drawn_changes_nothing(
    pair: tuple[Any, Any], flags: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, twin = pair
    with monkeypatch.context() as patch:
        patch.setattr(world, "_draw", failing(world._draw, 6))
        with pytest.raises(ScenarioError, match="no such file"):
            world.reset([5, 6], flags)
    go_on_alike(world, twin)

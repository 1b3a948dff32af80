"""Observations made of fields: the vector against its table, own fields, and what is refused."""

import pickle
import re
from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from voltran.envs.errors import PartError, ScenarioError
from voltran.envs.fields import Field
from voltran.envs.observations import GlobalState, Observation, View
from voltran.envs.observe import Observe, role_observations

SOC = np.array([[0.25, 0.5, 1.0], [0.0, 0.75, 0.5]])
LOAD = np.arange(12.0).reshape(2, 3, 2)
NEAR = np.arange(12.0).reshape(2, 3, 2) - 5.0
NEAR_MODE = np.arange(24.0).reshape(2, 3, 2, 2)
CLOCK = np.array([1.0, 3.0])


def view() -> View:
    world = SimpleNamespace(n_worlds=2, soc=SOC, load=LOAD, near=NEAR, near_mode=NEAR_MODE, clock=CLOCK)
    return View(world)


SOC_FIELD = Field("soc", "share", 0, 1, "world.soc")
LOAD_FIELD = Field("load", "kW", 0, 6, "world.load", size="bands", scale=2)
NEAR_FIELD = Field("near", "m", -5, 6, "world.near", sees="neighbours", times="neighbours")
MODE_FIELD = Field("mode", "flags", 0, 23, "world.near_mode", size=2, sees="neighbours", times="neighbours")
CLOCK_FIELD = Field("clock", "h", 0, 1, "world.clock", scale=4, sees="network")
FIELDS = (SOC_FIELD, LOAD_FIELD, NEAR_FIELD, MODE_FIELD, CLOCK_FIELD)
DIMENSIONS = {"bands": 2, "neighbours": 2}


def observe(*fields: Field) -> NDArray[np.float32]:
    return Observation("bs", 3, fields, DIMENSIONS)(view())


def test_fields_stand_in_their_order_and_those_of_neighbours_take_turns() -> None:
    found = observe(*FIELDS)
    assert found.shape == (2, 3, 1 + 2 + 2 * (1 + 2) + 1)
    assert found.dtype == np.float32
    for world in range(2):
        for site in range(3):
            turns = [[NEAR[world, site, k], *NEAR_MODE[world, site, k]] for k in range(2)]
            expected = [SOC[world, site], *LOAD[world, site] / 2, *turns[0], *turns[1], CLOCK[world] / 4]
            assert found[world, site].tolist() == expected


def test_the_space_has_the_bounds_of_every_entry() -> None:
    space = Observation("bs", 3, FIELDS, DIMENSIONS).space
    assert space.low.tolist() == [0, 0, 0, -5, 0, 0, -5, 0, 0, 0]
    assert space.high.tolist() == [1, 6, 6, 6, 23, 23, 6, 23, 23, 1]
    assert all(space.contains(row) for row in observe(*FIELDS).reshape(-1, 10))


def test_an_axis_of_one_entry_may_be_there_or_not() -> None:
    narrow = Field("narrow", "", 0, 1, lambda view: view.world.soc[..., None])
    assert np.array_equal(observe(narrow), observe(SOC_FIELD))
    near = replace(NEAR_FIELD, compute=lambda view: view.world.near[..., None])
    assert np.array_equal(observe(near), observe(NEAR_FIELD))


def test_what_clips_is_moved_to_the_ends_of_its_range() -> None:
    found = observe(Field("soc", "share", 0.3, 0.6, "world.soc", clip=True))
    assert found[..., 0] == pytest.approx(np.clip(SOC, 0.3, 0.6))


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({}, True),
        ({"meaning": "another line", "compute": "world.other", "clip": True}, True),
        ({"name": "charge"}, False),
        ({"unit": "kWh"}, False),
        ({"size": 2}, False),
        ({"scale": 2.0}, False),
        ({"low": -1}, False),
        ({"high": 2}, False),
        ({"sees": "network"}, False),
        ({"times": 2}, False),
    ],
)
def test_the_version_follows_from_the_fields(change: dict[str, Any], same: bool) -> None:
    before = Observation("bs", 3, [SOC_FIELD], prefix="blackout-bs").version
    after = Observation("bs", 3, [replace(SOC_FIELD, **change)], prefix="blackout-bs").version
    assert re.fullmatch(r"blackout-bs-[0-9a-f]{8}", before)
    assert (before == after) == same


def test_the_version_follows_from_the_order() -> None:
    one, other = (
        Observation("bs", 3, fields).version for fields in ([SOC_FIELD, CLOCK_FIELD], [CLOCK_FIELD, SOC_FIELD])
    )
    assert one != other


def test_what_it_tells_of_and_its_lines_follow_from_the_fields() -> None:
    observation = Observation("bs", 3, FIELDS, DIMENSIONS)
    assert observation.sees == ("own", "neighbours", "network")
    assert Observation("bs", 3, [CLOCK_FIELD]).sees == ("network",)
    assert observation.lines[1] == "own load: 2 x kW / 2 in [0, 6]"
    assert observation.lines[2] == "neighbours near: 1 x m / 1 in [-5, 6], 2 times"


def test_the_state_is_all_agents_of_each_part_one_after_the_other() -> None:
    state = GlobalState(
        [Observation("bs", 3, [SOC_FIELD, LOAD_FIELD], DIMENSIONS), Observation("net", 1, [CLOCK_FIELD])]
    )
    found = state(view())
    assert found.shape == (2, *state.space.shape) == (2, 3 * 3 + 1)
    assert found[1].tolist() == [0.0, 3.0, 3.5, 0.75, 4.0, 4.5, 0.5, 5.0, 5.5, 0.75]


def test_fields_survive_pickling() -> None:
    assert pickle.loads(pickle.dumps(FIELDS)) == FIELDS


def refusing(compute: Any, **given: Any) -> Field:
    return Field("mine", "kWh", 0, 1, compute, **given)


def explode(view: View) -> Any:
    raise ValueError("no battery here")


@pytest.mark.parametrize(
    ("field", "message"),
    [
        (refusing(explode), "field 'mine' of role bs: computing it raised ValueError: no battery here; mend its"),
        (refusing("world.charge"), "field 'mine' .* raised AttributeError: .*charge"),
        (refusing(lambda view: "much"), "field 'mine' of role bs: computing it raised ValueError"),
        (refusing(lambda view: SOC[0]), r"has the shape \(3,\); its compute must give \(2, 3\) or \(2, 3, 1\)"),
        (refusing(lambda view: 1.0), r"has the shape \(\); .*worlds first"),
        (refusing("world.soc", size=2), r"has the shape \(2, 3\); its compute must give \(2, 3, 2\)"),
        (refusing("world.soc", times=2), r"must give \(2, 3, 2\) or \(2, 3, 2, 1\)"),
        (refusing(lambda view: np.where(SOC == 0.0, np.nan, SOC)), r"'mine' of bs_0 in world 1 = nan: must be finite"),
        (refusing(lambda view: SOC / 0.5), r"'mine' of bs_2 in world 0 = 2 kWh: must lie in \[0, 1\]; widen .*clip"),
        (refusing(lambda view: -SOC, scale=2), r"'mine' of bs_0 in world 0 = -0.25 kWh / 2 = -0.125: must lie"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_a_field_that_does_not_work_is_named(field: Field, message: str) -> None:
    with pytest.raises(PartError, match=message):
        observe(SOC_FIELD, field)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"low": 1, "high": 1}, r"field 'mine': \[1, 1\] is no finite range"),
        ({"high": np.inf}, "no finite range"),
        ({"low": np.nan}, "no finite range"),
        ({"scale": 0.0}, "scale = 0.0: must be a positive number"),
    ],
)
def test_a_field_without_a_range_or_scale_is_refused(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        Field(**{"name": "mine", "unit": "", "low": 0, "high": 1, "compute": "world.soc", **given})


MINE = Field("mine", "share", 0, 1, "world.soc")
SEVERAL = [MINE, Field("more", "share", 0, 1, "world.soc")]
NOTHING = 3
NEAR_SOC = replace(NEAR_FIELD, name="soc")
DEFAULTS = {"bs": (SOC_FIELD, CLOCK_FIELD, NEAR_SOC), "retailer": (CLOCK_FIELD,)}


def names(chosen: Observe, role: str = "bs") -> list[str]:
    found = role_observations("fake_v0", {"bs": 3, "retailer": 1}, DEFAULTS, chosen, DIMENSIONS)
    assert found[role].version.startswith(f"fake-{role}-")
    return [field.qualified_name for field in found[role].fields]


BUILT_IN = ["own.soc", "network.clock", "neighbours.soc"]
HERE = "tests.envs.test_observations"


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        (None, BUILT_IN),
        ("default", BUILT_IN),
        (["default", MINE], [*BUILT_IN, "own.mine"]),
        ([*DEFAULTS["bs"], MINE], [*BUILT_IN, "own.mine"]),
        (["clock", f"{HERE}:MINE"], ["network.clock", "own.mine"]),
        ([f"{HERE}:SEVERAL", "neighbours.soc"], ["own.mine", "own.more", "neighbours.soc"]),
        (MINE, ["own.mine"]),
        ({"bs": "own.soc"}, ["own.soc"]),
        ({"retailer": [MINE]}, BUILT_IN),
    ],
)
def test_what_may_be_chosen(chosen: Observe, expected: list[str]) -> None:
    assert names(chosen) == expected


def test_a_mapping_chooses_for_the_roles_that_it_names() -> None:
    assert names({"retailer": ["default", MINE]}, "retailer") == ["network.clock", "own.mine"]


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ("soc", "role bs has several fields 'soc'; use one of own.soc, neighbours.soc"),
        ("charge", "role bs has no field 'charge'; its fields: soc, clock, soc; or give module:attribute"),
        ([], "role bs would observe nothing"),
        (["default", "clock"], "role bs has two fields network.clock; leave one out, or rename it"),
        ({"ubs": "default"}, "no role 'ubs'; roles are bs, retailer"),
        ([3], "3 is no field"),
        ([f"{HERE}:NOTHING"], "NOTHING is 3; it must be a Field"),
        ([f"{HERE}:ABSENT"], "has no 'ABSENT'"),
        (["no_such_module:soc"], "module no_such_module cannot be imported"),
        ([replace(MINE, size="bnads")], "field 'mine': size = 'bnads': give one of 1, 2, ..., bands, neighbours"),
        ([replace(MINE, size=0)], "field 'mine': size = 0"),
    ],
)
def test_what_may_not_be_chosen(chosen: Observe, message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        names(chosen)


def test_built_in_fields_need_no_checks_and_own_ones_do() -> None:
    strict: Sequence[Field] = [replace(SOC_FIELD, high=0.5)]
    assert Observation("bs", 3, strict, built_in=strict)(view()).max() == 0.5
    with pytest.raises(PartError, match="must lie in"):
        Observation("bs", 3, strict)(view())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": " "}, "a name is a text"),
        ({"sees": "everything"}, "sees = 'everything': must be one of own, neighbours, network"),
        ({"compute": 7}, "compute = 7: give a function of the view"),
        ({"low": "0"}, "low = '0': must be a number"),
    ],
)
def test_a_field_that_cannot_work_is_refused_when_it_is_made(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        replace(MINE, **changes)


def test_complex_numbers_are_not_cut_down_to_real_ones() -> None:
    with pytest.raises(PartError, match=r"field 'mine'.*complex numbers"):
        observe(replace(MINE, compute=lambda view: view.world.soc * 1j))

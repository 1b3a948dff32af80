"""Whatever stands in a scenario: it is refused with one clear message, or it is a scenario."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from voltran.envs.errors import VoltranError
from voltran.envs.registry import world_specs
from voltran.envs.scenario import Section, validated

MODELS = {spec.name: spec.load("scenario") for spec in world_specs() if spec.name.endswith("_v0")}
NUMBERS = [0, 1, -1, 3, 0.5, 1e-9, -0.0, 5e-324, 1e308, -1e308, 2**64, 10**30]
ODD = [True, False, None, "", "12", "yes", "true", "a", [], [1], [[1, 2]], [True], {}, {"a": 1}, {1: 2}]
values = (
    st.sampled_from(NUMBERS + ODD)
    | st.floats()
    | st.integers()
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=8,
    )
)


def sections(model: type[BaseModel]) -> list[tuple[str, ...]]:
    """Paths of all fields, those of sections included."""
    found: list[tuple[str, ...]] = []
    for name, field in model.model_fields.items():
        found.append((name,))
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found += [(name, *rest) for rest in sections(field.annotation)]
    return found


FIELDS = {name: sections(model) for name, model in MODELS.items()}


@pytest.mark.parametrize("world", MODELS)
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_any_value_in_any_field_is_taken_or_refused(world: str, data: st.DataObject) -> None:
    content: dict[str, Any] = {"name": "test", "world": world}
    for _ in range(data.draw(st.integers(1, 3))):
        *path, last = data.draw(st.sampled_from(FIELDS[world]))
        section = content
        for part in path:
            if not isinstance(section.get(part), dict):
                section[part] = {}
            section = section[part]
        section[last] = data.draw(values)
    try:
        scenario = validated(MODELS[world], content, "scenario test")
    except VoltranError as error:
        message = str(error)
        assert message.startswith("scenario test: ")
        assert len(message) < 4000
    else:
        scenario.model_dump_json()


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        (("users", "count"), True, "users.count = True: true is no number; write one"),
        (("battery", "initial_soc"), True, "battery.initial_soc = True: true is no number"),
        (("battery", "initial_soc"), [0.5, False], "false is no number"),
        (("layout", "positions_m"), [[True, 1]], "true is no number"),
        (("battery", "capacity_kwh"), "12", "battery.capacity_kwh = '12': the text '12' is no number; write one, with"),
        (("users", "covered_at_start"), 1, "users.covered_at_start = 1: write true or false"),
        (("users", "covered_at_start"), "no", "users.covered_at_start = 'no': write true or false, without quotes"),
        (("users", "classes"), [True], "users.classes.0 = True"),
        (("radio", "r_exp_m"), "none", "radio.r_exp_m = 'none': the text 'none' is no number"),
    ],
)
def test_what_looks_like_another_type_is_refused(field: tuple[str, str], value: Any, message: str) -> None:
    with pytest.raises(VoltranError) as raised:
        validated(MODELS["blackout_v0"], {"name": "test", field[0]: {field[1]: value}}, "scenario test")
    assert message in str(raised.value)


BAND = {"name": "one", "frequency_mhz": 800, "bandwidth_mhz": 10, "capacity_mbps": 50, "standby_w": 12}
BAND |= {"static_w": 124, "dynamic_w": 300, "w_per_mbps": 0.3}
DEGREES = [[2.17, 41.38], [2.18, 41.39], [2.16, 41.4]]
METRES = [[0, 0], [500, 0], [1000, 0]]
USERS = {"count": 1, "positions_m": [[10, 10]]}


@pytest.mark.parametrize(
    ("world", "content", "message"),
    [
        (
            "blackout_v0",
            {"layout": {"n_sites": 3, "positions_m": [*METRES[:2], [500, 0.5]]}, "users": USERS},
            "layout: positions_m: places 1 and 2, counted from 0, are [500.0, 0.0] and [500.0, 0.5]; put them at least",
        ),
        (
            "blackout_v0",
            {"layout": {"n_sites": 3, "positions_m": DEGREES}, "users": USERS},
            "positions_m: all lie within 1 m; give metres from a common point, not degrees of latitude and longitude",
        ),
        (
            "blackout_v0",
            {"users": {"count": 3, "positions_m": DEGREES}},
            "positions_m: all lie within 1 m; give metres",
        ),
        ("blackout_v0", {"bands": [BAND, {**BAND, "frequency_mhz": 1800}]}, "bands: two are called 'one'; give each"),
        ("uplink_v0", {"layout": {"n_ubs": 3, "positions_m": DEGREES}}, "positions_m: all lie within 1 m"),
        (
            "uplink_v0",
            {"layout": {"n_ubs": 2, "positions_m": [[0, 0], [2100, 0]]}},
            "positions_m.1 = [2100.0, 0.0]: lies outside the square; coordinates go from 0 to layout.side_m = 500",
        ),
        (
            "uplink_v0",
            {"ues": {"count": 1, "positions_m": [[-1, 0]]}},
            "ues.positions_m.0 = [-1.0, 0.0]: lies outside the square",
        ),
        ("uplink_v0", {"radio": {"pilot_symbols": 200}}, "pilot_symbols = 200 leave no symbol"),
        ("blackout_v0", {"vehicles": {"initial_soc_low": 0.9}}, "initial_soc_low = 0.9 must not exceed"),
    ],
)
def test_fields_that_contradict_each_other_are_named(world: str, content: dict[str, Any], message: str) -> None:
    with pytest.raises(VoltranError) as raised:
        validated(MODELS[world], {"name": "test", **content}, "scenario test")
    assert message in str(raised.value)


@pytest.mark.parametrize("value", [1e308, -1e308, 5e-324, 1e16, 1e-31])
def test_numbers_out_of_proportion_are_refused_wherever_they_stand(value: float) -> None:
    class Anything(Section):
        number: float = 1.0
        several: tuple[tuple[float, ...], ...] = ()

    for content in ({"number": value}, {"several": [[1.0], [2.0, value]]}):
        with pytest.raises(VoltranError, match="is out of proportion; give 0, or a size from 1e-30 to 1e"):
            validated(Anything, content, "test")

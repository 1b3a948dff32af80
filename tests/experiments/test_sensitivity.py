"""How far claims move: what is largest, what is sure, and what the page concludes, worked out by hand."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from voltran.evaluation.figure_files import write_picture
from voltran.experiments.assumptions import tornado
from voltran.experiments.assumptions.gathered import gathered_assumptions
from voltran.experiments.assumptions.sensitivity import (
    Estimate,
    Measure,
    Sensitivity,
    Tried,
    Varied,
    most_moving,
    ranked,
    reach,
)
from voltran.experiments.assumptions.sensitivity_report import (
    assumption_table,
    beside_base,
    conclusion,
    sensitivity_section,
    short_conclusion,
    value_table,
)
from voltran.experiments.assumptions.tornado import MOST_BARS, write_tornado

LEAD = Measure(name="lead", title="Lead", holds="> 1", paper=2.0)


def varied(name: str, **values: float | Estimate | None) -> Varied:
    """An assumption of which one measure is known."""
    tried = {
        label: value if isinstance(value, Estimate) else Estimate(value, change95=(0.1, 0.2))
        for label, value in values.items()
    }
    return Varied(
        name=name,
        title=f"Some {name}",
        default="ours",
        tried=tuple(Tried(label=label, estimates={"lead": estimate}) for label, estimate in tried.items()),
    )


def sensitivity(*assumptions: Varied, base: float | None = 1.5, **more: Any) -> Sensitivity:
    content: dict[str, Any] = {"measures": (LEAD,), "base": {"lead": Estimate(base)}, "varied": assumptions}
    return Sensitivity(**content | {"drawn": True} | more)


@pytest.mark.parametrize(
    ("holds", "value", "expected"),
    [
        ("> 1", 1.01, True),
        ("> 1", 1.0, False),
        (">1", 0.5, False),
        ("< 15", 14.9, True),
        ("< 15", 15.0, False),
        ("< -0.5", -0.6, True),
        ((0.9, 1.1), 0.9, True),
        ((0.9, 1.1), 1.11, False),
        ("> 1", None, None),
    ],
)
def test_when_a_claim_holds(holds: Any, value: float | None, expected: bool | None) -> None:
    measure = Measure(name="any", title="Any", holds=holds)
    assert measure.judged(Estimate(value)) is expected


@pytest.mark.parametrize("holds", ["1", "=> 1", "> one", [1.0], ""])
def test_what_is_no_bound_is_refused(holds: Any) -> None:
    with pytest.raises(ValidationError, match="holds"):
        Measure(name="any", title="Any", holds=holds)


def test_an_assumption_reaches_from_the_lowest_to_the_highest_number_our_own_among_them() -> None:
    found = reach(sensitivity(one := varied("radius", low=0.8, high=1.2)), LEAD, one)
    assert found is not None
    assert (found.low, found.low_label, found.high, found.high_label) == (0.8, "low", 1.5, "ours")
    assert found.span == pytest.approx(0.7)
    assert (found.holding, found.failing) == (("high",), ("low",))


def test_the_assumption_that_moves_most_comes_first_and_one_without_numbers_not_at_all() -> None:
    most, least = varied("most", a=3.0, b=1.4), varied("least", a=1.6)
    assert [row.varied.name for row in ranked(sensitivity(least, varied("none", a=None), most), LEAD)] == [
        "most",
        "least",
    ]
    assert ranked(sensitivity(varied("none", a=None)), LEAD) == []


def test_a_number_without_an_interval_of_its_change_moves_surely_only_if_nothing_was_drawn() -> None:
    sure, chance, unknown = Estimate(2.0, None, (0.1, 0.9)), Estimate(2.0, None, (-0.1, 0.9)), Estimate(2.0)
    for drawn in (True, False):
        one = varied("sure", a=sure), varied("chance", a=chance), varied("unknown", a=unknown)
        rows = {row.varied.name: row.surely for row in ranked(sensitivity(*one, drawn=drawn), LEAD)}
        assert rows == {"sure": True, "chance": False, "unknown": not drawn}


@pytest.mark.parametrize(
    ("base", "values", "expected", "short"),
    [
        (1.5, {"a": 1.2, "b": 1.8}, "It holds at all 2 other values.", "holds everywhere"),
        (
            1.5,
            {"a": 0.9, "b": 1.8},
            "It hangs on some radius: it fails at some radius = a, and holds at 1 other values.",
            "hangs on some radius",
        ),
        (0.9, {"a": 0.8}, "It does not hold under our own assumptions; nor at any of 1 other values.", "does not hold"),
        (0.9, {"a": 1.1}, "It does not hold under our own assumptions; it would at some radius = a.", "does not hold"),
        (None, {"a": 1.1}, "It cannot be judged under our own assumptions.", "cannot be judged"),
    ],
)
def test_conclusions(base: float | None, values: dict[str, float], expected: str, short: str) -> None:
    found = sensitivity(varied("radius", **values), base=base)
    assert expected in conclusion(found, LEAD)
    assert short_conclusion(found) == f"Lead: {short}."


def test_the_conclusion_names_what_moves_the_claim_most_and_leaves_out_what_may_be_chance() -> None:
    chance = varied("luck", a=Estimate(9.0, None, (-1.0, 8.0)))
    text = conclusion(sensitivity(varied("radius", a=1.7), chance), LEAD)
    assert text.startswith("**Lead** (> 1): 1.50, the paper has 2.00. ")
    assert text.endswith("Moved most by some radius (1.50 to 1.70); 1 of 2 assumptions move it by more than chance.")
    assert conclusion(sensitivity(chance), LEAD).endswith("Nothing moves it by more than chance.")
    assert beside_base(sensitivity(chance)) == "2.00 / 1.50"


def test_tables_say_what_was_tried_and_where_the_claim_fails() -> None:
    censored = varied("stay", long=Estimate(2.0, (1.5, 2.5), (0.1, 0.9), at_least=True))
    found = sensitivity(varied("radius", low=0.8), censored)
    table = assumption_table(found)
    assert "| Some radius: ours | low | **0.80 to 1.50** | Lead: not at low |" in table
    assert "| Some stay: ours | long | **1.50 to 2.00** | yes |" in table
    assert "| Some stay | long | ≥ 2.00 [1.50, 2.50] |" in value_table(found)
    fails = assumption_table(sensitivity(varied("radius", low=1.1), varied("stay", long=0.9), base=0.8))
    assert "| Lead: only at low |" in fails
    assert "| Lead: no |" in fails


def test_numbers_for_every_claim_or_an_error_that_names_the_one_without() -> None:
    other = Measure(name="other", title="Other", holds="> 1")
    with pytest.raises(ValidationError, match="none of 'other'; give one for every measure"):
        sensitivity(varied("radius", a=1.0), measures=(LEAD, other))


def test_the_picture_shows_the_bars_that_are_longest_and_is_the_same_each_time(tmp_path: Path) -> None:
    many = [varied(f"n{at:02d}", a=1.5 + 0.1 * at) for at in range(1, MOST_BARS + 4)]
    found = sensitivity(*many)
    text = write_tornado(found, tmp_path).read_text(encoding="utf-8")
    shown = [one.title for one in many if one.title in text]
    assert shown == [one.title for one in many[-MOST_BARS:]]
    assert write_tornado(found, tmp_path).read_text(encoding="utf-8") == text
    page = sensitivity_section(found, [found.name])
    assert f'src="{found.name}.svg"' in page
    assert all(one.title in page for one in many)
    write_tornado(sensitivity(varied("none", a=None), base=None), tmp_path)  # nothing to draw is no error


def test_words_beside_bars_have_room_in_the_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figures: list[Any] = []

    def drawn(folder: Path, name: str, height_in: float, paint: Callable[[Any], None]) -> Path:
        def seen(figure: Any) -> None:
            figures.append(figure)
            paint(figure)

        return write_picture(folder, name, height_in, seen)

    monkeypatch.setattr(tornado, "write_picture", drawn)
    ends = {"everybody, each with what is left over": 1.0, "subscribers only, and those free of charge": 2.0}
    tornado.write_tornado(sensitivity(varied("long", **ends), varied("short", a=1.4)), tmp_path)
    (panel,) = figures[0].axes
    frame, words = panel.get_window_extent(), [text.get_window_extent() for text in panel.texts if text.get_text()]
    assert len(words) == 3
    assert all(frame.x0 <= word.x0 and word.x1 <= frame.x1 for word in words)


def test_nothing_is_gathered_where_nothing_was_varied() -> None:
    assert gathered_assumptions([]) == ""


def test_what_moves_most_is_measured_in_shares_of_our_own_number() -> None:
    wide, narrow, luck = (
        Estimate(value, None, (-1.0, 1.0) if value == 9.0 else (1.0, 2.0)) for value in (2.0, 110.0, 9.0)
    )
    cost = Measure(name="cost", title="Cost", holds="> 0")
    assumptions = tuple(
        Varied(name=name, title=name, default="ours", tried=(Tried(label="a", estimates={"lead": lead, "cost": paid}),))
        for name, lead, paid in (
            ("both", wide, narrow),  # 33 % of the lead, 10 % of the cost
            ("cost", Estimate(1.5, None, (0.0, 0.0)), Estimate(150.0, None, (1.0, 2.0))),
            ("luck", luck, Estimate(100.0, None, (0.0, 0.0))),
        )
    )
    base = {"lead": Estimate(1.5), "cost": Estimate(100.0)}
    found = Sensitivity(measures=(LEAD, cost), base=base, varied=assumptions, drawn=True)
    assert [varied.name for varied in most_moving(found, 5)] == ["cost", "both"]
    assert [varied.name for varied in most_moving(found, 1)] == ["cost"]

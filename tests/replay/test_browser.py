"""The page in a real browser: it opens, plays, seeks, compares, and shows the numbers that were recorded."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from tests.replay.conftest import Opened, until
from tests.replay.recorded import LEDGER, SITE_STATES, USER_STATES, recording
from voltran.evaluation.replay.document import Recording

pytestmark = pytest.mark.browser

LABELS = ("independent", "rotating-sleep", "msrc", "zoo:blackout")
DECISIONS = 24
FOUR = [recording(label, decisions=DECISIONS, policy=policy) for policy, label in enumerate(LABELS)]


def text(page: Any, selector: str) -> str:
    return str(page.locator(selector).inner_text())


def step(page: Any) -> int:
    return int(page.evaluate("window.replay.player.step"))


def place(page: Any, side: str, kind: str, thing: int) -> tuple[float, float]:
    """Where a thing lies on a map, in pixels from its corner."""
    index = 0 if side == "left" else 1
    pixels = page.evaluate(
        "([side, kind, thing]) => { const view = window.replay.views[side];"
        " const pixels = view.pixels.get(view.recording.kind(kind));"
        " return [pixels[2 * thing], pixels[2 * thing + 1]]; }",
        [index, kind, thing],
    )
    return pixels[0], pixels[1]


def click_site(page: Any, site: int, side: str = "left") -> None:
    x, y = place(page, side, "sites", site)
    page.locator(f"#map-{side}").click(position={"x": x, "y": y})


def ledger(page: Any) -> dict[str, list[str]]:
    rows = page.locator("#ledger tr[data-key]")
    return {
        rows.nth(row).get_attribute("data-key"): rows.nth(row).locator("td.number").all_inner_texts()
        for row in range(rows.count())
    }


def written(value: float, digits: int) -> str:
    return f"{value:.{digits}f}".replace("-", "\N{MINUS SIGN}")


def expected_ledger(recordings: list[Recording], site: int, moment: int) -> dict[str, list[str]]:
    return {
        quantity.key: [
            written(each.moments[moment].quantities["sites"][quantity.key][site], quantity.digits)
            for each in recordings
        ]
        for quantity in LEDGER
    }


def counts(page: Any, kind: str) -> dict[str, list[int]]:
    """Counts of the legend: title of a state -> those on each side."""
    table = page.locator("#legend table", has=page.locator("thead th", has_text=kind))
    rows = table.locator("tbody tr", has=page.locator("td.number"))
    return {
        rows.nth(row).locator("th").inner_text(): [
            int(number) for number in rows.nth(row).locator("td.number").all_inner_texts()
        ]
        for row in range(rows.count())
    }


def test_it_opens_with_two_controllers_at_the_start(opened: Opened) -> None:
    page = opened(FOUR)
    assert page.title() == "made-up, seed 5 · VoltRAN replay"
    assert text(page, "#scenario") == "made-up"
    assert text(page, "#clock") == "0:00 h"
    assert page.locator("#choose-left").input_value() == "0"
    assert page.locator("#choose-right").input_value() == "1"
    assert page.locator("#map-left canvas").first.is_visible()
    assert page.locator("#message").is_hidden()


def test_it_may_not_ask_the_network(opened: Opened) -> None:
    page = opened(FOUR[:1])
    policy = page.locator('meta[http-equiv="Content-Security-Policy"]').get_attribute("content")
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert "http" not in policy


def test_it_plays_to_the_end_and_from_the_start_again(opened: Opened) -> None:
    page = opened(FOUR)
    page.locator("#speed").select_option("32")
    page.locator("#play").click()
    until(page, "window.replay.player.step > 2")
    assert page.locator("#play").get_attribute("aria-label") == "Pause"
    until(page, f"window.replay.player.step === {DECISIONS} && !window.replay.player.playing")
    assert text(page, "#count") == f"decision {DECISIONS} of {DECISIONS}"
    assert page.locator("#play").get_attribute("aria-label") == "Play"
    page.locator("#play").click()
    until(page, f"window.replay.player.playing && window.replay.player.step < {DECISIONS}")
    page.locator("#play").click()
    assert not page.evaluate("window.replay.player.playing")


def test_the_scrubber_seeks(opened: Opened) -> None:
    page = opened(FOUR)
    page.locator("#scrubber").fill("9")
    assert (text(page, "#clock"), text(page, "#count")) == ("2:15 h", f"decision 9 of {DECISIONS}")
    assert page.locator("#scrubber").get_attribute("aria-valuetext") == f"2:15 h, decision 9 of {DECISIONS}"


def test_a_click_on_a_strip_seeks_and_its_line_stands_there(opened: Opened) -> None:
    page = opened(FOUR)
    over = page.locator('.strip[data-key="soc"] .u-over')
    box = over.bounding_box()
    over.click(position={"x": box["width"] * 2 / 3, "y": 30})
    assert step(page) == DECISIONS * 2 // 3
    heads = page.locator(".playhead").all()
    assert len(heads) == 4
    for head, around in zip(heads, page.locator(".strip .u-over").all(), strict=True):
        middle = head.bounding_box()["x"] + 1 - around.bounding_box()["x"]
        assert middle == pytest.approx(around.bounding_box()["width"] * 2 / 3, abs=1.5)


def test_strips_tell_the_values_of_the_moment_of_both_sides(opened: Opened) -> None:
    page = opened(FOUR, address="#t=3")
    shown = page.locator('.strip[data-key="load_kw"] .values span').all_inner_texts()
    assert shown == [written(each.moments[12].strips["load_kw"], 2) for each in FOUR[:2]]


@pytest.mark.parametrize(
    ("keys", "reached"),
    [
        (["ArrowRight"], 5),
        (["ArrowLeft"], 3),
        (["Shift+ArrowRight"], 14),
        (["End"], DECISIONS),
        (["End", "ArrowRight"], DECISIONS),
        (["Home"], 0),
        (["Home", "ArrowLeft"], 0),
    ],
)
def test_keys_move_in_time(opened: Opened, keys: list[str], reached: int) -> None:
    page = opened(FOUR, address="#t=1")
    for key in keys:
        page.keyboard.press(key)
    assert step(page) == reached


def test_keys_play_change_speed_choose_and_help(opened: Opened) -> None:
    page = opened(FOUR)
    page.keyboard.press("Space")
    assert page.evaluate("window.replay.player.playing")
    page.keyboard.press("Space")
    assert not page.evaluate("window.replay.player.playing")
    before = float(page.locator("#speed").input_value())
    page.keyboard.press("+")
    assert float(page.locator("#speed").input_value()) == 2 * before
    page.keyboard.press("-")
    page.keyboard.press("-")
    assert float(page.locator("#speed").input_value()) == before / 2
    page.keyboard.press("3")
    page.keyboard.press("Shift+Digit4")
    assert (page.locator("#choose-left").input_value(), page.locator("#choose-right").input_value()) == ("2", "3")
    page.keyboard.press("?")
    assert page.locator("#keys").is_visible()
    page.keyboard.press("ArrowRight")
    assert step(page) == 0
    page.keyboard.press("Escape")
    assert page.locator("#keys").is_hidden()


def test_a_key_for_a_button_with_the_focus_is_the_buttons(opened: Opened) -> None:
    page = opened(FOUR)
    page.locator("#forward").focus()
    page.keyboard.press("Space")
    assert step(page) == 1
    assert not page.evaluate("window.replay.player.playing")


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_click_on_a_site_shows_its_ledger_with_the_numbers_recorded(opened: Opened, side: str) -> None:
    page = opened(FOUR, address="#t=4.5")
    click_site(page, 7, side)
    assert page.locator("#chooser").input_value() == "sites:7"
    assert text(page, "#chosen-kind") == "Sites"
    assert ledger(page) == expected_ledger(FOUR[:2], 7, 18)
    said = page.locator(".said").all_inner_texts()
    for block, each in zip(said, FOUR[:2], strict=True):
        moment = each.moments[18]
        assert each.label in block
        assert SITE_STATES[moment.states["sites"][7]].title in block
        assert moment.texts["sites"]["decision"][7] in block
        assert moment.texts["sites"]["reason"][7] in block
    page.keyboard.press("ArrowLeft")
    assert ledger(page) == expected_ledger(FOUR[:2], 7, 17)
    page.keyboard.press("Escape")
    assert page.locator("#ledger").inner_text() == ""
    assert page.locator("#hint").is_visible()


def test_a_site_can_be_chosen_without_a_pointer(opened: Opened) -> None:
    page = opened(FOUR)
    page.locator("#chooser").select_option(label="BS 11")
    assert ledger(page) == expected_ledger(FOUR[:2], 11, 0)
    page.locator("#clear").click()
    assert ledger(page) == {}


def test_buttons_go_from_change_to_change(opened: Opened) -> None:
    page = opened(FOUR[:1], address="#t=0&select=sites:3")
    moments = FOUR[0].moments

    def told(now: int) -> tuple[Any, ...]:
        texts = moments[now].texts.get("sites", {"decision": [""] * 19, "reason": [""] * 19})
        return moments[now].states["sites"][3], texts["decision"][3], texts["reason"][3]

    changes = [later for earlier, later in pairwise(range(DECISIONS + 1)) if told(earlier) != told(later)]
    assert len(changes) > 2
    for change in changes:
        page.get_by_role("button", name="Next change").click()
        assert step(page) == change
    assert page.get_by_role("button", name="Next change").is_disabled()
    page.get_by_role("button", name="Previous change").click()
    assert step(page) == changes[-2]


def test_two_controllers_are_compared_and_one_can_stand_alone(opened: Opened) -> None:
    page = opened(FOUR, address="#t=6")
    page.locator("#choose-right").select_option(label="msrc")
    last = [FOUR[0].moments[24], FOUR[2].moments[24]]
    for key, states, kind in (("users", USER_STATES, "Users"), ("sites", SITE_STATES, "Sites")):
        shown = counts(page, kind)
        found = [np.bincount(moment.states[key], minlength=len(states)) for moment in last]
        assert shown == {
            state.title: [int(side[code]) for side in found]
            for code, state in enumerate(states)
            if any((moment.states[key] == code).any() for each in FOUR for moment in each.moments)
        }
    width = page.locator("#map-left").bounding_box()["width"]
    page.locator("#choose-right").select_option("")
    assert page.locator("#panel-right").is_hidden()
    until(page, f"document.getElementById('map-left').clientWidth > {width + 100}")
    page.locator("#compare").click()
    assert page.locator("#panel-right").is_visible()


def test_the_outcome_of_all_controllers_is_shown_and_the_best_is_bold(opened: Opened) -> None:
    page = opened(FOUR)
    rows = page.locator("#kpis tbody tr")
    assert rows.nth(0).locator("td").all_inner_texts() == ["92.5", "91.5", "90.5", "89.5"]
    assert rows.nth(1).locator("td").all_inner_texts() == ["\N{EN DASH}"] * 4
    assert page.locator("#kpis td.best").all_inner_texts() == ["92.5", "123.5"]


def test_the_address_says_what_is_shown_and_shows_it_again(opened: Opened) -> None:
    page = opened(FOUR)
    page.locator("#scrubber").fill("10")
    page.locator("#choose-left").select_option(label="zoo:blackout")
    click_site(page, 2)
    address = page.evaluate("location.hash")
    again = opened(FOUR, address=address)
    assert step(again) == 10
    assert again.locator("#choose-left").input_value() == "3"
    assert again.locator("#choose-right").input_value() == "1"
    assert ledger(again) == expected_ledger([FOUR[3], FOUR[1]], 2, 10)


@pytest.mark.parametrize(
    "address",
    ["#", "#t=nonsense&left=nobody&select=nothing:1", "#t=-5&select=sites:99", "#t=1e9&right=", "#select=users:1"],
)
def test_an_address_that_makes_no_sense_is_passed_over(opened: Opened, address: str) -> None:
    page = opened(FOUR, address=address)
    assert page.locator("#choose-left").input_value() == "0"
    assert ledger(page) == {}

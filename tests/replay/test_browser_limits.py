"""The page in a real browser where things are unusual: themes, phones, hostile names, and episodes at the limits."""

import base64
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.replay.conftest import Opened, until
from tests.replay.recorded import SITE_STATES, recording
from voltran.envs.replay.stage import Moment, Stage
from voltran.evaluation.replay.document import Recording
from voltran.evaluation.replay.page import page as page_of

pytestmark = pytest.mark.browser

TWO = [recording("one"), recording("two", policy=1)]
PHONE = {"width": 390, "height": 844}
PIXELS = """([canvas, places]) => {
  const picture = document.querySelector(canvas);
  const { width, height } = picture;
  const { data } = picture.getContext("2d").getImageData(0, 0, width, height);
  const at = ([x, y]) => 4 * (Math.round(y) * width + Math.round(x));
  return places.map((place) => [...data.slice(at(place), at(place) + 4)]);
}"""


def colour(page: Any, name: str) -> list[int]:
    """A colour of the theme, as red, green and blue."""
    shown = page.evaluate("(name) => window.replay.colours[name]", name)
    return [int(part) for part in re.findall(r"\d+", shown)[:3]]


def place(page: Any, kind: str, thing: int) -> list[float]:
    """Where a thing lies on the left map."""
    pixels = page.evaluate(
        "([kind, thing]) => { const view = window.replay.views[0];"
        " return Array.from(view.pixels.get(view.recording.kind(kind)).slice(2 * thing, 2 * thing + 2)); }",
        [kind, thing],
    )
    return [float(pixel) for pixel in pixels]


def assert_fits(page: Any, width: int) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_marks_have_the_colour_of_their_state_in_the_theme(opened: Opened, scheme: str) -> None:
    page = opened(TWO, address="#t=3", colour_scheme=scheme)
    states = TWO[0].moments[12].states["sites"]
    filled = [site for site, code in enumerate(states) if SITE_STATES[code].shape != "cross"]
    pixels = page.evaluate(PIXELS, ["#map-left canvas.things", [place(page, "sites", site) for site in filled]])
    assert pixels == [[*colour(page, SITE_STATES[states[site]].tone), 255] for site in filled]
    assert len({states[site] for site in filled}) >= 2


def test_a_button_switches_the_theme(opened: Opened) -> None:
    page = opened(TWO)
    before = page.evaluate("getComputedStyle(document.body).backgroundColor"), colour(page, "good")
    assert page.locator("#theme").get_attribute("aria-label") == "Switch to the dark theme"
    page.locator("#theme").click()
    after = page.evaluate("getComputedStyle(document.body).backgroundColor"), colour(page, "good")
    assert before[0] != after[0]
    assert before[1] != after[1]
    assert page.locator("#theme").get_attribute("aria-label") == "Switch to the light theme"
    page.locator("#theme").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == before[0]


def test_a_phone_shows_one_map_at_a_time_and_nothing_sideways(opened: Opened) -> None:
    page = opened([*TWO, recording("a-rather-long-name:option=12,other=3.5"), recording("four")], **PHONE)
    assert_fits(page, 390)
    assert page.locator("#map-left").is_visible()
    assert page.locator("#map-right").is_hidden()
    page.locator("#tab-right").click()
    assert page.locator("#map-left").is_hidden()
    assert page.locator("#map-right").is_visible()
    assert page.evaluate("document.querySelector('#map-right canvas.things').width") > 300
    page.locator("#chooser").select_option(label="BS 3")
    assert_fits(page, 390)
    page.set_viewport_size({"width": 320, "height": 600})
    assert_fits(page, 320)


HOSTILE = (
    "<script>window.hacked = 1</script>",
    "</script><script>window.hacked = 1</script>",
    '"><img src=x onerror="window.hacked = 1">',
    "<!--title-->",
    "' & \" < > \\",
    "\N{HEBREW LETTER ALEF}\N{RIGHT-TO-LEFT OVERRIDE}abc\N{ARABIC LETTER BEH}",
    "\N{ELECTRIC PLUG}\N{HIGH VOLTAGE SIGN}",
    "x" * 2000,
    "line\nbreak",
    "",
)


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_markup_in_names_is_shown_and_does_nothing(opened: Opened, name: str) -> None:
    words: dict[str, Any] = {"information": name, "scenario": name, "world": name, "version": name}
    made = [
        recording(label, sites=2, decisions=2, names=(name, f"{name}!"), said=name, **words) for label in (name, "b")
    ]
    page = opened(made, address="#t=0.25&select=sites:0", **PHONE)
    assert page.evaluate("window.hacked") is None
    assert page.locator("img").count() == 0
    assert page.locator("#scenario").evaluate("(head) => head.textContent") in (name, name[:119] + "…")
    assert page.locator("#chooser option").nth(1).evaluate("(option) => option.textContent") in (name, name[:59] + "…")
    assert name in page.locator("#ledger").evaluate("(body) => body.textContent")
    assert_fits(page, 390)


def not_a_number() -> Recording:
    made = recording(decisions=4)
    gone = {"users": {}, "sites": {"soc": np.full(19, np.nan), "load_kw": np.full(19, np.inf)}}
    return replace(made, moments=[replace(each, quantities=gone, strips={"soc": np.nan}) for each in made.moments])


def empty_stage() -> Recording:
    return replace(recording(), stage=Stage([], [], []), moments=[Moment(0.0, {}, {}, {}, {}, {})], kpis=[])


LIMITS = {
    "one site": [recording(sites=1, users=3, decisions=4)],
    "61 sites": [recording(sites=61, decisions=4)],
    "1200 sites": [recording(sites=1200, users=500, decisions=3)],
    "one step": [recording(decisions=1), recording("other", decisions=1)],
    "only the start": [recording(decisions=0)],
    "no users": [recording(decisions=4, users=0)],
    "no links": [recording(decisions=4, links=False)],
    "no strips": [recording(decisions=4, strips=False)],
    "nobody moves": [recording(decisions=4, moving=False)],
    "not a number": [not_a_number()],
    "nothing on the stage": [empty_stage()],
    "one ends early": [recording("long", decisions=8), recording("short", decisions=4)],
}


@pytest.mark.parametrize("made", LIMITS.values(), ids=LIMITS.keys())
def test_episodes_at_the_limits_are_shown_and_play(opened: Opened, made: list[Recording]) -> None:
    page = opened(made, motion="no-preference", **PHONE)
    assert_fits(page, 390)
    last = max(len(each.moments) for each in made) - 1
    page.locator("#speed").select_option("64")
    page.locator("#play").click()
    until(page, f"window.replay.player.step === {last} && !window.replay.player.playing")
    if made[0].stage.things and made[0].stage.things[1].names:
        x, y = place(page, "sites", 0)
        page.locator("#map-left").click(position={"x": x, "y": y})
        assert page.locator("#ledger tr[data-key]").count() == 5
    assert page.evaluate("document.querySelector('#map-left canvas').width") > 300


def test_who_is_done_earlier_says_so_and_stays_as_it_ended(opened: Opened) -> None:
    page = opened(LIMITS["one ends early"], address="#t=1")
    assert page.locator("#over-right").is_hidden()
    page.keyboard.press("ArrowRight")
    assert page.locator("#over-right").is_visible()
    assert page.locator("#over-left").is_hidden()
    assert page.evaluate("window.replay.views[1].moment") == 4


def test_who_moves_is_drawn_on_the_way_unless_motion_shall_be_reduced(opened: Opened) -> None:
    for motion, moves in (("no-preference", True), ("reduce", False)):
        page = opened(TWO, motion=motion)
        page.locator("#speed").select_option("0.5")
        start = place(page, "users", 5)
        page.locator("#play").click()
        until(page, "window.replay.player.position > 0.3")
        assert page.evaluate("window.replay.player.step") == 0
        assert (place(page, "users", 5) != start) is moves


def test_the_pointer_tells_what_lies_under_it(opened: Opened) -> None:
    page = opened(TWO, address="#t=2")
    x, y = place(page, "sites", 4)
    page.locator("#map-left").hover(position={"x": x, "y": y})
    moment = TWO[0].moments[8]
    told = page.locator("#tooltip").inner_text()
    assert "BS 4" in told
    assert SITE_STATES[moment.states["sites"][4]].title in told
    assert f"Load: {moment.quantities['sites']['load_kw'][4]:.2f} kW" in told
    page.locator("#legend").hover()
    assert page.locator("#tooltip").is_hidden()


def test_a_map_says_in_words_what_it_shows(opened: Opened) -> None:
    page = opened(TWO, address="#t=2")
    codes = TWO[0].moments[8].states["sites"]
    said = page.locator("#map-left").get_attribute("aria-label")
    assert said.startswith("Map of one at 2:00 h.")
    for code in set(codes):
        assert f"{(codes == code).sum()} {SITE_STATES[code].title}" in said


def test_everything_that_can_be_used_has_a_name(opened: Opened) -> None:
    page = opened(TWO)
    for used in page.locator("button:visible, select:visible, input:visible").all():
        assert used.get_attribute("aria-label") or used.inner_text().strip()


@pytest.mark.parametrize(
    ("before", "damage", "said"),
    [
        ("delete window.DecompressionStream", lambda text: text, "Open the page in a current"),
        ("", lambda text: text[: text.index('id="data">') + 2000], "cut or damaged"),
        ("", lambda text: re.sub(r'id="data">.*?<', 'id="data">!!!<', text), "cut or damaged"),
        (
            "",
            lambda text: re.sub(r'id="data">.*?<', f'id="data">{base64.b64encode(b"x" * 99).decode()}<', text),
            "cut or",
        ),
    ],
)
def test_a_page_that_cannot_be_shown_says_why(
    browser: Any, tmp_path: Path, before: str, damage: Any, said: str
) -> None:
    path = tmp_path / "page.html"
    path.write_text(damage(page_of(TWO)), encoding="utf-8")
    page = browser.new_page()
    if before:
        page.add_init_script(before)
    page.goto(path.as_uri())
    page.get_by_role("alert").wait_for(timeout=10_000)
    assert said in page.get_by_role("alert").inner_text()
    page.close()

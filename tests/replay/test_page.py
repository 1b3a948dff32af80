"""The page as a file: small, whole, safe, and legible in both themes; what needs a browser is tested in one."""

import base64
import hashlib
import html.parser
import itertools
import json
import re
import struct
import zlib
from typing import Any

import numpy as np
import pytest

from tests.replay.recorded import recording
from voltran.envs.errors import VoltranError
from voltran.evaluation.replay.document import Recording
from voltran.evaluation.replay.page import SCRIPTS, _file, page

MEGABYTE = 1e6
LONGEST_FILE = 350  # lines
STYLE = _file("web/replay.css")


class Parts(html.parser.HTMLParser):
    """Texts of scripts and styles, and attributes of all elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.texts: dict[str, list[str]] = {}
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self._open = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open = tag
        self.elements.append((tag, dict(attrs)))
        if tag in ("script", "style", "title"):
            self.texts.setdefault(tag, []).append("")

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open in self.texts:
            self.texts[self._open][-1] += data


def header_of(text: str) -> dict[str, Any]:
    body = zlib.decompress(base64.b64decode(Parts(text).texts["script"][1]))
    (length,) = struct.unpack_from("<I", body)
    header: dict[str, Any] = json.loads(body[4 : 4 + length])
    return header


@pytest.mark.parametrize("users", [1000, 3000])
def test_a_day_of_four_controllers_takes_less_than_five_megabytes(users: int) -> None:
    made = [recording(str(policy), users=users, decisions=96, policy=policy) for policy in range(4)]
    assert len(page(made).encode()) < 5 * MEGABYTE


def test_the_policy_allows_the_pages_own_script_and_style_and_nothing_else() -> None:
    parts = Parts(page([recording()]))
    (policy,) = [of["content"] for tag, of in parts.elements if of.get("http-equiv") == "Content-Security-Policy"]
    assert policy is not None
    allowed = dict(rule.split(" ", 1) for rule in policy.split("; "))
    digests = {
        tag: base64.b64encode(hashlib.sha256(parts.texts[tag][0].encode()).digest()).decode()
        for tag in ("script", "style")
    }
    assert allowed == {
        "default-src": "'none'",
        "script-src": f"'sha256-{digests['script']}'",
        "style-src": f"'sha256-{digests['style']}'",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert not any({"src", "href", "srcset", "style"} & of.keys() for _, of in parts.elements)
    assert not any(name.startswith("on") for _, of in parts.elements for name in of)


@pytest.mark.parametrize(
    "name",
    ["</script><script>alert(1)</script>", "<!--script-->", "</title><img src=x>", "--><b>", "\\u003c", "\u2028"],
)
def test_markup_in_names_changes_nothing_of_the_page(name: str) -> None:
    words: dict[str, Any] = {"scenario": name, "world": name, "information": name, "version": name}
    hostile, plain = page([recording(name, names=(name,) * 19, said=name, **words)]), page([recording()])
    assert [tag for tag, _ in Parts(hostile).elements] == [tag for tag, _ in Parts(plain).elements]
    assert Parts(hostile).texts["title"] == [f"{name}, seed 5 · VoltRAN replay"]
    assert header_of(hostile)["recordings"][0]["label"] == name


def test_the_librarys_licence_comes_with_it() -> None:
    text = page([recording()])
    assert "uPlot (v1.6.32)" in text
    assert "Copyright (c) 2022 Leon Sorokin" in text
    assert "THE SOFTWARE IS PROVIDED" in text


@pytest.mark.parametrize(
    ("made", "problem"),
    [
        ([], "0 recordings; give from 1 to 4"),
        ([recording(str(number)) for number in range(5)], "5 recordings; give from 1 to 4"),
        ([recording(), recording(seed=6)], "several episodes .*seed 5.*seed 6"),
        ([recording(), recording(scenario="another")], "several episodes .*another"),
    ],
)
def test_recordings_that_do_not_belong_together_are_refused(made: list[Recording], problem: str) -> None:
    with pytest.raises(VoltranError, match=problem):
        page(made)


def test_no_two_controllers_have_the_same_dashes() -> None:
    labels = ("mine", "yours", "policy", "static")
    lines = header_of(page([recording(label) for label in labels]))["recordings"]
    assert len({tuple(line["dash"]) for line in lines}) == 4
    assert len({line["colour"] for line in lines}) == 4


@pytest.mark.parametrize("name", [*(f"{script}.js" for script in SCRIPTS), "replay.css", "page.html"])
def test_files_of_the_page_are_short_and_free_of_what_could_end_a_script(name: str) -> None:
    text = _file(f"web/{name}")
    assert len(text.splitlines()) <= LONGEST_FILE
    assert "\r" not in text
    assert name == "page.html" or "</script" not in text


def colours(theme: int) -> dict[str, str]:
    """Names of the colours in the style -> what they are in a theme: 0 for the light one, 1 for the dark one."""
    return {name: pair[theme] for name, *pair in re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", STYLE)}


def linear(colour: str) -> Any:
    """IEC 61966-2-1: linear red, green and blue of sRGB."""
    parts = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """WCAG 2: contrast ratio of two colours."""
    low, high = sorted(float(linear(each) @ [0.2126, 0.7152, 0.0722]) for each in (one, other))
    return (high + 0.05) / (low + 0.05)


def lab(light: Any) -> Any:
    """CIE L*a*b* under D65 of linear red, green and blue."""
    to_xyz = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
    xyz = np.array(to_xyz) @ np.clip(light, 0, 1) / [0.95047, 1, 1.08883]
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


# Machado, Oliveira and Fernandes (2009), Table 1: what those who lack a kind of cones see.
EYES = {
    "all cones": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
TONES = ("good", "fair", "poor", "lost", "idle", "first", "second", "third", "fourth")


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_texts_and_marks_stand_out_from_what_they_are_drawn_on(theme: int) -> None:
    used = colours(theme)
    for ground in ("page", "surface", "raised"):
        for ink in ("text", "muted"):
            assert contrast(used[ink], used[ground]) >= 4.5, (ink, ground)
    assert contrast(used["on-accent"], used["accent"]) >= 4.5
    for mark in (*TONES, "gauge", "control", "accent"):
        assert contrast(used[mark], used["surface"]) >= 3, mark


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_tones_can_be_told_apart_by_the_colour_blind(theme: int, eye: str) -> None:
    used = colours(theme)
    seen = {tone: lab(np.array(EYES[eye]) @ linear(used[tone])) for tone in TONES}
    for one, other in itertools.combinations(TONES, 2):
        assert np.linalg.norm(seen[one] - seen[other]) > 15, (one, other)

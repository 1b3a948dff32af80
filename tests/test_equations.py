"""Formulas of the papers are found in the code, by their numbers and by their symbols."""

import re
from collections import Counter

import pytest

from docs.tools.equation_users import used_by
from docs.tools.equations import PAPERS, ROOMS, ROOT, equations, sources, uses
from docs.tools.nomenclature import SYMBOLS, Symbol, exists

RANGE = re.compile(r"\bEqs\b|\bEq\. \d+[a-z]?(?:-| to |, | and )\d")


@pytest.mark.parametrize("paper", PAPERS)
def test_every_equation_is_computed_or_has_a_reason_why_not(paper: str) -> None:
    computed = {use.number for use in uses() if use.paper == paper}
    reasons = PAPERS[paper]["unused"]
    assert set(PAPERS[paper]["equations"]) - computed == set(reasons)
    assert all(reasons.values())


@pytest.mark.parametrize("paper", PAPERS)
def test_every_equation_says_how_the_code_differs(paper: str) -> None:
    known = PAPERS[paper]
    assert list(known["differs"]) == list(known["equations"])
    assert all(known["differs"].values())
    assert int(re.sub(r"\D", "", list(known["equations"])[-1])) == known["last"]
    for number in known["equations"]:
        assert f"| ({number}) | " in equations(paper)


@pytest.mark.parametrize(
    ("file", "name", "users"),
    [
        ("physics/shared_battery.py", "next_health", {"sharing"}),
        ("physics/uplink_control.py", "eipc_power_mw", {"uplink", "`trimsm`"}),
        ("baselines/dpa/response.py", "respond", {"`dpa`"}),
        ("agents/forecasting/server.py", "federated_average", {"forecasters"}),
    ],
)
def test_users_of_an_equation_are_found_by_imports(file: str, name: str, users: set[str]) -> None:
    assert used_by(file, name) == users


@pytest.mark.parametrize("paper", PAPERS)
def test_equations_are_counted_without_a_gap(paper: str) -> None:
    numbers = [int(re.sub(r"\D", "", number)) for number in PAPERS[paper]["equations"]]
    assert sorted(set(numbers)) == list(range(1, numbers[-1] + 1))
    assert numbers == sorted(numbers)


def test_no_source_names_an_equation_that_its_paper_does_not_have() -> None:
    assert [use for use in uses() if use.number not in PAPERS.get(use.paper, {}).get("equations", {})] == []


def test_a_plain_search_finds_every_equation_where_it_is_computed() -> None:
    for use in uses():
        text = (ROOT / use.file).read_text(encoding="utf-8")
        assert re.search(rf"\[{use.paper}\] Eq\. {use.number}(?!\w)", text), use


@pytest.mark.parametrize("room", ROOMS)
def test_equations_are_named_one_by_one(room: str) -> None:
    for path in (ROOT / room).rglob("*.py"):
        assert RANGE.findall(path.read_text(encoding="utf-8")) == [], path


def test_a_source_ends_with_its_sentence() -> None:
    text = "Sum.\n\nSource: [A] Eq. 1, [A] Eq. 25b; as\nin X 2011. Or: [A] Eq. 3.\n\nSource: [B] Eq. 4\n\n[B] Eq. 5."
    assert re.findall(r"\[(\w)\] Eq\. (\w+)", sources(text)) == [("A", "1"), ("A", "25b"), ("B", "4")]


@pytest.mark.parametrize(
    "symbol", [symbol for paper in SYMBOLS.values() for symbol in paper], ids=lambda each: each.code
)
def test_names_in_the_nomenclature_exist(symbol: Symbol) -> None:
    assert (ROOT / symbol.file).exists()
    assert exists(symbol)


def test_names_that_do_not_exist_are_told_from_those_that_do() -> None:
    for code in (
        "physics.battery:next_soc(power)",
        "physics.battery:BatteryParameters.size",
        "physics.battery:nothing",
    ):
        assert not exists(Symbol("x", "anything", "", code)), code


@pytest.mark.parametrize("paper", SYMBOLS)
def test_symbols_and_names_stand_once(paper: str) -> None:
    for counted in (
        Counter(symbol.symbol for symbol in SYMBOLS[paper]),
        Counter(symbol.code for symbol in SYMBOLS[paper]),
    ):
        assert [each for each, times in counted.items() if times > 1] == []

"""The types of arrays have one home."""

import re

import pytest

from tests.house import ROOT


@pytest.mark.parametrize("room", ["physics", "baselines"])
def test_array_types_are_named_in_one_file(room: str) -> None:
    named = re.compile(r"^\w+(?:: TypeAlias)? = NDArray\[", flags=re.MULTILINE)
    files = {path.relative_to(ROOT).as_posix() for path in (ROOT / room).rglob("*.py")}
    assert {file for file in files if named.search((ROOT / file).read_text(encoding="utf-8"))} <= {"physics/arrays.py"}

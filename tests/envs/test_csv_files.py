"""The reader of CSV files against Python's own, and every way in which heads and rows may not fit each other."""

import csv
from pathlib import Path

import pytest

from voltran.envs.csv_files import read_columns, read_head
from voltran.envs.errors import ScenarioError


def read(folder: Path, content: bytes | str, columns: tuple[str, ...] = ("a", "c")) -> list[tuple[int, list[str]]]:
    path = folder / "table.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read_columns(path, columns, "test file", "rename it"))


def test_columns_are_those_of_pythons_reader(tmp_path: Path) -> None:
    text = 'a,b,c,\n1,"x, y",2,\n\n3,,"4",q\n'
    rows = list(csv.DictReader(text.splitlines()))
    assert read(tmp_path, text) == [(2, [rows[0]["a"], rows[0]["c"]]), (4, [rows[1]["a"], rows[1]["c"]])]
    assert read(tmp_path, text, ("c", "a"))[0] == (2, ["2", "1"])


def test_marks_spaces_and_line_ends_do_no_harm(tmp_path: Path) -> None:
    expected = [(2, ["1", "2"])]
    assert read(tmp_path, "a\tc\r\n1\t2\r\n".encode("utf-16")) == expected
    assert read(tmp_path, b"\xfe\xff" + "a,c\n1,2\n".encode("utf-16-be")) == expected
    assert read(tmp_path, b"\xef\xbb\xbfa,c\n1,2\n") == expected
    assert read(tmp_path, "a,c\r\n1,2\r\n") == expected
    assert read(tmp_path, " a , c \n 1 , 2 \n\n") == expected


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "line 1 lacks the column a, c; it has nothing: it is empty - rename it"),
        ("a,b\n1,2\n", "line 1 lacks the column c; it has a, b - rename it"),
        ("a,c\n", "has no rows"),
        ("a,c\n1\n", "line 2 has 1 fields, line 1 has 2"),
        ("a,c\n1,2\n1,2,3\n", "line 3 has 3 fields, line 1 has 2"),
        ("a,c,a\n1,2,3\n", "line 1 has the column a more than once"),
        ("a,c,b, b\n1,2,3,4\n", "line 1 has the column b more than once"),
        ('a,c\n1,"2\n', "line 2 cannot be read as CSV"),
        (b"a,c\n1,\xff\n", "cannot be read as text .*; save it as UTF-8"),
        ("a;c\n1,5;2\n2.5;2\n", "column 1 has a decimal comma on line 2 and a point on line 3; write all alike"),
        ("a,c\n".encode("utf-16-le"), "cannot be read as text .*NUL.*; save it as UTF-8"),
        ("a|c\n1|2\n", r"line 1 lacks the column a, c; it has a\|c - separate columns by .*, not by '\|'"),
        ("a c\n1 2\n", "line 1 lacks the column a, c; it has a c - separate columns by .*, not by ' '"),
    ],
)
def test_faults_are_named(tmp_path: Path, content: bytes | str, message: str) -> None:
    with pytest.raises(ScenarioError, match=r"test file .*table\.csv: " + message):
        read(tmp_path, content)


def test_semicolons_and_tabs_go_with_decimal_commas(tmp_path: Path) -> None:
    assert read(tmp_path, "a;b;c\n1,5;x, y;-,5e3\n") == [(2, ["1.5", "-.5e3"])]
    assert read(tmp_path, "sep=;\r\na;c\r\n1,5;2\r\n") == [(3, ["1.5", "2"])]
    assert read(tmp_path, "# of a tool\nsep=|\na|c\n1|2\n") == [(4, ["1", "2"])]
    assert read(tmp_path, "a\tb\tc\n1,5\tx;y\t2.5\n") == [(2, ["1.5", "2.5"])]
    assert read(tmp_path, 'a,c\n"1,5",2.5\n') == [(2, ["1,5", "2.5"])]
    assert read(tmp_path, '"a","b; c","c"\n1,2,3\n') == [(2, ["1", "3"])]
    assert read(tmp_path, "a;c\n1.234,5;1,2,3\n") == [(2, ["1.234,5", "1,2,3"])]
    with pytest.raises(
        ScenarioError, match=r"line 2 has 3 fields, line 1 has 2; .*commas need columns separated by semi"
    ):
        read(tmp_path, "a,c\n1,3,5\n")


def test_comments_before_the_head_are_skipped_and_counted(tmp_path: Path) -> None:
    assert read(tmp_path, "# made by a tool\n#\na,c\n1,2\n") == [(4, ["1", "2"])]
    with pytest.raises(ScenarioError, match="line 3 lacks the column c; it has a, b"):
        read(tmp_path, "# one\n# two\na,b\n1,2\n")
    with pytest.raises(ScenarioError, match="line 4 has 1 fields, line 3 has 2"):
        read(tmp_path, "# one\n# two\na,c\n1\n")


def test_a_file_without_a_head_is_given_one(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("1\n2\n")
    assert read_head(path, "test file") == ["1"]
    assert list(read_columns(path, ["x"], "test file", "", head=["x"])) == [(1, ["1"]), (2, ["2"])]

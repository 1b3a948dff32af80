"""Results files: a round trip, and clear errors for everything that can be wrong with one."""

import errno
import json
import os
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.evaluation.fixtures import play_idle_and_busy
from voltran.envs.errors import FileFormatError, VoltranError
from voltran.evaluation.files import output_folder, write_json
from voltran.evaluation.results import Results, read_results, write_results


@pytest.fixture
def results(scenario: str) -> Results:
    return play_idle_and_busy(scenario, range(3))


def test_round_trip(results: Results, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    write_results(path, results)
    assert read_results(path) == results


def test_the_file_is_strict_json_without_nan(results: Results, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    write_results(path, results)

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} in a results file")

    content = json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)
    assert content["controllers"]["idle"]["metrics"]["ev_utilisation"]["values"][1] is None
    assert content["seeds"] == [0, 1, 2]
    with pytest.raises(ValueError, match="JSON"):
        write_json(path, {"mean": float("nan")})


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_a_truncated_file_is_named_with_the_remedy(results: Results, tmp_path: Path, share: float) -> None:
    path = tmp_path / "results.json"
    write_results(path, results)
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(FileFormatError, match=r"results\.json: corrupt or truncated .*--resume"):
        read_results(path)


def test_a_missing_file_another_format_and_inconsistent_values(results: Results, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    with pytest.raises(FileFormatError, match="cannot be read"):
        read_results(path)
    data = results.model_dump(mode="json")
    path.write_text(json.dumps(data | {"format": "voltran-results-9"}))
    with pytest.raises(FileFormatError, match="format = 'voltran-results-9'"):
        read_results(path)
    path.write_text(json.dumps(data | {"seeds": [0, 1]}))
    with pytest.raises(FileFormatError, match="2 seeds"):
        read_results(path)
    data["controllers"]["busy"]["metrics"]["survival_h"]["values"].append(1.0)
    path.write_text(json.dumps(data))
    with pytest.raises(FileFormatError, match=r"busy\.survival_h has 4 values for 3 seeds"):
        read_results(path)
    path.write_text(json.dumps(data | {"seeds": "all"}))
    with pytest.raises(FileFormatError, match="seeds"):
        read_results(path)


def test_a_full_disk_leaves_the_earlier_file(results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out" / "results.json"
    write_results(path, results)
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(VoltranError, match=r"results\.json.*No space left on device"):
        write_results(path, results)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_an_occupied_folder_is_only_taken_over_on_request(tmp_path: Path) -> None:
    with output_folder(tmp_path / "new", False, "evaluation"):
        (tmp_path / "new" / "notes.txt").write_text("mine")
    with pytest.raises(VoltranError, match=r"not empty; pass --resume .* or choose another --out"):
        enter(output_folder(tmp_path / "new", False, "evaluation"))
    enter(output_folder(tmp_path / "new", True, "evaluation"))
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["notes.txt"]
    with pytest.raises(VoltranError, match="cannot be used"):
        enter(output_folder(tmp_path / "new" / "notes.txt", True, "evaluation"))


def enter(folder: AbstractContextManager[None]) -> None:
    with folder:
        pass

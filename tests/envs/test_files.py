"""Files are written whole or not at all, and those that belong together all or none."""

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.envs.full_disk import FullDisk
from voltran.envs.errors import VoltranError
from voltran.envs.files import require_writable, write_atomically, written_together

CONTENTS = {"a.json": b"x" * 40, "b.svg": b"y" * 10, "c/d.md": b"z" * 25}
TOTAL = sum(map(len, CONTENTS.values()))


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def write_all(folder: Path, contents: dict[str, bytes]) -> None:
    with written_together() as write:
        for name, content in contents.items():
            write(folder / name, content)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2 * TOTAL), st.booleans())
def test_a_full_disk_leaves_all_earlier_files_or_has_all_new_ones(
    tmp_path_factory: pytest.TempPathFactory, free: int, is_there: bool
) -> None:
    folder = tmp_path_factory.mktemp("files")
    earlier = dict.fromkeys(CONTENTS, b"earlier") if is_there else {}
    write_all(folder, earlier)
    with pytest.MonkeyPatch.context() as patch:
        FullDisk(patch, free)
        if free >= TOTAL:
            write_all(folder, CONTENTS)
        else:
            with pytest.raises(VoltranError, match=r"cannot be written \(No space left on device\)"):
                write_all(folder, CONTENTS)
    assert contents(folder) == (CONTENTS if free >= TOTAL else earlier)


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_whatever_ends_the_block_leaves_nothing(tmp_path: Path, error: type[BaseException]) -> None:
    def ended() -> None:
        with written_together() as write:
            write(tmp_path / "a", b"1")
            raise error

    with pytest.raises(error):
        ended()
    assert contents(tmp_path) == {}


@pytest.mark.parametrize("name", ["x" * 250, "x" * 300, "a\0b", "file/inside", "."])
def test_names_that_cannot_be_are_said_to_be_so(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_bytes(b"mine")
    if len(name) == 250:  # as long as names may be, with hardly a letter left for that of the neighbour
        write_atomically(tmp_path / name, b"1")
        assert (tmp_path / name).read_bytes() == b"1"
        return
    with pytest.raises(VoltranError, match="cannot be written"):
        write_atomically(tmp_path / name, b"1")
    assert contents(tmp_path) == {"file": b"mine"}


def test_a_file_that_cannot_be_written_is_named_before_the_work_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    require_writable(tmp_path / "new" / "fit.yaml")
    require_writable(tmp_path / "file")
    for path in (tmp_path, tmp_path / "file" / "fit.yaml", tmp_path / "a\0b" / "fit.yaml"):
        with pytest.raises(VoltranError, match="cannot be written"):
            require_writable(path)

    def full(*_: Any, **__: Any) -> None:
        raise PermissionError(13, os.strerror(13))

    monkeypatch.setattr("tempfile.TemporaryFile", full)
    with pytest.raises(VoltranError, match="Permission denied"):
        require_writable(tmp_path / "fit.yaml")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]

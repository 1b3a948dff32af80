"""Planning problems as files: what is read is what was written, and nothing else is accepted."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from tests.baselines.msrc_instances import mid_outage
from voltran.baselines.msrc.evaluation import Evaluator
from voltran.baselines.msrc.instances import load_instance, save_instance
from voltran.envs.errors import FileFormatError, VoltranError


@pytest.mark.parametrize("settings", [{}, {"objective": "levelling", "command_set": "extended"}])
def test_round_trip(tmp_path: Path, settings: dict[str, str]) -> None:
    instance = dataclasses.replace(mid_outage(0, 2, **settings), literal_links=True, k_max=2)
    path = tmp_path / "folder" / "instance.npz"
    save_instance(path, instance)
    loaded = load_instance(path)
    assert loaded.settings == instance.settings
    assert (loaded.k_max, loaded.literal_links) == (2, True)
    for name in ("alive", "energy_kwh", "previous_mode", "may_help", "assistance_potential"):
        assert np.array_equal(getattr(loaded, name), getattr(instance, name)), name
    for part in ("options", "groups"):
        for name, value in getattr(instance, part)._asdict().items():
            assert np.array_equal(getattr(getattr(loaded, part), name), value), name
    plan = instance.repaired(np.where(instance.alive, 0, instance.sleep))
    assert Evaluator(loaded).cost(plan) == Evaluator(instance).cost(plan)
    assert [file.name for file in path.parent.iterdir()] == ["instance.npz"]


@pytest.mark.parametrize("damage", ["missing", "empty", "cut", "text", "flipped", "array"])
def test_damaged_files_are_rejected_by_name(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "instance.npz"
    save_instance(path, mid_outage(0))
    content = path.read_bytes()
    middle = len(content) // 2
    damaged = {
        "empty": b"",
        "cut": content[:middle],
        "text": b"not an instance",
        "flipped": content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1 :],
    }
    path.unlink()
    if damage == "array":
        with path.open("wb") as stream:
            np.save(stream, np.zeros(3))
    elif damage != "missing":
        path.write_bytes(damaged[damage])
    with pytest.raises(FileFormatError, match=r"instance\.npz"):
        load_instance(path)


def test_other_versions_are_rejected(tmp_path: Path) -> None:
    path = tmp_path / "instance.npz"
    save_instance(path, mid_outage(0))
    with np.load(path) as archive:
        content = {name: archive[name] for name in archive.files}
    np.savez(path, **{**content, "format": np.array(99)})
    with pytest.raises(FileFormatError, match="format = 99, this version reads 1"):
        load_instance(path)


def test_unwritable_place_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(VoltranError, match="cannot be written"):
        save_instance(tmp_path / "file" / "instance.npz", mid_outage(0))

"""Results are published from code that a commit can bring back, or not at all."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.experiments.checkouts import commit_everything, git
from voltran.envs.errors import VoltranError
from voltran.evaluation import provenance
from voltran.evaluation.provenance import ROOMS, check_committed, commit

FILES = (*(f"{room}/module.py" for room in ROOMS), "voltran/__init__.py", "pyproject.toml", "constraints.txt")
OTHERS = ("README.md", "docs/results.md", "tests/test_it.py", "runs/out/results.json", "CHANGELOG.md")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose code is said to run."""
    folder = tmp_path / "checkout"
    for name in (*FILES, *OTHERS):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("1\n")
    (folder / ".gitignore").write_text("__pycache__/\nlocal*\n")
    commit_everything(folder, monkeypatch)
    return folder


def test_a_committed_checkout_is_published_from(root: Path) -> None:
    check_committed(root)
    assert commit() == git(root, "rev-parse", "HEAD").strip()


def test_what_decides_nothing_may_differ(root: Path) -> None:
    for name in OTHERS:
        (root / name).write_text("2\n")
    (root / "notes.txt").write_text("new\n")
    cache = root / "physics" / "__pycache__"
    cache.mkdir()
    (cache / "module.cpython-311.pyc").write_bytes(b"1")
    check_committed(root)
    assert commit() == git(root, "rev-parse", "HEAD").strip()


def changed(root: Path) -> str:
    (root / "physics" / "module.py").write_text("2\n")
    return "physics/module.py"


def staged(root: Path) -> str:
    git(root, "add", changed(root))
    return "physics/module.py"


def in_an_ignored_folder(root: Path) -> str:
    hidden = root / "baselines" / "local" / "module.py"
    hidden.parent.mkdir()
    hidden.write_text("2\n")
    return "baselines/local/module.py"


def deleted(root: Path) -> str:
    (root / "constraints.txt").unlink()
    return "constraints.txt"


def added(root: Path) -> str:
    (root / "configs" / "another.yaml").write_text("a: 1\n")
    return "configs/another.yaml"


def ignored(root: Path) -> str:
    (root / "envs" / "local.py").write_text("1\n")
    return "envs/local.py"


@pytest.mark.parametrize("change", [changed, staged, deleted, added, ignored, in_an_ignored_folder])
def test_what_decides_results_may_not_differ(root: Path, change: Callable[[Path], str]) -> None:
    name = change(root)
    with pytest.raises(VoltranError, match=rf"{name} differ from the commit.*commit or undo that"):
        check_committed(root)
    assert commit() == f"{git(root, 'rev-parse', 'HEAD').strip()}-dirty"


@pytest.mark.parametrize("name", FILES)
def test_every_file_that_decides_results_is_looked_at(root: Path, name: str) -> None:
    (root / name).write_text("2\n")
    with pytest.raises(VoltranError, match=name):
        check_committed(root)


def test_many_changes_are_counted(root: Path) -> None:
    for name in FILES:
        (root / name).write_text("2\n")
    with pytest.raises(VoltranError, match=f"and {len(FILES) - provenance.SHOWN} more differ"):
        check_committed(root)


def test_code_that_lies_elsewhere_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(provenance, "_home", lambda room: tmp_path if room == "envs" else root.resolve())
    with pytest.raises(VoltranError, match=r"the code of voltran\.envs that runs lies in"):
        check_committed(root)


def test_without_git_nothing_is_published(root: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    with pytest.raises(VoltranError, match="Git does not tell what is committed; install it"):
        check_committed(root)
    assert commit() is None


def test_a_folder_that_is_no_checkout_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (root / ".git").rename(root / "away")
    with pytest.raises(VoltranError, match="is no Git checkout"):
        check_committed(root)
    assert commit() is None


def test_a_checkout_without_commits_is_refused(root: Path, tmp_path: Path) -> None:
    (root / ".git").rename(tmp_path / "away")
    git(root, "init", "--quiet")
    with pytest.raises(VoltranError, match="make a first commit"):
        check_committed(root)
    assert commit() is None

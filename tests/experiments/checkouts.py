"""Checkouts in folders of tests: what is published into them, and Git, whose code is said to be what runs."""

import io
import subprocess
from pathlib import Path

import pytest
from rich.console import Console

from voltran.evaluation import provenance
from voltran.experiments.publish import BEGIN, END
from voltran.experiments.run import run_experiment

README_METRICS = ["survival_h", "continuity"]
README = f"# VoltRAN\n\n## Results\n\n{BEGIN}\nan older table\n{END}\n\n## Installing\n"


def git(root: Path, *arguments: str) -> str:
    """What a Git command prints."""
    identity = ("-c", "user.name=A", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
    command = ["git", "-C", str(root), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def commit_everything(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a folder a checkout in which everything is committed, and whose code runs."""
    git(root, "init", "--quiet")
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", "Begin")
    monkeypatch.setattr(provenance, "_home", lambda room: root.resolve())


def page_of(name: str, root: Path) -> str:
    """The page of a published experiment."""
    return (root / "docs" / "results" / name / "README.md").read_text(encoding="utf-8")


def played(experiment: str, tmp_path: Path) -> Path:
    """Play it into the folder that is returned."""
    out = tmp_path / f"out-{Path(experiment).stem}"
    run_experiment(experiment, out, resume=False, jobs=1, console=Console(file=io.StringIO()), store=tmp_path / "store")
    return out


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

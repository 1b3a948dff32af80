"""Git checkouts in folders of tests, whose code is said to be what runs."""

import subprocess
from pathlib import Path

import pytest

from voltran.evaluation import provenance


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

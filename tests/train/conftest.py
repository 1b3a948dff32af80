"""What the tests of training share."""

from pathlib import Path

import pytest
import yaml

from tests.train.joint_runs import CONFIG, make_constant, worlds_of
from voltran import baselines


@pytest.fixture
def joint_worlds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Train in worlds in which roles touch, with simple opponents."""
    monkeypatch.setattr("voltran.train.learner.make_world", worlds_of("bs", "retailer"))
    monkeypatch.setattr(baselines, "make", make_constant)


@pytest.fixture
def joint_config(tmp_path: Path) -> Path:
    """A small configuration in which two roles learn."""
    path = tmp_path / "small.yaml"
    path.write_text(yaml.safe_dump(CONFIG))
    return path

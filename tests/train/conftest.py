"""What the tests of training share."""

from pathlib import Path

import pytest
import yaml

from tests.train.joint_runs import CONFIG, FAKE, make_constant, worlds_of
from voltran import baselines


@pytest.fixture
def joint_worlds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Train in worlds in which roles touch, with simple opponents."""
    monkeypatch.setattr("voltran.train.training_worlds.make_world", worlds_of("bs", "retailer"))
    monkeypatch.setattr("voltran.train.training_worlds.spec_of_scenario", lambda scenario: FAKE)
    monkeypatch.setattr(baselines, "make", make_constant)


@pytest.fixture
def joint_config(tmp_path: Path) -> Path:
    """A small configuration in which two roles learn."""
    path = tmp_path / "small.yaml"
    path.write_text(yaml.safe_dump(CONFIG))
    return path

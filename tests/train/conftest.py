"""What the tests of evaluation share."""

from pathlib import Path

import pytest
import yaml

from tests.train.fake_outage import make_fake_baseline
from tests.train.joint_runs import CONFIG, make_constant, worlds_of
from voltran import baselines
from voltran.envs import catalog
from voltran.train import experiment_run, report


@pytest.fixture
def scenario(tmp_path: Path) -> str:
    """A scenario file for the fake outage."""
    path = tmp_path / "fake.yaml"
    path.write_text("world: fake_v0\nname: fake\n")
    return str(path)


@pytest.fixture
def fake_voltran(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let names on the command line mean the fake world and the fake controllers."""
    monkeypatch.setitem(catalog.WORLDS, "fake_v0", "tests.train.fake_outage:build_from_data")
    monkeypatch.setattr(baselines, "make", make_fake_baseline, raising=False)


@pytest.fixture
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what takes most of the time."""
    monkeypatch.setattr(report, "write_plots", lambda *arguments: [])
    monkeypatch.setattr(experiment_run, "write_sweep_plots", lambda *arguments: [])


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

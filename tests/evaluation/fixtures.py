"""What the tests of evaluation, experiments, training and the command line share."""

from pathlib import Path

import pytest

from tests.evaluation.fake_outage import FAKE, make_fake_baseline
from voltran import baselines
from voltran.envs import registry
from voltran.evaluation import report
from voltran.experiments import run as experiment_run


@pytest.fixture
def scenario(tmp_path: Path) -> str:
    """A scenario file for the fake outage."""
    path = tmp_path / "fake.yaml"
    path.write_text("world: fake_v0\nname: fake\n")
    return str(path)


@pytest.fixture
def fake_voltran(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let names on the command line mean the fake world and the fake controllers."""
    monkeypatch.setitem(registry._SPECS, FAKE.name, FAKE)
    monkeypatch.setattr(baselines, "make", make_fake_baseline, raising=False)


@pytest.fixture
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what takes most of the time."""
    monkeypatch.setattr(report, "write_plots", lambda *arguments: [])
    monkeypatch.setattr(experiment_run, "write_sweep_plots", lambda *arguments: [])

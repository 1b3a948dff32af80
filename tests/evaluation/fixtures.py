"""What the tests of evaluation, experiments, training and the command line share."""

from pathlib import Path

import pytest

from tests.evaluation.fake_outage import FAKE, make_fake_baseline
from voltran import baselines
from voltran.envs import registry
from voltran.evaluation import report
from voltran.experiments import episode_kind


@pytest.fixture
def scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A scenario file for the fake outage, which worker processes find by its name in the file."""
    monkeypatch.setitem(registry._SPECS, FAKE.name, FAKE)  # other tests know nothing of it
    path = tmp_path / "fake.yaml"
    path.write_text("world: tests.evaluation.fake_outage:FAKE\nname: fake\n", encoding="utf-8")
    return str(path)


@pytest.fixture
def fake_voltran(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let names on the command line mean the fake controllers."""
    monkeypatch.setattr(baselines, "make", make_fake_baseline, raising=False)


@pytest.fixture
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out what takes most of the time."""
    monkeypatch.setattr(report, "write_plots", lambda *arguments: [])
    monkeypatch.setattr(episode_kind, "write_sweep_plots", lambda *arguments: [])

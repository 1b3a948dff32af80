"""What the tests of evaluation, experiments, training and the command line share."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.evaluation.fake_outage import FAKE, idle_and_busy, make_fake_baseline
from voltran import baselines
from voltran.envs import registry
from voltran.evaluation import report
from voltran.evaluation.evaluation import Evaluation
from voltran.evaluation.results import Results
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


def play_idle_and_busy(scenario: str, seeds: Sequence[int], out: Path | None = None, **overrides: Any) -> Results:
    """Evaluate two controllers that differ."""
    return Evaluation(scenario, idle_and_busy(), seeds, overrides).run(out=out)

"""What the tests of publishing share: two small experiments and a checkout."""

from pathlib import Path

import pytest
import yaml

from tests.experiments.checkouts import README, README_METRICS
from voltran.evaluation import versions
from voltran.experiments import publish as publishing


@pytest.fixture(autouse=True)
def _committed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What plays is said to be committed, whether or not somebody is at work on it."""
    monkeypatch.setattr(versions, "commit", lambda: "c0ffee" * 6)


@pytest.fixture
def experiment(scenario: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An experiment in the fake outage, whose scenario takes the README's place, and which another one follows."""
    paths = {}
    readme = {"situation": scenario, "metrics": README_METRICS}
    second = {"metrics": ["ev_cost"], "pictures": ["survival"], "publish": {"order": 2}}
    for name, more in (("small", {"publish": {"order": 1, "readme": readme}}), ("second", second)):
        content = {
            "title": f"A {name} experiment",
            "question": "Who survives?",
            "answer": "Busy {survival_h: busy}, {survival_h: busy / idle} times "
            f"idle's {{survival_h: idle @ {scenario}}}.",
            "description": "Two of them.",
            "scenarios": [scenario],
            "controllers": ["idle", "busy"],
            "seeds": 2,
            "reference": ["idle"],
            "paper": [{"title": "Table I", "values": {scenario: {"survival_h": {"idle": 2.5}}}}],
        }
        path = tmp_path / f"{name}.yaml"
        path.write_text(yaml.safe_dump(content | more))
        paths[name] = str(path)
    monkeypatch.setattr(publishing, "published_names", lambda: list(paths.values()))
    return paths["small"]


@pytest.fixture
def second(experiment: str) -> str:
    """The other experiment."""
    return experiment.replace("small", "second")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout with a README and nothing else."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    (folder / "README.md").write_text(README)
    return folder

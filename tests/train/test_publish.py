"""Publishing an experiment: documentation and README follow its results, or nothing is written at all."""

import io
from pathlib import Path

import pytest
import yaml
from rich.console import Console
from typer.testing import CliRunner

from voltran.envs.errors import FileFormatError
from voltran.train import publish as publishing
from voltran.train.calibration import recorded_fit
from voltran.train.cli import app
from voltran.train.experiment import run_experiment
from voltran.train.publish import BEGIN, END, publish
from voltran.train.results import read_results
from voltran.train.tables import readme_table

pytestmark = pytest.mark.usefixtures("fake_voltran")

README = f"# VoltRAN\n\n## Results\n\n{BEGIN}\nan older table\n{END}\n\n## Installing\n"


@pytest.fixture
def experiment(scenario: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An experiment in the fake outage, whose scenario takes the README's place."""
    monkeypatch.setattr(publishing, "README_SCENARIO", scenario)
    content = {
        "title": "A small experiment",
        "description": "Two of them.",
        "scenarios": [scenario],
        "controllers": ["idle", "busy"],
        "seeds": 2,
        "reference": ["idle"],
        "paper": [{"title": "Table I", "values": {scenario: {"survival_h": {"idle": 2.5}}}}],
    }
    path = tmp_path / "small.yaml"
    path.write_text(yaml.safe_dump(content))
    return str(path)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A checkout with a README and nothing else."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    (folder / "README.md").write_text(README)
    return folder


def played(experiment: str, tmp_path: Path) -> Path:
    """Play it into the folder that is returned."""
    run_experiment(experiment, tmp_path / "out", resume=False, jobs=1, console=Console(file=io.StringIO()))
    return tmp_path / "out"


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.usefixtures("no_pictures")
def test_results_reach_documentation_and_readme(experiment: str, root: Path, tmp_path: Path) -> None:
    out = played(experiment, tmp_path)
    assert publish(experiment, out, root) == [root / "docs" / "results.md", root / "README.md"]
    results = read_results(out / "fake" / "results.json")
    readme = (root / "README.md").read_text()
    assert "an older table" not in readme
    before, _, rest = readme.partition(BEGIN)
    table, _, after = rest.partition(END)
    assert (before, after) == ("# VoltRAN\n\n## Results\n\n", "\n\n## Installing\n")
    assert table.strip() == readme_table(results, "docs/results.md").strip()
    page = (root / "docs" / "results.md").read_text()
    assert page.startswith("# Results\n")
    assert "\n## A small experiment\n" in page
    assert "\n### Table I\n" in page
    assert page.count("\n# ") == 0
    mean = results.controllers["idle"].metrics["survival_h"].mean
    assert f"| Survival (h) | idle | 2.50 | {mean:.2f} ± " in page


def test_results_and_pictures_are_copied_and_linked(experiment: str, root: Path, tmp_path: Path) -> None:
    out = played(experiment, tmp_path)
    publish(experiment, out, root)
    copied, made = files(root / "docs" / "results" / "small" / "fake"), files(out / "fake")
    assert copied.keys() >= {"results.json", "batteries.png", "batteries-dark.png", "trade-off.png"}
    assert copied == {name: made[name] for name in copied}
    page = (root / "docs" / "results.md").read_text()
    for name in copied.keys() - {"results.json"}:
        assert f'"results/small/fake/{name}"' in page


@pytest.mark.usefixtures("no_pictures")
def test_publishing_again_replaces_what_was_published(experiment: str, root: Path, tmp_path: Path) -> None:
    out = played(experiment, tmp_path)
    publish(experiment, out, root)
    first = files(root)
    publish(experiment, out, root)
    assert files(root) == first


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize("readme", ["# VoltRAN\n", f"# VoltRAN\n{BEGIN}\n", f"# VoltRAN\n{END}\n{BEGIN}\n"])
def test_a_readme_without_markers_is_refused_and_nothing_is_written(
    experiment: str, root: Path, tmp_path: Path, readme: str
) -> None:
    out = played(experiment, tmp_path)
    (root / "README.md").write_text(readme)
    with pytest.raises(FileFormatError, match=r"README\.md: the markers .* are missing; put them back"):
        publish(experiment, out, root)
    assert files(root) == {"README.md": readme.encode()}


@pytest.mark.usefixtures("no_pictures")
def test_missing_and_corrupt_results_are_refused_and_nothing_is_written(
    experiment: str, root: Path, tmp_path: Path
) -> None:
    with pytest.raises(FileFormatError, match=r"results\.json: cannot be read"):
        publish(experiment, tmp_path / "nowhere", root)
    out = played(experiment, tmp_path)
    path = out / "fake" / "results.json"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(FileFormatError, match=r"results\.json: corrupt or truncated"):
        publish(experiment, out, root)
    assert files(root) == {"README.md": README.encode()}


def test_the_calibration_is_disclosed() -> None:
    text, fit = publishing.calibration_section(), recorded_fit()
    assert f"static power x {fit.static_multiplier:g}, load-dependent power x\n{fit.dynamic_multiplier:g}." in text
    assert f"{100 * fit.error:.1f} %" in text
    for scenario, paper in (("urban19-light", 3.2), ("urban19-medium", 2.5), ("urban19-heavy", 1.8)):
        assert f"| {scenario} | {paper} | {fit.survival_h[scenario]:.2f} |" in text


@pytest.mark.usefixtures("no_pictures")
def test_the_command_publishes_on_request(experiment: str, root: Path, tmp_path: Path) -> None:
    arguments = ["experiment", experiment, "--out", str(tmp_path / "out"), "--jobs", "1", "--publish", str(root)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert f"Written: {root / 'docs' / 'results.md'}" in result.output.replace("\n", "")
    (root / "README.md").write_text("# VoltRAN\n")
    result = CliRunner().invoke(app, [*arguments, "--resume"])
    assert result.exit_code == 2
    assert "the markers" in result.stderr

"""Publishing an experiment: documentation and README follow its results, or nothing is written at all."""

import io
import re
import shutil
from pathlib import Path

import pytest
import yaml
from rich.console import Console
from typer.testing import CliRunner

from tests.house import ROOT
from tests.train.checkouts import commit_everything
from voltran.envs.errors import FileFormatError, ScenarioError
from voltran.train import publish as publishing
from voltran.train.calibration import recorded_fit
from voltran.train.cli import app
from voltran.train.experiment import experiment_names
from voltran.train.experiment_run import run_experiment
from voltran.train.publish import BEGIN, END, PUBLISHED, PUBLISHED_STUDIES, publish, write_pages
from voltran.train.results import read_results, write_results
from voltran.train.study import study_names
from voltran.train.tables import markdown_report, readme_table

pytestmark = pytest.mark.usefixtures("fake_voltran")

README = f"# VoltRAN\n\n## Results\n\n{BEGIN}\nan older table\n{END}\n\n## Installing\n"


@pytest.fixture
def experiment(scenario: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An experiment in the fake outage, whose scenario takes the README's place, and which another one follows."""
    paths = {}
    for name, more in (("small", {}), ("second", {"metrics": ["ev_cost"], "pictures": ["survival"]})):
        content = {
            "title": f"A {name} experiment",
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
    monkeypatch.setattr(publishing, "README_EXPERIMENT", paths["small"])
    monkeypatch.setattr(publishing, "README_SCENARIO", scenario)
    monkeypatch.setattr(publishing, "PUBLISHED", tuple(paths.values()))
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


def played(experiment: str, tmp_path: Path) -> Path:
    """Play it into the folder that is returned."""
    out = tmp_path / f"out-{Path(experiment).stem}"
    run_experiment(experiment, out, resume=False, jobs=1, console=Console(file=io.StringIO()), store=tmp_path / "store")
    return out


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
    assert f"| Survival (h) | 2.50 | {mean:.2f} ± " in page


def test_results_and_pictures_are_copied_and_linked(experiment: str, root: Path, tmp_path: Path) -> None:
    out = played(experiment, tmp_path)
    publish(experiment, out, root)
    copied, made = files(root / "docs" / "results" / "small" / "fake"), files(out / "fake")
    assert copied.keys() >= {"results.json", "table.md", "batteries.png", "batteries-dark.png", "trade-off.png"}
    assert copied == {name: made[name] for name in copied}
    page = (root / "docs" / "results.md").read_text()
    for name in copied.keys() - {"results.json", "table.md"}:
        assert f'"results/small/fake/{name}"' in page
    assert "(results/small/fake/table.md)" in page


def test_only_pictures_that_are_shown_are_copied(experiment: str, second: str, root: Path, tmp_path: Path) -> None:
    publish(experiment, played(experiment, tmp_path), root)
    publish(second, played(second, tmp_path), root)
    copied = files(root / "docs" / "results" / "second" / "fake")
    assert copied.keys() == {"results.json", "table.md", "survival.png", "survival-dark.png"}
    page = (root / "docs" / "results.md").read_text()
    assert len(re.findall(r'src="results/second/', page)) == 1


def test_a_sweep_is_published_with_its_own_pictures_only(
    experiment: str, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = yaml.safe_load(Path(experiment).read_text()) | {
        "sweeps": [{"name": "long", "title": "Decisions", "key": "max_decisions", "values": [2, 5]}],
        "metrics": ["service_hours"],
        "paper": [],
    }
    Path(experiment).write_text(yaml.safe_dump(content))
    monkeypatch.setattr(publishing, "README_EXPERIMENT", "another")
    publish(experiment, played(experiment, tmp_path), root)
    copied = files(root / "docs" / "results" / "small")
    cells = {f"fake-long-{value}/{name}" for value in (2, 5) for name in ("results.json", "table.md")}
    assert copied.keys() == {"sweep-service_hours.png", "sweep-service_hours-dark.png", *cells}
    page = (root / "docs" / "results.md").read_text()
    assert re.findall(r'src="([^"]+)"', page) == ["results/small/sweep-service_hours.png"]
    assert "[long-5](results/small/fake-long-5/table.md)" in page


@pytest.mark.usefixtures("no_pictures")
def test_a_page_has_a_chapter_per_published_experiment(
    experiment: str, second: str, root: Path, tmp_path: Path
) -> None:
    publish(second, played(second, tmp_path), root)
    page = (root / "docs" / "results.md").read_text()
    assert re.findall(r"^## (.*)", page, re.MULTILINE) == ["Calibration", "A second experiment"]
    assert (root / "README.md").read_text() == README  # its table is another experiment's
    publish(experiment, played(experiment, tmp_path), root)
    page = (root / "docs" / "results.md").read_text()
    assert re.findall(r"^## (.*)", page, re.MULTILINE) == ["Calibration", "A small experiment", "A second experiment"]
    listed = re.findall(r"^\| \[(\w+)\]\(#(\w+)\) \| (.*?) \| 2 \| .*code [0-9a-f]{12} \|$", page, re.MULTILINE)
    assert listed == [("small", "small", "A small experiment"), ("second", "second", "A second experiment")]
    assert [f'<a id="{anchor}"></a>' in page for _, anchor, _ in listed] == [True, True]
    assert "same state of the code" not in page


@pytest.mark.usefixtures("no_pictures")
@pytest.mark.parametrize(
    ("versions", "shown"), [({"code": "0123456789ab"}, "code 0123456789ab"), ({"code": None}, "commit feedfeedfeed")]
)
def test_results_of_another_state_of_the_code_are_seen_as_such(
    experiment: str, second: str, root: Path, tmp_path: Path, versions: dict[str, str | None], shown: str
) -> None:
    publish(experiment, played(experiment, tmp_path), root)
    out = played(second, tmp_path)
    results = read_results(out / "fake" / "results.json")
    changed = results.versions | {"git_commit": "feedfeedfeedfeed"} | versions
    write_results(out / "fake" / "results.json", results.model_copy(update={"versions": changed}))
    publish(second, out, root)
    page = (root / "docs" / "results.md").read_text()
    assert re.search(rf"^\| \[second\].*{shown} \|$", page, re.MULTILINE)
    assert not re.search(rf"^\| \[small\].*{shown}", page, re.MULTILINE)
    assert "Not everything here was played by the same state of the code" in page


@pytest.mark.usefixtures("no_pictures")
def test_pages_can_be_written_again_without_playing(
    experiment: str, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(experiment, played(experiment, tmp_path), root)
    first = files(root)
    folder = root / "docs" / "results" / "small" / "fake"
    for path in (root / "docs" / "results.md", folder / "table.md"):
        path.unlink()
    (root / "README.md").write_text(README)
    assert write_pages(root) == [root / "docs" / "results.md", root / "README.md"]
    assert files(root) == first
    results = read_results(folder / "results.json")
    assert (folder / "table.md").read_text() == markdown_report(results)
    content = yaml.safe_load(Path(experiment).read_text()) | {"description": "Another word."}
    Path(experiment).write_text(yaml.safe_dump(content))
    monkeypatch.chdir(root)
    assert CliRunner().invoke(app, ["publish"]).exit_code == 0
    assert "\nAnother word.\n" in (root / "docs" / "results.md").read_text()


@pytest.mark.usefixtures("no_pictures")
def test_what_an_experiment_no_longer_plays_disappears(experiment: str, root: Path, tmp_path: Path) -> None:
    out = played(experiment, tmp_path)
    publish(experiment, out, root)
    shutil.copytree(root / "docs" / "results" / "small" / "fake", root / "docs" / "results" / "small" / "older")
    publish(experiment, out, root)
    assert not (root / "docs" / "results" / "small" / "older").exists()


@pytest.mark.usefixtures("no_pictures")
def test_an_experiment_without_a_chapter_is_refused(experiment: str, root: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(Path(experiment).read_text())
    with pytest.raises(ScenarioError, match=r"other\.yaml: is not published; those that are: .*small\.yaml"):
        publish(str(other), tmp_path / "out", root)
    assert files(root) == {"README.md": README.encode()}


def test_make_publishes_every_shipped_experiment_in_the_order_of_the_page() -> None:
    makefile = (ROOT / "Makefile").read_text().replace("\\\n", " ")
    named = re.search(r"^EXPERIMENTS := (.*)$", makefile, re.MULTILINE)
    assert named is not None
    assert tuple(named[1].split()) == PUBLISHED + PUBLISHED_STUDIES
    assert set(PUBLISHED) == set(experiment_names())
    assert set(PUBLISHED_STUDIES) == set(study_names())


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


@pytest.mark.usefixtures("no_pictures")
def test_damage_in_another_chapter_is_named_and_nothing_is_written(
    experiment: str, second: str, root: Path, tmp_path: Path
) -> None:
    publish(second, played(second, tmp_path), root)
    path = root / "docs" / "results" / "second" / "fake" / "results.json"
    path.write_bytes(path.read_bytes()[:-20])
    before = files(root)
    with pytest.raises(FileFormatError, match=r"second/fake/results\.json: corrupt or truncated"):
        publish(experiment, played(experiment, tmp_path), root)
    assert files(root) == before


def test_the_calibration_is_disclosed() -> None:
    text, fit = publishing.calibration_section(), recorded_fit()
    assert f"static power x {fit.static_multiplier:g}, load-dependent power x\n{fit.dynamic_multiplier:g}." in text
    assert f"{100 * fit.error:.1f} %" in text
    for scenario, paper in (("urban19-light", 3.2), ("urban19-medium", 2.5), ("urban19-heavy", 1.8)):
        assert f"| {scenario} | {paper} | {fit.survival_h[scenario]:.2f} |" in text


@pytest.mark.usefixtures("no_pictures")
def test_the_command_publishes_on_request(
    experiment: str, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit_everything(root, monkeypatch)
    out, store = str(tmp_path / "out"), str(tmp_path / "store")
    arguments = ["experiment", experiment, "--out", out, "--store", store, "--jobs", "1", "--publish", str(root)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert f"Written: {root / 'docs' / 'results.md'}" in result.output.replace("\n", "")
    (root / "README.md").write_text("# VoltRAN\n")
    result = CliRunner().invoke(app, [*arguments, "--resume"])
    assert result.exit_code == 2
    assert "the markers" in result.stderr


def test_the_command_plays_nothing_where_the_code_is_not_committed(
    experiment: str, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit_everything(root, monkeypatch)
    (root / "physics").mkdir()
    (root / "physics" / "module.py").write_text("1\n")
    before = files(root)
    result = CliRunner().invoke(app, ["experiment", experiment, "--out", str(tmp_path / "out"), "--publish", str(root)])
    assert result.exit_code == 2
    assert "physics/module.py differ from the commit" in result.output
    assert not (tmp_path / "out").exists()
    assert files(root) == before

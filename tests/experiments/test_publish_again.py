"""Publishing again, and what is refused: the earlier documents stay as they were."""

import errno
import json
import os
import shutil
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from tests.envs.full_disk import FullDisk
from tests.experiments.checkouts import README, commit_everything, files, played
from voltran.cli.app import app
from voltran.envs.errors import FileFormatError, ScenarioError, VoltranError
from voltran.evaluation.results import read_results, write_results
from voltran.experiments.calibration import recorded_fit
from voltran.experiments.experiment import experiment_names, read_experiment
from voltran.experiments.index import calibration_section
from voltran.experiments.publish import BEGIN, END, publish, write_pages

pytestmark = pytest.mark.usefixtures("fake_voltran")


@pytest.mark.usefixtures("no_pictures")
def test_a_full_disk_leaves_the_earlier_folder(
    experiment: str, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = played(experiment, tmp_path)
    publish(experiment, out, root)
    before = files(root)
    rename = Path.rename

    def full(path: Path, target: Path) -> Path:
        if path.name.endswith(".new"):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", full)
    with pytest.raises(VoltranError, match=r"small: cannot be written \(No space left on device\)"):
        publish(experiment, out, root)
    assert files(root) == before
    assert [path.name for path in (root / "docs" / "results").iterdir()] == ["small"]


@pytest.mark.usefixtures("no_pictures")
def test_however_early_the_disk_is_full_all_documents_are_those_of_before(
    experiment: str, root: Path, tmp_path: Path
) -> None:
    out = played(experiment, tmp_path)
    first = files(root)
    publish(experiment, out, root)
    before = files(root)
    size = sum(len(content) for content in before.values())
    for earlier, free in ((before, range(0, size, size // 5)), (first, [size // 2])):
        if earlier is first:
            shutil.rmtree(root / "docs")
            (root / "README.md").write_text(README)
        for room in free:
            with pytest.MonkeyPatch.context() as patch:
                FullDisk(patch, room)
                with pytest.raises(VoltranError, match="No space left on device"):
                    publish(experiment, out, root)
            assert files(root) == earlier
    publish(experiment, out, root)
    assert files(root) == before


@pytest.mark.usefixtures("no_pictures")
def test_what_was_killed_while_folders_changed_places_is_put_back(
    experiment: str, second: str, root: Path, tmp_path: Path
) -> None:
    publish(experiment, played(experiment, tmp_path), root)
    before = files(root)
    folder = root / "docs" / "results" / "small"
    folder.rename(folder.with_name(".small.old"))
    write_pages(root)
    assert files(root) == before


@pytest.mark.usefixtures("no_pictures")
def test_what_an_experiment_no_longer_plays_disappears(experiment: str, root: Path, tmp_path: Path) -> None:
    out = played(experiment, tmp_path)
    publish(experiment, out, root)
    (root / "docs" / "results" / "small" / "older").mkdir()
    publish(experiment, out, root)
    assert not (root / "docs" / "results" / "small" / "older").exists()


@pytest.mark.usefixtures("no_pictures")
def test_an_experiment_without_a_chapter_is_refused(experiment: str, root: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(Path(experiment).read_text(encoding="utf-8"))
    with pytest.raises(ScenarioError, match=r"other\.yaml: is not published; those that are: .*small\.yaml"):
        publish(str(other), tmp_path / "out", root)
    assert files(root) == {"README.md": README.encode()}


def test_every_shipped_experiment_is_published_at_a_place_of_its_own() -> None:
    orders = [read_experiment(name).publish.order for name in experiment_names()]
    assert orders == list(range(1, len(orders) + 1))
    shown = [name for name in experiment_names() if read_experiment(name).publish.readme]
    assert len(shown) == 1


@pytest.mark.usefixtures("no_pictures")
def test_a_readme_of_a_situation_that_is_not_played_is_refused(experiment: str, root: Path, tmp_path: Path) -> None:
    content = yaml.safe_load(Path(experiment).read_text(encoding="utf-8"))
    content["publish"]["readme"]["situation"] = "elsewhere"
    Path(experiment).write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(ScenarioError, match=r"small\.yaml: readme\.situation = 'elsewhere': known: .*fake\.yaml"):
        publish(experiment, played(experiment, tmp_path), root)
    assert files(root) == {"README.md": README.encode()}


@pytest.mark.usefixtures("no_pictures")
def test_publishing_again_replaces_what_was_published(experiment: str, root: Path, tmp_path: Path) -> None:
    out = played(experiment, tmp_path)
    publish(experiment, out, root)
    first = files(root)
    changed: list[str] = []
    publish(experiment, out, root, changed.append)
    assert files(root) == first
    assert changed == []


@pytest.mark.usefixtures("no_pictures")
def test_cells_that_went_differently_than_published_are_named(experiment: str, root: Path, tmp_path: Path) -> None:
    out = played(experiment, tmp_path)
    changed: list[str] = []
    publish(experiment, out, root, changed.append)
    assert changed == []  # nothing had been published
    first, *_ = sorted(out.glob("*/results.json"))
    content = json.loads(first.read_text(encoding="utf-8"))
    metric = next(iter(content["controllers"].values()))["metrics"]["survival_h"]
    metric["values"][0] += 1.0
    first.write_text(json.dumps(content))
    publish(experiment, out, root, changed.append)
    assert len(changed) == 1


@pytest.mark.usefixtures("no_pictures")
def test_what_was_played_before_it_was_committed_is_refused(experiment: str, root: Path, tmp_path: Path) -> None:
    out = played(experiment, tmp_path)
    results = read_results(out / "fake" / "results.json")
    versions = results.versions | {"git_commit": "feedfeed-dirty"}
    write_results(out / "fake" / "results.json", results.model_copy(update={"versions": versions}))
    before = files(root)
    with pytest.raises(VoltranError, match=r"git_commit = feedfeed-dirty: .*commit, then run it again with --resume"):
        publish(experiment, out, root)
    assert files(root) == before


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
def test_damage_in_another_summary_is_named_and_nothing_is_written(
    experiment: str, second: str, root: Path, tmp_path: Path
) -> None:
    publish(second, played(second, tmp_path), root)
    path = root / "docs" / "results" / "second" / "results.json"
    path.write_bytes(path.read_bytes()[:-20])
    before = files(root)
    with pytest.raises(FileFormatError, match=r"second/results\.json: corrupt or truncated"):
        publish(experiment, played(experiment, tmp_path), root)
    assert files(root) == before


def test_the_calibration_is_disclosed() -> None:
    text, fit = calibration_section(), recorded_fit()
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

"""Publishing an experiment: documentation and README follow its results, or nothing is written at all."""

import errno
import io
import json
import os
import re
from pathlib import Path

import pytest
import yaml
from rich.console import Console
from typer.testing import CliRunner

from tests.experiments.checkouts import commit_everything
from voltran.cli.app import app
from voltran.envs.errors import FileFormatError, ScenarioError, VoltranError
from voltran.evaluation.results import read_results, write_results
from voltran.evaluation.tables import readme_table
from voltran.experiments import publish as publishing
from voltran.experiments.calibration import recorded_fit
from voltran.experiments.experiment import experiment_names, read_experiment
from voltran.experiments.index import calibration_section
from voltran.experiments.publish import BEGIN, END, publish, write_pages
from voltran.experiments.run import run_experiment

pytestmark = pytest.mark.usefixtures("fake_voltran")

README_METRICS = ["survival_h", "continuity"]
README = f"# VoltRAN\n\n## Results\n\n{BEGIN}\nan older table\n{END}\n\n## Installing\n"


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


def page_of(name: str, root: Path) -> str:
    """The page of a published experiment."""
    return (root / "docs" / "results" / name / "README.md").read_text(encoding="utf-8")


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
    folder = root / "docs" / "results" / "small"
    assert publish(experiment, out, root) == [folder / "README.md", root / "docs" / "results.md", root / "README.md"]
    results = read_results(out / "fake" / "results.json")
    readme = (root / "README.md").read_text(encoding="utf-8")
    assert "an older table" not in readme
    before, _, rest = readme.partition(BEGIN)
    table, _, after = rest.partition(END)
    assert (before, after) == ("# VoltRAN\n\n## Results\n\n", "\n\n## Installing\n")
    assert table.strip() == readme_table(results, README_METRICS, "docs/results/small/README.md").strip()
    page = page_of("small", root)
    assert page.startswith("# A small experiment\n\n**Who survives?** Busy ")
    assert "\n## Table I\n" in page
    mean = results.controllers["idle"].metrics["survival_h"].mean
    assert f"| Survival (h) | 2.50 | {mean:.2f} |" in page


@pytest.mark.usefixtures("no_pictures")
def test_the_index_answers_from_the_results_and_names_the_papers_numbers(
    experiment: str, root: Path, tmp_path: Path
) -> None:
    out = played(experiment, tmp_path)
    publish(experiment, out, root)
    metrics = read_results(out / "fake" / "results.json").controllers
    idle, busy = (metrics[label].metrics["survival_h"].mean or 0.0 for label in ("idle", "busy"))
    index = (root / "docs" / "results.md").read_text(encoding="utf-8")
    answer = f"Busy {busy:.2f} h, {busy / idle:#.3g} times idle's {idle:.2f} h."
    beside = f"2.50 / {idle:.2f} h"
    assert f"[small](results/small/README.md) | Who survives? | {answer} | {beside} | 2 | " in index
    assert '<a id="small"></a>' in index


def test_a_summary_and_the_pictures_are_all_that_is_published(experiment: str, root: Path, tmp_path: Path) -> None:
    out = played(experiment, tmp_path)
    publish(experiment, out, root)
    published, made = files(root / "docs" / "results" / "small"), files(out)
    pictures = {name for name in made if name.endswith(".svg")}
    assert pictures >= {"fake/batteries.svg", "fake/trade-off.svg"}
    assert published.keys() == {"README.md", "results.json", *pictures}
    assert {name: published[name] for name in pictures} == {name: made[name] for name in pictures}
    page = page_of("small", root)
    assert set(re.findall(r'src="([^"]+)"', page)) == pictures
    assert len(published["results.json"]) < 0.5 * len(made["fake/results.json"])


def test_only_pictures_that_are_shown_are_copied(experiment: str, second: str, root: Path, tmp_path: Path) -> None:
    publish(experiment, played(experiment, tmp_path), root)
    publish(second, played(second, tmp_path), root)
    copied = files(root / "docs" / "results" / "second")
    assert copied.keys() == {"README.md", "results.json", "fake/survival.svg"}
    assert re.findall(r'src="([^"]+)"', page_of("second", root)) == ["fake/survival.svg"]


def test_a_page_does_without_pictures_that_are_gone(experiment: str, root: Path, tmp_path: Path) -> None:
    publish(experiment, played(experiment, tmp_path), root)
    (root / "docs" / "results" / "small" / "fake" / "batteries.svg").unlink()
    write_pages(root)
    assert '"fake/batteries.svg"' not in page_of("small", root)
    assert '"fake/survival.svg"' in page_of("small", root)


def test_a_sweep_is_published_with_its_own_pictures_only(experiment: str, root: Path, tmp_path: Path) -> None:
    content = yaml.safe_load(Path(experiment).read_text(encoding="utf-8")) | {
        "sweeps": [{"name": "long", "title": "Decisions", "key": "max_decisions", "values": [2, 5]}],
        "metrics": ["service_hours"],
        "paper": [],
        "answer": "",
        "publish": {"order": 1},
    }
    Path(experiment).write_text(yaml.safe_dump(content))
    publish(experiment, played(experiment, tmp_path), root)
    copied = files(root / "docs" / "results" / "small")
    assert copied.keys() == {"sweep-service_hours.svg", "results.json", "README.md"}
    assert re.findall(r'src="([^"]+)"', page_of("small", root)) == ["sweep-service_hours.svg"]


@pytest.mark.usefixtures("no_pictures")
def test_publishing_one_experiment_writes_its_folder_and_the_index_only(
    experiment: str, second: str, root: Path, tmp_path: Path
) -> None:
    publish(second, played(second, tmp_path), root)
    assert re.findall(
        r"^\| <a id=.*?\[(\w+)\]", (root / "docs" / "results.md").read_text(encoding="utf-8"), re.MULTILINE
    ) == ["second"]
    assert (root / "README.md").read_text(encoding="utf-8") == README  # its table is another experiment's
    page = root / "docs" / "results" / "second" / "README.md"
    page.write_text("as it was")
    publish(experiment, played(experiment, tmp_path), root)
    assert page.read_text(encoding="utf-8") == "as it was"
    index = (root / "docs" / "results.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| <a id=.*?\[(\w+)\].*code [0-9a-f]{12} \|$", index, re.MULTILINE) == ["small", "second"]
    assert "same state of the code" not in index


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
    page = (root / "docs" / "results.md").read_text(encoding="utf-8")
    assert re.search(rf"\[second\].*{shown} \|$", page, re.MULTILINE)
    assert not re.search(rf"\[small\].*{shown}", page, re.MULTILINE)
    assert "Not everything here was played by the same state of the code" in page


@pytest.mark.usefixtures("no_pictures")
def test_cells_that_were_played_later_than_others_say_so(experiment: str, root: Path, tmp_path: Path) -> None:
    content = yaml.safe_load(Path(experiment).read_text(encoding="utf-8"))
    scenario = content["scenarios"][0]
    content |= {"variants": {"whole": {}, "half": {"max_decisions": 6}}, "paper": [], "answer": ""}
    content["publish"]["readme"]["situation"] = f"{scenario}, whole"
    Path(experiment).write_text(yaml.safe_dump(content))
    out = played(experiment, tmp_path)
    later = out / "fake-half" / "results.json"
    results = read_results(later)
    write_results(later, results.model_copy(update={"versions": results.versions | {"code": "feedfeedfeed"}}))
    publish(experiment, out, root)
    played_by = page_of("small", root).partition("## Played by")[2]
    assert re.search(rf"^- {scenario}, half: .*code feedfeedfeed", played_by, re.MULTILINE)
    assert not re.search(rf"^- {scenario}, whole: .*code feedfeedfeed", played_by, re.MULTILINE)
    assert ", 0.1.0, code feedfeedfeed |" in (root / "docs" / "results.md").read_text(encoding="utf-8")


@pytest.mark.usefixtures("no_pictures")
def test_controllers_with_fewer_seeds_show_how_many(experiment: str, root: Path, tmp_path: Path) -> None:
    content = yaml.safe_load(Path(experiment).read_text(encoding="utf-8")) | {"seeds": 12, "first_only": {"busy": 10}}
    Path(experiment).write_text(yaml.safe_dump(content))
    publish(experiment, played(experiment, tmp_path), root)
    assert "12 episodes per controller (seeds 1000 to 1011, the same for all); busy the first 10 only" in page_of(
        "small", root
    )
    assert "| 10 to 12 |" in (root / "docs" / "results.md").read_text(encoding="utf-8")


@pytest.mark.usefixtures("no_pictures")
def test_pages_can_be_written_again_without_playing(
    experiment: str, second: str, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(experiment, played(experiment, tmp_path), root)
    publish(second, played(second, tmp_path), root)
    first = files(root)
    pages = [root / "docs" / "results" / name / "README.md" for name in ("small", "second")]
    for path in (root / "docs" / "results.md", *pages):
        path.unlink()
    (root / "README.md").write_text(README)
    assert write_pages(root) == [*pages, root / "docs" / "results.md", root / "README.md"]
    assert files(root) == first
    content = yaml.safe_load(Path(experiment).read_text(encoding="utf-8")) | {"description": "Another word."}
    Path(experiment).write_text(yaml.safe_dump(content))
    monkeypatch.chdir(root)
    assert CliRunner().invoke(app, ["publish"]).exit_code == 0
    assert "\nAnother word.\n" in page_of("small", root)


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

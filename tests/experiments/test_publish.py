"""Publishing an experiment: documentation and README follow its results, or nothing is written at all."""

import re
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from tests.experiments.checkouts import README, README_METRICS, files, page_of, played
from voltran.cli.app import app
from voltran.envs.errors import FileFormatError
from voltran.evaluation.results import read_results, write_results
from voltran.evaluation.tables import readme_table
from voltran.experiments.publish import ANSWER, BEGIN, END, check_publishable, publish, write_pages

pytestmark = pytest.mark.usefixtures("fake_voltran")


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
def test_the_start_page_says_what_was_found(experiment: str, second: str, root: Path, tmp_path: Path) -> None:
    start = root / "docs" / "index.md"
    start.parent.mkdir()
    start.write_text("# Hello\n\n" + "\nan older answer\n".join(ANSWER) + "\n\n## First steps\n")
    assert publish(experiment, played(experiment, tmp_path), root)[-1] == start
    page = start.read_text(encoding="utf-8")
    before, _, rest = page.partition(ANSWER[0])
    found, _, after = rest.partition(ANSWER[1])
    assert (before, after) == ("# Hello\n\n", "\n\n## First steps\n")
    assert re.fullmatch(
        r"\*\*Who survives\?\*\* Busy .* h\. \[All of it\]\(results/small/README\.md\)\.", found.strip()
    )
    publish(second, played(second, tmp_path), root)  # whose table is not the README's
    assert start.read_text(encoding="utf-8") == page


@pytest.mark.usefixtures("no_pictures")
def test_a_start_page_without_markers_is_refused_before_anything_is_played(experiment: str, root: Path) -> None:
    (root / "docs").mkdir()
    (root / "docs" / "index.md").write_text("# Hello\n")
    with pytest.raises(FileFormatError, match=r"index\.md: the markers .* are missing; put them back"):
        check_publishable(experiment, root)


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

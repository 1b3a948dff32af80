"""The documentation agrees with the code: tables, links, names, and how pages are found."""

import re
from importlib import import_module
from itertools import pairwise
from operator import attrgetter
from pathlib import Path
from pkgutil import resolve_name

import pytest
from typer.main import get_command

from docs.tools.generate import BLOCK, FOLDER, PAGES, TABLES, filled
from docs.tools.site import PAGE_LINK, PARENTS
from tests.code_blocks import blocks
from tests.house import ROOMS, ROOT, modules
from voltran.baselines import make
from voltran.baselines import registry as controllers
from voltran.cli.app import app
from voltran.envs import registry
from voltran.envs.blackout.scenario import BlackoutScenario
from voltran.envs.draws import Stream
from voltran.envs.registry import make_world
from voltran.envs.seeds import EVALUATION_SEEDS, TRAINING_SEEDS
from voltran.envs.uplink.scenario import UplinkScenario
from voltran.evaluation.markdown import MOST_COLUMNS
from voltran.evaluation.metrics import DECISION_TIMES

RESULT_PAGES = sorted(FOLDER.glob("results/*/README.md"))
FOLDERS = (*ROOMS, "voltran", "tests", "docs", "benchmarks", "examples")
SOURCES = {path for folder in FOLDERS for path, _ in modules(folder)}
STARTED = ("{}.py", "{}/__main__.py")  # what python -m runs
ENTRY_POINT_GROUPS = {registry.ENTRY_POINTS, controllers.ENTRY_POINTS}


def name_of(page: Path) -> str:
    return page.parent.name if page.stem == "README" else page.stem


def text_of(name: str) -> str:
    return (FOLDER / f"{name}.md").read_text(encoding="utf-8")


def quoted(text: str) -> set[str]:
    """Everything between backticks."""
    return set(re.findall(r"`([^`\n]+)`", text))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_generated_tables_are_up_to_date(page: Path) -> None:
    assert filled(page.read_text(encoding="utf-8")) == page.read_text(encoding="utf-8"), (
        "run: python -m docs.tools.generate"
    )


def test_every_generated_table_is_shown() -> None:
    assert {name for page in PAGES for _, name, _, _ in BLOCK.findall(page.read_text(encoding="utf-8"))} == set(TABLES)


@pytest.mark.parametrize("page", [*PAGES, *RESULT_PAGES, ROOT / "README.md"], ids=name_of)
def test_links_and_pictures_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", text) + re.findall(r'(?:src|srcset)="(?!https?:)([^"]+)"', text)
    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", [*PAGES, *RESULT_PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md"], ids=name_of)
def test_source_files_and_modules_named_exist(page: Path) -> None:
    """NAME stands for any name; what is not ours, such as a file that the page writes, is not looked up."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    files = {name for name in quoted(text) if re.fullmatch(r"[\w/]+\.py", name) and "NAME" not in name}
    files -= {block.file for block in blocks(page)}
    assert {name for name in files if not any(f"/{path}".endswith(f"/{name}") for path in SOURCES)} == set()
    started = re.findall(r"python -m ((?:docs|benchmarks|examples|voltran)[\w.]*)", text)
    assert {
        name for name in started if not {path.format(name.replace(".", "/")) for path in STARTED} & SOURCES
    } == set()
    named = {name for name in quoted(text) if re.fullmatch(r"voltran(\.\w+)+", name)}
    assert {name for name in named - ENTRY_POINT_GROUPS if not is_defined(name)} == set()


def is_defined(name: str) -> bool:
    """Whether a dotted name is a module's, or that of something in one."""
    try:
        resolve_name(name)
    except (ImportError, AttributeError):
        return False
    return True


def test_index_links_every_page() -> None:
    """Its lists are the navigation of the site; pages of results stand below the list of results."""
    linked = PAGE_LINK.findall(text_of("index"))
    assert sorted(linked) == sorted({page.relative_to(FOLDER).with_suffix("").as_posix() for page in PAGES} - {"index"})
    below = re.findall(PARENTS["results"], text_of("results"))
    assert sorted(below) == sorted(page.relative_to(FOLDER).with_suffix("").as_posix() for page in RESULT_PAGES)


@pytest.mark.parametrize("page", [*PAGES, *RESULT_PAGES], ids=name_of)
def test_tables_have_as_many_cells_as_their_heads(page: Path) -> None:
    lines = page.read_text(encoding="utf-8").splitlines()
    for above, line in pairwise(lines):
        if above.startswith("|") and line.startswith("|"):
            assert line.count("|") == above.count("|"), line


@pytest.mark.parametrize("page", [FOLDER / "results.md", *RESULT_PAGES, ROOT / "README.md"], ids=name_of)
def test_tables_of_results_fit_a_page(page: Path) -> None:
    widths = [line.count("|") - 1 for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("|")]
    assert max(widths) <= MOST_COLUMNS


def test_anchors_into_the_list_of_results_exist() -> None:
    anchors = set(re.findall(r'<a id="(\w+)">', text_of("results")))
    for page in (*PAGES, ROOT / "README.md"):
        assert set(re.findall(r"results\.md#(\w+)", page.read_text(encoding="utf-8"))) <= anchors, page.name


def test_fields_named_in_the_model_exist() -> None:
    scenario = BlackoutScenario(name="default")
    sections = set(BlackoutScenario.model_fields)
    fields = {
        f"{section}.{field}"
        for section in sections
        for field in getattr(type(getattr(scenario, section)), "model_fields", {})
    }
    for page in ("model", "actions", "metrics", "reward", "scenario"):
        named = {name for name in quoted(text_of(page)) if re.fullmatch(r"[a-z]+\.[a-z_0-9]+", name)}
        assert {name for name in named if name.split(".")[0] in sections} - fields == set(), page
    last_cells = [line.rstrip(" |").rpartition("|")[2] for line in text_of("model").splitlines() if "| " in line]
    assert len({name for cell in last_cells for name in quoted(cell)} & fields) > 50


def test_fields_and_functions_named_in_the_physics_of_the_uplink_exist() -> None:
    text = text_of("uplink_physics")
    sections = {name: field.annotation for name, field in UplinkScenario.model_fields.items()}
    named = {name for name in quoted(text) if name.partition(".")[0] in sections and "." in name}
    fields = {f"{name}.{field}" for name, part in sections.items() for field in getattr(part, "model_fields", {})}
    assert {name.partition(" ")[0] for name in named} <= fields
    assert len(named) > 30
    tables = re.findall(r"function in `([\w.]+)`.*\n((?:\|.*\n)+)", text)
    assert len(tables) == 3
    for module, rows in tables:
        assert all(callable(attrgetter(name)(import_module(module))) for name in quoted(rows))


def test_every_metric_is_defined_and_no_other() -> None:
    definitions = text_of("metrics").partition("## How tables show them")[0]
    rows = [line.split("|")[1] for line in definitions.splitlines() if line.startswith("| `")]
    defined = {name for row in rows for name in quoted(row)}
    world = make_world("toy3")
    world.reset([0])
    world.step(make("independent").act(world))
    assert defined == set(world.kpis())
    assert quoted(definitions) >= DECISION_TIMES


def test_every_part_of_the_reward_is_described() -> None:
    named = {name for name in quoted(text_of("reward")) if name.startswith("reward_")}
    world = make_world("toy3", reward="local")
    world.reset([0])
    infos = world.step(make("independent").act(world)).episode_infos
    assert named == {name for name in infos if name.startswith("reward_")}


def test_seeds_and_streams_are_those_of_the_code() -> None:
    text = text_of("reproducibility")
    assert {name for name in quoted(text) if name.isupper()} == set(Stream.__members__)
    assert f"| 0 to {EVALUATION_SEEDS.stop - 1:,} |".replace(",", " ") in text
    assert f"| {TRAINING_SEEDS.start:,} to 2^31 - 1 |".replace(",", " ") in text
    assert TRAINING_SEEDS.stop == 2**31


def test_commands_named_exist() -> None:
    commands = set(get_command(app).commands)  # type: ignore[attr-defined]
    for page in (*PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md"):
        named = set(re.findall(r"(?:^|`)voltran ([a-z]+)", page.read_text(encoding="utf-8"), flags=re.MULTILINE))
        assert named <= commands, page.name

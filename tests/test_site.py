"""Pages become pages of the site, and leave nothing behind: links, pictures, anchors, navigation, the notebook."""

import json
import re

import pytest

from docs.tools.generate import FOLDER
from docs.tools.notebook import NOTEBOOK, PAGE, notebook
from docs.tools.site import REPLAY_PLACE, SHOWN, for_the_site, from_the_root, navigation
from tests.house import ROOT, modules

PICTURE = """<picture>
  <source media="(prefers-color-scheme: dark)" srcset="images/a-dark.png">
  <img alt="A map" src="images/a.png" width="860">
</picture>"""


def test_pictures_follow_the_theme_of_the_site() -> None:
    assert for_the_site("model", PICTURE) == (
        '<img class="only-light" alt="A map" src="images/a.png" width="860">\n'
        '<img class="only-dark" alt="A map" src="images/a-dark.png" width="860">'
    )


def test_start_page_leads_to_the_replay_that_the_site_has() -> None:
    assert REPLAY_PLACE in (FOLDER / "index.md").read_text(encoding="utf-8")
    assert 'href="replay.html"' in for_the_site("index", REPLAY_PLACE)


def test_anchors_become_targets_that_links_are_checked_against() -> None:
    assert for_the_site("model", 'see <a id="fig_3"></a>[there](x.md)') == "see []{#fig_3}[there](x.md)"


@pytest.mark.parametrize(
    ("page", "text", "expected"),
    [
        ("model", "[a](../CHANGELOG.md)", "[a](changelog.md)"),
        ("tutorials/own_world", "[a](../../CONTRIBUTING.md#a-world)", "[a](../contributing.md#a-world)"),
        ("papers", "[a](../CITATION.cff)", "[a](../CITATION.cff)"),
        ("equations", "[a](../physics/power.py)", "[a](../physics/power.py)"),
    ],
)
def test_documents_of_the_root_are_pages(page: str, text: str, expected: str) -> None:
    assert for_the_site(page, text) == expected


def test_links_of_documents_of_the_root_start_from_the_documentation() -> None:
    text = "[a](docs/model.md#b) [c](LICENSE) [d](https://e.org) [f](#g)"
    assert from_the_root(text) == "[a](model.md#b) [c](../LICENSE) [d](https://e.org) [f](#g)"


@pytest.mark.parametrize("page", SHOWN)
def test_pages_that_point_to_a_document_show_all_of_it(page: str) -> None:
    text = (FOLDER / f"{page}.md").read_text(encoding="utf-8")
    assert f"](../{SHOWN[page]})" in text
    shown = for_the_site(page, text)
    headings = re.findall(r"^#+ .*$", (ROOT / SHOWN[page]).read_text(encoding="utf-8"), re.MULTILINE)
    assert re.findall(r"^#+ .*$", shown, re.MULTILINE) == headings


def test_lists_of_the_index_are_the_navigation() -> None:
    index = "# V\n\n- [no](no.md)\n\n## One\n\n- [a](a.md): b, [c](c.md)\n- [d](d/e.md)\n\n## Two\n\nnothing\n"
    assert navigation("index", index).split() == (
        ["```{toctree}", ":hidden:", ":titlesonly:", ":caption:", "One", "a", "d/e", "```"]
    )
    assert navigation("model", index) == ""
    assert "results/outage/README" in navigation("results", "[outage](results/outage/README.md)")


def test_every_module_of_the_physics_is_described() -> None:
    text = (FOLDER / "api" / "physics.md").read_text(encoding="utf-8")
    named = re.findall(r"automodule:: (voltran\.physics\.\w+)", text)
    files = {path.removesuffix(".py").replace("/", ".") for path, _ in modules("physics")}
    assert sorted(named) == sorted(f"voltran.{name}" for name in files if not name.endswith("__init__"))


def test_notebook_is_the_tour() -> None:
    assert NOTEBOOK.read_text(encoding="utf-8") == notebook(), "run: python -m docs.tools.notebook"
    cells = json.loads(notebook())["cells"]
    programs = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    shown = re.findall(r"^```python\n(.*?)\n```$", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert programs == shown
    assert not any(cell.get("outputs") for cell in cells)

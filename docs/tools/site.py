"""A Sphinx extension that turns pages written for GitHub into pages of the site, and leaves them as they are.

Pages link to each other, to pictures and to files of the repository by relative paths, as GitHub wants it. What Sphinx
wants otherwise is changed while it reads:

- pictures with a light and a dark form follow the theme of the site, not that of the system;
- ``<a id="...">`` becomes a target that links are checked against;
- the lists of ``index.md`` are the navigation: each section is a part of it;
- an outage is played while the site is built, and the start page leads to its replay;
- pages that only point to a document of the repository's root show it.
"""

import re
import shutil
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from numpy.typing import ArrayLike

PLAYED = "urban7-medium", ["zoo:blackout", "rotating-sleep", "static"]
REPLAY = "replay.html"
REPLAY_PLACE = "<!-- replay -->"
REPLAY_LINK = f'<p><a href="{REPLAY}">Watch a learned policy and two rules in the same outage</a>, in your browser.</p>'
ROOT = Path(__file__).resolve().parents[2]
SHOWN = {"contributing": "CONTRIBUTING.md", "changelog": "CHANGELOG.md"}  # page -> document of the root
PARENTS = {"results": r"\]\((results/\w+/README)\.md\)"}  # page -> links whose pages stand below it
PICTURE = re.compile(r'<picture>\s*<source [^>]*srcset="([^"]+)">\s*<img ([^>]*)src="([^"]+)"([^>]*)>\s*</picture>')
ANCHOR = re.compile(r'<a id="([\w-]+)"></a>')
SECTION = re.compile(r"^## (.+)$", re.MULTILINE)
PAGE_LINK = re.compile(r"^- \[[^\]]+\]\(([\w/-]+)\.md\)", re.MULTILINE)
LINK = re.compile(r"(\]\()(?!https?:|#)([^)]+\))")
ALIAS = "Alias for field number"  # what Python says of a named tuple's fields, which their class explains
OUTSIDE = re.compile(r"(?<=\]\()(?:\.\./)+([A-Z]+\.md)(#[\w-]+)?(?=\))")


def for_the_site(page: str, text: str) -> str:
    """The text of a page as the site needs it.

    Args:
        page: its name, such as ``results/outage/README``.
        text: as it stands in the repository.
    """
    if page in SHOWN:
        text = from_the_root((ROOT / SHOWN[page]).read_text(encoding="utf-8"))
    text = PICTURE.sub(_in_both_themes, text).replace(REPLAY_PLACE, REPLAY_LINK)
    text = ANCHOR.sub(r"[]{#\1}", text)
    text = OUTSIDE.sub(lambda link: _page_of_document(page, link), text)
    return text + navigation(page, text)


def from_the_root(text: str) -> str:
    """A document of the repository's root with links as from ``docs``."""
    beside = LINK.sub(r"\1../\2", text)
    return beside.replace("](../docs/", "](")


def navigation(page: str, text: str) -> str:
    """The parts of the navigation that a page brings, as hidden lists of pages."""
    if page == "index":
        titles = SECTION.split(text)[1:]
        sections = zip(titles[::2], titles[1::2], strict=True)
        return "".join(_toctree(PAGE_LINK.findall(body), title) for title, body in sections)
    if page in PARENTS:
        return _toctree(re.findall(PARENTS[page], text))
    return ""


def copy_pictures(app: Any, error: Exception | None) -> None:
    """Put pictures that pages show in HTML where they look for them."""
    if error or app.builder.format != "html":
        return
    source = Path(app.srcdir)
    for picture in (*source.glob("images/*"), *source.glob("results/**/*.svg")):
        target = Path(app.outdir) / picture.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(picture, target)


def play_an_outage(app: Any, error: Exception | None) -> None:
    """Put the replay of an outage beside the start page."""
    if error or app.builder.name != "html":
        return
    import voltran  # later than a build for another purpose needs it

    scenario, controllers = PLAYED
    with TemporaryDirectory() as folder:
        voltran.evaluate(scenario, controllers, seeds=[1000], out=folder)
        shutil.copyfile(Path(folder) / REPLAY, Path(app.outdir) / REPLAY)


def setup(app: Any) -> dict[str, bool]:
    """Called by Sphinx."""
    app.connect("source-read", _read)
    app.connect("autodoc-skip-member", _skip)
    app.connect("autodoc-process-signature", _with_short_types)
    app.connect("build-finished", copy_pictures)
    app.connect("build-finished", play_an_outage)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _read(app: Any, page: str, content: list[str]) -> None:
    content[0] = for_the_site(page, content[0])


def _skip(app: Any, kind: str, name: str, member: object, skip: bool, options: Any) -> bool | None:
    return True if (getattr(member, "__doc__", None) or "").startswith(ALIAS) else None


def _with_short_types(
    app: Any, kind: str, name: str, described: object, options: Any, signature: str | None, returns: str | None
) -> tuple[str | None, str | None]:
    """The names that the physics gives to types of arrays, in place of what these stand for; defaults that are made."""
    for written, short in (*_short_types().items(), ("<factory>", "...")):
        signature, returns = (text and text.replace(written, short) for text in (signature, returns))
    return signature, returns


@cache
def _short_types() -> dict[str, str]:
    from sphinx.util.typing import stringify_annotation

    from voltran.physics import arrays

    types = {name: alias for name, alias in vars(arrays).items() if name.endswith("Array") and name != "NDArray"}
    short: dict[str, str] = {}
    for name, alias in (*types.items(), ("ArrayLike", ArrayLike)):
        for mode in ("fully-qualified-except-typing", "smart"):
            short.setdefault(stringify_annotation(alias, mode), name)  # the first of several for the same
    return short


def _in_both_themes(found: re.Match[str]) -> str:
    dark, before, light, after = found.groups()
    forms = (("only-light", light), ("only-dark", dark))
    return "\n".join(f'<img class="{kind}" {before}src="{source}"{after}>' for kind, source in forms)


def _page_of_document(page: str, link: re.Match[str]) -> str:
    """Where the site shows a document of the root; as it was if it does not."""
    shown = {document: name for name, document in SHOWN.items()}
    if link[1] not in shown:
        return link[0]
    return "../" * page.count("/") + f"{shown[link[1]]}.md{link[2] or ''}"


def _toctree(pages: list[str], caption: str = "") -> str:
    options = [":hidden:", ":titlesonly:", *([f":caption: {caption}"] if caption else [])]
    return "\n\n```{toctree}\n" + "\n".join([*options, "", *pages]) + "\n```\n" if pages else ""

"""What pyproject.toml cannot say: the README as a package index shows it, and where builds put their files.

An index shows the README far from the files that it links to. Where CITATION.cff names the repository
(``repository-code``), links lead there, and the package's URLs with them; where it does not, links to files become
their words, and pictures are left out, so that nothing is broken.
"""

import re
import sys
import tempfile
from pathlib import Path

from setuptools import setup

ROOT = Path(__file__).parent
LINK = re.compile(r"(?<!!)\[([^\]]*)\]\((?![a-z]+:|#)([^)\s]+)\)")  # to a file
SOURCE = re.compile(r'\b(src|srcset)="(?![a-z]+:)([^"]+)"')
PICTURE = re.compile(r"<picture>.*?</picture>\n?|<img [^>]*>\n?", re.DOTALL)
COMMENT = re.compile(r"<!--.*?-->\n?", re.DOTALL)


def repository() -> str:
    """Address of the repository without a slash at its end; empty where CITATION.cff names none."""
    found = re.search(
        r'^repository-code: *"?([^"\s]+)', (ROOT / "CITATION.cff").read_text(encoding="utf-8"), re.MULTILINE
    )
    return found[1].rstrip("/") if found else ""


def readme(address: str) -> str:
    """The README with links that work anywhere.

    Args:
        address: of the repository; empty where it is not known.
    """
    text = COMMENT.sub("", (ROOT / "README.md").read_text(encoding="utf-8"))
    if not address:
        return LINK.sub(r"\1", PICTURE.sub("", text))
    text = LINK.sub(rf"[\1]({address}/blob/HEAD/\2)", text)
    return SOURCE.sub(rf'\1="{address}/raw/HEAD/\2"', text)


def urls(address: str) -> dict[str, str]:
    """The package's URLs; none where the repository's address is not known."""
    if not address:
        return {}
    return {
        "Source": address,
        "Documentation": f"{address}/blob/HEAD/docs/index.md",
        "Changelog": f"{address}/blob/HEAD/CHANGELOG.md",
        "Issues": f"{address}/issues",
    }


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="voltran-build-") as scratch:
        # Out of the checkout; only a source distribution lists its files from where they lie.
        elsewhere = {"build": {"build_base": scratch}, "egg_info": {"egg_base": scratch}}
        setup(
            long_description=readme(repository()),
            long_description_content_type="text/markdown",
            project_urls=urls(repository()),
            options={} if "sdist" in sys.argv else elsewhere,
        )

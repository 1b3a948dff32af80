"""Makes the tour's notebook from its page: ``python -m docs.tools.notebook``."""

from pathlib import Path

import jupytext
import nbformat

from voltran.envs.files import write_atomically

FOLDER = Path(__file__).resolve().parent.parent
PAGE, NOTEBOOK = FOLDER / "tour.md", FOLDER / "tour.ipynb"
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def notebook() -> str:
    """The content of the notebook: a cell for each piece of text and for each program of the page, without results."""
    made = jupytext.reads(PAGE.read_text(encoding="utf-8"), fmt="md")
    made.metadata = nbformat.from_dict({"kernelspec": KERNEL, "language_info": {"name": "python"}})
    for number, cell in enumerate(made.cells):
        cell.id, cell.metadata = f"tour-{number}", nbformat.from_dict({})  # the same whenever it is made
    return f"{nbformat.writes(made)}\n"


if __name__ == "__main__":
    write_atomically(NOTEBOOK, notebook().encode())

"""Sphinx builds the documentation as a site from these pages: ``make docs``."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from voltran import __version__  # noqa: E402

project, author, copyright = "VoltRAN", "The VoltRAN contributors", "The VoltRAN contributors"
version = release = __version__
root_doc = "index"
exclude_patterns = ["tools"]
toc_object_entries = False

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "docs.tools.site",
]

myst_enable_extensions = ["attrs_inline", "dollarmath"]
myst_heading_anchors = 4

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_mock_imports = ["tensordict", "torchrl"]  # whose face is described without them
autodoc_default_options = {"members": True, "show-inheritance": True}
napoleon_numpy_docstring = False
napoleon_use_rtype = False
napoleon_use_ivar = True
napoleon_attr_annotations = False
napoleon_custom_sections = [("Optional attributes", "params_style")]

html_theme = "furo"
html_title = f"VoltRAN {version}"
html_static_path = ["assets"]
html_css_files = ["site.css"]
html_show_sphinx = False

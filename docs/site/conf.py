"""Configuration of the site, built by Sphinx from the repository's pages: see `make docs`."""

import importlib.util
import sys
from pathlib import Path

SITE = Path(__file__).parent
sys.path.insert(0, str(SITE))  # for the extensions beside this file

import cic_jax  # noqa: E402

project = "cic_jax"
author = copyright = "The cic_jax developers"
version = release = cic_jax.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.viewcode",
    "myst_nb",
    "docstrings",
    "links",
    "mathml",
    "navigation",
]

# The repository itself is the source, so that links between its pages work on GitHub, too.
root_doc = "docs/index"
include_patterns = [
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "checkpoints/README.md",
    "checkpoints/*/README.md",
    "docs/**.md",
    "docs/site/reference.rst",
    "docs/api/*.rst",
    "experiments/RESULTS.md",
    "notebooks/*.ipynb",
]
templates_path = [str(SITE / "templates")]
nitpicky = False  # types in signatures are those of other projects, which are not fetched

myst_enable_extensions = ["dollarmath", "html_image"]
myst_heading_anchors = 4
suppress_warnings = [
    "toc.not_included",  # records of measurements, which are linked where they are used
    "ref.python",  # types of one name in two modules
]

autosummary_generate = True
viewcode_follow_imported_members = False
autodoc_default_options = {"show-inheritance": True}
autodoc_member_order = "bysource"
# Of the optional packages, those that are not installed: the reference needs only their names.
autodoc_mock_imports = [
    package
    for package in (
        "av",
        "onnx",
        "onnxruntime",
        "openvino",
        "pandas",
        "ray",
        "safetensors",
        "torch",
    )
    if importlib.util.find_spec(package) is None
]
autodoc_typehints = "signature"
toc_object_entries = False  # thousands, which every page would copy
autodoc_preserve_defaults = True
maximum_signature_line_length = 80
python_use_unqualified_type_names = True

nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 600
nb_merge_streams = True

html_theme = "furo"
html_title = f"cic_jax {release}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_additional_pages = {"index": "start.html"}
html_copy_source = False

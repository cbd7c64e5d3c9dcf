"""The site has every page and module, and no link of it leads nowhere."""

import html
import importlib.util
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).parents[2]
SITE = ROOT / "docs/site"
INDEX = (ROOT / "docs/index.md").read_text()


def extension(name):
    """A module beside the site's configuration."""
    pytest.importorskip("sphinx", reason="Sphinx is not installed")
    spec = importlib.util.spec_from_file_location(name, SITE / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_start_page_lists_every_page_and_notebook():
    listed = set(re.findall(r"^- \[[^]]+\]\(([^)]+)\)", INDEX, re.MULTILINE))
    pages = {path.name for path in ROOT.glob("docs/*.md")} - {"index.md"}
    assert pages | {f"../notebooks/{path.name}" for path in ROOT.glob("notebooks/*")} <= listed


@pytest.mark.parametrize("path", sorted(ROOT.glob("notebooks/*.ipynb")), ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs(path):
    cells = json.loads(path.read_text())["cells"]
    assert cells[0]["source"][0].startswith("# ")
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert len(code) >= 10
    assert [cell["id"] for cell in code if cell["outputs"] or cell["execution_count"]] == []


def test_the_reference_lists_every_module_and_package():
    text = (SITE / "reference.rst").read_text()
    listed = re.findall(r"^   (cic_jax\.\w+)$", text, re.MULTILINE)
    modules = {path.stem for path in ROOT.glob("cic_jax/*.py")} - {"__init__"}
    packages = {path.parent.name for path in ROOT.glob("cic_jax/*/__init__.py")} - {"configs"}
    assert sorted(listed) == sorted(f"cic_jax.{name}" for name in modules | packages)


def test_navigation_is_that_of_the_start_page():
    sections = extension("navigation").sections(
        "# A\n\n## Use\n\n- [One](one.md): x.\n- [B](../b.md)\n"
    )
    assert sections == {"Use": ["one.md", "../b.md"]}


@pytest.mark.parametrize(
    ("plain", "markup"),
    [
        ("|a| or **b of `p q`", r"\|a\| or \*\*b of ``p q``"),
        ("Z_ and p_k", r"Z\_ and p_k"),
        ("* one of `bins.encode`", "* one of :py:obj:`bins.encode <cic_jax.bins.encode>`"),
        ("`unit`s a second", r":py:obj:`unit`\ s a second"),
        ("over two `long\n  words`", "over two ``long words``"),
    ],
)
def test_a_docstring_is_plain_text_with_code_in_backticks(plain, markup):
    assert extension("docstrings").markup(plain) == markup


def test_sections_of_a_docstring_become_fields():
    lines = [
        "Do it.",
        "",
        "Args:",
        "    a: The one,",
        "        or another.",
        "    b: None.",
        "",
        "End.",
    ]
    assert extension("docstrings").fields(lines)[2:] == [
        ":param a: The one,", "        or another.", ":param b: None.", "", "", "End.",
    ]  # fmt: skip


def test_types_are_shown_as_the_code_writes_them():
    shown = "(x: Float[jaxlib._jax.Array, 'b'], y: Int[ndarray, 'n'])"
    expected = "(x: Float[Array, 'b'], y: Int[np.ndarray, 'n'])"
    assert extension("docstrings").shorten(*[None] * 5, shown, None) == (expected, None)


class Page(HTMLParser):
    """The links of a page, and the places in it that links may name."""

    def __init__(self, path):
        super().__init__()
        self.links, self.places, self.pictures = [], {""}, 0
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.places.add(given.get("id") or "")
        self.pictures += tag == "img"
        self.links += [given[name] for name in ("href", "src") if given.get(name)]


@pytest.mark.slow
def test_the_site_builds_with_its_notebooks_run_and_no_link_lost(tmp_path):
    pytest.importorskip("myst_nb", reason="Sphinx and MyST-NB are not installed")
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "-q"]
    places = ["-c", SITE, "-d", tmp_path / "doctrees", ROOT, tmp_path / "site"]
    done = subprocess.run([*command, *places], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    site = tmp_path / "site"
    sources = site / "_modules"  # whose places Sphinx itself links
    pages = {p: Page(p) for p in site.rglob("*.html") if not p.is_relative_to(sources)}
    lost = {
        f"{path.relative_to(site)} -> {link}"
        for path, page in pages.items()
        for link in page.links
        if not urlsplit(link).scheme and not leads(path, link, pages)
    }
    assert lost == set()
    for name in ("method", "what_could_it_have_been"):  # the build has run them
        assert pages[site / f"notebooks/{name}.html"].pictures >= 10
    shown = re.sub(r"<[^>]+>", "", (site / "docs/api/cic_jax.network.html").read_text())
    assert "Float[Array, 'b h w 1']" in html.unescape(shown)


def leads(page, link, pages):
    """Whether a link within the site leads to a file, and to a place in it where it names one."""
    parts = urlsplit(link)
    target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if parts.fragment and target in pages:
        return unquote(parts.fragment) in pages[target].places
    return target.exists()

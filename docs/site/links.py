"""Links that lead to a file or folder on GitHub, and on the site to the page about it."""

from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.transforms import SphinxTransform


class Links(SphinxTransform):
    """Leads links to modules to their reference, and links to folders to their page."""

    default_priority = 5

    def apply(self, **_: Any) -> None:
        """Replace the targets of one page's links."""
        root = Path(self.app.srcdir)
        here = (root / self.env.docname).parent
        for node in list(self.document.findall(_is_link)):
            target = (here / node["reftarget"].partition("#")[0]).resolve()
            if target.is_relative_to(root) and (page := page_of(target.relative_to(root), root)):
                link = addnodes.pending_xref("", *node.children, **page, refwarn=True)
                link["refexplicit"], link["refdoc"] = True, self.env.docname
                node.replace_self(link)


def _is_link(node: nodes.Node) -> bool:
    return isinstance(node, addnodes.download_reference | addnodes.pending_xref) and bool(
        node.get("reftarget")
    )


def page_of(target: Path, root: Path) -> dict[str, str] | None:
    """Return what the site knows a file or folder by, or None if it has no page about it."""
    if target.parts[0] == "cic_jax" and target.suffix in ("", ".py"):
        while target.suffix != ".py" and not (root / target / "__init__.py").exists():
            target = target.parent  # a folder of other files belongs to its package
        parts = [part for part in target.with_suffix("").parts if part != "__init__"]
        return {"refdomain": "py", "reftype": "mod", "reftarget": ".".join(parts)}
    for name in ("README.md", "index.md"):
        if (root / target / name).exists():
            page = (target / name).with_suffix("").as_posix()
            return {"refdomain": "std", "reftype": "doc", "reftarget": f"/{page}"}
    return None


def setup(app: Any) -> dict[str, bool]:
    """Register the transform with Sphinx."""
    app.add_transform(Links)
    return {"parallel_read_safe": True, "parallel_write_safe": True}

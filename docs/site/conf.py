"""The configuration of the documentation site. `make docs` runs compose.py first, then Sphinx."""

import re
from pathlib import Path

from docutils import nodes
from sphinx.roles import XRefRole

from htstats._version import __version__

project = "htstats"
author = "the authors of htstats"
release = version = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
root_doc = "index"
nitpicky = True

myst_enable_extensions = ["dollarmath"]
# Links such as page.md#a-section need identifiers of headings.
myst_heading_anchors = 4

autodoc_member_order = "groupwise"
# The docstrings give the types; signatures stay short.
autodoc_typehints = "none"
autodoc_class_signature = "mixed"
autosummary_generate = False
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

html_theme = "furo"
html_title = f"htstats {release}"
html_copy_source = False
html_show_copyright = False
html_extra_path = ["schemas"]
templates_path = []

# A name in single backquotes is a reference if htstats documents it, and code otherwise.
default_role = "py:known"


def resolve_known(app, env, node, content):
    """Resolve a name in single backquotes by its last part, or leave it as code."""
    if node.get("refdomain") != "py" or node.get("reftype") != "known":
        return None
    name = node["reftarget"].strip("~.").removesuffix("()")
    domain = env.get_domain("py")
    kinds = ("function", "class", "module", "exception")
    found = [
        full
        for full, entry in domain.objects.items()
        if entry.objtype in kinds and (full == name or full.endswith(f".{name}"))
    ]
    if len(found) != 1:
        return content
    target = nodes.reference("", "", content.deepcopy(), internal=True)
    entry = domain.objects[found[0]]
    where = app.builder.get_relative_uri(node["refdoc"], entry.docname)
    target["refuri"] = f"{where}#{entry.node_id}"
    return target


# A line of a small table: two columns with two or more spaces between them; or an indented line.
TABLE_LINE = re.compile(r"^\s|\S {2,}\S")


def show_tables(lines):
    """Turn the paragraphs of a module's docstring that are small tables into literal blocks."""
    paragraphs = "\n".join(lines).split("\n\n")
    for n, paragraph in enumerate(paragraphs[1:], 1):
        rows = paragraph.splitlines()
        if any(TABLE_LINE.search(row) for row in rows) and ">>>" not in paragraph:
            block = "\n".join(f"   {row}" for row in rows)
            paragraphs[n] = f".. code-block:: text\n\n{block}"
    lines[:] = [*"\n\n".join(paragraphs).splitlines(), ""]


def prepare(app, what, name, obj, options, lines):
    """Make reStructuredText of a docstring: tables, and bars and powers of formulas."""
    if what == "module":
        show_tables(lines)
    is_code = False
    for n, line in enumerate(lines):
        if line.lstrip().startswith((">>>", ".. code-block")):
            is_code = True
        elif is_code and line and not line.startswith(" ") and not line.startswith(("...", "(")):
            is_code = False
        if not is_code:
            parts = re.split(r"(``.*?``)", line)
            lines[n] = "".join(p if i % 2 else escape(p) for i, p in enumerate(parts))


def escape(text):
    """Escape the bars of absolute values and the stars of powers, which have other meanings."""
    return re.sub(r"(?<=\w)\*\*(?=[\w(])", r"\\*\\*", text.replace("|", "\\|"))


def skip_member(app, what, name, obj, skip, options):
    """Leave out the fields of named tuples, which the docstring of the class describes."""
    return True if (obj.__doc__ or "").startswith("Alias for field number") else skip


def setup(app):
    app.connect("autodoc-skip-member", skip_member)
    app.connect("autodoc-process-docstring", prepare, priority=100)
    app.add_role_to_domain("py", "known", XRefRole())
    app.connect("missing-reference", resolve_known)
    schemas = Path(app.srcdir) / "schemas"
    assert schemas.is_dir(), "run docs/site/compose.py first: `make docs` does"

"""Compose the sources of the documentation site in a folder: `python compose.py FOLDER`.

The pages of the repository are copied to their places in the site, and their links are changed
accordingly. The other pages are generated: the reference of the Python modules, of the C library
and of the command line, and the pictures of the gallery.
"""

from __future__ import annotations

import posixpath
import re
import shutil
import sys
from pathlib import Path

import c_pages
import command_pages
import gallery
import python_pages

ROOT = Path(__file__).resolve().parents[2]

# The place in the site of each page that is not in docs/. Pages of docs/ keep their names.
OTHERS = {
    "README.md": "project/readme.md",
    "CHANGELOG.md": "project/changelog.md",
    "CONTRIBUTING.md": "project/contributing.md",
    "SECURITY.md": "project/security.md",
    "tests/README.md": "project/tests.md",
    "bench/README.md": "project/benchmarks.md",
    "bench/RESULTS.md": "benchmarks.md",
    "bench/paper/README.md": "paper.md",
    "csrc/README.md": "c-library.md",
}

# The pages of the site by section; compose writes the trees of contents from this list. A page of
# docs/ that is in no section is an error of the build.
SECTIONS = {
    "Start": ["install", "tutorial", "gallery"],
    "How to": [
        "columns", "checkpoints", "compress", "larger-than-memory", "cluster", "gpu",
        "certify-models", "report", "from-powerlaw", "from-r", "from-igraph",
        "from-weightwatcher", "from-levy-stable",
    ],
    "Explanation": [
        "exact-fit", "which-w", "theory", "certificates", "stable", "spectra", "scale",
        "paper",
    ],
    "Reference": [
        "api/index", "command-line", "c-library", "format", "certificate-format",
        "accuracy-binomial", "accuracy-stable", "benchmarks",
    ],
    "Project": [
        "project/readme", "project/changelog", "project/contributing", "project/security",
        "project/tests", "project/benchmarks",
    ],
}  # fmt: skip

LINK = re.compile(r"\[([^\[\]]*)\]\(([^)\s]+)\)")
EXTERNAL = re.compile(r"https?://[^\s)>\]\"'`|]+")
FENCE = re.compile(r"^(```.*?^```[ ]*$)", re.DOTALL | re.MULTILINE)
MARKER = re.compile(r"^<!-- generated: ([\w-]+) -->$", re.MULTILINE)


def pages() -> dict[str, str]:
    """The place in the site of each page of the repository, by its path in the repository."""
    own = {f"docs/{path.name}": path.name for path in sorted((ROOT / "docs").glob("*.md"))}
    return own | OTHERS


def move_links(text: str, source: str, places: dict[str, str]) -> str:
    """The text of a page with links that are right at its place in the site.

    A link whose text is the path of a page gets the title of that page as its text. A link to a
    file that is no page becomes the path of that file as code.
    """
    here = posixpath.dirname(places[source]) or "."

    def move(match: re.Match[str]) -> str:
        words, (target, sharp, anchor) = match[1], match[2].partition("#")
        if not target or re.match(r"[a-z]+:", target):
            return match[0]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(source), target))
        if path in places:
            words = "" if words.endswith(".md") and not sharp else words
            return f"[{words}]({posixpath.relpath(places[path], here)}{sharp}{anchor})"
        if path.startswith("docs/schemas"):
            return f"`{path}`"
        return f"{words} (`{path}`)"

    parts = FENCE.split(text)
    moved = [part if n % 2 else LINK.sub(move, part) for n, part in enumerate(parts)]
    return "".join(moved)


def trees() -> str:
    """The trees of contents of all sections, hidden: the theme shows them at the side."""
    head = "\n```{toctree}\n:hidden:\n:caption: "
    return "".join(
        f"{head}{title}\n\n" + "\n".join(existing(names)) + "\n```\n"
        for title, names in SECTIONS.items()
    )


def existing(names: list[str]) -> list[str]:
    """The pages that exist; a page of a command that is not there yet is left out."""
    known = {place.removesuffix(".md") for place in pages().values()} | {"api/index"}
    return [name for name in names if name in known]


def compose(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copy(Path(__file__).with_name("conf.py"), folder)
    shutil.copytree(ROOT / "docs" / "schemas", folder / "schemas" / "schemas")
    python_pages.write(folder / "api")
    generated = {
        "commands": command_pages.text(),
        "schemas": command_pages.schemas(ROOT / "docs" / "schemas"),
        "c-reference": c_pages.write(ROOT / "csrc", folder / "c"),
        "gallery": gallery.write(folder / "pictures"),
    }
    places = pages()
    for source, place in places.items():
        text = move_links((ROOT / source).read_text(encoding="utf-8"), source, places)
        text = MARKER.sub(lambda match: generated[match[1]], text)
        if place == "index.md":
            text += trees()
        if place == "c-library.md":
            text += generated["c-reference"]
        path = folder / place
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


def external_links(folder: Path) -> list[str]:
    """The links of all pages to other sites. The build lists them and fetches none."""
    texts = (path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*.md")))
    return sorted({link.rstrip(".,;:") for text in texts for link in EXTERNAL.findall(text)})


if __name__ == "__main__":
    target = Path(sys.argv[1])
    compose(target)
    listed = target.with_name("external-links.txt")
    listed.write_text("".join(f"{link}\n" for link in external_links(target)))

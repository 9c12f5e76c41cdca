"""Write the reference pages of the C library from the comments of its public headers."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

COMMENT = re.compile(r"/\*(.*?)\*/", re.DOTALL)
INTERNAL = re.compile(r"These headers are internal: (.*?)\. They may", re.DOTALL)
SECTION = re.compile(r"\b(METHOD|ACCURACY|ERRORS|VERSION)\b")
KEYWORD = re.compile(r"METHOD|ACCURACY|ERRORS|VERSION")
KEYWORD_LINE = re.compile(r"\n(?=METHOD|ACCURACY|ERRORS|VERSION)")


def clean(comment: str) -> str:
    """The text of a comment without its asterisks."""
    lines = [re.sub(r"^ ?\* ?", "", line) for line in comment.splitlines()]
    return textwrap.dedent("\n".join([lines[0].strip(), *lines[1:]])).strip()


def to_markdown(text: str) -> str:
    """Paragraphs of a comment as Markdown; indented formulas and lists stay as they are."""
    parts = []
    text = KEYWORD_LINE.sub("\n\n", text)
    for part in re.split(r"\n\s*\n", text):
        if KEYWORD.match(part):
            part = re.sub(r"\n  (?=\S)", "\n", part)  # a continued line, not a formula
        if any(re.match(r"\s\s|\S+\s{3,}\S", line) for line in part.splitlines()):
            parts.append(f"```text\n{part}\n```")
            continue
        escaped = re.sub(r"([\\`*_{}\[\]<>#|~$])", r"\\\1", " ".join(part.split()))
        parts.append(SECTION.sub(r"**\1**", escaped))
    return "\n\n".join(parts)


def declarations(header: str) -> Iterator[tuple[str, str]]:
    """(comment, code) of each documented declaration. Several functions may share a comment."""
    body = re.sub(r"^#(?:ifndef HTST_\w+_H|define HTST_\w+_H|endif.*)$", "", header, flags=re.M)
    comments = list(COMMENT.finditer(body))
    for comment, following in zip(comments[1:], [*comments[2:], None], strict=False):
        before = body[body.rfind("\n", 0, comment.start()) + 1 : comment.start()]
        if before.strip():
            continue  # a comment inside or behind a declaration belongs to it
        end = following.start() if following else len(body)
        code = body[comment.end() : end]
        while following and code.rpartition("\n")[2].strip():
            # the next comment stands inside this declaration: read on to its end
            rest = COMMENT.search(body, following.end())
            end = rest.start() if rest else len(body)
            code, following = body[comment.end() : end], rest
        code = code.strip()
        if code and not code.startswith("#include"):
            yield clean(comment[1]), code


def title_of(code: str) -> str:
    """The names that a piece of code declares."""
    names = re.findall(r"\b(htst_\w+)\s*\(|\}\s*(htst_\w+_t)\s*;|#define (HTST_\w+)", code)
    found = list(dict.fromkeys(next(filter(None, name)) for name in names))
    return ", ".join(found[:4]) + (", ..." if len(found) > 4 else "")


def page(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    first = COMMENT.search(text)
    assert first is not None, f"{path} has no comment"
    parts = [f"# {path.name}", to_markdown(clean(first[1]))]
    for comment, code in declarations(text):
        if title := title_of(code):
            parts.append(f"## {title}")
        parts += [f"```c\n{code}\n```", to_markdown(comment)]
    return "\n\n".join(parts) + "\n"


def public_headers(csrc: Path) -> list[Path]:
    """htst.h and every header that csrc/README.md does not call internal."""
    found = INTERNAL.search((csrc / "README.md").read_text(encoding="utf-8"))
    assert found is not None, "csrc/README.md must list the internal headers"
    internal = set(re.findall(r"htst_\w+\.h", found[1]))
    headers = [csrc / "htst.h", *sorted(csrc.glob("*/*.h"))]
    return [p for p in headers if p.name not in internal and not p.stem.endswith("_template")]


def write(csrc: Path, folder: Path) -> str:
    """Write one page for each public header; return their tree of contents."""
    folder.mkdir(parents=True)
    headers = public_headers(csrc)
    for path in headers:
        (folder / f"{path.stem}.md").write_text(page(path), encoding="utf-8")
    names = "\n".join(f"c/{path.stem}" for path in headers)
    return f"\n## Headers\n\n```{{toctree}}\n:maxdepth: 1\n\n{names}\n```\n"

"""Links and paths: every file that a page, a comment or a docstring names exists."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
if not (ROOT / "htstats").is_dir():  # `make wheel` moves it away
    pytest.skip("needs the sources beside the tests", allow_module_level=True)
SKIPPED = re.compile(r"\.git|\.venv.*|build|__pycache__|node_modules|.*\.egg-info")

LINK = re.compile(r"\]\(([^)\s]+)\)")
NAMED = re.compile(
    r"(?<![\w/.-])(?:htstats|csrc|tests|docs|bench)/[\w./*<>{}…-]*[\w*/]"  # a path from the root
)
FILE = re.compile(r"(?<![\w/.*<>$-])(_?\w+\.(?:py|pyx|pxd|pyi|c|h))(?![\w.])")
DOTTED = re.compile(r"(?<![\w/.-])(htstats(?:\.[a-zA-Z_]\w*)+)(?!\w*\()")
# Files that a command makes, which a fresh checkout lacks.
MADE = re.compile(r"^(bench/paper/(data|results)|tests/fuzz-|.*\.so$)")
# A path in a C, Python or build file counts only in a comment or a docstring: strings of code
# name files of the user and files that tests make.
CODE = {".py", ".pyx", ".pxd", ".pyi", ".c", ".h", ".sh"}


def files(*suffixes):
    for path in sorted(ROOT.rglob("*")):
        inside = path.relative_to(ROOT)
        hidden = inside.parts[0] == "dist" or any(map(SKIPPED.fullmatch, inside.parts))
        if not hidden and path.suffix in suffixes and path.is_file():
            yield path


def prose(path):
    """The comments and docstrings of a source file; the whole text of a page."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        return text
    if path.suffix in (".c", ".h"):
        found = re.findall(r"/\*.*?\*/|//[^\n]*", text, re.DOTALL)
    else:
        found = re.findall(r'"""(?:.|\n)*?"""|(?m:(?:^|\s)#[^\n]*)', text)
    return "\n".join(found)


def exists(name, base):
    """Whether a path, a folder or a pattern with `*` or `<name>` names at least one file."""
    name = re.sub(r"<\w+>|\{\w+\}|MODULE|…|\.\.\.", "*", name.rstrip("."))
    if "*" in name:
        return any(base.glob(name))
    if (base / name).exists():
        return True
    # a module without its suffix, and a C module named for its header and source
    return any((base / f"{name}{suffix}").exists() for suffix in (".py", ".pyx", ".c", ".h"))


def missing(text, base):
    names = {match.group(0) for match in NAMED.finditer(text)}
    return sorted(name for name in names if not MADE.search(name) and not exists(name, base))


def missing_files(text):
    """Names such as `_scan.py` or `htst_scan.h` that no file of the repository has."""
    return sorted({name for name in FILE.findall(text) if name not in FILE_NAMES})


def missing_modules(text):
    """Dotted names such as `htstats.theory.action` that do not begin with a module that exists."""
    broken = set()
    for name in DOTTED.findall(text):
        folder, parts = ROOT / "htstats", name.split(".")[1:]
        while parts and (folder / parts[0]).is_dir():
            folder /= parts.pop(0)
        if not parts or any((folder / f"{parts[0]}{end}").exists() for end in (".py", ".pyx")):
            continue
        init = folder / "__init__.py"
        if not re.search(rf"\b{re.escape(parts[0])}\b", init.read_text(encoding="utf-8")):
            broken.add(name)
    return sorted(broken)


FILE_NAMES = {path.name for path in files(*CODE)}
PAGES = [path for path in files(".md") if "reference" not in path.parts]
SOURCES = [path for path in files(*CODE) if path.name != Path(__file__).name]


def relative(paths):
    return [str(path.relative_to(ROOT)) for path in paths]


@pytest.mark.parametrize("page", PAGES, ids=relative(PAGES))
def test_links_of_a_page_point_to_files(page):
    broken = []
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        target = link.partition("#")[0]
        if target and not re.match(r"[a-z]+:", target) and not (page.parent / target).exists():
            broken.append(link)
    assert not broken, f"{page.relative_to(ROOT)} links to missing files: {broken}"


@pytest.mark.parametrize("page", PAGES, ids=relative(PAGES))
def test_paths_of_a_page_exist(page):
    if page.name in ("CHANGELOG.md",):
        pytest.skip("a change log may name files that later releases moved")
    text = prose(page)
    assert missing(text, ROOT) + missing_files(text) + missing_modules(text) == []


def test_paths_in_comments_exist():
    broken = {}
    for path in SOURCES:
        text = prose(path)
        names = missing(text, ROOT) + missing_files(text) + missing_modules(text)
        if names:
            broken[str(path.relative_to(ROOT))] = names
    assert not broken


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see `htstats/no_such_file.py`.", ["htstats/no_such_file.py"]),
        ("csrc/fit/htst_scan.h has it", []),
        ("csrc/htst_scan.h had it", ["csrc/htst_scan.h"]),
        ("tests/test_theory_*.py", []),
        ("tests/test_teory_*.py", ["tests/test_teory_*.py"]),
        ("htstats/compression/container, and", []),
    ],
)
def test_the_search_for_missing_paths(text, expected):
    assert missing(text, ROOT) == expected

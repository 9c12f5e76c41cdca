"""The documentation site: every page and every public module has its place; C comments are read.

`make docs` builds the site, with warnings as errors. Here its parts are checked without Sphinx.
"""

import importlib
import inspect
import pkgutil
import re
import sys
from pathlib import Path

import pytest

import htstats

ROOT = Path(__file__).parents[1]
SITE = ROOT / "docs" / "site"


@pytest.fixture(scope="module", autouse=True)
def tools():
    """The programs that compose the site."""
    pytest.importorskip("matplotlib", reason="pip install 'htstats[plot]'")
    sys.path.insert(0, str(SITE))
    yield
    sys.path.remove(str(SITE))


def test_every_page_is_in_one_section():
    import compose

    names = [name for section in compose.SECTIONS.values() for name in section]
    assert len(names) == len(set(names))
    places = {place.removesuffix(".md") for place in compose.pages().values()} - {"index"}
    assert places <= set(names)
    # a page of a section may belong to a command that this version does not have
    assert set(names) - places <= {"api/index", "report"}


# Rooms of the command line.
INTERNAL = {"commands", "report"}


def public_modules():
    for info in pkgutil.walk_packages(htstats.__path__, "htstats."):
        parts = info.name.split(".")[1:]
        if not any(part.startswith("_") for part in parts) and parts[0] not in INTERNAL:
            yield info.name


@pytest.mark.parametrize("name", [*public_modules()])
def test_every_public_module_is_described_or_handed_out(name):
    import python_pages

    parents = [name.rpartition(".")[0], name]
    assert any(parent in python_pages.MODULES for parent in parents)


def test_every_public_name_of_a_described_module_is_on_a_page():
    import python_pages

    described = {}
    for name in python_pages.MODULES:
        try:
            module = importlib.import_module(name)
        except ModuleNotFoundError as error:
            pytest.skip(f"needs {error.name}: pip install 'htstats[torch,dask,plot]'")
        page = python_pages.page(module, described)
        for public in module.__all__:
            value = getattr(module, public)
            if inspect.isclass(value) or inspect.isroutine(value):
                assert re.search(rf"\b{public}\b", page), f"{name}.{public}"
    assert "htstats.power_law.fit_power_law" in described.values()


def functions(header):
    code = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.DOTALL)
    code = re.sub(r"^#.*?(?<!\\)$", "", code, flags=re.MULTILINE)
    return set(re.findall(r"\b(htst_\w+)\s*\(", code))


def test_every_function_of_a_header_is_on_its_page():
    import c_pages

    headers = c_pages.public_headers(ROOT / "csrc")
    assert len(headers) > 20
    for header in headers:
        page = c_pages.page(header)
        assert {name for name in functions(header) if name not in page} == set(), header.name
        assert "*/" not in re.sub(r"```c\n.*?```", "", page, flags=re.DOTALL)


def test_comments_become_paragraphs():
    import c_pages

    comment = " log P(X > k).\n * METHOD: above,\n *   and more.\n *\n *     F = a * b\n"
    comment += " * ERRORS: none. "
    assert c_pages.to_markdown(c_pages.clean(comment)) == (
        "log P(X \\> k).\n\n**METHOD**: above, and more.\n\n```text\n    F = a * b\n```\n\n"
        "**ERRORS**: none."
    )


def test_links_follow_their_pages():
    import compose

    places = compose.pages()
    moved = compose.move_links(
        "[fit](exact-fit.md#tests), [scale.md](scale.md), [races](../bench/RESULTS.md), "
        "[code](../csrc/htst.h), [out](https://example.org)\n```\n[no](link.md)\n```\n",
        "docs/index.md",
        places,
    )
    assert moved == (
        "[fit](exact-fit.md#tests), [](scale.md), [races](benchmarks.md), code (`csrc/htst.h`), "
        "[out](https://example.org)\n```\n[no](link.md)\n```\n"
    )
    assert compose.move_links("[a](docs/format.md)", "README.md", places) == "[a](../format.md)"


def test_the_command_line_page_has_every_option():
    import command_pages

    from htstats.commands import command_names
    from htstats.commands._parser import command_parser

    text = command_pages.text()
    for name in command_names():
        section = text.partition(f"## htstats {name}\n")[2].partition("\n## ")[0]
        for action in command_parser(name)._actions:
            if action.dest not in ("help", "verbose", "debug"):
                assert (action.option_strings or [str(action.metavar)])[-1] in section


def test_the_page_has_every_exit_code():
    from htstats.commands._examples import EXIT_CODES

    page = (ROOT / "docs" / "command-line.md").read_text()
    for code, meaning in EXIT_CODES:
        assert f"| {code} | {meaning} |" in page

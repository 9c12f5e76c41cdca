"""No file is longer than 450 lines, and no function than 40 lines without its docstring."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MOST_LINES, MOST_LINES_OF_A_FUNCTION = 450, 40
if not (ROOT / "htstats").is_dir():  # `make wheel` moves it away
    pytest.skip("needs the sources beside the tests", allow_module_level=True)
ROOMS = [path.name for path in (ROOT / "htstats").iterdir()]
C_FOLDERS = [path.name for path in (ROOT / "csrc").iterdir() if path.is_dir()]


def files_of(folder, names, endings):
    places = [ROOT / folder / name for name in names]
    found = [path for place in places for path in [place, *place.rglob("*")]]
    return sorted(path for path in found if path.suffix in endings)


def python_functions(text):
    """The name of each function, and how many lines it has after its docstring."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            yield node.name, node.end_lineno - body[0].lineno + 1 if body else 0


def c_functions(text):
    """The line above the body of each function, and how many lines the body has."""
    lines, start = text.split("\n"), 0
    for number, line in enumerate(lines):
        if line == "{":
            start = number
        elif line == "}":
            yield lines[start - 1], number - start - 1


def test_functions_are_found_and_measured():
    code = "def f(x):\n    '''Words.'''\n    y = x\n    return y\n"
    assert list(python_functions(code)) == [("f", 2)]
    assert list(c_functions("int\nf(int x)\n{\n    x++;\n    return x;\n}\n")) == [("f(int x)", 2)]


@pytest.mark.parametrize(
    ("files", "functions"),
    [
        (files_of("htstats", ROOMS, {".py"}), python_functions),
        (files_of("csrc", C_FOLDERS, {".c", ".h"}), c_functions),
        (files_of("tests", ["c"], {".c", ".h"}), c_functions),
        (files_of("htstats", ["_core"], {".pyx", ".pyi", ".pxd"}), None),
    ],
    ids=["python", "c", "tests of c", "bindings"],
)
def test_no_file_and_no_function_is_long(files, functions):
    assert len(files) > 30
    texts = {path.relative_to(ROOT): path.read_text() for path in files}
    assert [str(path) for path, text in texts.items() if text.count("\n") > MOST_LINES] == []
    if functions is not None:
        sizes = {
            (str(path), name): size
            for path, text in texts.items()
            for name, size in functions(text)
        }
        assert len(sizes) > 100
        assert [where for where, size in sizes.items() if size > MOST_LINES_OF_A_FUNCTION] == []

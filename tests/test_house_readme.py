"""The examples of README.md run, and print what README.md says they print.

A Python block may be followed by a text block: its lines are then the output, literally. A line
`...` there stands for one or more lines of any text. Without a text block each `print` must give
one line.
"""

import ast
import re
from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def examples(page: str) -> list[tuple[str, list[str] | None]]:
    """(code, lines of output) of each Python block; None where no text block follows.

    A text block belongs to the Python block before it if no heading and no other block is between.
    """
    blocks = list(FENCE.finditer(page))
    found = []
    for block, following in zip(blocks, [*blocks[1:], None], strict=True):
        if block[1] != "python":
            continue
        between = page[block.end() : following.start()] if following else ""
        own = following is not None and following[1] == "text" and "\n#" not in between
        found.append((block[2], following[2].splitlines() if own else None))
    return found


def agree(lines: list[str], expected: list[str]) -> bool:
    """Whether the lines are the expected ones, each `...` being one or more lines of any text."""
    if not expected or not lines:
        return not expected and not lines
    if expected[0] != "...":
        return lines[0] == expected[0] and agree(lines[1:], expected[1:])
    return any(agree(lines[n:], expected[1:]) for n in range(1, len(lines) + 1))


def prints(code: str) -> int:
    """The number of calls of print in the code, each of which is run once."""
    calls = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    return sum(isinstance(call.func, ast.Name) and call.func.id == "print" for call in calls)


EXAMPLES = examples(README.read_text())


@pytest.mark.parametrize(("code", "expected"), EXAMPLES, ids=range(len(EXAMPLES)))
def test_example_prints_what_it_says(code, expected, capsys):
    if "import torch" in code:
        pytest.importorskip("torch")
    exec(compile(code, str(README), "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    if expected is not None:
        assert agree(lines, expected), "\n".join(["The example prints:", *lines])
    else:
        assert len(lines) == prints(code) > 0
        assert all(line.strip() for line in lines)


def test_no_example_is_missed():
    assert len(EXAMPLES) == README.read_text().count("```python") >= 2


PAGE = """# Title
```python
print(1)
```
It prints
```text
1
```
```python
print(2)
```
## Another section
```text
not its output
```
```
a command
```
```python
print(3)
```
"""


def test_text_blocks_belong_to_the_python_block_before():
    assert examples(PAGE) == [("print(1)\n", ["1"]), ("print(2)\n", None), ("print(3)\n", None)]


@pytest.mark.parametrize(
    ("lines", "expected", "same"),
    [
        ("a b", "a b", True),
        ("a b", "a", False),
        ("a", "a b", False),
        ("a b", "a c", False),
        ("a b c", "a ... c", True),
        ("a b b c", "a ... c", True),
        ("a c", "a ... c", False),
        ("a b", "a ...", True),
        ("a b c d", "... c ...", True),
        ("", "", True),
        ("", "...", False),
    ],
)
def test_lines_are_compared_literally(lines, expected, same):
    assert agree(lines.split(), expected.split()) == same


def test_prints_are_counted_as_calls():
    assert prints('print("print(1)")  # print(2)\nprint(3)\n') == 2

"""The examples of README.md run."""

import re
from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)


@pytest.mark.parametrize("code", EXAMPLES, ids=range(len(EXAMPLES)))
def test_example_runs(code, capsys):
    if "import torch" in code:
        pytest.importorskip("torch")
    exec(compile(code, str(README), "exec"), {})
    assert len(capsys.readouterr().out.splitlines()) == code.count("print(")


def test_there_are_examples():
    assert len(EXAMPLES) >= 2

"""The commands and the Python example of docs/report.md run, and print what the page says."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from checkpoints import write_safetensors

from htstats.cli import main
from htstats.commands import report

TEXT = (Path(__file__).parents[1] / "docs" / "report.md").read_text()
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)
COMMANDS = [
    line for kind, block in BLOCKS if kind == "sh" for line in block.splitlines() if line.strip()
]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for name in ("model", "finetuned"):
        arrays = {f"h.{i}.weight": rng.standard_t(3, (30, 20)) for i in range(3)}
        write_safetensors(tmp_path / f"{name}.safetensors", arrays)
    lines = [f"{k},{x}" for k, x in enumerate(rng.pareto(1.5, 300) + 1)]
    (tmp_path / "sizes.csv").write_text("\n".join(["number,bytes", *lines]))
    return tmp_path


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_write_their_page(folder, command):
    program, *words = shlex.split(command)
    assert program == "htstats"
    assert main(words) == 0
    assert (folder / words[words.index("-o") + 1]).read_text().startswith("<!doctype html>")


def test_the_example_prints_what_the_page_says(folder, capsys):
    (code,) = (block for kind, block in BLOCKS if kind == "python")
    (expected,) = (block for kind, block in BLOCKS if kind == "text")
    exec(compile(code, "docs/report.md", "exec"), {})
    assert capsys.readouterr().out == expected
    assert (folder / "layers.html").exists()


def test_the_page_names_every_option():
    import argparse

    parser = argparse.ArgumentParser()
    report.configure(parser)
    options = {word for action in parser._actions for word in action.option_strings}
    named = set(re.findall(r"`(--[\w-]+)", TEXT))
    assert options - {"-h", "--help", "-o", "--output"} == named

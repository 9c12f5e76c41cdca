"""The Python blocks and the commands of the pages in docs/ run, and print what the pages say.

Each page runs in a folder of its own that `page_files` fills. A page is a program: its blocks run
in order and see each other's files. The kind of a block says what happens:

    python    it runs; a text block that follows is its output, literally
    console   lines that begin with "$ " are commands; the lines below a command are its output. If
              there are none, the output is not compared. Every command must end with 0
    sh        commands without output; every command must end with 0
    text, c   nothing: grammars, output, commands of other programs

A line `...` in an output stands for any lines, and `...` in a line for any text. Blocks of other
kinds, and blocks by indentation, are errors: nothing may escape.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from page_files import make_files

from htstats.commands import command_names
from htstats.commands._examples import EXAMPLES

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted(DOCS.glob("*.md"))
FENCE = re.compile(r"^```(\S*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
INDENTED = re.compile(r"\n\n((?: {4}\S[^\n]*\n?)+)")
KINDS = {"python", "console", "sh", "text", "c"}

# Pages of others may show commands by indentation; these run as `sh`.
BY_INDENTATION = {"certify-models.md", "certificate-format.md", "scale.md", "stable.md"}

# Commands that take minutes, need data that only some machines have, or need a file that a reader
# has: what runs in their place is the same command on a small case.
SHORTER = [
    (r"--data fashion-mnist", "--data train.npz"),
    (r"--seeds 5", "--seeds 1"),
    (r"--preset fcnn", "--preset fcnn --hidden 6 --minutes .02"),
    (r"--preset cnn", "--preset cnn --filters 2 --minutes .02"),
    (r"(certify .*)-o net\.htc$", r"\1-o net.htc --minutes .05"),
    (r"--checkpoint model\.safetensors", "--checkpoint network.npz"),
    (r"--encoder-sha256 HEX", "--encoder encoder.safetensors"),
    (r"--data x\.npy --labels y\.npy", "--data features.npy --labels labels.npy"),
    (
        r"^(htstats certify .*)--surrogate net\.htc",
        "htstats certify --data train.npz --preset pixels --minutes .02 -o surrogate.htc && "
        r"\1--surrogate surrogate.htc",
    ),
    (r"^make .*", "true"),  # the benchmarks have tests of their own
]
# Commands that no test runs, with the reason.
NOT_RUN = {
    "--model package.module:name": "needs a package; tests/test_certificate_models.py",
    "--preset held-out": "minutes of training; tests/test_commands_certify.py",
    "cnn.npz": "the file of the command above",
    "--checkpoint": "needs a trained network; tests/test_certificate_models.py",
    "onet": "needs the network of facenet-pytorch; tests/test_commands_round_trip.py",
    "python bench/": "a benchmark",
    "--device cuda": "needs a GPU; tests/test_torch_spectra.py",
}


def blocks(page):
    """(kind, text) of every block, those by indentation as the kind "indented"."""
    text = page.read_text(encoding="utf-8")
    found = [(match.start(), match[1], match[2]) for match in FENCE.finditer(text)]
    outside = FENCE.sub(lambda match: "x" * len(match[0]), text)
    for match in INDENTED.finditer(outside):
        before = outside[: match.start()].rstrip().rpartition("\n")[2]
        if not re.match(r"\s*([*-]|\d+\.) |\s", before):  # the inside of a list
            found.append((match.start(), "indented", match[1]))
    return [(kind, block) for _, kind, block in sorted(found)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_has_a_kind(page):
    for kind, text in blocks(page):
        if kind == "indented":
            assert page.name in BY_INDENTATION, f"use a fence for: {text[:60]}"
        elif kind != "" or page.name not in BY_INDENTATION:
            assert kind in KINDS, f"a block of the kind {kind!r}: {text[:60]}"


def agree(lines, expected):
    """Whether the lines are the expected ones; see the top of this file."""
    if not expected:
        return not lines
    if expected[0].strip() == "...":
        return any(agree(lines[n:], expected[1:]) for n in range(len(lines) + 1))
    if not lines:
        return False
    pattern = ".*".join(re.escape(part) for part in expected[0].split("..."))
    return bool(re.fullmatch(pattern, lines[0])) and agree(lines[1:], expected[1:])


def reason_not_to_run(command):
    return next((why for word, why in NOT_RUN.items() if word in command), None)


def execute(command, folder, shorter=SHORTER):
    """Run a command line as a shell does; return the lines that it prints."""
    for pattern, replacement in shorter:
        command = re.sub(pattern, replacement, command)
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "COLUMNS": "100",
    }
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=folder, capture_output=True, text=True, env=environment, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, f"{command}\n{done.stderr}"
    return done.stdout.splitlines()


def commands_of(kind, block):
    """(command, lines of output or None) of a block."""
    if kind == "console":
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *lines = part.splitlines()
            yield command, lines or None
    elif kind == "sh":
        for line in block.splitlines():
            if line.strip() and not line.startswith("#"):
                yield line, None
    elif kind in ("indented", ""):
        for line in block.splitlines():
            if re.match(r"htstats |cut ", line.strip()):
                yield line.strip(), None


def run_python(code, folder):
    program = folder / "example.py"
    program.write_text(code)
    done = subprocess.run(
        [sys.executable, "-W", "error", program.name],
        cwd=folder, capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    program.unlink()
    assert done.returncode == 0, f"{code}\n{done.stderr}"
    return done.stdout.splitlines()


def needs(text):
    """Skip the page if a package of an extra is missing."""
    extras = {"torch": ("import torch", "htstats.torch"), "dask": ("dask",),
              "matplotlib": ("--plot", "htstats.plot"), "sklearn": ("--data digits",)}  # fmt: skip
    for package, words in extras.items():
        if any(word in text for word in words):
            pytest.importorskip(package, reason="pip install 'htstats[torch,dask,plot]'")


def run_page(page, folder):
    """Run the blocks of a page; return how many programs ran."""
    found = blocks(page)
    count = 0
    for (kind, text), following in zip(found, [*found[1:], ("", "")], strict=True):
        if kind == "python":
            lines = run_python(text, folder)
            count += 1
            if following[0] == "text" and "print(" in text:
                expected = following[1].splitlines()
                assert agree(lines, expected), "\n".join(["The block prints:", *lines])
        for command, expected in commands_of(kind, text):
            if reason_not_to_run(command):
                continue
            lines = execute(command, folder)
            count += 1
            if expected is not None:
                assert agree(lines, expected), "\n".join([f"$ {command} prints:", *lines])
    return count


def has_programs(page):
    return any(
        kind == "python" or any(not reason_not_to_run(c) for c, _ in commands_of(kind, text))
        for kind, text in blocks(page)
    )


@pytest.mark.slow
@pytest.mark.parametrize("page", [p for p in PAGES if has_programs(p)], ids=lambda p: p.name)
def test_a_page_runs(page, tmp_path):
    needs(page.read_text(encoding="utf-8"))
    make_files(tmp_path)
    assert run_page(page, tmp_path) > 0


# The examples of --help run too, but for those that take minutes or change the shell.
HELP = [
    example.line
    for name in command_names()
    for example in EXAMPLES[name]
    if name not in ("demo", "reproduce", "completion")
]


@pytest.mark.slow
def test_the_examples_of_help_run(tmp_path):
    needs("--data digits")
    make_files(tmp_path)
    for line in HELP:
        execute(line, tmp_path, shorter=())


@pytest.mark.parametrize(
    ("lines", "expected", "same"),
    [
        (["a 1", "b"], ["a ...", "b"], True),
        (["a 1", "b"], ["..."], True),
        (["a 1", "b"], ["...", "b"], True),
        ([], ["..."], True),
        (["a 1", "b"], ["a ..."], False),
        (["a 1"], ["b ..."], False),
        (["a"], [], False),
        (["a.b"], ["a.b"], True),
        (["axb"], ["a.b"], False),
    ],
)
def test_output_is_compared(lines, expected, same):
    assert agree(lines, expected) == same


def test_a_page_that_says_something_wrong_fails(tmp_path):
    page = tmp_path / "wrong.md"
    for text in (
        "```python\nprint(1)\n```\n\n```text\n2\n```\n",
        "```python\nraise SystemExit(3)\n```\n",
        "```console\n$ echo a\nb\n```\n",
        "```sh\nfalse\n```\n",
    ):
        page.write_text(text)
        with pytest.raises(AssertionError):
            run_page(page, tmp_path)
    page.write_text("```console\n$ echo a\na\n$ echo b\n```\n")
    assert run_page(page, tmp_path) == 2

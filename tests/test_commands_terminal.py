"""Terminals, pipes and files: widths of tables, colours, the lines of -v, standard input."""

import io
import os
import pty
import re
import subprocess
import sys

import numpy as np
import pytest

from htstats._common.tables import fit_table, format_table, shorten
from htstats.cli import main
from htstats.commands._certificates import print_verdict

NAMES = [f"model.layers.{i}.self_attention.query_projection.weight" for i in range(12)]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    path = tmp_path_factory.mktemp("long") / "long.npz"
    rng = np.random.default_rng(0)
    arrays = {name: rng.standard_t(3, (40, 30)).astype(np.float32) for name in NAMES}
    np.savez(path, bias=np.ones(3), **arrays)
    return path


def run_on_terminal(columns, *argv, **environment):
    """The output of a command whose standard output and error are a terminal."""
    leader, follower = pty.openpty()
    environment = os.environ | {"COLUMNS": str(columns), "TERM": "xterm"} | environment
    if "NO_COLOR" not in environment or environment["NO_COLOR"] == "":
        environment.pop("NO_COLOR", None)
    program = [sys.executable, "-m", "htstats", *map(str, argv)]
    with subprocess.Popen(program, stdout=follower, stderr=follower, env=environment) as process:
        os.close(follower)
        text = b""
        try:
            while block := os.read(leader, 1 << 16):
                text += block
        except OSError:  # the end of the program closes the terminal
            pass
    os.close(leader)
    return process.returncode, text.decode().replace("\r\n", "\n")


@pytest.mark.parametrize("columns", [40, 60, 80, 132, 200])
@pytest.mark.parametrize("command", ["fit", "compress"])
def test_tables_fit_the_terminal(checkpoint, tmp_path, command, columns):
    output = ["-o", str(tmp_path / "o.htz")] if command == "compress" else []
    code, text = run_on_terminal(columns, command, checkpoint, *output)
    assert code == 0
    text = re.sub(r"\r\x1b\[K[^\r\n]*\r\x1b\[K|\r\x1b\[K", "", text)
    table = [line for line in text.splitlines() if re.search(r"40 x 30|\.weight", line)]
    assert table
    assert max(map(len, table)) <= columns
    if columns != 132:
        assert all(name in text for name in NAMES) == (columns == 200)
    for line in table:
        assert re.match(r"model\.layers\.\d+[.…].*ght  ", line)


@pytest.mark.parametrize("width", range(24, 160, 7))
def test_a_table_has_every_cell_and_no_line_above_the_width(width):
    header = ["matrix", "shape", "alpha", "n_tail", "stable rank"]
    rows = [[name, "40 x 30", "2.842", 400 + i, "7.518"] for i, name in enumerate(NAMES)]
    text = fit_table(header, rows, width)
    short = {line.split("  ")[0].strip() for line in text.splitlines() if "layers" in line}
    assert len(short) == len(NAMES)  # shortened names stay distinct
    for i in range(12):
        assert str(400 + i) in text
    for head in header:
        assert head in text
    assert max(map(len, text.splitlines())) <= max(width, 19 + 2 + len("stable rank"))


def test_a_table_that_fits_is_not_changed():
    rows = [["a", 1], ["b", None]]
    assert fit_table(["name", "n"], rows, 80) == format_table(["name", "n"], rows)


@pytest.mark.parametrize("width", [12, 13, 24, 40])
def test_names_are_shortened_in_the_middle(width):
    for name in NAMES:
        short = shorten(name, width)
        assert len(short) == width
        start, end = short.split("…")
        assert name.startswith(start)
        assert name.endswith(end)
        assert abs(len(start) - len(end)) <= 1
    assert shorten("short", width) == "short"


def test_files_and_pipes_have_whole_names(checkpoint, capsys):
    assert main(["fit", str(checkpoint)]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in NAMES)


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_colours_appear_on_a_terminal_only(environment, coloured):
    code, text = run_on_terminal(80, "fit", "missing.npz", **environment)
    assert code == 2
    assert ("\x1b[1;31mhtstats:\x1b[0m" in text) == coloured
    assert ("\x1b" in text) == coloured


def test_pipes_have_no_colours(capsys):
    assert main(["fit", "missing.npz"]) == 2
    assert capsys.readouterr().err == "htstats: missing.npz: No such file or directory\n"
    print_verdict(0.5, False)
    assert capsys.readouterr().out == "claimed: 0.50000: IT DOES NOT HOLD\n"


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="needs Linux's /proc")
def test_v_does_not_count_the_memory_of_the_parent_process(checkpoint):
    held = np.ones(400 << 17)  # 400 MiB
    command = [sys.executable, "-m", "htstats", "fit", str(checkpoint), "-v"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    (peak,) = re.findall(r"at most (\d+) MiB of memory", done.stderr)
    assert held.nbytes == 400 << 20
    assert 10 < int(peak) < 300


def test_v_says_what_is_done(checkpoint, tmp_path, capsys):
    for argv in (["fit", checkpoint, "-v"], ["-v", "compress", checkpoint, "-o", tmp_path / "o"]):
        assert main([str(word) for word in argv]) == 0
        printed = capsys.readouterr()
        lines = printed.err.splitlines()
        assert all(re.match(r"\[ *\d+\.\d\d s\] ", line) for line in lines)
        assert all(any(line.endswith(f"] {name}") for line in lines) for name in NAMES)
        assert "exit code 0" in lines[-1]
        assert main([str(word) for word in argv if word != "-v"]) == 0
        assert capsys.readouterr().err == ""
    assert main(["-v", "fit", "missing.npz"]) == 2
    assert "exit code 2" in capsys.readouterr().err


def run(argv, **options):
    program = [sys.executable, "-m", "htstats", *map(str, argv)]
    return subprocess.run(program, capture_output=True, **options)


def test_compressed_files_pass_through_pipes(checkpoint, tmp_path):
    assert run(["compress", checkpoint, "-o", tmp_path / "a.htz"]).returncode == 0
    piped = run(["compress", checkpoint, "-o", "-"])
    assert (piped.returncode, piped.stdout) == (0, (tmp_path / "a.htz").read_bytes())
    assert b"all metadata included" in piped.stderr
    assert run(["decompress", tmp_path / "a.htz", "-o", tmp_path / "a.safetensors"]).returncode == 0
    dense = run(["decompress", "-", "-o", "-"], input=piped.stdout)
    assert (dense.returncode, dense.stdout) == (0, (tmp_path / "a.safetensors").read_bytes())
    cut = run(["decompress", "-", "-o", "-"], input=piped.stdout[:-1])
    assert (cut.returncode, cut.stdout) == (2, b"")
    assert cut.stderr.count(b"\n") == 1


def test_a_certificate_comes_from_standard_input(tmp_path, monkeypatch, capsys):
    net = tmp_path / "net.htc"
    assert main(["certify", "--data", "digits", "-o", str(net), "--minutes", ".02"]) == 0
    assert main(["verify", str(net), "--data", "digits", "--claim", ".9"]) == 0
    printed = capsys.readouterr().out
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(net.read_bytes())))
    assert main(["verify", "-", "--data", "digits", "--claim", ".9"]) == 0
    assert capsys.readouterr().out.replace("-:", f"{net}:", 1) in printed


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["compress", "-", "-o", "a.htz"], "FILE must be a file, got -"),
        (["compress", "FILE", "-o", "-", "--resume"], "--resume"),
        (["compress", "FILE", "-o", "-", "--json"], "-o - and --json"),
    ],
)
def test_streams_that_make_no_sense(checkpoint, capsys, argv, words):
    assert main([str(checkpoint) if word == "FILE" else word for word in argv]) == 2
    printed = capsys.readouterr()
    assert words in printed.err
    assert printed.out == ""

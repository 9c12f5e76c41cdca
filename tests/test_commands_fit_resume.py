"""`htstats fit` writes to a file, continues after an interrupt, and can be interrupted at once."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from checkpoints import write_safetensors
from refusals import refusals, require_refusal

from htstats.cli import main
from htstats.commands import _progress
from htstats.report import matrix as report

NAMES = [f"layer.{number}" for number in range(5)]


@pytest.fixture
def checkpoint(tmp_path):
    rng = np.random.default_rng(0)
    arrays = {name: rng.standard_t(3, (12, 10 + n)).astype("f4") for n, name in enumerate(NAMES)}
    return write_safetensors(tmp_path / "m.safetensors", arrays)


@pytest.fixture
def fitted(monkeypatch):
    """The names of fitted matrices. A number in `stop` interrupts after as many."""
    names, fit_matrix = [], report.fit_matrix

    def watch(matrix, *words):
        if len(names) == watch.stop:
            raise KeyboardInterrupt
        names.append(matrix.name)
        return fit_matrix(matrix, *words)

    watch.stop, names_and_watch = None, (names, watch)
    monkeypatch.setattr(report, "fit_matrix", watch)
    return names_and_watch


def command(checkpoint, *words):
    return ["fit", str(checkpoint), "--json", "--threads", "1", *map(str, words)]


def fit(checkpoint, *words):
    return main(command(checkpoint, *words))


@pytest.mark.parametrize("stop", [0, 1, 3])
@pytest.mark.parametrize("extras", [[], ["--gof", "20", "--compare", "--spectrum", "--stable"]])
def test_finished_matrices_are_not_fitted_again(checkpoint, tmp_path, fitted, stop, extras):
    names, watch = fitted
    out, whole = tmp_path / "fits.json", tmp_path / "whole.json"
    assert fit(checkpoint, "-o", whole, *extras) == 0
    assert sorted(names) == NAMES
    names.clear()
    watch.stop = stop
    assert fit(checkpoint, "-o", out, *extras) == 130
    assert not out.exists()
    lines = (tmp_path / "fits.json.partial").read_text().splitlines()
    assert [json.loads(line)["name"] for line in lines[1:]] == names
    before, watch.stop = list(names), None
    assert fit(checkpoint, "-o", out, "--resume", *extras) == 0
    assert sorted(names) == NAMES
    assert names[: len(before)] == before
    assert out.read_text() == whole.read_text()
    assert sorted(os.listdir(tmp_path)) == ["fits.json", "m.safetensors", "whole.json"]


def test_without_output_the_record_is_in_this_folder(
    checkpoint, tmp_path, fitted, monkeypatch, capsys
):
    names, watch = fitted
    monkeypatch.chdir(tmp_path)
    assert fit(checkpoint) == 0
    whole = capsys.readouterr().out
    assert os.listdir(tmp_path) == ["m.safetensors"]
    names.clear()
    watch.stop = 2
    assert fit(checkpoint, "--resume") == 130
    assert (tmp_path / "m.safetensors.fit.partial").exists()
    watch.stop = None
    assert fit(checkpoint, "--resume") == 0
    assert len(names) == 5
    assert capsys.readouterr().out == whole
    assert os.listdir(tmp_path) == ["m.safetensors"]


def test_a_line_that_was_not_finished_is_fitted_again(checkpoint, tmp_path, fitted):
    names, watch = fitted
    out, partial = tmp_path / "fits.json", tmp_path / "fits.json.partial"
    watch.stop = 3
    assert fit(checkpoint, "-o", out) == 130
    whole = partial.read_bytes()
    last = whole[:-1].rindex(b"\n") + 1
    watch.stop = None
    for cut in (last, last + 1, len(whole) - 1):  # as a kill leaves it
        names.clear()
        partial.write_bytes(whole[:cut])
        assert fit(checkpoint, "-o", out, "--resume") == 0
        assert len(names) == 3
    names.clear()
    partial.write_bytes(whole[:10])  # not even the first line
    assert fit(checkpoint, "-o", out, "--resume") == 0
    assert len(names) == 5


DAMAGES = {
    "a number": lambda line: line.replace(b'"alpha": ', b'"alpha": 1'),
    "a name": lambda line: line.replace(b'"alpha"', b'"alfa"'),
    "a text": lambda line: line.replace(b'"xmin": ', b'"xmin": "much", "x": '),
    "no numbers": lambda line: line.split(b'"row"')[0] + b'"row": {}}',
    "no row": lambda line: line.split(b', "row"')[0] + b"}",
    "the matrix": lambda line: line.replace(b'"layer.', b'"player.'),
    "no checksum": lambda line: line.split(b', "crc32"')[0] + b"}",
    "a list": lambda line: b"[" + line + b"]",
    "bytes": lambda line: line[:40] + bytes(range(128, 168)) + line[80:],
    "nothing": lambda line: b"",
}


@pytest.mark.parametrize("what", list(DAMAGES))
@pytest.mark.parametrize("at", [1, 3])
def test_a_damaged_line_is_refused(checkpoint, tmp_path, fitted, capsys, what, at):
    names, watch = fitted
    out, partial = tmp_path / "fits.json", tmp_path / "fits.json.partial"
    watch.stop = 3
    assert fit(checkpoint, "-o", out) == 130
    watch.stop = None
    lines = partial.read_bytes().split(b"\n")
    lines[at] = DAMAGES[what](lines[at])
    partial.write_bytes(b"\n".join(lines))
    names.clear()
    capsys.readouterr()
    assert fit(checkpoint, "-o", out, "--resume") == 2
    assert names == []
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    assert f"{partial} is damaged" in shown.err
    assert "remove it to start again" in shown.err
    assert not out.exists()


@refusals("""
    --side positive -> side
    --xmin 0.5 -> rule
    --ks two-sided -> rule
    --gof 10 -> gof
    --compare -> compare
    --spectrum -> spectrum
    --stable -> stable
""")
def test_other_options_are_noticed(checkpoint, tmp_path, fitted, capsys, words, said):
    _, watch = fitted
    out = tmp_path / "fits.json"
    watch.stop = 2
    assert fit(checkpoint, "-o", out) == 130
    watch.stop = None
    capsys.readouterr()
    line = require_refusal(capsys, tmp_path, *command(checkpoint, "-o", out, "--resume", *words))
    assert f"fits.json.partial was written with {said}=" in line


@pytest.mark.parametrize("change", ["content", "time", "size"])
def test_a_changed_input_is_noticed(checkpoint, tmp_path, fitted, capsys, change):
    _, watch = fitted
    out = tmp_path / "fits.json"
    watch.stop = 2
    assert fit(checkpoint, "-o", out) == 130
    watch.stop = None
    if change == "time":
        os.utime(checkpoint, (1, 1))
    else:
        rows = 12 if change == "content" else 14
        write_safetensors(checkpoint, {"layer.0": np.ones((rows, 10), "f4")})
    capsys.readouterr()
    assert fit(checkpoint, "-o", out, "--resume") == 2
    err = capsys.readouterr().err
    assert "m.safetensors, which has changed: remove it to start again" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("content", [b"{}\n", b"[1]\n", b"words\n", b"\x80\x02\n", b"notes\nmore"])
@pytest.mark.parametrize("resume", [[], ["--resume"]])
def test_a_file_that_is_no_record_is_left_alone(checkpoint, tmp_path, capsys, content, resume):
    partial = tmp_path / "fits.json.partial"
    partial.write_bytes(content)
    assert fit(checkpoint, "-o", tmp_path / "fits.json", *resume) == 2
    assert "no record of htstats fit" in capsys.readouterr().err
    assert partial.read_bytes() == content
    assert not (tmp_path / "fits.json").exists()


def test_a_record_is_started_again_without_resume(checkpoint, tmp_path, fitted):
    names, watch = fitted
    watch.stop = 2
    assert fit(checkpoint, "-o", tmp_path / "fits.json") == 130
    watch.stop = None
    names.clear()
    assert fit(checkpoint, "-o", tmp_path / "fits.json") == 0
    assert len(names) == 5


def test_failed_matrices_are_tried_again(tmp_path, fitted):
    names, watch = fitted
    arrays = {"good": np.random.default_rng(1).standard_t(3, (9, 9)), "bad": np.zeros((20, 20))}
    path = write_safetensors(tmp_path / "m.safetensors", arrays | {"late": np.eye(3)})
    watch.stop = 2
    assert fit(path, "-o", tmp_path / "fits.json") == 130
    watch.stop = None
    assert fit(path, "-o", tmp_path / "fits.json", "--resume") == 1
    assert sorted(names) == ["bad", "bad", "good", "late"]


@pytest.mark.parametrize("form", [[], ["--json"], ["--csv"]])
def test_the_file_has_what_is_printed(checkpoint, tmp_path, capsys, form):
    assert main(["fit", str(checkpoint), *form]) == 0
    printed = capsys.readouterr().out
    assert main(["fit", str(checkpoint), *form, "-o", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out == ""
    assert (tmp_path / "out").read_text() == printed


def test_an_output_never_replaces_an_input(checkpoint, tmp_path, capsys):
    before = checkpoint.read_bytes()
    column = tmp_path / "column.txt"
    column.write_text("1\n2\n3\n")
    for path in (checkpoint, column):
        assert main(["fit", str(path), "-o", str(path)]) == 2
        assert "is the input" in capsys.readouterr().err
    assert checkpoint.read_bytes() == before
    assert column.read_text() == "1\n2\n3\n"
    assert sorted(os.listdir(tmp_path)) == ["column.txt", "m.safetensors"]


def test_a_column_goes_to_a_file_and_cannot_be_resumed(tmp_path, capsys):
    column = tmp_path / "column.txt"
    column.write_text("\n".join(map(str, np.random.default_rng(0).pareto(2, 100) + 1)))
    assert main(["fit", str(column), "--json", "-o", str(tmp_path / "out")]) == 0
    assert json.loads((tmp_path / "out").read_text())["matrices"][0]["n"] == 100
    assert main(["fit", str(column), "--resume"]) == 2
    assert "--resume is for checkpoints" in capsys.readouterr().err


def test_resume_on_a_cluster(checkpoint, tmp_path, fitted):
    pytest.importorskip("distributed")
    _, watch = fitted
    watch.stop = 2
    out = tmp_path / "fits.json"
    assert fit(checkpoint, "-o", out) == 130
    assert fit(checkpoint, "-o", out, "--resume", "--dask", "local:1") == 0
    watch.stop = None
    assert fit(checkpoint, "-o", tmp_path / "whole.json") == 0
    assert out.read_text() == (tmp_path / "whole.json").read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--device", "cuda"], "--device is where --spectrum is computed"),
        (["--device", "nowhere", "--spectrum"], "--device must be one that torch can use"),
        (["--device", "meta", "--spectrum"], "--device must be one that torch can use"),
        (["--device", "cuda", "--spectrum", "--dask", "local:1"], "--device is for fits here"),
    ],
)
def test_bad_devices(checkpoint, capsys, words, message):
    pytest.importorskip("torch")
    assert fit(checkpoint, *words) == 2
    err = capsys.readouterr().err
    assert message in err
    assert err.count("\n") == 1


INTERRUPTED = {
    "spectrum": (["--spectrum"], (2600, 2500)),
    "stable rank": ([], (6000, 4000)),
    "goodness of fit": (["--gof", "2500"], (900, 900)),
}


@pytest.mark.skipif(os.name != "posix", reason="needs signals")
@pytest.mark.parametrize("threads", ["1", "2"])
@pytest.mark.parametrize("what", list(INTERRUPTED))
def test_an_interrupt_ends_the_program(tmp_path, what, threads):
    """The process ends by itself with exit code 130 and one line, and its record stays."""
    words, shape = INTERRUPTED[what]
    np.save(tmp_path / "w.npy", np.random.default_rng(0).standard_normal(shape, np.float32))
    command = [sys.executable, "-m", "htstats", "fit", "w.npy", "--threads", threads, *words]
    process = subprocess.Popen(
        [*command, "-o", "fits.txt"], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    partial = tmp_path / "fits.txt.partial"
    while not partial.exists() and process.poll() is None:
        time.sleep(0.01)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    if process.returncode != 0:  # it may have been faster
        assert process.returncode == 130
        assert err == "htstats: interrupted\n"
        assert json.loads(partial.read_text().splitlines()[0])["format"] == "htstats fit"
        assert not (tmp_path / "fits.txt").exists()


def test_an_interrupt_does_not_wait_for_the_fit():
    """The caller's thread leaves the iteration while a call still runs."""
    from threading import Event

    from htstats._common.threads import run_as_done

    begun, never = Event(), Event()

    def work(item):
        begun.set()
        never.wait(60)

    found = run_as_done(work, [1, 2], 1, aside=True)
    old = signal.signal(signal.SIGALRM, lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    start = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            next(found)
    finally:
        signal.signal(signal.SIGALRM, old)
        never.set()
    assert begun.is_set()
    assert time.monotonic() - start < 30  # not the sixty seconds of the call


def test_the_bar_shows_bytes_and_the_name(monkeypatch):
    import io

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    stream, clock = Terminal(), iter(range(1000))
    monkeypatch.setattr(_progress.time, "monotonic", lambda: next(clock) * 0.6)
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setenv("COLUMNS", "100")
    with _progress.Progress(4 << 20) as progress:
        progress.begin("layer.7")
        for _ in range(4):
            progress(1 << 20)
    half = next(line for line in stream.getvalue().split("\r\033[K") if " 50 %" in line)
    assert half.startswith(" 50 %  2.00 MiB of 4.00 MiB  0:01 left  layer.7  ")
    assert half.endswith("  [##########          ]")
    assert len(half) == 99


def test_the_bar_moves_during_one_long_matrix(monkeypatch):
    import io

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    stream = Terminal()
    monkeypatch.setattr("sys.stderr", stream)
    with _progress.Progress(1 << 20, ticks=True) as progress:
        progress.begin("only")
        end = time.monotonic() + 20
        while stream.getvalue().count("only") < 2 and time.monotonic() < end:
            time.sleep(0.05)
    assert stream.getvalue().count("  0 %  0 B of 1.00 MiB") >= 2
    assert stream.getvalue().endswith("\r\033[K")


def lines_of_progress(monkeypatch, skipped):
    """The lines of a bar over 8 MiB, one of which is done every six seconds."""
    import io

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    stream, now = Terminal(), [0.0]
    monkeypatch.setattr(_progress.time, "monotonic", lambda: now[0])
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setenv("COLUMNS", "100")
    with _progress.Progress(8 << 20) as progress:
        progress.skip(skipped << 20)
        now[0] = 2.0
        progress(0)
        for step in range(1, 8 - skipped):
            now[0] = 6.0 * step
            progress(1 << 20)
    return stream.getvalue().split("\r\033[K")[1:-1]


@pytest.mark.parametrize("skipped", [0, 1, 4, 7])
def test_the_time_left_is_that_of_what_this_run_does(monkeypatch, skipped):
    begin, *lines = lines_of_progress(monkeypatch, skipped)
    assert "  -:-- left" in begin  # nothing is known yet
    for step, line in enumerate(lines, 1):
        done, left = skipped + step, 6 * (8 - skipped - step)
        assert line.startswith(f"{100 * done / 8:3.0f} %  {done}.00 MiB of 8.00 MiB"), line
        assert f"  {left // 60}:{left % 60:02} left" in line
    assert len(lines) == 7 - skipped


def test_the_bar_skips_what_an_earlier_run_has_fitted(checkpoint, tmp_path, fitted, monkeypatch):
    names, watch = fitted
    skipped = []
    monkeypatch.setattr(_progress.Progress, "skip", lambda self, n: skipped.append(n))
    watch.stop = 2
    assert fit(checkpoint, "-o", tmp_path / "fits.json") == 130
    assert skipped == []
    finished, watch.stop = list(names), None
    assert fit(checkpoint, "-o", tmp_path / "fits.json", "--resume") == 0
    assert sorted(skipped) == sorted(4 * 12 * (10 + NAMES.index(name)) for name in finished)

"""Ctrl-C ends every long call soon, with KeyboardInterrupt; SIGTERM leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from long_calls import LONG_CALLS

PROGRAM = Path(__file__).with_name("long_calls.py")

# Processor time between the signal and the exception. Most calls take more than ten times as long.
SOON = 2.0

# `HTSTATS_LONG=1` tests all; these have been at fault, or have threads or files.
ALWAYS = ["fit", "curve", "goodness of fit on threads", "anneal on threads", "stable points",
          "stable goodness of fit", "svd", "eigenvalues", "compress"]  # fmt: skip
TESTED = list(LONG_CALLS) if os.environ.get("HTSTATS_LONG") else ALWAYS


@pytest.mark.parametrize("name", TESTED)
def test_an_interrupt_ends_a_long_call_soon(name):
    """The answer also says whether what the call used is in order (tests/long_calls.py).

    The process must end, too: a BLAS that still computes can block the end for ever.
    """
    found = subprocess.run(
        [sys.executable, PROGRAM, name], capture_output=True, text=True, timeout=600
    )
    answer = json.loads(found.stdout)
    assert answer["ended"] == "KeyboardInterrupt", "the call ended before it was interrupted"
    assert answer["processor"] < SOON
    assert answer["after"] is True


def start(*words):
    """A command, in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "htstats", *map(str, words)],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    """A file whose compression takes long, and the compressed file of a part of it."""
    folder = tmp_path_factory.mktemp("signals")
    W = np.random.default_rng(0).standard_normal((2500, 2500)).astype(np.float32)
    np.savez(folder / "w.npz", **{f"w{n}": W for n in range(6)})
    words = ("compress", folder / "w.npz", "-o", folder / "w.htz", "--threshold", "0.01")
    with start(*words) as done:
        assert done.wait() == 0, done.stderr.read()
    return folder


# The words of a command, and the name of its output.
COMMANDS = {
    "compress": (["compress", "w.npz", "--threshold", "error:0.5,0.01"], "out"),
    "decompress": (["decompress", "w.htz"], "out.safetensors"),
    "fit": (["fit", "w.npz", "--gof", "20", "--json"], "out"),
    "report": (["report", "w.npz"], "out.html"),
}
RESUMED = {"compress", "fit"}  # their unfinished output stays, for --resume


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "Ctrl-C"])
@pytest.mark.parametrize("command", COMMANDS)
def test_a_signal_leaves_the_old_output(command, sent, checkpoint):
    """The output stays what it was, in any moment; what `--resume` continues may stay too."""
    (name, *words), out = COMMANDS[command]
    words = [checkpoint / word if word.startswith("w.") else word for word in words]
    out = checkpoint / out
    before = {path.name for path in checkpoint.iterdir()}
    for delay in (1.0, 2.5):
        out.write_bytes(b"old")
        with start(name, *words, "-o", out) as process:
            time.sleep(delay)
            process.send_signal(sent)
            message = process.communicate(timeout=120)[1]
        left = {path.name for path in checkpoint.iterdir()} - before - {out.name}
        for path in left:
            (checkpoint / path).unlink()
        if process.returncode in (0, 1):  # it was done
            break
        # a signal that comes before Python has started ends it in the system's way
        assert process.returncode in (130, 143, -sent), message
        assert "Traceback" not in message or process.returncode == -sent
        assert out.read_bytes() == b"old"
        assert left <= ({f"{out.name}.partial"} if command in RESUMED else set())
    out.unlink()

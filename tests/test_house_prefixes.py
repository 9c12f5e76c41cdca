"""Any prefix of any valid file is an error of one line, or that file; so is any flipped byte."""

import json
import resource
import subprocess
import sys

import numpy as np
import pytest
from checkpoints import read_everything, survives, write_all
from containers import make, write

from htstats import TailSketch
from htstats.certificate import Examples, Stage, certify, decode, encode, verify
from htstats.weights.columns import read_column

MOST = 160  # prefixes of a long file; all of a shorter one


def prefixes(content, rng):
    """All prefixes of a short file; of a long one the first, the last, and some between."""
    n = len(content)
    if n <= MOST:
        return range(n)
    some = rng.integers(0, n, MOST // 2).tolist()
    return sorted({*range(MOST // 4), *range(n - MOST // 4, n), *some})


def flips(content, rng):
    """Copies with one changed byte."""
    for at in rng.integers(0, len(content), MOST // 2).tolist():
        changed = bytearray(content)
        changed[at] ^= 1 + int(rng.integers(255))
        yield bytes(changed)


# ---- certificates ----------------------------------------------------------------------------


def some_examples():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 3, 150)
    y[:3] = range(3)
    x = np.clip(rng.integers(-60, 60, (3, 10))[y] + rng.normal(0, 30, (150, 10)), -127, 127)
    return Examples("made", x.astype(np.int8), y)


@pytest.fixture(scope="module")
def certificate():
    examples = some_examples()
    return certify(examples, stages=[Stage(3000, 4.0)])[0].data, examples


def test_prefixes_of_a_certificate_are_refused(certificate):
    data, examples = certificate
    for n in range(len(data)):
        with pytest.raises(ValueError) as caught:
            decode(data[:n])
        assert "\n" not in str(caught.value)
        with pytest.raises(ValueError):
            verify(data[:n], examples)
    with pytest.raises(ValueError):
        decode(data + b"\0")


def message_of(read, *arguments):
    """The result of a reader and the message of its refusal, one of them None."""
    try:
        return read(*arguments), None
    except ValueError as error:
        return None, str(error)


def test_a_changed_certificate_is_refused_or_another_classifier(certificate):
    """A certificate has no checksum: each file is a classifier of its own, with its own bound."""
    data, _ = certificate
    for bit in range(8 * len(data)):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        found, message = message_of(decode, bytes(changed))
        if found is None:
            assert "\n" not in message
        else:
            assert encode(*found) == bytes(changed), "two files stand for one classifier"


# ---- sketches ----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_prefixes_of_a_sketch_are_refused(dtype):
    rng = np.random.default_rng(1)
    x = (rng.pareto(1.5, 40) + 1).astype(dtype)
    sketch = TailSketch(dtype).update(x)
    data = sketch.to_bytes()
    for n in prefixes(data, rng):
        with pytest.raises(ValueError) as caught:
            TailSketch.from_bytes(data[:n])
        assert "\n" not in str(caught.value)
    with pytest.raises(ValueError):
        TailSketch.from_bytes(data + b"\0")
    for changed in flips(data, rng):
        found, message = message_of(TailSketch.from_bytes, changed)
        if found is None:
            assert "\n" not in message
        else:
            assert TailSketch.from_bytes(found.to_bytes()).to_bytes() == found.to_bytes()


# ---- checkpoints, containers, columns -----------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A file of each format."""
    folder = tmp_path_factory.mktemp("files")
    pytest.importorskip("torch", reason="pip install 'htstats[torch]'")
    write_all(folder)
    write(folder / "a.htz", {"w": make(8, 6), "v": make(5, 4, 0.6)}, {"t": np.ones(3, "f4")})
    x = np.random.default_rng(2).pareto(1.5, 30) + 1
    (folder / "a.txt").write_text("\n".join(map(str, x)))
    (folder / "a.csv").write_text("size\n" + "\n".join(map(str, x)))
    examples = some_examples()
    np.savez(folder / "examples.npz", x=examples.x, y=examples.y)
    np.savez_compressed(folder / "deflated_examples.npz", x=examples.x, y=examples.y)
    (folder / "a.htc").write_bytes(certify(examples, stages=[Stage(3000, 4.0)])[0].data)
    return folder


FILES = ["a.npy", "fortran.npy", "stored.npz", "deflated.npz", "a.safetensors", "zip.pt",
         "legacy.pth", "a.htz"]  # fmt: skip


def read_container(path):
    from htstats import open_container

    with open_container(path) as container:
        container.verify()


@pytest.mark.parametrize("name", FILES)
def test_prefixes_and_flips_of_files_of_matrices(name, folder, tmp_path):
    rng = np.random.default_rng(3)
    content, path = (folder / name).read_bytes(), tmp_path / name
    read = read_container if name.endswith(".htz") else read_everything
    for n in prefixes(content, rng):
        path.write_bytes(content[:n])
        assert not survives(path, read), f"the first {n} of {len(content)} bytes were read"
    for changed in flips(content, rng):
        path.write_bytes(changed)
        survives(path, read)


@pytest.mark.parametrize("name", ["a.txt", "a.csv"])
def test_a_prefix_of_a_column_is_a_shorter_column(name, folder, tmp_path):
    """Text has no end mark: a prefix is refused, or it is the numbers that it shows."""
    content, path = (folder / name).read_bytes(), tmp_path / name
    whole = read_column(folder / name)
    for n in range(len(content)):
        path.write_bytes(content[:n])
        found, message = message_of(read_column, path)
        if found is None:
            assert str(path) in message
            assert "\n" not in message
            continue
        assert np.array_equal(found[:-1], whole[: max(len(found) - 1, 0)])


# ---- through the commands ------------------------------------------------------------------------

SMALL = 3 << 30  # bytes of address space: Python and its libraries take a third of it

RUN = """
import contextlib, io, json, os, sys
from htstats.cli import main
answers = []
for words in json.load(sys.stdin):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(words)
    answers.append((code, err.getvalue()))
json.dump(answers, sys.stdout)
"""


def run_commands(calls):
    """(exit code, standard error) of each command line, in one process with little memory."""
    found = subprocess.run(
        [sys.executable, "-c", RUN],
        input=json.dumps([[str(word) for word in words] for words in calls]),
        capture_output=True,
        text=True,
        timeout=600,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (SMALL, SMALL)),
    )
    assert found.returncode == 0, found.stderr[-3000:]
    return json.loads(found.stdout)


# The files that are damaged, and the words of the command; FILE is the damaged one.
COMMANDS = {
    "fit": (["a.npy", "stored.npz", "a.safetensors", "zip.pt", "legacy.pth"], ["FILE"]),
    "compress": (["a.npy", "stored.npz", "a.safetensors", "zip.pt"], ["FILE", "-o", "out.htz"]),
    "decompress": (["a.htz"], ["FILE", "-o", "out.safetensors"]),
    "certify": (
        ["examples.npz", "deflated_examples.npz"],
        ["--data", "FILE", "--minutes", "0.001", "-o", "out.htc"],
    ),
    "verify": (["a.htc", "examples.npz"], ["a.htc", "--data", "examples.npz"]),
    "report": (["a.safetensors", "a.htz"], ["FILE", "-o", "out.html"]),
}


def damaged_files(name, folder, tmp_path, rng):
    """(path, whether it is a prefix) of copies of a file."""
    content = (folder / name).read_bytes()
    ends = sorted({0, 1, 9, len(content) - 1, *rng.integers(0, len(content), 4).tolist()})
    damaged = [content[:n] for n in ends] + [*flips(content, rng)][:6]
    for number, change in enumerate(damaged):
        path = tmp_path / f"{number}.{name}"
        path.write_bytes(change)
        yield path, number < len(ends)


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_refuse_damaged_files_in_one_line(command, folder, tmp_path):
    rng = np.random.default_rng(4)
    names, words = COMMANDS[command]
    calls, paths = [], []
    for name in names:
        for path, is_cut in damaged_files(name, folder, tmp_path, rng):
            places = {"FILE": path, name: path}
            places |= {word: tmp_path / word for word in words if word.startswith("out")}
            whole = {word: folder / word for word in words if (folder / word).exists()}
            calls.append([command, *({**whole, **places}.get(word, word) for word in words)])
            paths.append((path, is_cut))
    inputs = {path.name for path in tmp_path.iterdir()}
    for (path, is_cut), (code, message) in zip(paths, run_commands(calls), strict=True):
        assert code in ((2,) if is_cut else (0, 1, 2)), (path, message)
        assert "Traceback" not in message
        if code == 2:
            assert message.startswith("htstats: "), message
            assert message.count("\n") == 1, message
            assert path.name in message or not is_cut  # contents are described by what they are
    left = {path.name for path in tmp_path.iterdir()} - inputs
    outputs = {word for word in words if word.startswith("out")}
    assert left <= outputs | {f"{word}.json" for word in outputs}


def test_a_resumed_fit_takes_any_prefix_of_its_record(folder, tmp_path):
    """The record of --resume is cut where a killed run left it: the run completes it."""
    out = tmp_path / "out.json"
    ((code, message),) = run_commands([["fit", folder / "stored.npz", "--json", "-o", out]])
    assert code == 0, message
    whole = out.read_text()
    record = tmp_path / "out.json.partial"
    lines = json.loads(whole)["matrices"]
    assert len(lines) > 1
    contents = [b"", b"\n", b"{", b"{}\n", b"[]\n", b"null\n", b"\xff\xfe\n", whole.encode()[:40]]
    calls, results = [], []
    for content in contents:
        record.write_bytes(content)
        (answer,) = run_commands([["fit", folder / "stored.npz", "--json", "-o", out, "--resume"]])
        calls.append(content)
        results.append(answer)
        code, message = answer
        assert "Traceback" not in message
        assert code == 0 or (code == 2 and message.count("\n") == 1), (content, message)
        if code == 0:
            assert out.read_text() == whole
        record.unlink(missing_ok=True)

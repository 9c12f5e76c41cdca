"""Damage certificates, sketches and columns of numbers at random, and read them.

    python tests/fuzz/messages.py [--seconds 30] [--seed 0]

Bytes must be refused with a ValueError of one line, or read. A certificate or sketch that is read
must be written as it was, because each has exactly one form. A column must give the same numbers,
or be refused, whether it is read in one block or in blocks of 64 bytes. The input that does
otherwise is printed. `weights.py` does the same for checkpoints and compressed files.
"""

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np

TESTS = Path(__file__).parents[1]
sys.path.insert(0, str(TESTS))

from fuzz.weights import mutate  # noqa: E402
from fuzz_arguments import fuzz_arguments  # noqa: E402

from htstats.certificate import decode, encode  # noqa: E402
from htstats.sketch import TailSketch  # noqa: E402
from htstats.weights.columns import open_column  # noqa: E402

CERTIFICATES = TESTS.parent / "bench" / "certificate" / "files"
MOST_BYTES = 3000  # a larger certificate takes too long to decode
TURN = 0.05  # seconds for one input in turn, so that fast readers get more calls


def one_line(error):
    if "\n" in str(error):
        raise AssertionError(f"more than one line: {error}")
    return str(error)


def read_certificate(data):
    assert encode(*decode(data)) == data


def read_sketch(data):
    assert TailSketch.from_bytes(data).to_bytes() == data


def column_or_message(path, block_bytes):
    column = 2 if path.endswith("table.csv") else None
    try:
        return open_column(path, column, held=None, block_bytes=block_bytes).toarray().tolist()
    except ValueError as error:
        return one_line(error)


def read_column(path):
    """Numbers, or a refusal; the size of blocks changes neither. Of several faults any is named."""
    found, again = (column_or_message(str(path), size) for size in (1 << 20, 64))
    if isinstance(found, str) and isinstance(again, str):
        raise ValueError(found)
    assert found == again, (found, again)


def texts():
    """Columns as text: plain numbers, CSV with a heading, other ends of lines, comments."""
    x = np.random.default_rng(3).pareto(1.5, 12) + 1
    lines = [repr(float(v)) for v in x]
    table = ["name,size", *(f"city {i},{v}" for i, v in enumerate(lines))]
    return {
        "plain.txt": "\n".join(lines), "ends.txt": "\r\n".join(["# sizes", "", *lines, "1e5"]),
        "whole.txt": "\n".join(["7", "10", "1_000", " 3 ", "inf", "nan"]),
        "table.csv": "\n".join(table), "one.csv": "\n".join(["size", *lines]),
    }  # fmt: skip


def sketches():
    rng = np.random.default_rng(4)
    for n, dtype in ((0, "float64"), (20, "float64"), (50, "float32"), (30, "float16")):
        sketch = TailSketch(dtype)
        sketch.update(rng.standard_t(2, n).astype(dtype))
        yield sketch.to_bytes()


def inputs(folder):
    """(reader, bytes, file of these bytes or None) of every kind."""
    for path in sorted(CERTIFICATES.glob("*.htc")):
        if path.stat().st_size <= MOST_BYTES:
            yield read_certificate, path.read_bytes(), None
    for data in sketches():
        yield read_sketch, data, None
    for name, text in texts().items():
        yield read_column, text.encode(), folder / name


def read_damaged(reader, content, path, rng):
    """Damage a content and read it; return whether it was refused."""
    data = mutate(content, rng)
    if path is not None:
        path.write_bytes(data)
    try:
        reader(data if path is None else path)
    except ValueError as error:
        one_line(error)
        return True
    except BaseException:
        print(f"{reader.__name__} of {data!r}", file=sys.stderr)
        raise
    return False


def main():
    args = fuzz_arguments(__doc__)
    rng = np.random.default_rng(args.seed)
    counts, refused = Counter(), Counter()
    with tempfile.TemporaryDirectory(prefix="htstats-fuzz-") as folder:
        everything = list(inputs(Path(folder)))
        end = time.monotonic() + args.seconds
        while time.monotonic() < end:
            for reader, content, path in everything:
                turn = time.monotonic() + TURN
                while time.monotonic() < turn:
                    counts[reader.__name__] += 1
                    refused[reader.__name__] += read_damaged(reader, content, path, rng)
    for name, count in counts.items():
        print(f"  {name}: {count} damaged inputs, {refused[name]} refused")
    print(f"fuzz/messages.py: {counts.total()} damaged inputs")
    return 0


if __name__ == "__main__":
    sys.exit(main())

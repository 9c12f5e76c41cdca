"""Time the commands on a checkpoint of Llama shapes: `python bench/bench_llm.py [--size 1.6GiB]`.

The checkpoint has bfloat16 weights: normal, with eight outlying singular values per matrix, as
trained matrices have. It is made if it does not exist, which takes about as long as its fit. Each
command runs as a process of its own, twice if it takes less than a minute, on a file in the page
cache if it fits there. A row gives the fastest wall time, its ratio to reading the file once, the
processor time of all threads, and the peak of resident memory beside its budget (`budgets`), which
is that of docs/scale.md.

`--size 16GiB` needs 16 GiB of disk for the checkpoint and as much for decompressed weights.
`--other CHECKOUT` also runs the commands of another checkout (with its own .venv), alternating.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from htstats.commands._sizes import size  # noqa: E402

HIDDEN, INNER, KEYS = 4096, 14336, 1024
LAYER = {
    "self_attn.q_proj": (HIDDEN, HIDDEN),
    "self_attn.k_proj": (KEYS, HIDDEN),
    "self_attn.v_proj": (KEYS, HIDDEN),
    "self_attn.o_proj": (HIDDEN, HIDDEN),
    "mlp.gate_proj": (INNER, HIDDEN),
    "mlp.up_proj": (INNER, HIDDEN),
    "mlp.down_proj": (HIDDEN, INNER),
}
SCALE = 0.02  # standard deviation of the weights
SPIKES = 8  # outlying singular values: the largest is 1.5 times the edge of the others
BLOCK = 1024  # rows that are made at a time

MIB = 1 << 20
PROGRAM, SCIPY = 64 * MIB, 40 * MIB  # Python, NumPy and htstats; what --spectrum loads in addition
WORK = 16 * MIB  # for each thread: a sketch, vectors, blocks that are read or widened
PACKED = 256 * MIB  # --max-memory of compress, by default


class Usage(NamedTuple):
    """Seconds, seconds of processors, and bytes of resident memory at the peak."""

    wall: float
    cpu: float
    peak: int


def shapes(n_bytes: int) -> dict[str, tuple[int, int]]:
    """Whole layers of about this many bytes; a single small layer if it is less than one."""
    layer = sum(2 * rows * columns for rows, columns in LAYER.values())
    shrink = max(1, int((layer / n_bytes) ** 0.5)) if n_bytes < layer else 1
    return {
        f"model.layers.{number}.{name}.weight": (rows // shrink, columns // shrink)
        for number in range(max(1, round(n_bytes / layer)))
        for name, (rows, columns) in LAYER.items()
    }


def matrix_blocks(rng: np.random.Generator, rows: int, columns: int) -> Iterator[np.ndarray]:
    """A random matrix in blocks of rows, as the bits of bfloat16, rounded to nearest even."""
    edge = SCALE * (rows**0.5 + columns**0.5)
    sizes = edge * np.linspace(1.5, 1.15, SPIKES, dtype=np.float32)
    left = rng.standard_normal((rows, SPIKES), np.float32) / np.float32(rows**0.5)
    right = rng.standard_normal((SPIKES, columns), np.float32) / np.float32(columns**0.5)
    right *= sizes[:, None]
    for start in range(0, rows, BLOCK):
        some = left[start : start + BLOCK]
        block = rng.standard_normal((len(some), columns), np.float32) * np.float32(SCALE)
        block += some @ right
        bits = block.view(np.uint32)
        yield ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype("<u2")


def make_checkpoint(path: Path, n_bytes: int) -> None:
    """Write a .safetensors file of about this size."""
    header, end, chosen = {}, 0, shapes(n_bytes)
    for name, (rows, columns) in chosen.items():
        start, end = end, end + 2 * rows * columns
        header[name] = {"dtype": "BF16", "shape": [rows, columns], "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    partial = path.with_name(path.name + ".partial")
    with open(partial, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for number, (rows, columns) in enumerate(chosen.values()):
            for block in matrix_blocks(np.random.default_rng(number), rows, columns):
                block.tofile(file)
    partial.replace(path)


# Starts the command. Linux counts in the peak of a process what its parent held when it started it,
# so a small process must be the parent. (os.posix_spawn, because subprocess takes 10 MiB itself.)
LAUNCHER = """
import json, os, sys, time
start = time.perf_counter()
silent = (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)
pid = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=[silent])
_, status, used = os.wait4(pid, 0)
wall = time.perf_counter() - start
unit = 1 if sys.platform == "darwin" else 1024
print(json.dumps([os.waitstatus_to_exitcode(status), wall, used.ru_utime + used.ru_stime,
                  used.ru_maxrss * unit]))
"""


def measure(command: list[str | Path], environment: dict[str, str]) -> Usage:
    """Run a command; `os.wait4` tells what it used."""
    words = list(map(str, command))
    launched = subprocess.run(
        [sys.executable, "-I", "-S", "-c", LAUNCHER, *words],
        env=environment, stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    code, *used = json.loads(launched.stdout)
    if code:
        sys.exit(f"{' '.join(words)} failed: {code}")
    return Usage(*used)


def read_file(path: Path) -> float:
    """Seconds for reading the file into a buffer of 4 MiB; the faster of two readings."""
    best, buffer = float("inf"), bytearray(1 << 22)
    for _ in range(2):
        start = time.perf_counter()
        with open(path, "rb", buffering=0) as file:
            while file.readinto(buffer):
                pass
        best = min(best, time.perf_counter() - start)
    return best


def commands(path: Path, place: Path, threads: int) -> dict[str, list[str | Path]]:
    """What is timed: the name of a row, and the words after `htstats`."""
    packed, whole = place / "packed.htz", place / "whole.safetensors"
    split = ["--threshold", "quantile:0.99", "--noise", "none", "--threads", threads]
    return {
        "fit": ["fit", path, "--json", "--threads", threads],
        "fit --spectrum": ["fit", path, "--json", "--spectrum", "--threads", threads],
        "compress": ["compress", path, "-o", packed, *map(str, split)],
        "decompress": ["decompress", packed, "-o", whole],
    }


def budgets(matrices: list[tuple[int, int]], threads: int) -> dict[str, int]:
    """The largest peak of memory that is promised, in bytes, by the name of a row."""
    largest = sorted((rows * columns for rows, columns in matrices), reverse=True)[:threads]
    held = PROGRAM + sum(2 * size for size in largest) + threads * WORK
    side = max(min(shape) for shape in matrices)
    return {
        "fit": held,
        "fit --spectrum": held + SCIPY + threads * 8 * side**2,
        "compress": PROGRAM + PACKED,
        "decompress": PROGRAM + 4 * WORK,
    }


def run_row(words: list[str | Path], checkouts: list[Path]) -> list[Usage]:
    """The fastest run of each checkout. Fast commands run twice, alternating."""
    found: list[list[Usage]] = [[] for _ in checkouts]
    for _ in range(2):
        for place, runs in zip(checkouts, found, strict=True):
            environment = {**os.environ, "PYTHONPATH": str(place)}
            program = place / ".venv" / "bin" / "python"
            python = program if place != ROOT and program.exists() else Path(sys.executable)
            runs.append(measure([python, "-P", "-m", "htstats", *words], environment))
        if min(runs[0].wall for runs in found) > 60:
            break
    return [min(runs) for runs in found]


def print_row(name: str, used: Usage, reading: float, budget: int, against: Usage | None) -> None:
    ratio = f"{used.wall / against.wall:8.2f} {used.cpu / against.cpu:8.2f}" if against else ""
    print(
        f"{name:16} {used.wall:9.2f} {used.wall / reading:9.1f} {used.cpu:9.2f} "
        f"{used.peak / MIB:9.0f} {budget / MIB:9.0f} {'yes' if used.peak <= budget else 'NO':>6} "
        f"{ratio}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=size, default=size("1.63GiB"), help="default: 1.63GiB")
    parser.add_argument("--folder", type=Path, help="where the files go (default: a temporary one)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--only", nargs="*", help="only these rows, such as fit compress")
    parser.add_argument("--other", type=Path, help="another checkout, for ratios to it")
    args = parser.parse_args()
    folder = args.folder or Path(tempfile.mkdtemp(prefix="bench_llm"))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"llm-{args.size}.safetensors"
    try:
        if not path.exists():
            make_checkpoint(path, args.size)
        reading = read_file(path)
        print(f"{path.stat().st_size / 2**30:.2f} GiB, reading {reading:.2f} s, load average "
              f"{os.getloadavg()[0]:.1f} of {os.cpu_count()} processors")  # fmt: skip
        print(f"{'':16} {'seconds':>9} {'/ reading':>9} {'cpu s':>9} {'peak MiB':>9} "
              f"{'budget':>9} {'within':>6} "
              + ("   wall /   cpu / of the other" if args.other else ""))  # fmt: skip
        allowed = budgets(list(shapes(args.size).values()), args.threads)
        checkouts = [ROOT, *([args.other.resolve()] if args.other else [])]
        with tempfile.TemporaryDirectory(dir=folder) as place:
            for name, words in commands(path, Path(place), args.threads).items():
                if args.only and name not in args.only:
                    continue
                used = run_row(words, checkouts)
                budget = allowed[name]
                print_row(name, used[0], reading, budget, used[1] if args.other else None)
    finally:
        if args.folder is None:
            shutil.rmtree(folder)


if __name__ == "__main__":
    main()

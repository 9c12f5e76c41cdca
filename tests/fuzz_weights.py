"""Damage small checkpoints of every format at random, and read them.

    python tests/fuzz_weights.py [--seconds 30] [--seed 0]

A file must be read or refused with a ValueError of one line that names it; memory must stay within
a small multiple of its size. What does otherwise is kept, and its place printed.
"""

import argparse
import sys
import tempfile
import time
import traceback
from pathlib import Path

import numpy as np
from checkpoints import survives, write_all

INTERESTING = [0, 1, 0x7F, 0x80, 0xFF]


def mutate(content, rng):
    """One to four changes: of bits, bytes or words; parts cut out, doubled or copied."""
    changed = bytearray(content)
    for _ in range(rng.integers(1, 5)):
        if not changed:
            break
        at = int(rng.integers(len(changed)))
        length = int(rng.integers(1, 9))
        match rng.integers(7):
            case 0:
                changed[at] ^= 1 << int(rng.integers(8))
            case 1:
                changed[at] = INTERESTING[rng.integers(len(INTERESTING))]
            case 2:
                word = [b"\xff", b"\x00", b"\x7f", b"\x80", b"9"][rng.integers(5)]
                changed[at : at + length] = word * len(changed[at : at + length])
            case 3:
                del changed[at : at + length]
            case 4:
                changed[at:at] = changed[at : at + length]
            case 5:
                del changed[at:]
            case 6:
                other = int(rng.integers(len(changed)))
                changed[at : at + length] = changed[other : other + length]
    return bytes(changed)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    rng = np.random.default_rng(args.seed)
    folder = Path(tempfile.mkdtemp(prefix="htstats-fuzz-"))
    write_all(folder)
    files = {path: path.read_bytes() for path in sorted(folder.iterdir())}
    end, tried, read = time.monotonic() + args.seconds, 0, 0
    while time.monotonic() < end:
        for path, content in files.items():
            path.write_bytes(mutate(content, rng))
            tried += 1
            try:
                read += survives(path)
            except Exception:
                traceback.print_exc()
                print(f"seed {args.seed}, file {tried}: {path}", file=sys.stderr)
                return 1
    for path in files:
        path.unlink()
    folder.rmdir()
    print(f"fuzz_weights: {tried} damaged files, {read} harmless, {tried - read} refused")
    return 0


if __name__ == "__main__":
    sys.exit(main())

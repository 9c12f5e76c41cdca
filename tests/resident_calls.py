"""Call every public function many times, and see whether memory grows.

    python tests/resident_calls.py [--calls 10000] [--seconds 20] [--only stable.] [--exact]

Without --exact: the resident memory of the process (/proc/self/statm) after a warm-up, and after
that many calls, or as many as fit into the seconds. It may grow by ALLOWED in all.

With --exact: the bytes that malloc has given out, and the growth per call. The program starts
itself again with settings under which malloc counts every byte (EXACT below). It cannot see memory
that malloc does not give, such as maps of files. Two caches are not leaks: those of malloc are
turned off, and the names in CPython's cache of attributes (4096 places, each may keep a string of a
call alive) are dropped before each measurement. What remains per call when the number of calls
grows is a leak.
"""

import argparse
import ctypes
import gc
import json
import os
import sys
import time
import warnings

from public_calls import CALLS, call
from public_calls_world import World

ALLOWED = 1 << 20  # bytes in all calls: the heap is cut into other pieces after the warm-up
WARM_UP = 20
ROUNDS = (8, 32, 128, 512)  # calls between two measurements of --exact
LEAK = 16  # bytes in each call: less than the smallest object
EXACT = {
    "PYTHONMALLOC": "malloc",
    "GLIBC_TUNABLES": "glibc.malloc.tcache_count=0:glibc.malloc.mxfast=0",
}
PAGE = os.sysconf("SC_PAGESIZE")

# They return an open file or a folder; the calls would need as many descriptors.
SKIPPED = {"compression.container.ContainerWriter", "report.pictures.picture_folder"}
# torch keeps memory of its own; the others take a second. The resident memory shows their leaks.
NOT_EXACT = ("torch.", "certificate.digits_examples", "report.stable.stable_numbers")


class MallocInfo(ctypes.Structure):
    """struct mallinfo2 of glibc."""

    _fields_ = [(name, ctypes.c_size_t) for name in (
        "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks",
        "fordblks", "keepcost")]  # fmt: skip


def bytes_in_use():
    """The bytes that malloc has given out and not got back, in all arenas and maps."""
    library = ctypes.CDLL(None)
    library.mallinfo2.restype = MallocInfo
    found = library.mallinfo2()
    return found.uordblks + found.hblkhd


def settle():
    """Free what is kept without being a leak: garbage, and names in the cache of attributes."""
    sys._clear_type_cache()
    gc.collect()


def resident():
    """Resident memory of this process, in bytes."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * PAGE


def repeat(name, world, calls, seconds=float("inf")):
    """Make the calls, or fewer in the given time; return their number."""
    end = time.monotonic() + seconds
    for number in range(1, calls + 1):
        call(name, world)
        if time.monotonic() > end:
            return number
    return calls


def leak_of(name, world, seconds):
    """(bytes that each call keeps, calls of the longest series that was needed to tell)."""
    repeat(name, world, 3)
    growth, made = 0.0, 0
    for calls in ROUNDS:
        settle()
        before = bytes_in_use()
        made = repeat(name, world, calls, seconds)
        settle()
        growth = (bytes_in_use() - before) / made
        if growth < LEAK:
            break
    return growth, made


def growth_of(name, world, calls, seconds):
    """(growth of the resident memory, calls made)."""
    repeat(name, world, WARM_UP, seconds)
    gc.collect()
    before = resident()
    made = repeat(name, world, calls, seconds)
    gc.collect()
    return resident() - before, made


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--only", default="")
    parser.add_argument("--exact", action="store_true")
    args = parser.parse_args()
    if args.exact and not EXACT.items() <= os.environ.items():
        os.execve(sys.executable, [sys.executable, *sys.argv], os.environ | EXACT)
    warnings.simplefilter("ignore")
    world, failed, numbers = World(), {}, {}
    for name in sorted(CALLS.keys() - SKIPPED):
        if not name.startswith(args.only) or (args.exact and name.startswith(NOT_EXACT)):
            continue
        if args.exact:
            growth, numbers[name] = leak_of(name, world, args.seconds)
            is_leak = growth >= LEAK
            print(f"{name}: {numbers[name]} calls, {growth:+.0f} bytes each", file=sys.stderr)
        else:
            growth, numbers[name] = growth_of(name, world, args.calls, args.seconds)
            is_leak = growth > ALLOWED
            print(f"{name}: {numbers[name]} calls, {growth / 1024:+.0f} KiB", file=sys.stderr)
        if is_leak:
            failed[name] = growth
    json.dump({"calls": numbers, "failed": failed}, sys.stdout)
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())

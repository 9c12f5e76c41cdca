"""Time two checkouts of htstats side by side: `python bench/versions/compare.py OTHER [NAME ...]`.

OTHER is the folder of another checkout in which `make build` was run. Each checkout runs in a
separate process, with its own `.venv`. Rounds alternate, so that a busy machine slows both, and the
fastest round of each counts. The ratio is the time of this checkout divided by that of the other:
below 1, this checkout is faster.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from cases import CASES

HERE = Path(__file__).resolve().parents[2]
WORKER = Path(__file__).with_name("cases.py")


def start_worker(checkout: Path, case: str) -> subprocess.Popen[str] | None:
    """A process of the checkout that has made the data of a case; None if that failed."""
    process = subprocess.Popen(
        [checkout / ".venv" / "bin" / "python", WORKER, case],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout)},
    )
    assert process.stdout is not None
    if process.stdout.readline() == "ready\n":
        return process
    error = process.communicate()[1].strip().splitlines()
    print(f"{case}: {checkout.name}: {error[-1] if error else 'no answer'}", file=sys.stderr)
    return None


def ask(worker: subprocess.Popen[str]) -> float:
    """Request the seconds of one call from a worker."""
    assert worker.stdin is not None
    assert worker.stdout is not None
    print(file=worker.stdin, flush=True)
    return float(worker.stdout.readline())


def time_case(checkouts: list[Path], case: str, rounds: int) -> list[float] | None:
    """The fastest round of each checkout; None if one of them cannot run the case."""
    started = [start_worker(checkout, case) for checkout in checkouts]
    workers = [worker for worker in started if worker is not None]
    times = []
    if len(workers) == len(checkouts):
        times = [[ask(worker) for worker in workers] for _ in range(rounds)]
    for worker in workers:
        worker.communicate()
    return [min(column) for column in zip(*times, strict=True)] or None


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("other", type=Path, help="the folder of the other checkout")
    parser.add_argument("names", nargs="*", help="only cases whose name contains one of these")
    parser.add_argument("--rounds", type=int, default=15)
    args = parser.parse_args()
    print(f"{'':28}{'other':>12}{'this':>12}{'ratio':>8}   (seconds per call)")
    for case in CASES:
        if args.names and not any(name in case for name in args.names):
            continue
        found = time_case([args.other.resolve(), HERE], case, args.rounds)
        if found is not None:
            other, this = found
            print(f"{case:28}{other:>12.3g}{this:>12.3g}{this / other:>8.2f}", flush=True)


if __name__ == "__main__":
    main()

"""The speed of the annealing search: proposals per second, and comparisons per proposal.

    python bench/certificate/search_speed.py [--proposals N] [--columns D]

The data are 60,000 synthetic examples of 10 classes, about as hard as Fashion-MNIST: columns of
whole numbers in [0, 127] around a mean for each class. Prints one line for each temperature.
Comparisons do not depend on the load of the machine.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

import htstats.certificate._anneal as search_module
from htstats._core import anneal as core
from htstats.certificate import Stage, grid_relatives
from htstats.certificate._anneal import _Problem, _Search
from htstats.certificate._chains import TEMPERATURE_UNIT

M, CLASSES, CELLS = 60_000, 10, 9


def make_examples(columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Columns that depend on 24 hidden variables: they are correlated like features of images."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, CLASSES, M)
    causes = rng.normal(0, 1, (CLASSES, 24))[y] + rng.normal(0, 1.2, (M, 24))
    x = causes @ rng.normal(0, 4, (24, columns)) + rng.normal(38, 20, (M, columns))
    return np.clip(np.rint(x), 0, 127).astype(np.int8), y


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--proposals", type=int, default=2_000_000)
    parser.add_argument("--columns", type=int, default=729)
    args = parser.parse_args()
    x, y = make_examples(args.columns)
    channels = args.columns // CELLS**2
    relatives = (
        grid_relatives(channels, CELLS, CELLS)
        if channels * CELLS**2 == args.columns
        else (np.empty((args.columns, 0), np.int32))
    )
    search = _Search(_Problem(x, y, CLASSES), relatives, 16, 49, 64, 0.05, 0)
    before, last = time.process_time(), np.zeros(7)

    class Watched(core.Chain):
        temperature = 0

        def run(self, n: int, temperature: int, decay: int) -> int:
            Watched.temperature = temperature
            return super().run(n, temperature, decay)

        def counts(self) -> tuple[int, int, int, int, int, int, int]:
            nonlocal before, last
            found = super().counts()
            new, now = np.array(found) - last, time.process_time()
            print(
                f"T {Watched.temperature / TEMPERATURE_UNIT:4.2f}: {found[2]} errors, "
                f"{new[4] / (now - before):9,.0f} proposals/s, {new[6] / new[4]:6.0f} comparisons "
                f"a proposal, {1e4 * new[5] / new[4]:5.1f} accepted of 10,000",
                flush=True,
            )
            before, last = now, np.array(found)
            return found

    search_module.Chain = Watched
    start = time.process_time()
    search.run(0, Stage(args.proposals, 5.5), lambda _: True)
    rate = args.proposals / (time.process_time() - start)
    print(f"{rate:,.0f} proposals/s over all, m = {M:,}, D = {args.columns}")


if __name__ == "__main__":
    main()

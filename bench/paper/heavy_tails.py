"""python bench/paper/heavy_tails.py OUT [DATA]: which matrices of figure 3 are heavy-tailed.

Tests the goodness of fit and likelihood ratios of every dense matrix, and prints a summary. Takes a
few minutes.
"""

import csv
import sys
from collections import Counter
from pathlib import Path

from scipy.stats import spearmanr

from htstats.reproduce import heavy_tails


def main():
    out, data = (Path(sys.argv[k]) if len(sys.argv) > k else None for k in (1, 2))
    (path,) = heavy_tails(out or Path("build/paper"), data=data, report=print)
    with path.open() as file:
        rows = list(csv.DictReader(file))
    print(path)
    for verdict, count in Counter(row["verdict"] for row in rows).most_common():
        print(f"{count:3d} of {len(rows)}: {verdict}")
    alpha, rank, gaussian = (
        [float(row[key]) for row in rows] for key in ("alpha", "stable_rank", "gaussian_rank")
    )
    share = [r / g for r, g in zip(rank, gaussian, strict=True)]
    for name, values in (
        ("stable rank", rank), ("stable rank of normal values in the same shape", gaussian),
        ("their quotient", share),
    ):  # fmt: skip
        found = spearmanr(alpha, values)
        print(
            f"rank correlation of alpha with {name}: {found.statistic:.2f} (p {found.pvalue:.1g})"
        )


if __name__ == "__main__":
    main()

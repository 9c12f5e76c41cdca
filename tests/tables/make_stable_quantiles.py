"""Write htstats/stable/_quantile_tables.py: the quantile functions of McCulloch's estimator.

    python tests/tables/make_stable_quantiles.py

For a law with scale 1 and location 0 in S0, with the quantiles q05, q25, q50, q75, q95, the four
functions of (alpha, beta) are

    alpha log((q95 - q05) / (q75 - q25)),   (q95 + q05 - 2 q50) / (q95 - q05),
    alpha log(q75 - q25),                   q50 / (q75 - q25),

as products of Chebyshev polynomials in alpha and in beta in [0, 1], on two ranges of alpha. The
factor alpha makes the logarithms bounded as alpha falls. The quantiles are found by bisection on
`htstats.stable.cdf` and `sf`, whose own accuracy is tested elsewhere. Printed at the end: the
largest error of each function at points between the nodes.
"""

from pathlib import Path

import numpy as np
from numpy.polynomial import chebyshev

from htstats import stable

PROBABILITIES = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
RANGES = ((0.1, 0.6, 14), (0.6, 2.0, 18))
BETA_NODES = 16
TARGET = Path(__file__).parents[2] / "htstats" / "stable" / "_quantile_tables.py"


def quantiles(alpha, beta):
    """Arrays of (alpha, beta) -> five quantiles each, by bisection in asinh(x)."""
    alpha, beta = alpha[:, None], beta[:, None]
    low = np.full((alpha.size, 5), -800.0)
    high = -low
    for _ in range(72):
        middle = (low + high) / 2
        x = np.sinh(np.clip(middle, -700, 700))
        below = stable.cdf(x, alpha, beta) < PROBABILITIES
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.sinh((low + high) / 2)


def functions(alpha, beta):
    q05, q25, q50, q75, q95 = quantiles(alpha, beta).T
    wide, inner = q95 - q05, q75 - q25
    return np.stack(
        [
            alpha * np.log(wide / inner),
            (q95 + q05 - 2 * q50) / wide,
            alpha * np.log(inner),
            q50 / inner,
        ]
    )


def nodes(n):
    return np.cos(np.pi * (np.arange(n) + 0.5) / n)


def table(low, high, n):
    """Coefficients with the axes (function, degree in alpha, degree in beta)."""
    s, t = nodes(n), nodes(BETA_NODES)
    alpha, beta = (low + high) / 2 + (high - low) / 2 * s, (1 + t) / 2
    grid = [g.reshape(-1) for g in np.meshgrid(alpha, beta, indexing="ij")]
    values = functions(*grid).reshape(4, n, BETA_NODES)
    a = np.linalg.inv(chebyshev.chebvander(s, n - 1))
    b = np.linalg.inv(chebyshev.chebvander(t, BETA_NODES - 1))
    return np.einsum("ia,fab,jb->fij", a, values, b)


def error(low, high, coefficients):
    rng = np.random.default_rng(0)
    alpha, beta = rng.uniform(low, high, 200), rng.uniform(0, 1, 200)
    exact = functions(alpha, beta)
    s, t = (2 * alpha - low - high) / (high - low), 2 * beta - 1
    found = [chebyshev.chebval2d(s, t, c) for c in coefficients]
    return np.abs(found - exact).max(axis=1)


def write(tables):
    lines = [
        '"""The quantile functions of McCulloch\'s estimator as Chebyshev coefficients.',
        "",
        "Made by tests/tables/make_stable_quantiles.py, which says what they are. For each",
        "range of alpha: its ends, the number of degrees in alpha and in beta, and the",
        "coefficients in units of 1e-9: functions first, then alpha, then beta.",
        '"""',
        "",
        '__all__ = ["RANGES"]',
        "",
        "# fmt: off",
        "RANGES = (",
    ]
    for (low, high, n), coefficients in tables:
        lines.append(f"    ({low}, {high}, {n}, {BETA_NODES}, (")
        row = "       "
        for number in np.rint(coefficients.reshape(-1) * 1e9).astype(int).tolist():
            word = f" {number},"
            if len(row) + len(word) > 100:
                lines.append(row)
                row = "       "
            row += word
        lines += [row, "    )),"]
    lines += [")", "# fmt: on", ""]
    TARGET.write_text("\n".join(lines))


if __name__ == "__main__":
    tables = [(given, table(*given)) for given in RANGES]
    for (low, high, n), coefficients in tables:
        assert np.isfinite(coefficients).all()
        print(f"alpha in [{low}, {high}], {n} nodes: errors {error(low, high, coefficients)}")
    write(tables)

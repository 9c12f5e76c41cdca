"""Figure 2: the probability of the "paths" of resilient classification."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from htstats.reproduce._frame import Request, output
from htstats.reproduce._places import save_picture, write_csv
from htstats.theory.brackets import BracketTailSurface, bracket_tail_surface

__all__ = ["figure2"]

# The caption's parameters, "chosen based on the fully trained weight matrix of a ResNet".
BASE, M, N = 1.3, 5, 64


@output(".png", ".csv")
def figure2(request: Request) -> list[Path]:
    """Fig. 2: the probability that a row has c^(M-i) elements of size c^i, as printed and exact.

    `htstats.reproduce` describes the arguments. No data are read, no random numbers are used.

    Returns
    -------
    list of Path
        figure2.png and figure2.csv (alpha; i; kappa = c^(M-i); the probability of the bracket by
        (14), and its exact value; (16) as printed; the exact binomial tail; whether (16) applies).

    Notes
    -----
    c = 1.3, M = 5, N = 64. The paper's surface is (16), with p from the asymptotic form (14) and
    with kappa not rounded. Where kappa <= N p, (16) is not a bound; the figure hatches this region.
    The exact surface is P(X >= ceil(kappa)) for X ~ Bin(N, p). Its p is the probability of
    (c^i, c^(i+1)] under the symmetric alpha-stable law of scale c. See `htstats.theory.brackets`.

    References
    ----------
    .. [1] J. Y. Shin, Fig. 2, (14) and (16).
    """
    picture, table = request.paths
    found = bracket_tail_surface(base=BASE, M=M, N=N)
    rows = [
        {
            "alpha": float(alpha), "i": float(level), "kappa": float(found.kappa[j, 0]),
            "p_paper": float(found.p_paper[j, k]), "p_exact": float(found.p_exact[j, k]),
            "paper": float(found.paper[j, k]), "exact": float(found.exact[j, k]),
            "applies": bool(found.valid[j, k]),
        }
        for j, level in enumerate(found.i)
        for k, alpha in enumerate(found.alpha)
    ]  # fmt: skip
    write_csv(table, rows)
    return [save_picture(_draw(found), picture), table]


def _draw(found: BracketTailSurface) -> Any:
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    figure = Figure(figsize=(9.6, 4.4), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    filled: Any = None
    for axes, heights in ((left, found.paper), (right, found.exact)):
        # rounding kappa up makes the surface a step function: draw cells instead of contours
        filled = axes.pcolormesh(
            found.alpha, found.i, heights, vmin=0, vmax=1, cmap="viridis", shading="nearest"
        )
        axes.set_xlabel("alpha")
    tenths = np.linspace(0.1, 0.9, 9)
    left.contour(found.alpha, found.i, found.paper, levels=tenths, colors="w", linewidths=0.6)
    missing = found.kappa - N * found.p_paper
    hatch = left.contourf(
        found.alpha, found.i, missing, levels=[-np.inf, 0], colors="none", hatches=["////"]
    )
    hatch.set_edgecolor((0, 0, 0, 0.6))
    left.contour(found.alpha, found.i, missing, levels=[0], colors="k")
    left.set_ylabel("i")
    left.set_title(f"(16) as printed, c = {BASE}, M = {M}, N = {N}", fontsize=10)
    right.set_title("P(X >= c^(M-i)), the exact binomial tail with the exact p", fontsize=10)
    hatched = Patch(
        facecolor="none", edgecolor="k", hatch="////",
        label=f"kappa <= N p, where (16) is no bound: {found.invalid_share:.0%} of the plane",
    )  # fmt: skip
    figure.legend(handles=[hatched], fontsize=8, loc="outside lower left", frameon=False)
    figure.colorbar(filled, ax=[left, right], label="probability")
    return figure

"""Figure 1: densities of alpha-stable laws."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from htstats import stable
from htstats._common.arrays import Floats
from htstats.reproduce._frame import Request, output
from htstats.reproduce._places import save_picture, write_csv

__all__ = ["figure1"]

ALPHAS = (0.5, 1.0, 1.5, 2.0)

# Points for the middle of the densities (linear spacing) and for the tails (logarithmic spacing).
MIDDLE = np.linspace(-5.0, 5.0, 501)
TAIL = np.geomspace(0.1, 1000.0, 161)

# Densities below this are outside the plot.
LOWEST = 1e-8


@output(".png", ".csv")
def figure1(request: Request) -> list[Path]:
    """Fig. 1: the symmetric alpha-stable densities of scale 1 for alpha = 0.5, 1, 1.5 and 2.

    `htstats.reproduce` describes the arguments. No data are read, no random numbers are used.

    Returns
    -------
    list of Path
        figure1.png (the densities, and their tails on logarithmic axes together with the asymptote
        (12)) and figure1.csv (alpha, x, density, asymptote; dimensionless).

    Notes
    -----
    The scale is 1 in Nolan's sense: the Fourier transform is exp(-abs(t)^alpha), so the variance
    at alpha = 2 is 2. `htstats.stable` computes the densities.

    References
    ----------
    .. [1] J. Y. Shin, Fig. 1 and (12).
    """
    picture, table = request.paths
    rows = []
    for alpha in ALPHAS:
        x = np.unique(np.concatenate([MIDDLE, TAIL]))
        for value, height in zip(x, density(x, alpha), strict=True):
            rows.append({
                "alpha": alpha, "x": float(value), "density": float(height),
                "asymptote": asymptote(float(value), alpha) if value > 0 else "",
            })  # fmt: skip
    write_csv(table, rows)
    return [save_picture(_draw(), picture), table]


def density(x: Floats, alpha: float) -> Floats:
    """The density of the symmetric alpha-stable law of scale 1."""
    return np.asarray(stable.pdf(x, alpha, 0.0), np.float64)


def asymptote(x: float, alpha: float) -> float:
    """The right side of (12) at c = 1: alpha sin(pi alpha/2) Gamma(alpha)/pi x^-(alpha+1)."""
    # at alpha = 2 the sine is 0: the normal law has no power-law tail
    sine = 0.0 if alpha == 2 else math.sin(math.pi * alpha / 2)
    return alpha * sine * math.gamma(alpha) / math.pi * math.pow(x, -(alpha + 1))


def _draw() -> Any:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9.6, 4.0), layout="constrained")
    middle, tail = figure.subplots(1, 2)
    names = {1.0: " (Cauchy)", 2.0: " (Gauss)"}
    for number, alpha in enumerate(ALPHAS):
        color = f"C{number}"
        label = f"alpha = {alpha:g}{names.get(alpha, '')}"
        middle.plot(MIDDLE, density(MIDDLE, alpha), color=color, label=label)
        heights = density(TAIL, alpha)
        shown = heights >= LOWEST
        tail.loglog(TAIL[shown], heights[shown], color=color, label=label)
        if alpha < 2:
            far = TAIL[TAIL >= 2]
            power = np.array([asymptote(float(x), alpha) for x in far])
            tail.loglog(far, power, ":", color=color, linewidth=1)
    middle.set(xlabel="x", ylabel="density", xlim=(-5, 5), ylim=(0, None))
    middle.set_title("alpha-stable densities, beta = 0, scale 1", fontsize=10)
    middle.legend(fontsize=8)
    tail.set(xlabel="x", ylabel="density", ylim=(LOWEST, 1), xlim=(TAIL[0], TAIL[-1]))
    tail.set_title("their tails; dotted: the power law of (12)", fontsize=10)
    return figure

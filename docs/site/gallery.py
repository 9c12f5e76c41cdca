"""Draw the pictures of the gallery, each by the code that the page shows."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import matplotlib

matplotlib.use("Agg")


class Picture(NamedTuple):
    """A picture: its file, its title, what it shows, and the code that makes `figure`."""

    name: str
    title: str
    caption: str
    code: str


DATA = """\
import numpy as np
import htstats

rng = np.random.default_rng(0)
x = np.concatenate([rng.pareto(1.5, 3_000) + 1, rng.exponential(1.0, 4_000)])
fit = htstats.fit_power_law(x)
"""

PICTURES = (
    Picture(
        "ccdf", "The tail",
        "The proportion of the data above each value, and the fitted tail from xmin on.",
        DATA + "figure = htstats.plot.plot_ccdf(fit).figure\n",
    ),
    Picture(
        "pdf", "The density",
        "The density of the data in logarithmic bins, the power law and two other laws.",
        DATA + 'figure = htstats.plot.plot_pdf(fit, alternatives=["lognormal", "exponential"])'
        ".figure\n",
    ),
    Picture(
        "scan", "Every candidate for xmin",
        "The distance and the exponent of every candidate. The fit takes the smallest distance.",
        DATA + "figure = htstats.plot.plot_scan(fit).figure\n",
    ),
    Picture(
        "compare", "Other laws on the same tail",
        "The tail, the power law and its alternatives, each with its likelihood ratio.",
        DATA + "figure = htstats.plot.plot_compare(fit).figure\n",
    ),
    Picture(
        "stable", "Alpha-stable densities",
        "The symmetric laws for five exponents, to eleven digits on the whole line.",
        """\
import numpy as np
from matplotlib.figure import Figure
from htstats import stable

figure = Figure(layout="constrained")
axes = figure.subplots()
x = np.geomspace(0.01, 1e4, 300)
for alpha in (0.5, 1.0, 1.5, 1.9, 2.0):
    axes.loglog(x, stable.pdf(x, alpha, 0.0), label=f"alpha = {alpha:g}")
axes.set(xlabel="x", ylabel="density", ylim=(1e-12, 1))
axes.legend()
""",
    ),
    Picture(
        "kept", "Kept elements against the threshold",
        "The proportion of elements that the split keeps, and that the fit predicts.",
        """\
import numpy as np
import htstats
from matplotlib.figure import Figure

W = np.random.default_rng(0).standard_t(3, size=(256, 512))
fit = htstats.fit_power_law(W.ravel(), side="abs")
taus = np.geomspace(0.1, 50, 60)
kept = [htstats.partition(W, tau, noise="none").density for tau in taus]
tail = taus[taus >= fit.xmin]
predicted = fit.n_tail / W.size * (fit.xmin / tail) ** fit.tail_exponent

figure = Figure(layout="constrained")
axes = figure.subplots()
axes.loglog(taus, kept, label="counted")
axes.loglog(tail, predicted, "--", label="predicted by the fitted tail")
axes.set(xlabel="threshold", ylabel="proportion of kept elements")
axes.legend()
""",
    ),
)  # fmt: skip


def draw(picture: Picture, path: Path) -> None:
    """Run the code of a picture and write its figure."""
    names: dict[str, object] = {}
    exec(compile(picture.code, picture.name, "exec"), names)
    figure = names["figure"]
    figure.savefig(path, dpi=110)  # type: ignore[attr-defined]


def write(folder: Path) -> str:
    """Draw all pictures into the folder; return the text of the gallery."""
    folder.mkdir(parents=True)
    parts = []
    for picture in PICTURES:
        draw(picture, folder / f"{picture.name}.png")
        parts.append(
            f"## {picture.title}\n\n{picture.caption}\n\n"
            f"![{picture.caption}](pictures/{picture.name}.png)\n\n"
            f"```python\n{picture.code}```"
        )
    return "\n\n".join(parts + paper(folder))


def paper(folder: Path) -> list[str]:
    """Draw the figures of the paper that need no network; return their sections."""
    from htstats import reproduce

    parts = []
    for name, caption in (
        ("figure1", "Fig. 1 of the paper: alpha-stable densities."),
        ("figure2", "Fig. 2 of the paper: equation (16) as printed, and exactly."),
    ):
        made = getattr(reproduce, name)(folder, data=None, seed=0, report=lambda line: None)
        (picture,) = (Path(path) for path in made if str(path).endswith(".png"))
        parts.append(
            f"## {caption.partition(':')[0]}\n\n{caption}\n\n"
            f"![{caption}](pictures/{picture.name})\n\n"
            f"```sh\nhtstats reproduce {name} --out pictures\n```"
        )
    return parts

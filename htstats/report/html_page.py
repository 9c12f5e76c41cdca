"""One page for a checkpoint, for two, or for a column of numbers: `html_report`.

The page is a single HTML file. It works without a network, in light and dark, on a phone, on paper,
with a keyboard and with a screen reader.

Why the charts are drawn by a short script of our own (`page/charts.js`, 16 KB), as SVG, from the
numbers in the page:

* Plotly's basic bundle has about 1 MB, half of what a page may have. It draws too slowly to be
  opened for 300 matrices, and its points cannot be reached by keyboard. Vega with Vega-Lite has
  more than 0.5 MB and compiles expressions at run time, which a content security policy forbids.
* Static SVG made in Python repeats every number as coordinates: four charts of 300 matrices take
  5 to 10 MB. The numbers themselves take 1 MB, are needed for the downloads anyway, and become a
  picture only when a matrix is opened.
* SVG prints sharply, takes its colours from the style sheet (also in the dark and on paper), and
  has text that can be read aloud. All tables are HTML made here and work without a script.

Files: `_network` reads an input, `_measure` one matrix; `_curves` has the rules for thinning,
`_statements` the labelled statements, `_render*` the HTML, `page/` template, style and script.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from htstats._common import checks
from htstats._common.files import PathLike, atomic_write, require_apart, target_of
from htstats._version import __version__

__all__ = ["HtmlReport", "html_report"]

# Largest number of inputs: two are shown side by side.
MOST_INPUTS = 2


@dataclass(frozen=True)
class HtmlReport:
    """A finished page.

    Attributes
    ----------
    html : str
        The page. It needs no other file.
    data : mapping
        All numbers as JSON types: "networks" has one entry for each input, whose "matrices" are
        rows as in `htstats fit --json`, with intervals, sizes, statements and curves.
    failed : mapping of str to str
        Matrices that could not be fitted, with the reasons. Empty matrices are left out.
    """

    html: str = field(repr=False)
    data: Mapping[str, Any] = field(repr=False)
    failed: Mapping[str, str]
    _inputs: tuple[str, ...] = field(default=(), repr=False)

    def write(self, path: PathLike) -> None:
        """Write the page to a file, which appears complete or not at all.

        Raises
        ------
        ValueError
            If the path is one of the inputs.
        OSError
            If the file cannot be written.
        """
        with atomic_write(path, inputs=self._inputs) as file:
            file.write(self.html.encode())


def html_report(
    *inputs: Any,
    output: PathLike | None = None,
    side: str | None = None,
    xmin: float | tuple[float, float] | None = None,
    xmax: float | None = None,
    ks: str = "left",
    min_tail: int | None = None,
    discrete: bool = False,
    column: str | int | None = None,
    tensor: Iterable[str] | None = None,
    exclude: Iterable[str] | None = None,
    gof: int | None = None,
    compare: bool = False,
    spectrum: bool = False,
    stable: bool = False,
    threshold: float | str | None = "std",
    n_examples: int | None = None,
    certificate: PathLike | None = None,
    n_threads: int = 1,
    max_memory: int | None = None,
    report: Callable[[int], None] | None = None,
) -> HtmlReport:
    """Make a self-contained HTML page about one or two checkpoints, or columns of numbers.

    Parameters
    ----------
    *inputs : path, array, mapping or torch module
        One or two of: what `open_weights` takes; a file that `read_column` takes; a 1-D array.
    output : path, optional
        The file to write. It is checked before the work begins, and must not be an input.
    side : {"abs", "positive", "negative"}, optional
        Which tail; by default "abs" for matrices and "positive" for columns.
    xmin, xmax, ks, min_tail, discrete
        As in `fit_power_law`, for every matrix. `discrete` is for columns only.
    column : str or int, optional
        The column of a file with several columns, as in `read_column`.
    tensor, exclude : iterable of str, optional
        Names or patterns of the matrices to use or to leave out.
    gof : int, optional
        Largest number of resamples of the goodness of fit; 0 for no test. By default, columns of at
        most a million numbers are tested with 2500, and matrices are not tested.
    compare : bool
        Compare with all alternatives. Otherwise, with the lognormal and the exponential.
    spectrum : bool
        Also fit the eigenvalues of W W^T.
    stable : bool
        Also fit an alpha-stable law to all elements.
    threshold : float, str or None
        The rule of `partition` for the kept fraction and the size after compress; None to skip
        both.
    n_examples : int, optional
        Number of training examples m, for the rate sqrt(sum k / m) and its like.
    certificate : path, optional
        A certificate file (.htc) with its claim beside it (.htc.json).
    n_threads : int
        Number of matrices that are processed at a time. No number depends on it.
    max_memory : int, optional
        Memory budget in bytes of all threads, in addition to what the process already uses. Larger
        matrices are read in blocks; by default, those above 256 MiB.
    report : callable, optional
        Called with the number of bytes of each finished matrix.

    Returns
    -------
    HtmlReport
        The page as text, its numbers, and the matrices that could not be fitted.

    Raises
    ------
    ValueError
        If there is no input or more than two, an option is invalid or does not apply to an input,
        an input has no matrix, `output` is an input, or the certificate and its claim contradict
        each other.
    OSError
        If a file cannot be read or written.
    TypeError
        If an input is of no kind that can be read.

    Notes
    -----
    Fits, counts and sizes are exact, and those of `fit_power_law`, `partition` and `htstats
    compress`. Intervals are asymptotic. Curves are thinned to at most 64 points and rounded to five
    digits; the page has at most 2 MB, with fewer points if there are many matrices (at least 8) and
    at last without the curves and statements of the smallest ones. Beyond about 2,000 matrices
    the tables alone are larger. A matrix is read three or four times.

    Examples
    --------
    >>> import numpy as np
    >>> W = np.random.default_rng(0).standard_t(3, (60, 80))
    >>> page = html_report({"layer": W})
    >>> page.html[:15], page.failed, list(page.data["networks"][0]["matrices"][0]["curves"])
    ('<!doctype html>', {}, ['tail', 'predicted', 'scan', 'alternatives'])
    """
    from htstats.report._measure import Wanted
    from htstats.report._network import Selection

    if not 1 <= len(inputs) <= MOST_INPUTS:
        raise ValueError(f"give one or two inputs, got {len(inputs)}")
    rule = _check_rule(xmin, xmax, ks, min_tail, discrete)
    _check_numbers(side, gof, n_examples, n_threads, max_memory, threshold)
    room = None if max_memory is None else max_memory // n_threads
    wanted = Wanted(side, rule, gof, compare, spectrum, stable, threshold, room)
    names = [None if words is None else _list_of(words) for words in (tensor, exclude)]
    selection = Selection(names[0], names[1], column, discrete)
    return _make(
        inputs, output, wanted, selection, n_examples, certificate, n_threads,
        report or (lambda n_bytes: None),
    )  # fmt: skip


def _check_rule(
    xmin: Any, xmax: Any, ks: str, min_tail: int | None, discrete: bool
) -> dict[str, Any]:
    """The options of the fits that differ from the defaults."""
    from htstats._exact_fit.options import check_options

    check_options(xmin, xmax, ks, min_tail)
    given = {"xmin": xmin, "xmax": xmax, "min_tail": min_tail}
    rule = {name: value for name, value in given.items() if value is not None}
    return rule | ({} if ks == "left" else {"ks": ks}) | ({"discrete": True} if discrete else {})


def _check_numbers(
    side: str | None,
    gof: int | None,
    n_examples: int | None,
    n_threads: int,
    max_memory: int | None,
    threshold: float | str | None,
) -> None:
    from htstats._exact_fit.sample import SIDES
    from htstats.compression.thresholds.rules import parse_rule
    from htstats.power_law import LEAST_FOR_A_FIT

    checks.count("n_threads", n_threads, at_least=1)
    if max_memory is not None:
        checks.count("max_memory", max_memory, at_least=LEAST_FOR_A_FIT * n_threads)
    if side is not None:
        checks.one_of("side", side, tuple(SIDES))
    if gof is not None:
        checks.count("gof", gof)
    if n_examples is not None:
        checks.count("n_examples", n_examples, at_least=1)
    if isinstance(threshold, str):
        parse_rule(threshold)
    elif threshold is not None:
        checks.nonnegative("threshold", threshold)


def _list_of(words: Iterable[str]) -> list[str]:
    return [words] if isinstance(words, str) else list(words)


def _make(
    inputs: Sequence[Any],
    output: PathLike | None,
    wanted: Any,
    selection: Any,
    n_examples: int | None,
    certificate: PathLike | None,
    n_threads: int,
    report: Callable[[int], None],
) -> HtmlReport:
    """Read the inputs and make the page."""
    from htstats.report._network import open_input, read_network
    from htstats.report._render import render_page
    from htstats.report._statements import certificate_of

    opened = [open_input(one, selection, wanted.max_memory) for one in inputs]
    files = [path for one in opened for path in one.files]
    if certificate is not None:
        files += [os.fspath(certificate), f"{os.fspath(certificate)}.json"]
    if output is not None:
        require_apart(files, [output])
        target_of(output)
    claim = None if certificate is None else certificate_of(os.fspath(certificate))
    networks = [read_network(one, wanted, n_examples, n_threads, report) for one in opened]
    data = {
        "format": "htstats report",
        "version": 1,
        "htstats": __version__,
        "options": _options(wanted, n_examples),
        "networks": networks,
        "certificate": claim,
    }
    data = plain_numbers(data)
    failed = {
        f"{network['file']}: {row['name']}": str(row["error"])
        for network in networks
        for row in network["matrices"]
        if "error" in row and 0 not in row["shape"]
    }
    made = HtmlReport(render_page(data), data, failed, tuple(files))
    if output is not None:
        made.write(output)
    return made


def _options(wanted: Any, n_examples: int | None) -> dict[str, Any]:
    rule = {key: list(v) if isinstance(v, tuple) else v for key, v in wanted.rule.items()}
    words = ("gof", "compare", "spectrum", "stable", "threshold")
    return {
        "rule": rule,
        **{word: getattr(wanted, word) for word in words},
        "n_examples": n_examples,
    }


def plain_numbers(value: Any) -> Any:
    """The value with None in place of NaN and infinity, which JSON does not have."""
    if isinstance(value, Mapping):
        return {str(key): plain_numbers(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain_numbers(inner) for inner in value]
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value

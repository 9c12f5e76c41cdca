"""Make a self-contained HTML page about a checkpoint, about two side by side, or about a column of
numbers.

The page shows what the file is, and a table of matrices that can be sorted and filtered: alpha,
tail exponent, intervals, xmin, n_tail, the KS distance, the goodness of fit, stable rank, kept
fraction. A click on a matrix opens its tail with the fit and alternatives, the scan for xmin, the
kept fraction against the threshold, and predicted against counted non-zeros. All numbers can be
downloaded from the page as CSV or JSON. The page is one file and loads nothing from a network.

Options have the same meaning as in `htstats fit`. If a matrix cannot be fitted, the page says why,
and the exit code is 1, unless the matrix has no elements.
"""

from __future__ import annotations

import argparse
import os
from typing import Any

from htstats.commands._choice import add_choice
from htstats.commands._fit_options import add_column, add_limits, add_rule, option_name
from htstats.commands._json import add_json_option, print_json
from htstats.commands._options import add_output

HELP = "make an HTML page about a checkpoint, two checkpoints, or a column of numbers"


def configure(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("files", metavar="FILE", nargs="+",
        help="one or two checkpoints (.npy, .npz, .safetensors, .pt, .pth, a folder of shards) or "
        "columns of numbers (.txt, .csv, .tsv, .dat, 1-D .npy, - for standard input)")  # fmt: skip
    add_output(parser, "the page to write (default: report.html)", default="report.html")
    add_column(parser)
    add_choice(parser, "use only these matrices")
    add_json_option(parser)
    add_rule(parser)
    _add_extras(parser)
    add_limits(parser)


def _add_extras(parser: argparse.ArgumentParser) -> None:
    """Add the options for results in addition to the fits."""
    add = parser.add_argument
    add("--gof", type=int, nargs="?", const=2500, metavar="N",
        help="test the fit by at most N resamples (2500 if N is left out; default: a column is "
        "tested, a checkpoint is not; 0: no test)")  # fmt: skip
    add("--compare", action="store_true",
        help="compare with all alternatives (default: with lognormal and exponential)")  # fmt: skip
    add("--spectrum", action="store_true", help="also fit the eigenvalues of W W^T")
    add("--stable", action="store_true", help="also fit an alpha-stable law to all elements")
    add("--threshold", default="std", metavar="RULE",
        help="the rule of `htstats compress` for kept fraction and size: a number, std, "
        "quantile:Q, nnz:K, xmin; or none (default: std)")  # fmt: skip
    add("--examples", type=int, metavar="M",
        help="number of training examples, for the rate sqrt(sum k / M)")  # fmt: skip
    add("--certificate", metavar="HTC", help="show this certificate (.htc, with its .htc.json)")


def run(args: argparse.Namespace) -> int:
    from htstats._common import checks
    from htstats._common.files import require_apart
    from htstats.commands._threads import load_numpy_with_one_thread, load_scipy_with_threads

    checks.count("--threads", args.threads, at_least=1)
    if len(args.files) > 2:
        raise ValueError(f"give one or two files, got {len(args.files)}")
    require_apart([file for file in args.files if file != "-"], [args.output])
    if os.path.isdir(args.output):
        raise IsADirectoryError(f"-o {args.output}: Is a directory")
    if not args.output.lower().endswith((".html", ".htm")):
        raise ValueError(f"-o must end in .html, got {args.output}")
    if args.is_program and args.threads > 1:
        load_numpy_with_one_thread()
        if args.spectrum:
            load_scipy_with_threads(1)
    made = make_page(args)
    networks = made.data["networks"]
    n = sum(len(network["matrices"]) for network in networks if network["kind"] == "checkpoint")
    n_bytes = len(made.html.encode())
    if args.json:
        found = {"output": args.output, "bytes": n_bytes, "matrices": n, "failed": made.failed}
        print_json("report", found)
        return 1 if made.failed else 0
    matrices = f"{n} matri{'x' if n == 1 else 'ces'}, " if n else ""
    print(f"{args.output}: {matrices}{n_bytes / 1024:,.0f} KiB")
    for name, reason in made.failed.items():
        print(f"not fitted: {name}: {reason}")
    return 1 if made.failed else 0


def make_page(args: argparse.Namespace) -> Any:
    """The page, written to the output; errors name the options of the command line."""
    from htstats.commands._progress import Progress
    from htstats.report import html_report

    check_options(args)
    with Progress(sum(map(_bytes_at, args.files))) as progress:
        return html_report(
            *args.files,
            output=args.output,
            **{name: getattr(args, name) for name in ("side", "xmin", "xmax", "ks", "min_tail")},
            **{name: getattr(args, name) for name in ("discrete", "column", "tensor", "exclude")},
            **{name: getattr(args, name) for name in ("gof", "compare", "spectrum", "stable")},
            threshold=threshold(args.threshold),
            n_examples=args.examples,
            certificate=args.certificate,
            n_threads=args.threads,
            max_memory=args.max_memory,
            report=progress,
        )


def _bytes_at(path: str) -> int:
    """Bytes of a file, or of the files in a folder; 0 if there is neither."""
    if os.path.isdir(path):
        return sum(entry.stat().st_size for entry in os.scandir(path) if entry.is_file())
    return os.path.getsize(path) if os.path.isfile(path) else 0


def check_options(args: argparse.Namespace) -> None:
    """Raise errors that name the options, before any file is opened."""
    from htstats._common import checks
    from htstats._exact_fit.options import check_options as check_fit
    from htstats.power_law import LEAST_FOR_A_FIT

    check_fit(args.xmin, args.xmax, args.ks, args.min_tail, False, name_of=option_name)
    if args.gof is not None:
        checks.count("--gof", args.gof)
    if args.examples is not None:
        checks.count("--examples", args.examples, at_least=1)
    if args.max_memory is not None:
        least = LEAST_FOR_A_FIT * args.threads
        checks.count("--max-memory", args.max_memory, at_least=least)
    if args.files.count("-") > 1:
        raise ValueError("standard input can be given only once")


def threshold(text: str) -> float | str | None:
    """Parse the threshold: a number, a rule, or none."""
    if text == "none":
        return None
    try:
        return float(text)
    except ValueError:
        return text

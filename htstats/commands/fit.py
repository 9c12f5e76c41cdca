"""Fit a power law to the weights of every matrix of a checkpoint, or to a column of numbers, and
print the fits as a table.

`alpha` is the exponent of the density. `tail exponent` is the exponent of P(|w| > x), which is
alpha - 1. A row gives the start of the fitted tail (xmin), the number of weights in the tail
(n_tail), the Kolmogorov-Smirnov distance D and the standard error of alpha. If a matrix cannot be
fitted, its row gives the reason, and the exit code is 1, unless the matrix has no elements.

--xmin, --xmax, --ks and --min-tail have the same meaning as in `fit_power_law`, and apply to every
matrix.

A column of numbers is a .txt, .csv, .tsv or .dat file (also with .gz), a 1-D .npy, or - for
standard input. Blank lines and # comments are skipped. Any other line without a finite number is an
error that names the line. If there are several columns, --column selects one. With --discrete, the
column must have whole numbers, and the zeta distribution is fitted. Zeros and negative numbers are
left out and counted.

JSON and CSV also have WeightWatcher's names: layer_id (the number of the matrix in the file, from
1), longname, N and M (the larger and the smaller side), Q = N/M; alpha, sigma, D, xmin and
num_pl_spikes of the fit of the weights; stable_rank, status, warning. With --spectrum, esd_alpha
and so on are WeightWatcher's own numbers, which are those of the eigenvalues.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from htstats._common.extras import name_missing_package
from htstats.commands._choice import add_choice, number_rows
from htstats.commands._fit_options import add_column, add_limits, add_rule, rule_of
from htstats.commands._json import add_json_option
from htstats.commands._options import add_dask, add_output, add_resume
from htstats.report.tables import Row, describe, describe_unread, finish

if TYPE_CHECKING:
    from htstats.commands._fit_record import FitRecord
    from htstats.commands._progress import Progress
    from htstats.report.matrix import Extras, Rule
    from htstats.weights import WeightMatrix

HELP = "fit a power law to every weight matrix of a checkpoint, or to a column of numbers"


def configure(parser: argparse.ArgumentParser) -> None:
    _add_input(parser)
    add_rule(parser)
    _add_limits(parser)
    _add_extras(parser)
    _add_output(parser)


def _add_output(parser: argparse.ArgumentParser) -> None:
    """Add the options for the form of the answer, and for where it goes."""
    form = parser.add_mutually_exclusive_group()
    add_json_option(form)
    form.add_argument("--csv", action="store_true", help="print CSV, and nothing else")
    add_output(
        parser,
        "write the answer to this file. While the fits run, OUT.partial has those that are "
        "finished, as JSON lines",
    )
    add_resume(
        parser,
        "do not fit again what an interrupted run has fitted (according to OUT.partial, or "
        "without -o to FILE.fit.partial in this folder, which is written only with --resume)",
    )


def _add_input(parser: argparse.ArgumentParser) -> None:
    """Add the arguments for the input."""
    parser.add_argument(
        "file", metavar="FILE",
        help="a checkpoint: .npy, .npz, .safetensors, .pt, .pth, or a folder of shards; or a "
        "column of numbers: .txt, .csv, .tsv, .dat, 1-D .npy, or - for standard input",
    )  # fmt: skip
    add_column(parser)
    add_choice(parser, "fit only these matrices")


def _add_limits(parser: argparse.ArgumentParser) -> None:
    """Add the options for threads, cluster and memory budget."""
    add_limits(parser)
    add_dask(parser, "fit")


def _add_extras(parser: argparse.ArgumentParser) -> None:
    """Add the options for results in addition to the fits."""
    add = parser.add_argument
    add("--gof", type=int, nargs="?", const=2500, default=0, metavar="N",
        help="test the fit by at most N resamples (default: 2500), until p is surely on one "
        "side of 0.1")  # fmt: skip
    add("--compare", action="store_true",
        help="compare the power law with lognormal, exponential and others")  # fmt: skip
    add("--spectrum", action="store_true",
        help="also fit and summarise the eigenvalues of W W^T, with default options (computes all "
        "eigenvalues of the shorter side)")  # fmt: skip
    add("--device", metavar="DEVICE", default="cpu",
        help="where to compute the spectrum: cpu, or a device of torch such as cuda "
        "(default: cpu)")  # fmt: skip
    add("--stable", action="store_true",
        help="also fit an alpha-stable law to all elements, "
        "and test it by 199 resamples")  # fmt: skip
    add("--plot", metavar="DIR", help="draw each fit into DIR/NAME.png (needs matplotlib)")


def run(args: argparse.Namespace) -> int:
    from htstats._common import checks
    from htstats.commands._threads import load_numpy_with_one_thread

    checks.count("--threads", args.threads, at_least=1)
    if args.is_program and args.threads > 1:
        load_numpy_with_one_thread()
    from htstats.report.matrix import Extras
    from htstats.weights.columns import is_column

    if args.max_memory is not None:
        check_memory(args)
    check_device(args)
    gof = checks.count("--gof", args.gof)
    extras = Extras(gof, args.compare, args.spectrum, args.stable, args.device)
    rule = rule_of(args)
    if is_column(args.file):
        from htstats.commands._fit_column import run_column

        return run_column(args, extras, rule)
    if args.discrete or args.column is not None:
        option = "--discrete" if args.discrete else "--column"
        raise ValueError(f"{option} is for a column of numbers, and {args.file} is none")
    return run_checkpoint(args, extras, rule)


def check_memory(args: argparse.Namespace) -> None:
    """Raise an error for a --max-memory that is too small for any fit."""
    from htstats._common import checks
    from htstats.power_law import LEAST_FOR_A_FIT

    least = LEAST_FOR_A_FIT * args.threads
    checks.count("--max-memory", args.max_memory, at_least=least)
    if args.dask is not None:
        raise ValueError("--max-memory is for fits here: with --dask, workers have limits")


def check_device(args: argparse.Namespace) -> None:
    """Raise an error for a --device that this machine does not have, or that nothing uses."""
    if args.device == "cpu":
        return
    if not args.spectrum:
        raise ValueError(f"--device is where --spectrum is computed; add it, got {args.device!r}")
    if args.dask is not None:
        raise ValueError("--device is for fits here: the workers of --dask use their processors")
    with name_missing_package("--device"):
        from htstats.torch.spectra import require_device
    try:
        require_device(args.device)
    except ValueError as error:
        raise ValueError(f"--{error}") from error


def run_checkpoint(args: argparse.Namespace, extras: Extras, rule: Rule) -> int:
    """Fit the matrices of a checkpoint, and print the fits; return the exit code."""
    from htstats.commands._fit_answer import plan_pictures, plot_folder, print_answer
    from htstats.commands._progress import Progress
    from htstats.weights import choose, files_of, open_weights

    args.side = args.side or "abs"
    weights = open_weights(args.file)
    chosen = choose(weights, args.tensor, args.exclude)
    matrices = weights.select(name for name in chosen if name not in weights.unread)
    if not chosen:
        reasons = "; ".join(f"{name}: {why}" for name, why in weights.skipped[:3]) or "it is empty"
        raise ValueError(f"{args.file}: no matrix to fit ({reasons})")
    ids = number_rows(weights)
    files = [args.file, *files_of(weights)]
    with plot_folder(args) as folder, open_record(args, files, (extras, rule)) as record:
        draw = plan_pictures(folder, files, matrices)
        total = sum(matrix.nbytes for matrix in matrices.values())
        with Progress(total, ticks=True) as progress:
            rows = fit_all(args, matrices, ids, (extras, rule), progress, record)
        rows += [describe_unread(ids[n], weights.unread[n]) for n in chosen if n in weights.unread]
        draw([row["name"] for row in rows if "error" not in row], args.side, rule)
        print_answer(args, args.side, rule, rows, weights, files=files)
    return 1 if any("error" in row and 0 not in row["shape"] for row in rows) else 0


def open_record(
    args: argparse.Namespace, files: list[str], wanted: tuple[Extras, Rule]
) -> AbstractContextManager[FitRecord | None]:
    """The record of finished fits, if --output or --resume asks for one."""
    if args.output is None and not args.resume:
        return nullcontext()
    import os

    from htstats._common.files import require_apart, target_of
    from htstats.commands._fit_record import FitRecord, describe_inputs, record_path

    if args.output is not None:
        target_of(args.output)
        require_apart(files, [args.output])
    extras, rule = wanted
    options = {"side": args.side, "rule": rule, **extras._asdict()}
    inputs = describe_inputs(file for file in dict.fromkeys(files) if os.path.isfile(file))
    return FitRecord(record_path(args.file, args.output), options, inputs, resume=args.resume)


def fit_all(
    args: argparse.Namespace,
    matrices: Mapping[str, WeightMatrix],
    ids: Mapping[str, int],
    wanted: tuple[Extras, Rule],
    progress: Progress,
    record: FitRecord | None = None,
) -> list[Row]:
    """The rows of the table in the file's order."""
    rows = {name: describe(ids[name], matrix) for name, matrix in matrices.items()}
    finished = {} if record is None else record.finished
    for name in rows.keys() & finished.keys():
        rows[name].update(finished[name])
        finish(rows[name])
        progress.skip(matrices[name].nbytes)
    left = {name: matrix for name, matrix in matrices.items() if name not in finished}
    for name, numbers in fits(args, left, *wanted, progress):
        if record is not None:
            record.add(name, numbers)
        rows[name].update(numbers)
        finish(rows[name])
    return list(rows.values())


def fits(
    args: argparse.Namespace,
    matrices: Mapping[str, WeightMatrix],
    extras: Extras,
    rule: Rule,
    progress: Progress,
) -> Iterator[tuple[str, Row]]:
    """Yield each fit when it is finished, on this machine or on a cluster."""
    if args.dask is not None:
        with name_missing_package("--dask"):
            from htstats.distributed import connect, fit_matrices

        with connect(args.dask) as client:
            yield from fit_matrices(
                args.file,
                matrices,
                side=args.side,
                rule=rule,
                extras=extras,
                client=client,
                report=progress,
            )
    else:
        yield from fits_here(args, matrices, extras, rule, progress)


def fits_here(
    args: argparse.Namespace,
    matrices: Mapping[str, WeightMatrix],
    extras: Extras,
    rule: Rule,
    progress: Progress,
) -> Iterator[tuple[str, Row]]:
    """Yield each fit of this machine when it is finished."""
    from htstats._common.threads import run_as_done
    from htstats.commands._threads import load_scipy_with_threads, one_blas_thread
    from htstats.report.matrix import Buffers, fit_matrix
    from htstats.spectral import needs_scipy

    buffers = Buffers()
    room = None if args.max_memory is None else args.max_memory // args.threads

    # threads that have no matrix of their own multiply for one of the others
    n_threads = max(1, args.threads // max(1, len(matrices)))
    is_large = extras.spectrum and any(needs_scipy(matrix.shape) for matrix in matrices.values())
    if args.is_program and args.threads > 1 and is_large:
        load_scipy_with_threads(n_threads)

    def work(matrix: WeightMatrix) -> Row:
        progress.begin(matrix.name)
        return fit_matrix(matrix, args.side, extras, room, rule, n_threads, buffers)

    # start with the largest: at the end, it would keep one thread busy while the others are idle
    order = sorted(matrices.values(), key=lambda matrix: -matrix.nbytes)
    has_others = args.threads > 1 and not args.is_program
    with one_blas_thread() if has_others else nullcontext():
        for matrix, row in run_as_done(work, order, args.threads, aside=args.is_program):
            yield matrix.name, row
            progress(matrix.nbytes)

"""Split every weight matrix of a checkpoint at a threshold and write the compressed file (.htz).

Each matrix W becomes W(t). The file keeps the elements beyond the threshold as a sparse matrix. Of
the others it keeps only the mean, the standard deviation and the seed of the noise that replaces
them. Tensors that are not matrices (biases, counters) and metadata are kept unchanged; tied weights
stay tied. Plain Python values of a training checkpoint are left out, and a line names them.
`htstats decompress` makes a dense checkpoint again; a checkpoint that it could not restore is
refused here.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from htstats._common.extras import name_missing_package
from htstats._common.messages import one_line
from htstats.commands._choice import add_choice, choose_for_split
from htstats.commands._json import add_json_option, print_json
from htstats.commands._options import add_dask, add_output, add_resume, add_threads
from htstats.commands._sizes import size
from htstats.commands._streams import STREAM, stdout_file

if TYPE_CHECKING:
    from htstats.commands._carried import CarryPlan
    from htstats.commands._progress import Progress
    from htstats.compression.container import ContainerWriter
    from htstats.weights import Weights

HELP = "compress the weight matrices of a checkpoint"


def configure(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("file", metavar="FILE", help="a checkpoint: .npy, .npz, .safetensors, .pt")
    add_output(parser, "the .htz to write, or - for standard output", required=True)
    add("--threshold", metavar="RULE", default="std",
        help="a number, or std, quantile:Q, nnz:K, xmin, error:EPS,ETA (default: std)")  # fmt: skip
    add("--keep", choices=["abs", "upper", "centered"], default="abs",
        help="keep where abs(w), w or abs(w - mean) is above the threshold "
        "(default: abs)")  # fmt: skip
    add("--noise", choices=["paper", "matched", "none"], default="paper",
        help="the noise has the moments of all of W, of the replaced part, or 0 "
        "(default: paper)")  # fmt: skip
    add("--support", choices=["replaced", "full"], default="replaced",
        help="add noise only where elements are replaced, or everywhere "
        "(default: replaced)")  # fmt: skip
    add("--seed", type=int, default=0, help="seed of the noise (default: 0)")
    add_choice(parser, "compress these matrices and keep the others unchanged")
    add("--max-memory", type=size, default=256 << 20, metavar="SIZE",
        help="memory budget in addition to the program itself, such as 512M or 2G "
        "(default: 256M)")  # fmt: skip
    add_threads(parser)
    add_dask(parser, "split")
    add_resume(parser, "continue an interrupted run (from OUT.partial)")
    add_json_option(parser)


def run(args: argparse.Namespace) -> int:
    from htstats._common import checks
    from htstats.commands._carried import plan_of
    from htstats.commands._compress_answer import print_summary, summary_of, warn_of_growth
    from htstats.compression.container import open_container
    from htstats.compression.matrix import SEED_END
    from htstats.compression.partition import LEAST_MEMORY
    from htstats.weights import open_weights

    checks.count("--seed", args.seed, below=SEED_END)
    checks.count("--threads", args.threads, at_least=1)
    checks.count("--max-memory", args.max_memory, at_least=LEAST_MEMORY)
    require_rule(args.threshold, args.keep)
    require_files(args)
    weights = open_weights(args.file)
    chosen = choose_for_split(weights, args.tensor, args.exclude)
    plan = plan_of(weights, chosen)
    with stdout_file(args, ".htz") as path:
        failed = write_container(args, path, weights, plan)
        with open_container(path) as container:
            summary = summary_of(args.file, path, container, weights, plan, failed)
    summary["output"] = args.output
    if args.json:
        print_json("compress", summary)
    else:
        print_summary(summary, sys.stderr if args.output == STREAM else sys.stdout)
    warn_of_growth(summary)
    # empty matrices do not count as failed
    return 1 if any(tensor["bytes"] for tensor in summary["failed"]) else 0


def require_files(args: argparse.Namespace) -> None:
    """Raise an error for a stream in the place of a file that is read or continued."""
    if args.file == STREAM:
        raise ValueError("FILE must be a file, got -: compress reads each matrix more than once")
    if args.resume and args.output == STREAM:
        raise ValueError("--resume continues OUT.partial, and standard output has none: use -o OUT")


def write_container(
    args: argparse.Namespace, output: str, weights: Weights, plan: CarryPlan
) -> dict[str, str]:
    """Write the container to a path; return the matrices that failed, with the reasons."""
    from htstats.commands._progress import Progress
    from htstats.compression.container import ContainerWriter

    failed: dict[str, str] = {}
    sizes = {name: 2 * t.nbytes for name, t in weights.tensors.items() if name not in plan.ties}
    writing = ContainerWriter(
        output,
        options=options(args, weights, plan),
        resume=args.resume,
        inputs=[args.file, *plan.files],
        metadata=plan.metadata,
    )
    # each matrix is read two or three times; the estimate corrects itself
    with writing as writer, Progress(sum(sizes.values())) as progress:
        if writer.finished:
            require_older(args.file, plan, writer)
        left = [name for name in weights.tensors if name not in writer.finished]
        progress.skip(sum(sizes.get(name, 0) for name in writer.finished))
        layers = weights.numbers
        todo = {name: layers[name] for name in left if name in plan.chosen}
        with contextlib.closing(splits(args, writer, weights, todo, progress)) as done:
            for name in left:
                progress.begin(name)
                if name in plan.ties:
                    writer.add_tied(name, plan.ties[name])
                    continue
                if name in plan.chosen:
                    why = next(done)
                    if why is None:
                        continue
                    failed[name] = one_line(why)
                tensor = weights.tensors[name]
                writer.add_tensor(name, tensor.dtype, tensor.shape, tensor.chunks(1 << 22))
        writer.commit()
    return failed


def splits(
    args: argparse.Namespace,
    writer: ContainerWriter,
    weights: Weights,
    layers: dict[str, int],
    progress: Progress,
) -> Generator[Exception | None, None, None]:
    """Write one matrix per iteration; yield None, or the error if it could not be written."""
    how = {word: getattr(args, word) for word in ("keep", "noise", "support", "seed")}
    rule = threshold(args.threshold)
    if args.dask is not None:
        with name_missing_package("--dask"):
            from htstats.distributed import compress_matrices, connect

        with connect(args.dask) as client:
            for _, found in compress_matrices(
                writer, args.file, layers, rule, **how, client=client, report=progress
            ):
                yield found if isinstance(found, Exception) else None
        return
    from htstats.compression.partition import compress_rows

    how |= {"n_threads": args.threads, "max_memory": args.max_memory, "report": progress}
    for name, layer in layers.items():
        matrix = weights[name]
        shape = tuple(matrix.source_shape)
        try:
            compress_rows(writer, name, matrix, rule, layer=layer, source_shape=shape, **how)
        except (ValueError, TypeError, OSError, ArithmeticError, MemoryError) as error:
            if isinstance(error, OSError) and error.filename == str(writer.partial):
                raise  # the error concerns the output, not the matrix
            yield error
        else:
            yield None


def options(args: argparse.Namespace, weights: Weights, plan: CarryPlan) -> dict[str, Any]:
    """The options that the file stores. A resumed run must have the same options."""
    import hashlib

    content: list[Any] = [[n, t.dtype, list(t.shape)] for n, t in weights.tensors.items()]
    if plan.metadata:
        content.append(plan.metadata)
    return {
        "threshold": args.threshold,
        "keep": args.keep,
        "noise": args.noise,
        "support": args.support,
        "seed": args.seed,
        "tensor": args.tensor,
        **({"exclude": args.exclude} if args.exclude else {}),
        "content": hashlib.sha256(json.dumps(content).encode()).hexdigest(),
    }


def require_older(file: str, plan: CarryPlan, writer: ContainerWriter) -> None:
    """Raise an error if the checkpoint has changed since the interrupted run."""
    if max(map(os.path.getmtime, plan.files)) > writer.last_written:
        raise ValueError(f"{file} has changed since {writer.partial} was written: remove that file")


def threshold(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text


def require_rule(text: str, keep: str) -> None:
    """Raise an error for a threshold that is invalid for every matrix, before any output."""
    from htstats._common import checks
    from htstats.compression.thresholds.rules import parse_rule

    rule = threshold(text)
    if isinstance(rule, str):
        parse_rule(rule)
    else:
        (checks.finite if keep == "upper" else checks.nonnegative)("--threshold", rule)

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

from htstats._common.messages import one_line
from htstats.commands._choice import add_choice, choose_for_split
from htstats.commands._sizes import size
from htstats.report.notes import reading_notes

if TYPE_CHECKING:
    from htstats.commands._carried import CarryPlan
    from htstats.commands._progress import Progress
    from htstats.compression.container import Container, ContainerWriter, StoredMatrix
    from htstats.weights import Weights

HELP = "compress the weight matrices of a checkpoint"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a checkpoint: .npy, .npz, .safetensors, .pt")
    parser.add_argument("-o", "--output", metavar="OUT", required=True, help="the .htz to write")
    parser.add_argument(
        "--threshold", metavar="RULE", default="std",
        help="a number, or std, quantile:Q, nnz:K, xmin, error:EPS,ETA (default: std)",
    )  # fmt: skip
    parser.add_argument(
        "--keep", choices=["abs", "upper", "centered"], default="abs",
        help="keep where abs(w), w or abs(w - mean) is above the threshold (default: abs)",
    )  # fmt: skip
    parser.add_argument(
        "--noise", choices=["paper", "matched", "none"], default="paper",
        help="the noise has the moments of all of W, of the replaced part, or 0 (default: paper)",
    )  # fmt: skip
    parser.add_argument(
        "--support", choices=["replaced", "full"], default="replaced",
        help="add noise only where elements are replaced, or everywhere (default: replaced)",
    )  # fmt: skip
    parser.add_argument("--seed", type=int, default=0, help="seed of the noise (default: 0)")
    add_choice(parser, "compress these matrices and keep the others unchanged")
    parser.add_argument(
        "--max-memory", type=size, default=256 << 20, metavar="SIZE",
        help="memory budget in addition to the program itself, such as 512M or 2G (default: 256M)",
    )  # fmt: skip
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="default: 1")
    parser.add_argument(
        "--dask", metavar="WHERE",
        help="split on a cluster: a scheduler's address, or local:N for N processes on "
        "this machine",
    )  # fmt: skip
    parser.add_argument(
        "--resume", action="store_true",
        help="continue an interrupted run (from OUT.partial)",
    )  # fmt: skip


def run(args: argparse.Namespace) -> int:
    from htstats._common import checks
    from htstats.commands._carried import plan_of
    from htstats.compression.container import open_container
    from htstats.compression.matrix import SEED_END
    from htstats.compression.partition import LEAST_MEMORY
    from htstats.weights import open_weights

    checks.count("--seed", args.seed, below=SEED_END)
    checks.count("--threads", args.threads, at_least=1)
    checks.count("--max-memory", args.max_memory, at_least=LEAST_MEMORY)
    require_rule(args.threshold, args.keep)
    weights = open_weights(args.file)
    chosen = choose_for_split(weights, args.tensor, args.exclude)
    plan = plan_of(weights, chosen)
    failed = write_container(args, weights, plan)
    with open_container(args.output) as container:
        code = report(args, container, weights, plan, failed)
    for note in reading_notes(
        weights, "not split", "8-bit floats with scales, carried as they are"
    ):
        print(note)
    return code


def write_container(args: argparse.Namespace, weights: Weights, plan: CarryPlan) -> dict[str, str]:
    """Write the container; return the matrices that failed, with the reasons."""
    from htstats.commands._progress import Progress
    from htstats.compression.container import ContainerWriter

    failed: dict[str, str] = {}
    sizes = {name: 2 * t.nbytes for name, t in weights.tensors.items() if name not in plan.ties}
    writing = ContainerWriter(
        args.output,
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
        progress(sum(sizes.get(name, 0) for name in writer.finished))
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


def report(
    args: argparse.Namespace,
    container: Container,
    weights: Weights,
    plan: CarryPlan,
    failed: dict[str, str],
) -> int:
    """Print the contents of the file and the savings; return the exit code."""
    from htstats.commands._progress import human_bytes

    sizes = {name: tensor.nbytes for name, tensor in weights.tensors.items()}
    matrices = {n: m for n, m in container.matrices.items() if n not in container.tied}
    carried = {n: t for n, t in container.tensors.items() if n not in container.tied}
    print(table(matrices, sizes))
    if plain := [t.nbytes for name, t in carried.items() if name not in plan.chosen]:
        print(f"carried along as they are: {len(plain)} tensors, {sum(plain)} bytes")
    bad = [name for name in carried if name in plan.chosen]
    for name in bad:
        why = failed.get(name, "it failed in the run that was resumed")
        print(f"not compressed, carried as it is: {name}: {why}")
    for line in plan.notes:
        print(line)
    before, after = sum(map(os.path.getsize, plan.files)), os.path.getsize(args.output)
    print(
        f"{args.file}: {human_bytes(before)} -> {args.output}: {human_bytes(after)}, "
        f"ratio {after / max(before, 1):.3f}, all metadata included"
    )
    larger = [n for n, m in matrices.items() if m.stored_bytes >= sizes[n]]
    if larger:
        print(f"warning: not smaller than before: {', '.join(larger)}", file=sys.stderr)
    if after >= before:
        print(f"warning: {args.output} is not smaller than {args.file}", file=sys.stderr)
    return 1 if any(carried[name].nbytes for name in bad) else 0  # empty matrices do not count


def table(matrices: dict[str, StoredMatrix], sizes: dict[str, int]) -> str:
    """The table with a line for each matrix."""
    from htstats._common.tables import format_table

    rows: list[list[object]] = []
    for name, entry in matrices.items():
        info, before = entry.info, sizes[name]
        shape = " x ".join(map(str, info.source_shape))
        kept = 100 * entry.nnz / max(info.shape[0] * info.shape[1], 1)
        ratio = entry.stored_bytes / max(before, 1)
        rows.append([name, shape, f"{info.threshold:.4g}", f"{kept:.2f}", before,
                     entry.stored_bytes, f"{ratio:.3f}"])  # fmt: skip
    return format_table(["matrix", "shape", "tau", "kept %", "bytes", "stored", "ratio"], rows)


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

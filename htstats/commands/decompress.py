"""Make a dense checkpoint from a compressed file (.htz): the same bytes every time, everywhere.

The suffix of the output selects the format: .safetensors; .npz; or .npy for a file with a single
tensor. A folder gets .safetensors shards and their index. Tensors have the names, shapes, dtypes
and order that they had in the checkpoint. A tensor that the format cannot store is an error.
"""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from htstats.commands._sizes import size

if TYPE_CHECKING:
    from htstats.commands._progress import Progress
    from htstats.compression.container import Container

HELP = "rebuild dense weights from a compressed file"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a .htz file that `htstats compress` wrote")
    parser.add_argument(
        "-o", "--output", metavar="OUT", required=True,
        help="a .safetensors, .npz or .npy to write; or DIR/ for shards with their index",
    )  # fmt: skip
    parser.add_argument(
        "--shard-size", type=size, metavar="SIZE",
        help="largest size of a shard, such as 500MB, 1GiB (default: 5GB)",
    )  # fmt: skip
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="default: 1")


def run(args: argparse.Namespace) -> int:
    from htstats._common import checks
    from htstats.commands._progress import Progress, human_bytes
    from htstats.compression.container import dense_bytes, open_container

    checks.count("--threads", args.threads, at_least=1)
    if args.shard_size is not None:
        checks.count("--shard-size", args.shard_size, at_least=1)
        if not is_folder(args.output):
            raise ValueError(f"--shard-size is for a folder, got -o {args.output}: write -o DIR/")
    with open_container(args.file) as container:
        total = sum(dense_bytes(entry) for entry in container.entries.values())
        with Progress(total) as progress:
            files = write_dense_files(args, container, progress)
        n_bytes = sum(os.path.getsize(path) for path in files)
        print(
            f"{args.file}: {len(container.matrices)} matrices rebuilt, "
            f"{len(container.tensors)} tensors as they were -> {args.output}: "
            + (f"{len(files) - 1} shards and their index, " if is_folder(args.output) else "")
            + human_bytes(n_bytes)
        )
        if container.metadata and str(files[0]).endswith((".npz", ".npy")):
            print(f"left out, having no place in NumPy's files: {', '.join(container.metadata)}")
    return 0


def write_dense_files(
    args: argparse.Namespace, container: Container, progress: Progress
) -> list[str | os.PathLike[str]]:
    """Write the file, or the shards and their index; return their paths."""
    from htstats.compression.container import SHARD_SIZE, write_dense, write_shards

    if is_folder(args.output):
        shard_size = SHARD_SIZE if args.shard_size is None else args.shard_size
        words = {"n_threads": args.threads, "report": progress}
        return [*write_shards(container, args.output, shard_size=shard_size, **words)]
    write_dense(container, args.output, n_threads=args.threads, report=progress)
    return [args.output]


def is_folder(output: str) -> bool:
    """Whether to write shards: for an existing folder, a slash at the end, or no suffix."""
    ends = output.endswith((os.sep, os.altsep or os.sep))
    return os.path.isdir(output) or ends or not os.path.splitext(output)[1]

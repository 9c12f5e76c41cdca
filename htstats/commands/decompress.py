"""Make a dense checkpoint from a compressed file (.htz): the same bytes every time, everywhere.

The suffix of the output selects the format: .safetensors; .npz; or .npy for a file with a single
tensor. A folder gets .safetensors shards and their index. Tensors have the names, shapes, dtypes
and order that they had in the checkpoint. A tensor that the format cannot store is an error.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Any, TextIO

from htstats.commands._json import add_json_option, print_json
from htstats.commands._options import add_output, add_threads
from htstats.commands._sizes import size
from htstats.commands._streams import STREAM, stdin_file, stdout_file

if TYPE_CHECKING:
    from htstats.commands._progress import Progress
    from htstats.compression.container import Container

HELP = "rebuild dense weights from a compressed file"


def configure(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("file", metavar="FILE", help="a .htz file that `htstats compress` wrote, or -")
    add_output(
        parser,
        "a .safetensors, .npz or .npy to write; DIR/ for shards with their index; or - for "
        "safetensors on standard output",
        required=True,
    )
    add("--shard-size", type=size, metavar="SIZE",
        help="largest size of a shard, such as 500MB, 1GiB (default: 5GB)")  # fmt: skip
    add_threads(parser)
    add_json_option(parser)


def run(args: argparse.Namespace) -> int:
    from htstats._common import checks
    from htstats.commands._progress import Progress
    from htstats.compression.container import dense_bytes, open_container

    checks.count("--threads", args.threads, at_least=1)
    if args.shard_size is not None:
        checks.count("--shard-size", args.shard_size, at_least=1)
        if not is_folder(args.output):
            raise ValueError(f"--shard-size is for a folder, got -o {args.output}: write -o DIR/")
    with stdin_file(args) as file, open_container(file) as container:
        total = sum(dense_bytes(entry) for entry in container.entries.values())
        with Progress(total) as progress, stdout_file(args, ".safetensors") as output:
            files = write_dense_files(args, output, container, progress)
            n_bytes = sum(os.path.getsize(path) for path in files)
        left_out = [*container.metadata] if str(files[0]).endswith((".npz", ".npy")) else []
        summary = {
            "file": args.file,
            "output": args.output,
            "files": [str(path) for path in files] if args.output != STREAM else [],
            "bytes": n_bytes,
            "matrices": len(container.matrices),
            "tensors": len(container.tensors),
            "metadata_left_out": left_out,
        }
    if args.json:
        print_json("decompress", summary)
    else:
        print_summary(summary, sys.stderr if args.output == STREAM else sys.stdout)
    return 0


def print_summary(summary: dict[str, Any], stream: TextIO) -> None:
    """Print one line about the files that were written, and one about metadata left out."""
    from htstats.commands._progress import human_bytes

    shards = f"{len(summary['files']) - 1} shards and their index, "
    print(
        f"{summary['file']}: {summary['matrices']} matrices rebuilt, "
        f"{summary['tensors']} tensors as they were -> {summary['output']}: "
        + (shards if is_folder(summary["output"]) else "")
        + human_bytes(summary["bytes"]),
        file=stream,
    )
    if left_out := summary["metadata_left_out"]:
        print(f"left out, having no place in NumPy's files: {', '.join(left_out)}", file=stream)


def write_dense_files(
    args: argparse.Namespace, output: str, container: Container, progress: Progress
) -> list[str | os.PathLike[str]]:
    """Write the file, or the shards and their index; return their paths."""
    from htstats.compression.container import SHARD_SIZE, write_dense, write_shards

    if is_folder(output):
        shard_size = SHARD_SIZE if args.shard_size is None else args.shard_size
        words = {"n_threads": args.threads, "report": progress}
        return [*write_shards(container, output, shard_size=shard_size, **words)]
    write_dense(container, output, n_threads=args.threads, report=progress)
    return [output]


def is_folder(output: str) -> bool:
    """Whether to write shards: for an existing folder, a slash at the end, or no suffix."""
    if output == STREAM:
        return False
    ends = output.endswith((os.sep, os.altsep or os.sep))
    return os.path.isdir(output) or ends or not os.path.splitext(output)[1]

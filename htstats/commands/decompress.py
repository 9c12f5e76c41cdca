"""Make a dense checkpoint from a compressed file (.htz): the same bytes every time, everywhere.

The suffix of the output says what is written: .safetensors; .npz; or .npy for a file that holds one
tensor. Tensors have the names, shapes and dtypes that they had in the checkpoint.
"""

from __future__ import annotations

import argparse

HELP = "rebuild dense weights from a compressed file"


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="a .htz, as `htstats compress` writes it")
    parser.add_argument(
        "-o", "--output", metavar="OUT", required=True, help="a .safetensors, .npz or .npy to write"
    )
    parser.add_argument("--threads", type=int, default=1, metavar="N", help="default: 1")


def run(args: argparse.Namespace) -> int:
    from htstats import _checks
    from htstats.commands._progress import Progress, human_bytes
    from htstats.container import open_container
    from htstats.dense import dense_bytes, write_dense

    _checks.count("--threads", args.threads, at_least=1)
    with open_container(args.file) as container:
        total = sum(dense_bytes(entry) for entry in container.entries.values())
        with Progress(total) as progress:
            n_bytes = write_dense(container, args.output, n_threads=args.threads, report=progress)
        print(
            f"{args.file}: {len(container.matrices)} matrices rebuilt, "
            f"{len(container.tensors)} tensors as they were -> {args.output}: "
            f"{human_bytes(n_bytes)}"
        )
    return 0

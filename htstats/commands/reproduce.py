"""Reproduce a figure or the table of the paper: PNG and CSV.

figure1: alpha-stable densities. figure2: the surface of equation (16), as printed and exactly.
figure3: stable rank against alpha, with a mixture of linear regressions. table1: accuracy before
and after the last layer is compressed, for three readings of the threshold and three kinds of
noise.

Missing inputs (the paper's own networks, data sets) are left out, and lines on stderr name them.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from htstats._common.extras import name_missing_package
from htstats.commands._json import add_json_option, print_json

HELP = "reproduce a figure or the table of the paper"

NAMES = ("figure1", "figure2", "figure3", "table1")
NEED_TORCH = ("figure3", "table1")


def configure(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("name", metavar="NAME", choices=NAMES, help=" | ".join(NAMES))
    add("--out", metavar="DIR", required=True, type=Path,
        help="output folder; created if it is missing")  # fmt: skip
    add("--data", metavar="DIR", type=Path,
        help="folder with checkpoints, the files of Fashion-MNIST, of CIFAR-10 or SVHN, or "
        "pytorchcv's weights")  # fmt: skip
    add("--seed", type=int, default=0, help="seed of the noise, EM and training (default: 0)")
    add_json_option(parser)


def run(args: argparse.Namespace) -> int:
    from htstats._common import checks

    checks.count("--seed", args.seed, below=2**32)
    if args.data is not None and not args.data.is_dir():
        raise ValueError(f"--data must be a folder, got {args.data}")
    if args.out.exists() and not args.out.is_dir():
        raise ValueError(f"--out must be a folder, got {args.out}")
    needs_torch = args.name in NEED_TORCH
    with name_missing_package(f"reproduce {args.name}", "torch,plot" if needs_torch else "plot"):
        import matplotlib  # noqa: F401

        if needs_torch:
            import torch  # noqa: F401
            import tqdm  # noqa: F401
    from htstats import reproduce

    make = getattr(reproduce, args.name)
    paths = make(
        args.out, data=args.data, seed=args.seed, report=lambda line: print(line, file=sys.stderr)
    )
    if args.json:
        files = [str(path) for path in paths]
        print_json("reproduce", {"name": args.name, "seed": args.seed, "files": files})
        return 0
    for path in paths:
        print(path)
    return 0

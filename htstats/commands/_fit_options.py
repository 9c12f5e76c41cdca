"""Options that commands which fit have in common."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from htstats.commands._sizes import size

if TYPE_CHECKING:
    from htstats.report.matrix import Rule

__all__ = ["add_column", "add_limits", "add_rule", "option_name", "rule_of", "xmin"]


def add_column(parser: argparse.ArgumentParser) -> None:
    """Add the options for a column of numbers."""
    add = parser.add_argument
    add("--column", metavar="NAME|NUMBER",
        help="the column to fit: its name in the header, or its number, "
        "counted from 1")  # fmt: skip
    add("--discrete", action="store_true",
        help="the column has whole numbers: fit the zeta distribution")  # fmt: skip


def add_rule(parser: argparse.ArgumentParser) -> None:
    """Add the options of each fit."""
    add = parser.add_argument
    add("--side", choices=["abs", "positive", "negative"],
        help="fit abs(w), the positive weights, or the negative weights (default: abs; for a "
        "column: positive)")  # fmt: skip
    add("--xmin", type=xmin, metavar="X",
        help="lower end of the tail, or the range LOW:HIGH of the values to try (default: every "
        "value)")  # fmt: skip
    add("--xmax", type=float, metavar="X",
        help="upper end of the law; larger values are left out (default: none)")  # fmt: skip
    add("--ks", choices=["left", "two-sided"], default="left",
        help="how the distance is measured: the largest gap just below each value, as in other "
        "tools, or the largest gap anywhere (default: left)")  # fmt: skip
    add("--min-tail", type=int, metavar="N",
        help="try only values of xmin with at least N weights in the tail")  # fmt: skip


def add_limits(parser: argparse.ArgumentParser) -> None:
    """Add the options for threads and the memory budget."""
    add = parser.add_argument
    add("--threads", type=int, default=2, metavar="N",
        help="number of matrices that are fitted at a time, each in memory "
        "(default: 2)")  # fmt: skip
    add("--max-memory", type=size, metavar="SIZE",
        help="memory budget of all threads, in addition to the program itself, such as 512M or 2G; "
        "larger matrices are read in blocks (default: those above 256M)")  # fmt: skip


def xmin(text: str) -> float | tuple[float, float]:
    """Parse a number, or two numbers with a colon between them."""
    try:
        numbers = [float(part) for part in text.split(":")]
    except ValueError:
        numbers = []
    if not 1 <= len(numbers) <= 2:
        raise ValueError(f"a number or LOW:HIGH, got {text!r}")
    return numbers[0] if len(numbers) == 1 else (numbers[0], numbers[1])


def rule_of(args: argparse.Namespace) -> Rule:
    """The options of the fits, by the names of the arguments of `fit_power_law`."""
    from htstats._exact_fit.options import check_options

    check_options(args.xmin, args.xmax, args.ks, args.min_tail, False, name_of=option_name)
    given = {name: getattr(args, name) for name in ("xmin", "xmax", "min_tail")}
    rule = {name: value for name, value in given.items() if value is not None}
    return rule if args.ks == "left" else rule | {"ks": args.ks}


def option_name(argument: str) -> str:
    """The command-line name of an argument of `fit_power_law`."""
    return "--" + argument.replace("_", "-")

"""The arguments of the programs in tests/fuzz."""

import argparse

__all__ = ["fuzz_arguments"]


def fuzz_arguments(description):
    """The parsed command line: --seconds and --seed."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()

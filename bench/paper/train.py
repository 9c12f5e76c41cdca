"""python bench/paper/train.py [NAME ...]: trains the networks of the paper's table.

Without names, it trains all networks that have no weights in the folder. `make paper-train` calls
it.
"""

import argparse
from pathlib import Path

import torch

from htstats.datasets import fashion_mnist
from htstats.reproduce._networks import RECIPES
from htstats.reproduce._train import train_recipe


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(RECIPES))
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "weights")
    parser.add_argument("--data", type=Path, help="folder with the files of Fashion-MNIST")
    parser.add_argument("--threads", type=int, help="of torch")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    unknown = [name for name in args.names if name not in RECIPES]
    if unknown:
        parser.error(f"{unknown[0]!r} is none of {', '.join(RECIPES)}")
    if args.threads:
        torch.set_num_threads(args.threads)
    data = fashion_mnist(args.data, download=args.data is None)
    missing = [name for name in RECIPES if not (args.out / f"{name}.safetensors").exists()]
    for name in args.names or missing:
        path = train_recipe(
            RECIPES[name], data, args.out, seed=args.seed,
            report=lambda line: print(line, flush=True),
        )  # fmt: skip
        print(path, path.with_suffix(".json").read_text(), sep="\n", flush=True)


if __name__ == "__main__":
    main()

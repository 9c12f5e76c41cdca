"""Layers that multiply by W(t): entries of the dense matrix, and gradients, block by block."""

import copy
import math

import numpy as np
import pytest
from reference import normal_twin

from htstats._core import normal
from htstats.compression.container import ContainerWriter, open_container
from htstats.compression.partition import partition

torch = pytest.importorskip("torch")
from matrix_watch import MatrixWatch  # noqa: E402
from torch import nn  # noqa: E402

from htstats.torch._normal import normal_block, sqrt  # noqa: E402
from htstats.torch._sparse_product import TORCH_DTYPES, product, round_to  # noqa: E402
from htstats.torch.sparse_linear import (  # noqa: E402
    GaussianSparseLinear,
    replace_linear_,
    to_sparse_csr,
)

CPU = torch.device("cpu")


def weights(rows=30, cols=17, dtype="float64", seed=0):
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.standard_t(3, (rows, cols)) * 0.3 + 0.05).to(TORCH_DTYPES[dtype])


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(GaussianSparseLinear, "block_elements", 100)


def test_torch_makes_the_bits_of_the_c_library():
    for seed, layer, row, cols in [
        (0, 0, 0, 64),
        (2**64 - 1, 2**32 - 1, 2**32 - 70, 65),
        (5, 3, 9, 1),
    ]:
        expected = np.empty((70, cols))
        normal.fill(seed, layer, row, 0, expected)
        got = normal_block(seed, layer, row, 70, cols, CPU)
        assert np.array_equal(got.numpy(), expected)
    rows = normal_block(0, 1, 21949, 1, 62170, CPU)
    assert rows[0, 62169] == normal_twin.normal(0, 1, 21949, 62169)  # beyond r = 5


def test_square_roots_are_rounded_to_nearest():
    """Also where what torch gives is a unit off, and beside powers of 4."""
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.uniform(1, 40, 100_000), 4.0 ** np.arange(-3, 4)])
    x = np.concatenate([x, np.nextafter(x, 0), np.nextafter(x, 99)])
    got = sqrt(torch.from_numpy(x)).tolist()
    assert got == [math.sqrt(v) for v in x.tolist()]


@pytest.mark.parametrize("dtype", list(TORCH_DTYPES))
def test_rounding_is_once(dtype):
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.standard_normal(500), rng.standard_normal(500) * 2.0**-130])
    halves = (rng.integers(128, 256, 500) + 0.5) * 2.0**-9
    x = np.concatenate([x, halves, np.nextafter(halves, 0), np.nextafter(halves, 9)])
    got = round_to(torch.from_numpy(x), dtype).double().tolist()
    assert got == [normal_twin.round_to(v, dtype) for v in x.tolist()]


@pytest.mark.parametrize("dtype", list(TORCH_DTYPES))
@pytest.mark.parametrize("support", ["replaced", "full"])
@pytest.mark.parametrize("noise", ["paper", "none"])
def test_rows_are_those_of_the_matrix(dtype, support, noise):
    matrix = partition(weights(dtype=dtype), support=support, noise=noise, seed=3, layer=2)
    layer = GaussianSparseLinear(matrix)
    expected = torch.from_numpy(matrix.toarray()).to(TORCH_DTYPES[dtype])
    assert torch.equal(layer.weight_rows(0, 30), expected)
    assert torch.equal(layer._entries().rows_by_torch(4, 11), expected[4:11])
    assert torch.equal(torch.cat([b for _, _, b in layer._entries().blocks()]), expected)


@pytest.mark.parametrize("support", ["replaced", "full"])
@pytest.mark.parametrize("dense", [False, True])
def test_gradients(support, dense):
    """float64: rounding is then the last of 53 bits, and finite differences see true slopes."""
    layer = GaussianSparseLinear(
        partition(weights(), support=support), torch.arange(30.0).double(), dense=dense
    )
    x = torch.randn(2, 3, 17, dtype=torch.float64, requires_grad=True,
                    generator=torch.Generator().manual_seed(0))  # fmt: skip

    def act(x, values, mean, bias):
        with torch.no_grad():
            layer.values.data, layer.mean.data = values.detach(), mean.detach()
            layer._cache = None
        y = product(x, values, mean, layer)
        return y + bias

    inputs = [x, layer.values, layer.mean, layer.bias]
    inputs = [t.detach().clone().requires_grad_() for t in inputs]
    assert torch.autograd.gradcheck(act, inputs)


@pytest.mark.parametrize("shape", [(1, 40), (40, 1), (1, 1), (250, 3)])
@pytest.mark.parametrize("support", ["replaced", "full"])
def test_extreme_shapes(tmp_path, shape, support):
    """Forward and backward are those of the dense matrix, also from a file."""
    matrix = partition(weights(*shape), "quantile:0.7", support=support, seed=5)
    with ContainerWriter(tmp_path / "m.htz") as writer:
        writer.add_matrix("w", matrix)
        writer.commit()
    with open_container(tmp_path / "m.htz") as container:
        stored = container.matrices["w"].matrix()
    dense = torch.from_numpy(matrix.toarray()).requires_grad_()
    x = torch.randn(7, shape[1], dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    x.requires_grad_()
    up = torch.randn(7, shape[0], dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    (expected_x, expected_w) = torch.autograd.grad(nn.functional.linear(x, dense), (x, dense), up)
    rows, cols = matrix.sparse.nonzero()
    off = expected_w.clone()
    if support == "replaced":
        off[rows, cols] = 0
    for layer in (GaussianSparseLinear(matrix), GaussianSparseLinear(stored, dense=True)):
        y = layer(x)
        torch.testing.assert_close(y, nn.functional.linear(x, dense.detach()))
        grads = torch.autograd.grad(y, (x, layer.values, layer.mean), up)
        torch.testing.assert_close(grads[0], expected_x)
        torch.testing.assert_close(grads[1], expected_w[rows, cols])
        torch.testing.assert_close(grads[2], off.sum().reshape(grads[2].shape))


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (0, 0)])
@pytest.mark.parametrize("dense", [False, True])
def test_a_layer_without_rows_or_columns(shape, dense):
    layer = GaussianSparseLinear(partition(np.zeros(shape), 1.0), dense=dense)
    x = torch.ones(2, 3, shape[1], dtype=torch.float64, requires_grad=True)
    y = layer(x)
    assert y.shape == (2, 3, shape[0])
    (y + 1).sum().backward()
    assert torch.equal(y, torch.zeros_like(y))
    assert torch.equal(x.grad, torch.zeros_like(x))
    assert layer.mean.grad == 0


def test_it_learns_and_the_matrix_follows():
    layer = GaussianSparseLinear(partition(weights(dtype="float32")), dense=True)
    before = layer.matrix
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.01)
    x = torch.randn(8, 17)
    first = layer(x).square().mean()
    first.backward()
    optimizer.step()
    after = layer.matrix
    assert layer(x).square().mean() < first  # the dense cache has noticed
    assert before.mean != after.mean
    assert np.array_equal(before.sparse.indices, after.sparse.indices)
    assert not np.array_equal(before.sparse.data, after.sparse.data)
    assert torch.equal(layer.weight_rows(0, 30), torch.from_numpy(after.toarray()))


def test_a_cast_module_still_acts():
    """Values and mean are then rounded, as any parameter is."""
    layer = GaussianSparseLinear(partition(weights(dtype="float32"), noise="none"))
    cast = copy.deepcopy(layer).to(torch.bfloat16)
    x = torch.ones(2, 17, dtype=torch.bfloat16)
    assert cast(x).dtype == torch.bfloat16
    expected = torch.from_numpy(layer.matrix.toarray()).to(torch.bfloat16).float()
    assert torch.equal(cast.weight_rows(0, 30), expected)
    assert torch.equal(torch.from_numpy(cast.matrix.toarray()), expected)


def test_streaming_holds_a_block_at_a_time():
    layer = GaussianSparseLinear(partition(weights()))
    x = torch.zeros(17, dtype=torch.float64)
    step = 100 // 17
    with MatrixWatch() as watch:
        layer(x)
    assert watch.shapes == [(17, step)] * (30 // step)  # transposed
    layer.dense = True
    with MatrixWatch() as watch:
        for _ in range(3):
            layer(x)
    assert watch.shapes == [(17, 30)] * 3
    assert len(watch.memory) == 1  # W(t) was computed once


def test_replace_linear():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(17, 12), nn.ReLU(), nn.Sequential(nn.Linear(12, 5, bias=False)))
    original, x = copy.deepcopy(model), torch.randn(4, 17)
    split = replace_linear_(model, 0.1, noise="matched", seed=9)
    assert list(split) == ["0.weight", "2.0.weight"]
    expected = copy.deepcopy(original)
    modules = {"0.weight": expected[0], "2.0.weight": expected[2][0]}
    for layer, (name, module) in enumerate(modules.items()):
        matrix = partition(module.weight, 0.1, noise="matched", seed=9, layer=layer)
        assert np.array_equal(matrix.toarray(), split[name].toarray())
        module.weight.data = torch.from_numpy(matrix.toarray())
    torch.testing.assert_close(model(x), expected(x))  # the order of sums differs
    assert not torch.allclose(model(x), original(x))
    assert "nnz=" in repr(model)
    with pytest.raises(ValueError, match="17 features"):
        model(torch.zeros(3))


def test_replace_from_a_container(tmp_path):
    model = nn.Sequential(nn.Linear(17, 12), nn.Linear(12, 5))
    matrix = partition(model[1].weight, 0.05, seed=4, layer=7)
    with ContainerWriter(tmp_path / "m.htz") as writer:
        writer.add_matrix("1.weight", matrix)
        writer.commit()
    with open_container(tmp_path / "m.htz") as container:
        stored = container.matrices["1.weight"]
        csr = to_sparse_csr(stored)
        assert np.array_equal(csr.to_dense().numpy(), matrix.sparse.toarray())
        assert np.array_equal(to_sparse_csr(stored, 1, 4).to_dense(), csr.to_dense()[1:4])
        assert np.array_equal(to_sparse_csr(matrix, 1, 4).to_dense(), csr.to_dense()[1:4])
        replace_linear_(model, matrices=container.matrices)
        assert type(model[0]) is nn.Linear
        assert torch.equal(model[1].weight_rows(0, 5), torch.from_numpy(matrix.toarray()))
        with pytest.raises(ValueError, match=r"'1\.weight'"):
            replace_linear_(nn.Sequential(nn.Linear(2, 2)), matrices=container.matrices)
        wrong = nn.Sequential(nn.Linear(17, 12), nn.Linear(5, 12))
        with pytest.raises(ValueError, match=r"1\.weight must have shape \(12, 5\)"):
            replace_linear_(wrong, matrices=container.matrices)
    with pytest.raises(ValueError, match="wrap it"):
        replace_linear_(nn.Linear(2, 2))


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
@pytest.mark.parametrize("dtype", list(TORCH_DTYPES))
def test_cuda_makes_the_same_entries(dtype):
    matrix = partition(weights(dtype=dtype), seed=3)
    layer = GaussianSparseLinear(matrix).cuda()
    expected = torch.from_numpy(matrix.toarray()).to(TORCH_DTYPES[dtype])
    assert torch.equal(layer.weight_rows(0, 30).cpu(), expected)
    x = torch.randn(5, 17, device="cuda", dtype=TORCH_DTYPES[dtype], requires_grad=True)
    layer(x).sum().backward()
    assert x.grad.isfinite().all()
    assert layer.values.grad.isfinite().all()

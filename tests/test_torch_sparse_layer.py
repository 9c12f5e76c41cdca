"""`GaussianSparseLinear` where a `torch.nn.Linear` may stand: dtypes, casts, autocast, derivatives
of any kind, transforms, copies, state dicts, compiled models."""

import copy
import io
import pickle

import numpy as np
import pytest

from htstats.compression.partition import partition

torch = pytest.importorskip("torch")
from matrix_watch import MatrixWatch  # noqa: E402
from torch import nn  # noqa: E402

from htstats.torch import (  # noqa: E402
    GaussianSparseLinear,
    complexity_table,
    compression_tolerances,
    noise_stability,
    replace_linear_,
    sparse_linear,
)


def noise(*shape, dtype=torch.float32, seed=0):
    return torch.randn(*shape, dtype=dtype, generator=torch.Generator().manual_seed(seed))


FLOATS = [torch.float64, torch.float32, torch.float16, torch.bfloat16]
OTHERS = [torch.int64, torch.int32, torch.uint8, torch.int8, torch.bool, torch.complex64]


@pytest.mark.parametrize("own", FLOATS)
@pytest.mark.parametrize("given", FLOATS + OTHERS)
@pytest.mark.parametrize("low", [None, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("dense", [False, True])
def test_dtypes_are_taken_as_linear_takes_them(own, given, low, dense):
    """The same are accepted, under autocast too, and results have the same dtype."""
    linear = nn.Linear(4, 3, dtype=own)
    layer = GaussianSparseLinear(partition(linear.weight, "std"), linear.bias, dense=dense)
    linear.weight.data = torch.from_numpy(layer.matrix.toarray()).to(own)
    x = (torch.arange(12).reshape(3, 4) % 3).to(given)
    with torch.autocast("cpu", dtype=low or torch.bfloat16, enabled=low is not None):
        try:
            expected = linear(x)
        except RuntimeError:
            with pytest.raises(TypeError, match=r"^x must have the layer's dtype, "):
                layer(x)
        else:
            got = layer(x)
            assert got.dtype == expected.dtype
            torch.testing.assert_close(got, expected, rtol=0.05, atol=0.02)


@pytest.mark.parametrize("cast", FLOATS)
@pytest.mark.parametrize("own", FLOATS)
def test_a_cast_layer_is_of_that_dtype(own, cast):
    layer = GaussianSparseLinear(partition(noise(6, 8, dtype=own), "std"), noise(6, dtype=own))
    copied = copy.deepcopy(layer).to(cast)
    x = noise(2, 8, dtype=cast)
    assert copied(x).dtype == copied.weight.dtype == cast
    limit = 4 * max(torch.finfo(cast).eps, torch.finfo(own).eps)
    torch.testing.assert_close(copied.weight, layer.weight.to(cast), rtol=limit, atol=limit)
    torch.testing.assert_close(
        copied(x), nn.functional.linear(x, copied.weight, copied.bias), rtol=0.05, atol=0.05
    )
    if cast != own:
        with pytest.raises(TypeError):
            copied(x.to(own))


@pytest.fixture
def layer():
    return GaussianSparseLinear(partition(noise(6, 8, dtype=torch.float64), "std", seed=2**64 - 1))


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (torch.ones(3, 7).double(), ValueError, r"8 features, got \(3, 7\)"),
        (torch.tensor(1.0).double(), ValueError, r"8 features, got \(\)"),
        (torch.ones(8, 0).double(), ValueError, r"8 features, got \(8, 0\)"),
        (torch.ones(3, 8, device="meta").double(), ValueError, "must be on cpu .* got meta"),
        ([1.0] * 8, TypeError, "x must be a tensor, got list"),
        (np.ones(8), TypeError, "x must be a tensor, got ndarray"),
    ],
)
def test_what_is_no_input(layer, x, error, message):
    with pytest.raises(error, match=message):
        layer(x)


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_shapes_and_strides(layer):
    W = layer.weight.detach()
    base = noise(16, 10, dtype=torch.float64)
    for x in (base[0, :8], base[:, 1:9], base[::3, :8], base.T[:, ::2], base[:0, :8],
              noise(2, 0, 3, 8, dtype=torch.float64), noise(8, 4, 5, dtype=torch.float64).mT.mT
              .movedim(0, -1)):  # fmt: skip
        torch.testing.assert_close(layer(x), nn.functional.linear(x, W))
    nested = torch.nested.nested_tensor([base[:2, :8], base[:3, :8]])
    for got, rows in zip(layer(nested).unbind(), (2, 3), strict=True):
        torch.testing.assert_close(got, base[:rows, :8] @ W.T)


@pytest.mark.filterwarnings("ignore:.torch.jit.script")  # forward mode loads what has it
@pytest.mark.parametrize("support", ["replaced", "full"])
@pytest.mark.parametrize("dense", [False, True])
@pytest.mark.parametrize("reads", [False, True])
def test_derivatives_of_second_order(support, dense, reads):
    """By finite differences, of calls and of the weight."""
    matrix = partition(noise(4, 3, dtype=torch.float64), 0.7, support=support)
    layer = GaussianSparseLinear(matrix, dense=dense)

    def act(x, values, mean):
        arguments = {"values": values, "mean": mean}
        if not reads:
            return torch.func.functional_call(layer, arguments, (x,)).sin()
        module = Holder(layer)
        return torch.func.functional_call(
            module, {f"layer.{n}": v for n, v in arguments.items()}, (x,)
        ).sin()

    class Holder(nn.Module):
        def __init__(self, layer):
            super().__init__()
            self.layer = layer

        def forward(self, x):
            return x @ self.layer.weight.T

    inputs = [noise(2, 3, dtype=torch.float64), layer.values, layer.mean]
    inputs = [t.detach().clone().requires_grad_() for t in inputs]
    assert torch.autograd.gradcheck(act, inputs)
    assert torch.autograd.gradgradcheck(act, inputs)
    assert torch.autograd.gradcheck(act, inputs, check_forward_ad=True, check_backward_ad=False)


def test_backward_is_through_what_went_forward(layer):
    """functional_call gives the layer its own parameters back before backward."""
    x = noise(3, 8, dtype=torch.float64).requires_grad_()
    other = {"values": layer.values.detach() * 3, "mean": layer.mean.detach() + 1}
    y = torch.func.functional_call(layer, other, (x,))
    (got,) = torch.autograd.grad(y.sum(), x)
    with torch.no_grad():
        layer.values.copy_(other["values"])
        layer.mean.copy_(other["mean"])
    torch.testing.assert_close(got, layer.weight.sum(0).expand(3, 8))


@pytest.mark.filterwarnings("ignore:.torch.jit.script")  # forward mode loads what has it
@pytest.mark.parametrize("dense", [False, True])
def test_transforms(dense):
    matrix = partition(noise(6, 8, dtype=torch.float64), "std")
    layer, x = GaussianSparseLinear(matrix, dense=dense), noise(5, 3, 8, dtype=torch.float64)
    W = layer.weight.detach()
    for dims in (0, 1):
        got = torch.func.vmap(layer, in_dims=dims)(x)
        expected = torch.func.vmap(lambda v: v @ W.T, in_dims=dims)(x)
        torch.testing.assert_close(got, expected)
    for jacobian in (torch.func.jacrev, torch.func.jacfwd):
        torch.testing.assert_close(jacobian(layer)(x[0, 0]), W)
    y, along = torch.func.jvp(layer, (x,), (x + 1,))
    torch.testing.assert_close((y, along), (x @ W.T, (x + 1) @ W.T))
    parameters = {name: p.detach() for name, p in layer.named_parameters()}

    def loss(parameters, v):
        return torch.func.functional_call(layer, parameters, (v,)).square().sum()

    each = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0))(parameters, x)
    for i, v in enumerate(x):
        alone = torch.func.grad(loss)(parameters, v)
        for name in parameters:
            torch.testing.assert_close(each[name][i], alone[name])
    stacked = {name: torch.stack([p, p]) for name, p in parameters.items()}
    with pytest.raises(RuntimeError, match="vmap over the values"):
        torch.func.vmap(loss, in_dims=(0, None))(stacked, x)


def test_the_kept_matrix_follows_every_change():
    layer = GaussianSparseLinear(partition(noise(6, 8), "std"), dense=True)
    x = noise(2, 8)
    first = layer(x)
    layer.values.data.mul_(2)  # past the version counter
    torch.testing.assert_close(layer(x), x @ torch.from_numpy(layer.matrix.toarray()).T)
    assert not torch.equal(layer(x), first)
    layer.weight.data.zero_()
    with torch.no_grad():
        layer.weight.zero_()
    torch.testing.assert_close(layer(x), x @ torch.from_numpy(layer.matrix.toarray()).T)


def test_copies_pickles_and_state_dicts(layer):
    layer.dense = True
    x = noise(2, 8, dtype=torch.float64)
    expected = layer(x)
    plain = len(pickle.dumps(GaussianSparseLinear(layer.matrix)))
    assert len(pickle.dumps(layer)) <= plain + 8
    buffer = io.BytesIO()
    torch.save(layer, buffer)
    buffer.seek(0)
    loaded = torch.load(buffer, weights_only=False)
    for other in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer)), loaded):
        assert torch.equal(other(x), expected)
        assert other.weight.dtype == torch.float64
        assert other.values is not layer.values
    fresh = GaussianSparseLinear(layer.matrix)
    with torch.no_grad():
        layer.values.mul_(1.5)
        layer.mean.add_(0.25)
    fresh.load_state_dict(layer.state_dict())
    assert torch.equal(fresh.weight, layer.weight)
    fresh = GaussianSparseLinear(fresh.matrix)
    fresh.load_state_dict(layer.state_dict(), assign=True)
    assert torch.equal(fresh(x), layer(x))


def test_a_state_dict_of_another_matrix_is_refused(layer):
    W = noise(6, 8, dtype=torch.float64)
    for changed in ({"seed": 1}, {"layer": 3}, {"noise": "none"}, {"support": "full"}):
        other = GaussianSparseLinear(partition(W, "std", **{"seed": 2**64 - 1} | changed))
        with pytest.raises(RuntimeError, match="another W"):
            layer.load_state_dict(other.state_dict())
    state = layer.state_dict()
    with pytest.raises(RuntimeError, match="Missing key"):
        layer.load_state_dict({k: v for k, v in state.items() if k != "values"})
    with pytest.raises(RuntimeError, match="Missing key"):
        layer.load_state_dict(nn.Linear(8, 6).state_dict())
    shorter = GaussianSparseLinear(partition(W, 1.4, seed=2**64 - 1))
    with pytest.raises(RuntimeError, match="size mismatch"):
        layer.load_state_dict(shorter.state_dict())


def test_a_pattern_that_is_loaded_is_that_of_the_matrix():
    W = np.zeros((4, 4), np.float32)
    V = W.copy()
    W[0, 1], V[2, 3] = 5, 7
    one, other = (GaussianSparseLinear(partition(M, 1.0, noise="none")) for M in (W, V))
    one.load_state_dict(other.state_dict())
    assert np.array_equal(one.matrix.toarray(), V)
    assert np.array_equal(one.weight.detach().numpy(), V)


@pytest.mark.parametrize("function", [complexity_table, compression_tolerances, noise_stability])
def test_functions_of_networks_refuse_complex_inputs(function):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3))
    rest = {} if function is noise_stability else {"margin": 0.1}
    labels = torch.arange(20) % 3
    with pytest.raises(TypeError, match=r"real inputs, got torch\.complex64"):
        function(model, [(noise(20, 6).to(torch.complex64), labels)], **rest)


def test_the_weight_cannot_be_assigned(layer):
    with pytest.raises((KeyError, AttributeError)):
        layer.weight = nn.Parameter(torch.ones(6, 8))
    assert "in_features=8, out_features=6, bias=False" in repr(layer)


@pytest.mark.filterwarnings("ignore")  # what torch warns itself of while it traces
def test_compiled_models_act_alike():
    model = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Linear(8, 8))
    replace_linear_(model)
    x = noise(4, 8).requires_grad_()
    expected = model(x)
    compiled = torch.compile(model, backend="eager")
    got = compiled(x)
    torch.testing.assert_close(got, expected)
    grads = [torch.autograd.grad(y.sum(), x)[0] for y in (got, expected)]
    torch.testing.assert_close(*grads)


def test_no_more_than_a_block_is_in_memory():
    layer = sparse_linear.GaussianSparseLinear(partition(noise(12, 8), "std"))
    layer.block_elements = 32
    x = noise(2, 8).requires_grad_()
    with MatrixWatch() as watch:
        layer(x).sum().backward()
    assert watch.shapes == [(8, 4)] * 3 + [(4, 8)] * 3  # transposed forwards, then backwards

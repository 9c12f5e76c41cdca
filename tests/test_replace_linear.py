"""`replace_linear_` and `GaussianSparseLinear` where a `torch.nn.Linear` may stand: in modules that
read its weight, used twice, tied, hooked, cast, under autocast and transforms."""

import copy
import io
import pickle

import numpy as np
import pytest

from htstats.partition import partition

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

from htstats.torch import (  # noqa: E402
    GaussianSparseLinear,
    complexity_table,
    compression_tolerances,
    noise_stability,
    replace_linear_,
    sparse_linear,
)


class Reader(nn.Module):
    """Reads weight and bias instead of calling the layer."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 6)

    def forward(self, x):
        return nn.functional.linear(x, self.fc.weight, self.fc.bias) @ self.fc.weight


class Twice(nn.Module):
    """One layer under two names, also within a block that is there twice."""

    def __init__(self):
        super().__init__()
        self.first = self.second = nn.Linear(8, 8)
        self.block = nn.Sequential(nn.Linear(8, 8), nn.Tanh())
        self.list = nn.ModuleList([self.block, self.first])

    def forward(self, x):
        for module in (self.first, self.second, self.block, *self.list):
            x = module(x)
        return x


class Tied(nn.Module):
    """Two layers with one weight, and biases of their own."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(8, 8), nn.Linear(8, 8)
        self.b.weight = self.a.weight

    def forward(self, x):
        return self.b(torch.tanh(self.a(x)))


class Attention(nn.Module):
    def __init__(self, need_weights=True, average=True, **options):
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, **options)
        self.wanted = {"need_weights": need_weights, "average_attn_weights": average}

    def forward(self, x):
        y, weights = self.attention(x, x, x, **self.wanted)
        return y if weights is None else torch.cat([y.flatten(), weights.flatten()])


def encoder(**options):
    return nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, **options)


class Both(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Transformer(8, 2, 2, 2, 16, dropout=0.0, batch_first=True)

    def forward(self, x):
        return self.net(x, x.flip(-2))


MODULES = {
    "reader": Reader,
    "twice": Twice,
    "tied": Tied,
    "attention": Attention,
    "attention without weights": lambda: Attention(need_weights=False),
    "attention, batch first": lambda: Attention(batch_first=True, average=False),
    "attention, other widths": lambda: Attention(kdim=8, vdim=8, bias=False, add_bias_kv=True),
    "encoder layer": encoder,
    "encoder layer, batch first": lambda: encoder(batch_first=True),
    "encoder layer, norm first": lambda: encoder(batch_first=True, norm_first=True),
    "encoder layer, gelu": lambda: encoder(batch_first=True, activation="gelu"),
    "encoder": lambda: nn.TransformerEncoder(
        encoder(batch_first=True), 2, enable_nested_tensor=False
    ),
    "encoder, nested": lambda: nn.TransformerEncoder(encoder(batch_first=True), 2),
    "decoder layer": lambda: Decoder(),
    "transformer": Both,
    "sequential": lambda: nn.Sequential(nn.Linear(8, 5), nn.ReLU(), nn.Linear(5, 8, bias=False)),
}


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.TransformerDecoderLayer(8, 2, 16, dropout=0.0)

    def forward(self, x):
        return self.layer(x, x)


def densely(model, split):
    """A copy of a model with W(t) written into its weights."""
    other = copy.deepcopy(model)
    with torch.no_grad():
        for name, matrix in split.items():
            other.get_parameter(name).copy_(torch.from_numpy(matrix.toarray()))
    return other


def noise(*shape, dtype=torch.float32, seed=0):
    return torch.randn(*shape, dtype=dtype, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("name", MODULES)
@pytest.mark.parametrize("dense", [False, True])
@pytest.mark.parametrize("shape", [(5, 8), (3, 5, 8)])
def test_outputs_are_those_of_the_dense_matrices(name, dense, shape):
    if shape == (5, 8) and name == "encoder, nested":
        pytest.skip("nested tensors are made of batches")
    torch.manual_seed(0)
    model = MODULES[name]()
    before = copy.deepcopy(model)
    split = replace_linear_(model, "quantile:0.8", dense=dense)
    assert split
    expected = densely(before, split)
    for training in (True, False):
        model.train(training), expected.train(training)
        x = noise(*shape)
        for grad in (True, False):
            with torch.set_grad_enabled(grad):
                torch.testing.assert_close(model(x), expected(x), rtol=1e-4, atol=1e-5)
        assert not torch.allclose(model(x), before.train(training)(x))
        ours, theirs = x.clone().requires_grad_(), x.clone().requires_grad_()
        model(ours).square().sum().backward()
        expected(theirs).square().sum().backward()
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-3, atol=1e-4)
    for weight, matrix in split.items():
        module = model.get_submodule(weight.removesuffix(".weight"))
        if isinstance(module, GaussianSparseLinear):
            dense_grad = expected.get_parameter(weight).grad
            rows, cols = matrix.sparse.nonzero()
            torch.testing.assert_close(
                module.values.grad, dense_grad[rows, cols], rtol=1e-3, atol=1e-3
            )
            off = dense_grad.double().sum() - dense_grad[rows, cols].double().sum()
            torch.testing.assert_close(module.mean.grad, off, rtol=1e-3, atol=1e-3)


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors")
def test_padding_masks_take_the_fast_path_too():
    torch.manual_seed(0)
    model = MODULES["encoder, nested"]()
    before = copy.deepcopy(model)
    expected = densely(before, replace_linear_(model)).eval()
    model.eval()
    mask = torch.tensor([[False] * 4, [False, False, True, True]])
    with torch.no_grad():
        got, wanted = (m(noise(2, 4, 8), src_key_padding_mask=mask) for m in (model, expected))
    torch.testing.assert_close(got, wanted, rtol=1e-4, atol=1e-5)


def test_a_layer_that_is_used_twice_is_one_layer():
    model = Twice()
    split = replace_linear_(model)
    assert list(split) == ["first.weight", "block.0.weight"]
    assert model.first is model.second is model.list[1]
    assert isinstance(model.first, GaussianSparseLinear)
    assert model.list[0][0] is model.block[0]
    assert split["block.0.weight"].layer == 1


def test_layers_with_one_weight_stay_tied():
    model = Tied()
    split = replace_linear_(model)
    assert list(split) == ["a.weight", "b.weight"]
    assert split["a.weight"] is split["b.weight"]
    for tied in (model, copy.deepcopy(model), copy.deepcopy(model).double()):
        assert tied.a.values is tied.b.values
        assert tied.a.mean is tied.b.mean
        assert tied.a.bias is not tied.b.bias
        assert torch.equal(tied.a.weight, tied.b.weight)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model(noise(4, 8)).square().sum().backward()
    optimizer.step()
    assert torch.equal(model.a.weight, model.b.weight)
    views = Tied()
    views.b.weight = nn.Parameter(views.a.weight.detach())  # another parameter, the same memory
    replace_linear_(views)
    assert views.a.values is views.b.values


def test_one_weight_has_one_matrix_in_a_mapping():
    model, W = Tied(), Tied().a.weight
    one, same, other = (partition(W, t, layer=i) for i, t in enumerate(("std", "std", 0.01)))
    with pytest.raises(ValueError, match=r"a\.weight and b\.weight are one weight"):
        replace_linear_(model, matrices={"a.weight": one, "b.weight": other})
    assert type(model.a) is nn.Linear
    for names in (["b.weight"], ["a.weight", "b.weight"]):
        tied = copy.deepcopy(model)
        split = replace_linear_(tied, matrices=dict(zip(names, (one, same), strict=False)))
        assert list(split) == ["a.weight", "b.weight"]
        assert tied.a.values is tied.b.values
    twice = Twice()
    assert list(replace_linear_(twice, matrices={"list.1.weight": one})) == ["first.weight"]
    assert isinstance(twice.second, GaussianSparseLinear)


class Own(nn.Linear):
    def forward(self, x):
        return super().forward(x) * 2


class More(nn.Linear):
    def __init__(self, *args):
        super().__init__(*args)
        self.scale = nn.Parameter(torch.ones(()))


def embedding():
    class Language(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding, self.fc = nn.Embedding(8, 8), nn.Linear(8, 8)
            self.fc.weight = self.embedding.weight

        def forward(self, x):
            return self.fc(x + self.embedding.weight.sum(0))

    return Language()


def with_fc(fc):
    model = nn.Sequential()
    model.add_module("fc", fc)
    return model


def transposed():
    model = nn.Sequential(nn.Linear(8, 5), nn.Linear(5, 8))
    model[1].weight = nn.Parameter(model[0].weight.detach().T)
    return model


def patched():
    fc = nn.Linear(8, 8)
    fc.forward = lambda x: nn.Linear.forward(fc, x) + 1
    return with_fc(fc)


def parametrized():
    fc = nn.Linear(8, 8)
    nn.utils.parametrizations.orthogonal(fc)
    return with_fc(fc)


def pruned():
    import torch.nn.utils.prune as prune

    fc = nn.Linear(8, 8)
    prune.l1_unstructured(fc, "weight", 0.5)
    return with_fc(fc)


def hooked():
    fc = nn.Linear(8, 8)
    fc.weight.register_hook(lambda grad: 2 * grad)
    return with_fc(fc)


STAY = {
    "own forward": lambda: with_fc(Own(8, 8)),
    "more parameters": lambda: with_fc(More(8, 8)),
    "tied to an embedding": embedding,
    "transposed": transposed,
    "patched forward": patched,
    "parametrized": parametrized,
    "spectral norm": lambda: with_fc(nn.utils.parametrizations.spectral_norm(nn.Linear(8, 8))),
    "weight norm": lambda: with_fc(nn.utils.parametrizations.weight_norm(nn.Linear(8, 8))),
    "pruned": pruned,
    "hook on the weight": hooked,
}


@pytest.mark.parametrize("name", STAY)
def test_what_is_more_than_a_weight_stays_and_cannot_be_named(name):
    torch.manual_seed(0)
    model = STAY[name]().eval()
    x = noise(3, 8)
    before = model(x)
    assert replace_linear_(model) == {}
    assert torch.equal(model(x), before)
    path = next(n for n, m in model.named_modules() if isinstance(m, nn.Linear))
    rows, cols = model.get_submodule(path).weight.shape
    matrix = partition(np.ones((rows, cols), np.float32), 2.0, noise="none")
    with pytest.raises(ValueError, match=rf"^{path}\.weight cannot be replaced: "):
        replace_linear_(model, matrices={f"{path}.weight": matrix})


def test_pruning_that_is_made_permanent_is_a_weight():
    import torch.nn.utils.prune as prune

    model = pruned()
    prune.remove(model.fc, "weight")
    assert list(replace_linear_(model)) == ["fc.weight"]


def test_views_of_one_flat_tensor_do_not_stand_in_the_way():
    model = nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 8))
    flat = nn.utils.parameters_to_vector(model.parameters()).detach()
    nn.utils.vector_to_parameters(flat, model.parameters())
    assert list(replace_linear_(model)) == ["0.weight", "1.weight"]


@pytest.mark.parametrize("layer", [nn.LazyLinear(4), nn.Linear(4, 4, device="meta")])
def test_a_weight_without_values_is_named(layer):
    with pytest.raises(ValueError, match=r"none in fc\.weight"):
        replace_linear_(with_fc(layer))


def test_a_model_is_unchanged_where_a_weight_cannot_be_split():
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    model[1].weight.data[0, 0] = torch.nan
    with pytest.raises(ValueError, match=r"^1\.weight: "):
        replace_linear_(model)
    assert type(model[0]) is nn.Linear


def test_flags_mode_bias_and_hooks_go_over():
    model = with_fc(nn.Linear(4, 3))
    fc, seen = model.fc, []
    fc.weight.requires_grad_(False)
    fc.eval()
    handles = [
        fc.register_forward_hook(lambda m, x, y: seen.append("after")),
        fc.register_forward_pre_hook(lambda m, x: seen.append("before")),
        fc.register_full_backward_hook(lambda m, x, y: seen.append("back")),
        fc.register_forward_hook(lambda m, x, k, y: y * 2, with_kwargs=True),
    ]
    replace_linear_(model)
    new = model.fc
    assert new.bias is fc.bias
    assert not new.training
    assert not new.values.requires_grad
    assert not new.mean.requires_grad
    assert not new.weight.requires_grad
    x = noise(2, 4).requires_grad_()
    y = model(x)
    y.sum().backward()
    assert seen == ["before", "after", "back"]
    torch.testing.assert_close(y, 2 * nn.functional.linear(x, new.weight, new.bias))
    for handle in handles:
        handle.remove()
    model(x)
    assert len(seen) == 3


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_a_layer_has_the_dtype_of_the_model(dtype):
    """Also where the matrix is of another one; its entries are then those of the matrix."""
    model = with_fc(nn.Linear(8, 6)).to(dtype)
    matrix = partition(noise(6, 8), "std")
    replace_linear_(model, matrices={"fc.weight": matrix})
    wide = torch.from_numpy(matrix.toarray())
    assert torch.equal(model.fc.weight, wide.to(dtype))
    assert model(noise(2, 8, dtype=dtype)).dtype == dtype
    assert torch.equal(model.fc.weight_rows(0, 6), wide)


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


def test_no_more_than_a_block_is_in_memory(monkeypatch):
    from htstats.torch import _sparse_product

    monkeypatch.setattr(_sparse_product, "BLOCK_ELEMENTS", 32)
    sizes = []
    rows = _sparse_product.Entries.rows

    def watched(self, start, stop):
        sizes.append(stop - start)
        return rows(self, start, stop)

    monkeypatch.setattr(_sparse_product.Entries, "rows", watched)
    layer = sparse_linear.GaussianSparseLinear(partition(noise(12, 8), "std"))
    layer(noise(2, 8).requires_grad_()).sum().backward()
    assert max(sizes) == 4
    assert sum(sizes) == 24

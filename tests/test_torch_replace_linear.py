"""`replace_linear_` in modules that read the weight of a layer, use it twice, tie it, hook it."""

import copy

import numpy as np
import pytest

from htstats.compression.partition import partition

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

from htstats.torch import GaussianSparseLinear, replace_linear_  # noqa: E402


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


class Language(nn.Module):
    """A linear layer with the weight of an embedding."""

    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(8, 8)
        self.embedding = nn.Embedding(8, 8)
        self.fc.weight = self.embedding.weight

    def forward(self, x):
        return self.fc(x + self.embedding.weight.sum(0))


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
    "tied to an embedding": Language,
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

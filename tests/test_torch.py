"""compress_, evaluate and the walk over a model's weights."""

import copy

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402

from htstats import partition  # noqa: E402
from htstats.torch import compress_, evaluate, weight_matrices  # noqa: E402

DEVICES = [
    "cpu",
    pytest.param(
        "cuda",
        marks=[
            pytest.mark.cuda,
            pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device"),
        ],
    ),
]


def small_net(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(16, 8),
        nn.ReLU(), nn.Linear(8, 3),
    )  # fmt: skip


def test_walk_finds_matrices_and_leaves_vectors():
    found = weight_matrices(small_net())
    shapes = {name: tuple(w.shape) for name, w in found.items()}
    assert shapes == {"0.weight": (4, 9), "4.weight": (8, 16), "6.weight": (3, 8)}
    lstm = weight_matrices(nn.LSTM(5, 2))
    assert list(lstm) == ["weight_ih_l0", "weight_hh_l0"]


def test_a_shared_weight_is_compressed_once():
    model = nn.ModuleList([nn.Linear(6, 6), nn.Linear(6, 6)])
    model[1].weight = model[0].weight
    assert list(compress_(model)) == ["0.weight"]
    assert model[1].weight is model[0].weight


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.float16, torch.bfloat16])
def test_dense_weights_are_written_in_place(dtype, device):
    model = small_net().to(dtype).to(device)
    before = copy.deepcopy(model.state_dict())
    ids = {name: id(p) for name, p in model.named_parameters()}
    matrices = compress_(model, "quantile:0.8", noise="matched", seed=7)
    after = model.state_dict()
    assert list(after) == list(before)
    assert {name: id(p) for name, p in model.named_parameters()} == ids
    for layer, name in enumerate(["0.weight", "4.weight", "6.weight"]):
        alone = partition(
            before[name].flatten(1), "quantile:0.8", noise="matched", seed=7, layer=layer
        )
        assert (matrices[name].sparse != alone.sparse).nnz == 0
        assert after[name].dtype == dtype
        assert after[name].device.type == device
        dense = after[name].flatten(1).double().cpu().numpy()
        assert np.array_equal(dense, alone.toarray().astype(np.float64))
        kept = before[name].flatten(1).double().cpu().numpy()[alone.sparse.nonzero()]
        assert np.array_equal(dense[alone.sparse.nonzero()], kept)
    for name in set(before) - set(matrices):
        assert torch.equal(before[name], after[name])


def test_layers_choose_without_changing_the_noise():
    everything, last = small_net(), small_net()
    compress_(everything, seed=3)
    assert list(compress_(last, seed=3, layers=["6"])) == ["6.weight"]
    assert torch.equal(everything[6].weight, last[6].weight)
    assert torch.equal(last[4].weight, small_net()[4].weight)
    other = small_net()
    compress_(other, seed=4)
    assert not torch.equal(everything[6].weight, other[6].weight)


def test_a_matrix_that_cannot_be_split_leaves_the_model_alone():
    model = small_net()
    with torch.no_grad():
        model[6].weight[1, 2] = float("nan")
    before = copy.deepcopy(model.state_dict())
    with pytest.raises(ValueError, match=r"6\.weight: .*(NaN|finite)"):
        compress_(model)
    for name, value in model.state_dict().items():
        assert torch.equal(value.nan_to_num(), before[name].nan_to_num())


def test_bad_models_and_layers():
    with pytest.raises(TypeError, match=r"model must be a torch\.nn\.Module, got dict"):
        compress_({})
    with pytest.raises(ValueError, match="model must have a weight matrix"):
        compress_(nn.ReLU())
    with pytest.raises(ValueError, match=r"layers must be among 0\.weight.*got 'head'"):
        compress_(small_net(), layers=["head"])
    with pytest.raises(TypeError, match="layers must be a sequence of names"):
        compress_(small_net(), layers="6.weight")
    with pytest.raises(ValueError, match=r"none in weight"):
        compress_(nn.LazyLinear(3))
    with pytest.raises(ValueError, match=r"none in weight"):
        compress_(nn.Linear(2, 2, device="meta"))
    with pytest.raises(ValueError, match="keep"):
        compress_(small_net(), keep="low")


@pytest.mark.parametrize("device", [None, *DEVICES])
def test_evaluate_counts_errors_over_batches(device):
    rng = np.random.default_rng(0)
    outputs = torch.from_numpy(rng.standard_normal((50, 4)))
    labels = torch.from_numpy(rng.integers(0, 4, 50))
    wrong = int((outputs.numpy().argmax(1) != labels.numpy()).sum())
    loader = list(zip(outputs.split(16), labels.split(16), strict=True))
    result = evaluate(nn.Identity(), loader, device)
    assert (result.n, result.errors) == (50, wrong)
    assert result.accuracy == (50 - wrong) / 50


def test_evaluate_restores_the_modes_it_found():
    model = small_net().train()
    model[1].eval()
    mean = model[1].running_mean.clone()
    evaluate(model, [(torch.randn(8, 1, 4, 4), torch.zeros(8, dtype=torch.int64))])
    assert model.training
    assert model[0].training
    assert not model[1].training
    assert torch.equal(model[1].running_mean, mean)
    seen = []
    model.register_forward_pre_hook(lambda module, _: seen.append(module.training))
    with pytest.raises(TypeError, match="pairs"):
        evaluate(model, [torch.zeros(1)])
    evaluate(model, [(torch.randn(8, 1, 4, 4), torch.zeros(8, dtype=torch.int64))])
    assert seen == [False]
    assert model.training


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_outputs_that_are_not_finite_are_errors(bad):
    outputs = torch.tensor([[bad, 0.0], [1.0, 0.0]])
    result = evaluate(nn.Identity(), [(outputs, torch.tensor([0, 0]))])
    assert (result.n, result.errors) == (2, 1)


def test_bad_loaders():
    with pytest.raises(ValueError, match="loader must have samples"):
        evaluate(nn.Identity(), [])
    with pytest.raises(ValueError, match="outputs"):
        evaluate(nn.Identity(), [(torch.zeros(3), torch.zeros(3))])
    with pytest.raises(ValueError, match="outputs"):
        evaluate(nn.Identity(), [(torch.zeros(3, 2), torch.zeros(2))])

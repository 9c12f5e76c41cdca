"""Quantised and training checkpoints: only weights are listed, and 8-bit floats are scaled."""

import json
import math
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest
from checkpoints import write_safetensors

from htstats.cli import main
from htstats.compression.container import open_container
from htstats.power_law import fit_power_law
from htstats.weights import open_weights

RNG = np.random.default_rng(5)
E4M3 = np.dtype(ml_dtypes.float8_e4m3fn)
E5M2 = np.dtype(ml_dtypes.float8_e5m2)


def patterns(shape, dtype=E4M3):
    """Random finite numbers of an 8-bit format, as their bits."""
    return RNG.standard_normal(shape).astype(np.float32).astype(dtype).view(np.uint8)


def spread(scales, shape, side):
    """The scale of each element by its place, one at a time: the slow twin."""
    out = np.empty(shape, np.float32)
    for place in np.ndindex(shape):
        out[place] = scales[tuple(i // s for i, s in zip(place, side, strict=True))]
    return out


def exact_product(bits, dtype, scales):
    """float8 times scale, rounded once to float32."""
    values = bits.view(dtype).astype(np.float64)
    # 4 and 24 bits of significand: the product is exact in float64
    return (values * scales.astype(np.float64)).astype(np.float32)


CASES = {
    # name of the scale, shape of the weights, of the scales, sides of the blocks
    "deepseek": ("weight_scale_inv", (256, 384), (2, 3), (128, 128)),
    "ragged": ("weight_scale_inv", (200, 300), (2, 3), (128, 128)),
    "ragged thin": ("weight_scale_inv", (129, 5), (2, 1), (128, 5)),
    "one block": ("weight_scale_inv", (30, 20), (1, 1), (30, 20)),
    "tensor": ("weight_scale", (30, 20), (), (30, 20)),
    "tensor of one": ("weight_scale", (30, 20), (1,), (30, 20)),
    "rows": ("weight_scale", (30, 20), (30, 1), (1, 20)),
    "rows of a list": ("weight_scale", (30, 20), (30,), (1, 20)),
    "columns": ("weight_scale", (30, 20), (1, 20), (30, 1)),
    "groups": ("weight_scale", (30, 96), (30, 3), (1, 32)),
    "blocks of 64": ("weight_scale_inv", (130, 130), (3, 3), (64, 64)),
    "odd blocks": ("weight_scale", (30, 21), (3, 7), (10, 3)),
    "deepseek's own names": ("scale", (256, 130), (2, 2), (128, 128)),
    "comfy": ("scale_weight", (30, 20), (), (30, 20)),
    "experts": ("weight_scale_inv", (3, 130, 140), (3, 2, 2), (1, 128, 128)),
    "experts by columns": ("weight_scale", (3, 13, 14), (3, 1, 14), (1, 13, 1)),
    "experts by rows": ("weight_scale", (3, 13, 14), (3, 13), (1, 1, 14)),
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("dtype", [E4M3, E5M2], ids=str)
def test_8_bit_floats_are_multiplied_by_their_scales(tmp_path, case, dtype):
    name, shape, parts, side = CASES[case]
    bits = patterns(shape, dtype)
    scales = RNG.uniform(0.5, 2, parts).astype(np.float32)
    path = write_safetensors(
        tmp_path / "a.safetensors",
        {"l.weight": bits, f"l.{name}": scales},
        {"l.weight": "F8_E4M3" if dtype == E4M3 else "F8_E5M2"},
    )
    weights = open_weights(path)
    assert list(weights) == ["l.weight"]
    assert weights.aside.keys() == {f"l.{name}"}
    matrix = weights["l.weight"]
    padded = scales.reshape(parts + (1,) * (len(shape) - len(parts)))
    padded = padded.reshape([-(-n // s) for n, s in zip(shape, side, strict=True)])
    expected = exact_product(bits, dtype, spread(padded, shape, side)).reshape(shape[0], -1)
    assert (matrix.dtype, matrix.scale) == ("float32", f"l.{name}")
    assert np.array_equal(matrix.toarray(), expected)
    for max_bytes in (1, 4096, 1 << 20):
        rows = [block.copy() for block in matrix.row_blocks(max_bytes)]
        assert np.array_equal(np.concatenate(rows), expected)
    out = np.empty((2, expected.shape[1]), np.float32)
    matrix.read_rows(1, 3, out)
    assert np.array_equal(out, expected[1:3])


def test_one_product_by_hand():
    """448 * 1.1 of float32, in fractions."""
    scale = np.float32(1.1)
    weights = open_weights({
        "weight": np.full((1, 2), 448, E4M3), "weight_scale": scale.reshape(1)
    })  # fmt: skip
    exact = 448 * Fraction(float(scale))
    found = Fraction(float(weights["weight"].toarray()[0, 0]))
    assert abs(found - exact) <= abs(exact) * Fraction(1, 1 << 24)


SCALE_DTYPES = ["float32", "float64", "float16", "bfloat16", "float8_e8m0fnu", "uint8"]


@pytest.mark.parametrize("word", SCALE_DTYPES)
def test_scales_of_every_dtype(word):
    """Bytes are exponents of 2, as MX stores them."""
    weights = patterns((4, 64)).view(E4M3)
    exponents = RNG.integers(-3, 4, (4, 2))
    if word in ("float8_e8m0fnu", "uint8"):
        stored = (exponents + 127).astype(np.uint8)
        if word != "uint8":
            stored = stored.view(ml_dtypes.float8_e8m0fnu)
    else:
        stored = np.exp2(exponents).astype(getattr(ml_dtypes, word, word))
    found = open_weights({"weight": weights, "weight_scale": stored})["weight"].toarray()
    factors = np.repeat(np.exp2(exponents.astype(np.float64)), 32, axis=1)
    assert np.array_equal(found, weights.astype(np.float64) * factors)


@pytest.mark.parametrize("parts", [(3,), (31, 1), (2, 3), (30, 20, 1), (7, 7), (20,), (0,)])
def test_scales_that_do_not_fit_are_said_in_the_row(tmp_path, capsys, parts):
    path = write_safetensors(
        tmp_path / "a.safetensors",
        {
            "l.weight": patterns((30, 20)),
            "l.weight_scale": np.ones(parts, np.float32),
            "good": RNG.standard_t(3, (30, 20)).astype(np.float32),
        },
        {"l.weight": "F8_E4M3"},
    )
    assert main(["fit", str(path), "--json"]) == 1
    good, bad = json.loads(capsys.readouterr().out)["matrices"]
    assert good["name"] == "good"
    assert "error" not in good
    assert "fits neither rows, columns nor blocks of (30, 20)" in bad["error"]


NO_WEIGHTS = [
    "l.scales", "l.qzeros", "l.qweight", "l.g_idx", "l.weight_scale", "l.weight_scale_inv",
    "l.weight_scale_2", "l.input_scale", "l.output_scale", "l.k_scale", "l.v_scale",
    "l.kv_scale", "l.k_proj.output_scale", "l.activation_scale", "l.weight_global_scale",
    "l.input_global_scale", "l.weight_zero_point", "l.weight_packed", "l.weight_shape",
    "l.weight_g_idx", "l.weight.absmax", "l.weight.nested_absmax", "l.weight.quant_map",
    "l.weight.nested_quant_map", "l.SCB", "l.weight.SCB", "l.pre_quant_scale",
    "l.weight.quant_state.bitsandbytes__nf4", "l.input_quantizer._amax", "l.weight._scale",
    "l.weight._shift", "blk.0.ffn_up.weight_scale", "blk.0.ffn_up.input_scale",
    "model/layers/0/scales", "l.gate_up_proj_scale_inv", "l.scales_and_zeros", "l.q_scale",
    "optimizer.state.0.exp_avg", "optimizer.state.0.anything",
    "optimizer_states.0.state.3.exp_avg_sq",
    "optimizer_state_dict.fp32.w", "last_optimizer_state.state.1.momentum_buffer",
    "optim.state.w.exp_avg", "opt.0.exp_avg", "state.5.momentum_buffer", "exp_avg.model.w",
    "base_optimizer_state.0", "optimizer_G.state.0.x", "generator_optimizer.w",
]  # fmt: skip

# A packed weight is beside these.
BESIDE_INTEGERS = ["l.scale", "l.zero", "l.zeros", "l.codebooks", "l.meta_scale", "l.SU", "l.s"]

WEIGHTS = [
    "l.weight", "scale_shift_table", "attn.logit_scale", "optimal.weight", "l.rescale.weight",
    "upscale.0.weight", "scaler.weight", "state_dict_ema.w", "ema.w", "model_ema.l.weight",
    "zeros_embedding", "blk.0.attn_q.weight", "qkv.weight", "k_proj.weight", "scale_net.weight",
    "optics.weight", "step.weight", "state.encoder.weight", "absmax_net.weight", "l.zero",
    "l.scale", "norm.g",
]  # fmt: skip


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.uint8])
def test_what_is_no_weight_is_set_aside(tmp_path, dtype):
    """All in one file, as float matrices: by default none is fitted or split."""
    arrays = {name: RNG.standard_t(3, (6, 7)).astype(dtype) for name in NO_WEIGHTS}
    arrays["w.weight"] = RNG.standard_t(3, (6, 7)).astype(np.float32)
    weights = open_weights(write_safetensors(tmp_path / "a.safetensors", arrays))
    assert list(weights) == ["w.weight"]
    assert weights.aside.keys() == set(NO_WEIGHTS)
    assert {name for name, _ in weights.skipped} == set(NO_WEIGHTS)


def test_what_lies_beside_integers_is_set_aside():
    arrays = {name: np.ones((3, 4), np.float32) for name in BESIDE_INTEGERS}
    weights = open_weights({**arrays, "l.W_q": np.ones((3, 2), np.uint8)})
    assert list(weights) == []
    assert weights.aside.keys() == set(BESIDE_INTEGERS)


def test_weights_are_not_set_aside():
    weights = open_weights({name: np.ones((3, 4), np.float32) for name in WEIGHTS})
    assert list(weights) == WEIGHTS
    # indices of positions are no quantised weights
    swin = {"attn.logit_scale": np.ones((2, 1, 1)), "attn.index": np.ones((3, 3), np.int64)}
    assert list(open_weights(swin)) == ["attn.logit_scale"]


def test_an_optimizer_is_told_by_its_groups(tmp_path):
    torch = pytest.importorskip("torch")
    layer = torch.nn.Linear(3, 4)
    for make in (torch.optim.Adam, torch.optim.RMSprop, torch.optim.Adagrad, torch.optim.Adadelta):
        solver = make(layer.parameters())
        layer(torch.ones(2, 3)).sum().backward()
        solver.step()
        state = {"epoch": 1, "any_name": solver.state_dict(), "model": layer.state_dict()}
        torch.save(state, tmp_path / "a.pt")
        assert list(open_weights(tmp_path / "a.pt")) == ["model.weight"]
        assert list(open_weights(state)) == ["model.weight"]
        torch.save(solver.state_dict(), tmp_path / "optimizer.pt")
        assert list(open_weights(tmp_path / "optimizer.pt")) == []
        torch.save({"solver": solver, "model": layer.state_dict()}, tmp_path / "whole.pt")
        assert list(open_weights(tmp_path / "whole.pt")) == ["model.weight"]


@pytest.fixture
def quantized(tmp_path):
    arrays = {
        "a.weight": patterns((64, 40)),
        "a.weight_scale_inv": RNG.uniform(0.5, 2, (64, 1)).astype(np.float32),
        "b.qweight": RNG.integers(0, 255, (8, 40)).astype(np.uint8),
        "b.scales": RNG.uniform(0.5, 2, (6, 40)).astype(np.float16),
        "c.weight": RNG.standard_t(3, (30, 20)).astype(np.float32),
        "optimizer.state.0.exp_avg": RNG.standard_normal((30, 20)).astype(np.float32),
    }
    return write_safetensors(tmp_path / "q.safetensors", arrays, {"a.weight": "F8_E4M3"}), arrays


def test_fit_is_of_the_scaled_numbers_and_says_so(quantized, capsys):
    path, arrays = quantized
    assert main(["fit", str(path), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    rows = {row["name"]: row for row in answer["matrices"]}
    assert list(rows) == ["a.weight", "c.weight"]
    assert rows["a.weight"]["scale"] == "a.weight_scale_inv"
    product = exact_product(arrays["a.weight"], E4M3, arrays["a.weight_scale_inv"])
    expected = fit_power_law(product.ravel(), side="abs")
    assert rows["a.weight"]["alpha"] == expected.alpha
    assert rows["a.weight"]["xmin"] == expected.xmin
    unscaled = fit_power_law(arrays["a.weight"].view(E4M3).astype(np.float32).ravel(), side="abs")
    assert not math.isclose(expected.alpha, unscaled.alpha, rel_tol=1e-3)
    assert main(["fit", str(path)]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "not fitted: 3 (a.weight_scale_inv, b.qweight, b.scales): part of a quantised" in out
    assert "not fitted: 1 (optimizer.state.0.exp_avg): state of an optimizer, no weights" in out
    assert "multiplied by their scales: 1 (a.weight)" in out
    assert main(["fit", str(path), "--max-memory", "256M", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["matrices"][0]["alpha"] == expected.alpha


def test_compress_carries_what_it_does_not_split(quantized, tmp_path, capsys):
    path, arrays = quantized
    out = tmp_path / "a.htz"
    assert main(["compress", str(path), "-o", str(out)]) == 0
    printed = capsys.readouterr().out
    with open_container(out) as container:
        assert list(container.matrices) == ["c.weight"]
        assert container.matrices["c.weight"].info.layer == 3  # all matrices count
        for name, tensor in container.tensors.items():
            assert b"".join(tensor.chunks()) == arrays[name].tobytes()
        assert container.tensors["a.weight"].dtype == "float8_e4m3fn"
    assert "8-bit floats with scales, carried as they are: 1 (a.weight)" in printed
    assert "not split: 3 (a.weight_scale_inv, b.qweight, b.scales): part of" in printed
    assert main(["compress", str(path), "-o", str(out), "--tensor", "a.weight"]) == 2
    assert "'a.weight' cannot be split: its 8-bit floats" in capsys.readouterr().err


def test_who_asks_for_it_gets_it(quantized, tmp_path, capsys):
    path, _ = quantized
    for pattern in ("b.scales", "*.scales", "*exp_avg"):
        assert main(["fit", str(path), "--tensor", pattern, "--json"]) == 0
        (row,) = json.loads(capsys.readouterr().out)["matrices"]
        assert row["name"].endswith(pattern.lstrip("*"))
        assert row["layer_id"] > 2
    out = tmp_path / "a.htz"
    assert main(["compress", str(path), "-o", str(out), "--tensor", "*.scales"]) == 0
    with open_container(out) as container:
        assert list(container.matrices) == ["b.scales"]

"""The calls that `record_results.py` records: every road of the library on small data."""

import contextlib
import hashlib
import inspect
import io
import os
import re
import tempfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np


def rng_of(name, index=0):
    """A generator that depends on (name, index) alone."""
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little")
    return np.random.Generator(np.random.Philox(key=[seed, index]))


def sample_of(index):
    """A sample of one of ten kinds, with 2 to 3000 values."""
    rng = rng_of("sample", index)
    n = int(2 * 1500 ** rng.random())
    pareto = rng.pareto(0.5 + 3 * rng.random(), n) + 1
    kinds = {
        0: lambda: pareto,
        1: lambda: pareto.astype(np.float32),
        2: lambda: np.round(pareto, 1),
        3: lambda: np.where(rng.random(n) < 0.2, 0.0, rng.standard_t(3, n)),
        4: lambda: np.minimum(pareto, 6e4).astype(np.float16),
        5: lambda: rng.lognormal(0, 2, n).astype(np.float32),
        6: lambda: np.floor(np.minimum(pareto, 2.0**50)),
        7: lambda: (rng.standard_t(2.5, n) / 30).astype(np.float32),
        8: lambda: pareto * [5e-324, 1e-308, 1e300, 3e-45][index // 10 % 4],
        9: lambda: np.concatenate([np.round(rng.gamma(2, 1, n), 2), np.zeros(3), pareto]),
    }
    with np.errstate(over="ignore"):
        x = kinds[index % 10]()
    return x[np.isfinite(x)]


def rows_of(W, name=None):
    """A matrix as `open_weights` gives it, in blocks of a few rows."""
    step = max(1, len(W) // 3)

    def read(start, stop, out):
        out[:] = W[start:stop]

    return SimpleNamespace(
        shape=W.shape,
        dtype=name or W.dtype.name,
        row_blocks=lambda n: (W[i : i + step] for i in range(0, len(W), step)),
        read_rows=read,
    )


def record_fits(record, quick):
    """Every road of a fit, on many small samples."""
    from htstats import fit_power_law
    from htstats.power_law import fit_rows

    for index in range(0, 500, 10 if quick else 1):
        x, key = sample_of(index + index // 10 % 10 if quick else index), f"fit/{index}"
        side = ("abs", "positive", "negative")[index % 7 % 3]
        ordered = np.sort(np.abs(x.astype(np.float64)))
        low, high = (float(ordered[int(q * (len(x) - 1))]) for q in (0.4, 0.9))
        plain = {
            "memory": ({}, x),
            "sorted": ({"weights": np.ones(x.shape, int)}, x),
            "strided": ({}, np.repeat(x, 2)[::2]),
            "blocks": ({}, [x[: len(x) // 2], x[len(x) // 2 :]]),
            "threads": ({"n_threads": 2}, [x, x[::3].copy()]),
            "two-sided": ({"ks": "two-sided"}, x),
            "min_tail": ({"min_tail": 20}, [x]),
            "xmin": ({"xmin": low}, x),
            "range": ({"xmin": (low, high)}, x),
            "xmax": ({"xmax": high}, x),
            "curve": ({"curve": True}, x),
            "curve to xmax": ({"curve": True, "xmax": high}, x),
            "weights": ({"weights": np.arange(len(x)) % 4}, x),
            "discrete": ({"discrete": True}, np.floor(x)),
            "discrete xmax": ({"discrete": True, "xmax": high + 2, "curve": True}, np.ceil(x)),
        }
        for road, (options, data) in plain.items():
            record.call(f"{key}/{road}", fit_power_law, data, side=side, **options)
        if x.size:
            W = x.reshape(-1, 1)
            bits = W.view(np.uint16) if W.dtype == np.float16 else W
            record.call(f"{key}/rows", fit_rows, rows_of(bits, W.dtype.name), side=side)
        record_sketch(record, key, x, side)


def record_sketch(record, key, x, side):
    """The bytes of a sketch, its moments, and its fit."""
    from htstats import TailSketch

    sketch = TailSketch(x.dtype.name).update(x[::2].copy())
    sketch.merge(TailSketch(x.dtype.name).update(x[1::2].copy()))
    record.call(f"{key}/sketch", sketch.to_bytes)
    record.call(f"{key}/moments", lambda: [sketch.moments(), sketch.min, sketch.max, sketch.total])
    record.call(f"{key}/buckets", sketch.buckets, side)
    record.call(f"{key}/sketch fit", sketch.fit, side, reread=[x])
    record.call(f"{key}/sketch two-sided", sketch.fit, side, reread=[x], ks="two-sided")
    if x.dtype == np.float32:
        bits = (x.view(np.uint32) >> 16).astype(np.uint16)
        half = TailSketch("bfloat16").update(bits)
        record.call(f"{key}/bfloat16", lambda: [half.to_bytes(), half.moments(), half.fit(side)])


def record_large(record, quick):
    """Samples that are pruned, on threads, and fits outside of memory."""
    from htstats import fit_power_law
    from htstats.streaming import fit_rows, sketch_rows

    for kind in ("pareto", "weights"):
        for dtype in (np.float32, np.float64):
            rng, n = rng_of(kind), 320_000 if quick else 700_000
            drawn = rng.pareto(1.5, n) + 1 if kind == "pareto" else rng.standard_t(3, n) / 50
            x, key = drawn.astype(dtype), f"large/{kind} {np.dtype(dtype)}"
            for threads in (1, 2):
                call = f"{key}/{threads} threads"
                record.call(call, fit_power_law, x, side="abs", n_threads=threads)
            record.call(f"{key}/two-sided", fit_power_law, x, side="abs", ks="two-sided")
            record.call(
                f"{key}/integers", fit_power_law, np.ceil(100 * x), side="abs", discrete=True
            )
            W = x.reshape(1000, -1)
            record.call(f"{key}/sketch", sketch_rows, rows_of(W), n_threads=2)
            record.call(f"{key}/rows", fit_rows, rows_of(W), max_memory=16 << 20, n_threads=2)
    if not quick:
        W = (rng_of("outside").pareto(1.2, (2000, 2000)) + 1).astype(np.float32)
        record.call("large/out of core", fit_rows, rows_of(W), max_memory=16 << 20)


def record_tests(record, quick):
    """Goodness of fit, intervals, comparisons, the laws' functions."""
    from htstats import fit_power_law
    from htstats.alternatives import ALTERNATIVES, compare_all, fit_alternative, standard_errors
    from htstats.power_law import confidence_interval, goodness_of_fit

    for index in range(0, 60, 10 if quick else 1):
        x, key = np.abs(sample_of(index)), f"tests/{index}"
        x = x[x > 0]
        ways = {"": {}, " xmax": {"xmax": float(np.quantile(x, 0.95))}, " min": {"min_tail": 5}}
        ways |= {
            " discrete": {"discrete": True},
            " two": {"ks": "two-sided"},
            " xmin": {"xmin": 1.5},
        }
        for way, options in ways.items():
            data = np.ceil(x) if "discrete" in options else x
            try:
                fit = fit_power_law(data, **options)
            except ValueError:
                continue
            k = f"{key}{way}"
            record.call(f"{k}/goodness", fit.goodness_of_fit, 100, seed=3, n_threads=1 + index % 2)
            for method in ("asymptotic", "bootstrap"):
                record.call(f"{k}/{method}", fit.confidence_interval, method=method, n_resamples=60)
            record.call(f"{k}/compare", fit.compare_all)
            points = fit.xmin * np.array([0.5, 1.0, 1.5, 40.0])
            record.call(f"{k}/law", lambda f=fit, p=points: [f.logpdf(p), f.logsf(p), f.logcdf(p)])
            record.call(f"{k}/sample", fit.sample, 50, np.random.default_rng(1))
            record.call(f"{k}/ppf", fit.ppf, [0.0, 0.3, 0.9])
        record.call(f"{key}/goodness_of_fit", goodness_of_fit, x, 100, seed=index)
        record.call(f"{key}/fixed", goodness_of_fit, x, 100, xmin=1.5, seed=index, n_threads=2)
        record.call(f"{key}/interval", confidence_interval, x, method="bootstrap", n_resamples=50)
        record.call(f"{key}/compare_all", compare_all, x, xmin=float(np.median(x)))
        for name in ALTERNATIVES:
            law = record.call(f"{key}/{name}", fit_alternative, x, name, xmin=float(x.min()))
            if law is not None:
                record.call(f"{key}/{name} errors", standard_errors, law, x[x >= law.xmin])
                record.call(f"{key}/{name} logsf", law.logsf, x[:20])


def record_partition(record, quick):
    """Every rule on every kind of matrix: in memory, by rows, and as a container."""
    from htstats import partition
    from htstats.streaming import partition_rows

    rules = (0.5, "std", "xmin", "quantile:0.9", "nnz:37", "error:2,0.1", "error:0.5,0.01")
    for number, dtype in enumerate(("float32", "float64", "float16", "bfloat16")):
        rng = rng_of("matrix", number)
        W = rng.standard_t(3, (60, 41)) * (rng.random((60, 41)) > 0.05)
        W = np.round(W, 1) if number % 2 else W
        W = W.astype("float32" if dtype == "bfloat16" else dtype)
        if dtype == "bfloat16":
            W = (W.view(np.uint32) & 0xFFFF0000).view(np.float32)
        for rule in rules:
            for keep in ("abs", "upper", "centered"):
                for noise, support in (
                    ("paper", "replaced"),
                    ("matched", "full"),
                    ("none", "full"),
                ):
                    key = f"partition/{dtype} {rule} {keep} {noise} {support}"
                    how = {"keep": keep, "noise": noise, "support": support, "seed": 7}
                    bits = W if dtype in ("float32", "float64") else half_bits(W, dtype)
                    record.call(f"{key}/rows", partition_rows, rows_of(bits, dtype), rule, **how)
                    if dtype != "bfloat16":
                        split = record.call(
                            key, partition, W, rule, n_threads=1 + number % 2, **how
                        )
                        if split is not None and not quick:
                            record.call(f"{key}/dense", split.toarray)
    record_containers(record)


def half_bits(W, dtype):
    """A matrix of 16-bit floats as their bits."""
    return W.view(np.uint16) if dtype == "float16" else (W.view(np.uint32) >> 16).astype(np.uint16)


def record_containers(record):
    """The bytes of container files, and what they give back."""
    from htstats import open_container, partition
    from htstats.compression.container import ContainerWriter
    from htstats.streaming import compress_rows

    W = rng_of("container").standard_t(3, (300, 170)).astype(np.float32)

    def write(folder):
        path = Path(folder) / "a.htz"
        with ContainerWriter(path, options={"threshold": "std"}, metadata={"a": "b"}) as writer:
            writer.add_matrix("memory", partition(W, "std", seed=5))
            compress_rows(writer, "rows", rows_of(W), "quantile:0.95", noise="matched", seed=2)
            data = W[0].tobytes()
            writer.add_tensor("bias", "float32", (170,), [data[:100], data[100:]])
            writer.commit()
        found = open_container(path)
        dense = {name: found[name].matrix().toarray() for name in ("memory", "rows")}
        return [path.read_bytes(), dense]

    with tempfile.TemporaryDirectory() as folder:
        record.call("container", write, folder)


def record_binomial(record, quick):
    """Binomial functions and inverses over a grid."""
    from htstats import binomial

    n = np.array([0, 1, 2, 17, 300, 10**5, 10**9, 2**52])[:, None, None]
    share = np.array([0, 1e-9, 1e-3, 0.2, 0.5, 0.77, 1])[:, None]
    p = np.array([0, 1e-300, 1e-12, 1e-3, 0.3, 0.5, 0.9, 1 - 1e-10, 1])
    k = np.floor(n * share)
    for name in ("logsf", "logcdf", "logpmf", "sf", "cdf", "pmf", "kl", "chernoff_logsf"):
        for threads in (1, 2):
            record.call(
                f"binomial/{name} {threads}", getattr(binomial, name), k, n, p, n_threads=threads
            )
    level = np.log([1e-300, 1e-12, 1e-3, 0.4, 0.999])[:, None, None]
    record.call("binomial/log_isf", binomial.log_isf, level, n[:, 0], p)
    for name in ("upper_limit", "lower_limit"):
        function = getattr(binomial, name)
        record.call(f"binomial/{name}", function, k[:-1, :, 0], n[:-1, :, 0], level, n_threads=2)
    record.call("binomial/interval", binomial.proportion_interval, k[1:-1, :, 0], n[1:-1, :, 0])


THEORY = {
    "interval_length": ((0.5,), {"values": "positions", "w_min": 0.2}),
    "failure_probability": ((10.0,), {"tau": 4.0, "t": 0.5}),
    "error_budget": ((0.5, 0.01), {}),
    "bernstein_failure_probability": (
        (1.0, [1.0] * 100, [1.0] * 100),
        {"variance": 0.05, "max_deviation": 1.0},
    ),
    "exact_failure_probability": ((1.0,), {"bias": 0.1, "t": 0.25}),
    "largest_noise_variance": ((1.0, 0.045), {"bias": 0.1}),
    "nonzeros_tail": ((150, 0.01, 10_000), {}),
    "smallest_k": ((1e-6, 0.01, 10_000), {}),
    "pattern_nats": ((101_632, 400), {}),
    "component_second_moment": (([1.0] * 50,), {"tail_exponent": 3.5, "tau": 3.0}),
    "stable_tail_constant": (([0.3, 1.0, 1.7],), {}),
    "bracket_probability": (([0, 5, 40], 1.5), {}),
    "bracket_tail_surface": (([0.5, 1.0, 1.5], [0, 1, 2, 5]), {}),
    "bracket_decomposition": (([[0.5, 1.2, 1.5], [-3.0, 2.0, 9.0]],), {"M": 1}),
    "theorem_2_rate": (([400, 100], 60_000), {}),
    "kappa": ((), {"cushions": [0.2, 0.1], "contraction": 1.5, "max_output_norm": 10.0}),
    "vector_error": (
        (),
        {"x_norm": 1.0, "frobenius": 2.0, "spectral": 0.5, "t": 0.01, "eta": 0.05},
    ),
    "perturbation_bound": (
        (),
        {"input_norm": 1.0, "spectral_norms": [2.0, 3.0], "perturbations": [0.1, 0.1]},
    ),
    "dudley_integral": ((1000, 1e30), {}),
    "dudley_bound": ((0.1, 5, 60_000, 0.05), {"K": 100.0}),
    "margins": (([[3.0, 1.0, 2.0], [0.0, 1.0, 5.0]], [0, 1]), {}),
    "margin_loss": (([[3.0, 1.0, 2.0], [0.0, 1.0, 5.0]], [0, 1], 0.5), {}),
    "margin_tolerance": ((2.0,), {"max_output_norm": 10.0}),
    "parameter_count_complexity": ((101_632, 60_000), {}),
}


def record_theory(record, quick):
    """The main functions of the theory, in both conventions where there are two."""
    from htstats import partition, spectral, theory

    for name, (args, options) in THEORY.items():
        function = getattr(theory, name)
        taken = inspect.signature(function).parameters
        record.call(f"theory/{name}", function, *args, **options)
        for word, value in (("convention", "paper"), ("method", "chernoff")):
            if word in taken:
                record.call(f"theory/{name} {value}", function, *args, **options, **{word: value})
    W = rng_of("theory").standard_t(3, (40, 30)) / 100
    split = partition(W, "std", noise="matched", support="full")
    record.call("theory/matrix_approximation", theory.matrix_approximation, W, 0.1, 0.01)
    record.call("theory/approximation_error", theory.approximation_error, W, split)
    record.call("theory/sparsity_report", theory.sparsity_report, W, split)
    law = theory.projection_law(split, np.ones(30))
    record.call("theory/projection", lambda: [law.mean, law.concentration(0.5)])
    for shape in ((40, 30), (3, 2000), (300, 200), (1, 50), (1500, 1100)):
        for scale in (1.0, 1e200, 1e-200):
            A = rng_of("spectral", shape[0]).standard_normal(shape) * scale
            for rows, W in (("", A), (" rows", rows_of(A))):
                key = f"spectral/{shape} {scale}{rows}"
                record.call(f"{key}/norm", spectral.spectral_norm, W)
                record.call(f"{key}/rank", spectral.stable_rank, W, iterations=7, seed=2)
    record.call("spectral/fit", spectral.fit_spectrum, split.toarray())


def record_commands(record, quick):
    """What the commands print and write."""
    from htstats.cli import main

    def run(*words):
        out, code = io.StringIO(), 0
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            try:
                code = main([str(word) for word in words])
            except SystemExit as end:
                code = end.code
        text = re.sub(r"[0-9.]+ ?(ms|s|seconds|minutes)\b", "TIME", out.getvalue())
        return [code, text.replace(folder, "FOLDER").splitlines()]

    before = os.getcwd()
    with tempfile.TemporaryDirectory() as folder:
        here, rng = Path(folder), rng_of("commands")
        arrays = {"a": rng.standard_t(3, (50, 70)), "b": rng.standard_t(2, (90, 20))}
        np.savez(here / "w.npz", **{k: v.astype(np.float32) for k, v in arrays.items()})
        np.savetxt(here / "column.txt", np.ceil(rng.pareto(1.5, 300)))
        os.chdir(here)
        runs = {
            "fit": ("fit", "w.npz"), "json": ("fit", "w.npz", "--json", "--gof", "50"),
            "csv": ("fit", "w.npz", "--csv", "--compare", "--spectrum"),
            "column": ("fit", "column.txt", "--discrete"), "missing": ("fit", "none.npz"),
            "compress": ("compress", "w.npz", "-o", "w.htz"),
            "decompress": ("decompress", "w.htz", "-o", "d.npz"),
            "wrong": ("fit", "w.npz", "--xmin", "-1"),
        }  # fmt: skip
        if not quick:
            runs["demo"] = ("demo", "--epochs", "3")
        try:
            for key, words in runs.items():
                record.call(f"commands/{key}", run, *words)
            record.call("commands/bytes", lambda: (here / "w.htz").read_bytes())
        finally:
            os.chdir(before)


def record_torch(record, quick):
    """Noise stability, tolerances and complexities of a small network."""
    if quick:
        return
    import torch

    import htstats.torch as ht

    torch.manual_seed(0)
    torch.set_num_threads(1)
    model = torch.nn.Sequential(
        torch.nn.Linear(12, 9, bias=False), torch.nn.ReLU(), torch.nn.Linear(9, 4, bias=False)
    )
    loader = [(torch.randn(16, 12), torch.randint(0, 4, (16,))) for _ in range(3)]
    for jacobian in ("auto", "exact", "hutchinson"):
        record.call(
            f"torch/stability {jacobian}", ht.noise_stability, model, loader, jacobian=jacobian
        )
    record.call("torch/complexities", ht.complexity_table, model, loader, margin=0.1)
    record.call("torch/tolerances", ht.compression_tolerances, model, loader, eps=0.5)
    record.call("torch/compress", ht.compress_, model, "quantile:0.8", noise="matched")
    record.call("torch/evaluate", ht.evaluate, model, loader)


PARTS = (
    record_fits, record_large, record_tests, record_partition, record_binomial, record_theory,
    record_commands, record_torch,
)  # fmt: skip

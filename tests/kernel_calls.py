"""Call every binding of the C library; print a digest of each public result, as JSON.

    HTST_ISA=avx2 python tests/kernel_calls.py

`test_common_processor.py` compares what it prints with each kind of instructions.
"""

import importlib
import inspect
import json
import sys
import warnings
from pathlib import Path

import ml_dtypes
import numpy as np
from record_results import encode
from recorded_calls import rows_of

import htstats

CALLED: set[str] = set()
# bindings of tests, of the processor, and those without a kernel
LEFT_OUT = {"isa", "status"}


def bindings():
    """Every module of bindings, by name."""
    folder = Path(htstats.__file__).parent / "_core"
    names = sorted(path.stem for path in folder.glob("*.pyi"))
    return {n: importlib.import_module(f"htstats._core.{n}") for n in names if n not in LEFT_OUT}


def watch_calls():
    """Make each function of the bindings note its name in CALLED; return all names."""
    found = []
    for name, module in bindings().items():
        for key, function in list(vars(module).items()):
            is_function = callable(function) and not inspect.isclass(function)
            if is_function and not key.startswith("_"):

                def noting(*given, function=function, key=f"{name}.{key}"):
                    CALLED.add(key)
                    return function(*given)

                setattr(module, key, noting)
                found.append(f"{name}.{key}")
    return found


def samples():
    """Samples of every dtype, with ties, zeros and both signs."""
    rng = np.random.default_rng(17)
    x = np.concatenate([rng.standard_t(3, 2500), rng.pareto(1.5, 2500), np.zeros(7)])
    narrow = {"float32": x.astype(np.float32), "float16": np.round(x, 2).astype(np.float16)}
    return {"float64": x, **narrow, "ties": np.round(x, 1)}


def fit_calls():
    """Each way of a fit, in memory and outside of it."""
    from htstats import fit_power_law
    from htstats._exact_fit.candidates import sort_distinct
    from htstats._exact_fit.dispatch import fit_tail
    from htstats._exact_fit.options import WAYS, FitOptions
    from htstats._exact_fit.threaded_scan import best_on_threads
    from htstats.power_law import fit_rows, goodness_of_fit

    for name, x in samples().items():
        for way in WAYS:
            for ks in ("left", "two-sided"):
                options = FitOptions(ks=ks, way=way, estimates_at_once=1000)
                yield f"fit {name} {way} {ks}", fit_tail(x, "abs", options)
        values, first = sort_distinct(np.abs(x[x != 0]).astype(np.float64))
        rule = False, 0, len(values) - 1, 1e-13
        yield f"fit {name} on threads", best_on_threads(values, first, *rule, 2)
        if name == "float32":
            yield "fit of a tail that is spread", spread_fit(x)
        few = x[:800]
        yield f"curve {name}", fit_power_law(few, side="abs", curve=True).curve
        yield f"xmax {name}", fit_power_law(few, side="abs", xmax=3.0)
        yield f"discrete {name}", fit_power_law(np.floor(np.abs(few)) + 1, discrete=True)
        whole = np.floor(np.abs(few)) + 1
        yield f"discrete curve {name}", fit_power_law(whole, discrete=True, xmax=9, curve=True)
        bits = x.view(np.uint16) if x.dtype == np.float16 else x
        yield f"rows {name}", fit_rows(rows_of(bits.reshape(-1, 1), x.dtype.name), side="abs")
        yield f"goodness {name}", goodness_of_fit(few[few > 0], 20, seed=1)
        yield from tail_calls(x)


def spread_fit(x):
    """The values of a float32 sample that are not sorted, and the best of them on threads."""
    from htstats._exact_fit.histogram import count_buckets
    from htstats._exact_fit.source import as_source
    from htstats._exact_fit.spread_tail import take_spread_tail
    from htstats._exact_fit.threaded_scan import best_on_threads

    source = as_source(x)
    buckets = count_buckets(source, 2)
    values, first = take_spread_tail(source, "abs", buckets.tables, buckets.prospect("abs"), 0, 2)
    rule = False, 0, len(values) - 1, 1e-13
    return values, first, best_on_threads(values, first, *rule, 2)


def tail_calls(x):
    """What only fits outside of memory call: counts of values, and the values of a range."""
    from htstats._core import checksum, counts, distinct, tail

    if x.dtype == np.float16:
        bits = x.view(np.uint16)
        table = np.bincount(bits, minlength=1 << 16).astype(np.uint64)
        yield "checksums", (checksum.checksum_u16(bits), checksum.checksum_counts_u16(table))
        return
    letters, one = ("f32", np.float32(1)) if x.dtype == np.float32 else ("f64", np.float64(1))
    low = int(one.view(f"i{x.itemsize}"))
    shift = 8 * x.itemsize - 16
    for bits in (8, 16, 32):
        table, anew = np.zeros(4096, f"u{bits // 8}"), np.zeros(x.size, np.int64)
        add = getattr(counts, f"add_{letters}_u{bits}")
        found = add(x, 0, low, low + (4095 << shift), shift, table, anew)
        yield f"counts {letters} {bits}", (found, table, anew[: found[1]])
    out = np.zeros(x.size, x.dtype)
    n = getattr(tail, f"take_{letters}")(x, 0, out)
    yield f"take {letters}", (n, out)
    taken = n[0]
    keys = np.sort(out[:taken])
    m = getattr(distinct, f"count_distinct_{letters}")(keys)
    values, first = np.empty(m), np.empty(m, np.int64)
    getattr(distinct, f"distinct_part_{letters}")(keys, 5, values, first)
    yield f"distinct {letters}", (values, first)
    table, copies = np.zeros(tail.SLOTS[x.dtype == np.float64], np.uint32), np.zeros(taken, x.dtype)
    found = getattr(tail, f"histogram_{letters}")(x, 0, low, table, copies)
    yield f"histogram {letters}", (found, table, copies)
    yield f"out of core {letters}", out_of_core_fit(x)


def out_of_core_fit(x):
    """The scan of a sample for which the memory is too small."""
    from htstats._exact_fit.out_of_core.budget import plan_memory
    from htstats._exact_fit.out_of_core.scan import Cells, OutOfCoreScan
    from htstats._exact_fit.source import as_source
    from htstats.sketch import FORMATS, TailSketch

    form = FORMATS[x.dtype.name]
    buckets = TailSketch(x.dtype.name).update(x).buckets("positive")
    cells = Cells(buckets.pattern, buckets.pattern + (1 << form.dropped) - 1, buckets.count)
    scan = OutOfCoreScan(as_source(x), "positive", cells, plan_memory(1 << 16), n_likely=4, many=16)
    return list(scan.best())


def matrix_calls():
    """Splits, sketches and products of matrices of every dtype."""
    from htstats import TailSketch, partition, stable_rank
    from htstats._core.products import gram_f32, gram_f64, squares_f32, squares_f64
    from htstats.compression.partition.bounds import Bounds
    from htstats.compression.partition.split import count_rows, fill_rows
    from htstats.sketch.exact_sums import ExactSums

    for name, x in samples().items():
        W = np.ascontiguousarray(x[:4992].reshape(13, 384))
        for keep in ("abs", "upper"):
            for noise in ("paper", "matched", "none"):
                for threads in (1, 2):
                    split = partition(W, 1.2, keep=keep, noise=noise, n_threads=threads)
                    yield f"split {name} {keep} {noise} {threads}", split
        # the longest rows are counted and filled in two passes, with 32-bit and 64-bit indices
        bounds = Bounds.of(W.dtype.name, "abs", 1.2, 0.0)
        bits = W.view(np.uint16) if W.dtype == np.float16 else W
        yield f"two passes {name}", fill_rows(bits, bounds, count_rows(bits, bounds, 1), 1)
        sketch = TailSketch(W.dtype.name).update(bits)
        yield f"sketch {name}", sketch
        yield f"sums {name}", sketch.moments()
        if W.dtype != np.float16:
            sums = ExactSums(W.dtype.name).update(W * np.exp(30 * W % 40))
            yield f"exact sums {name}", (sums.sum, sums.squares)
            out = np.zeros(2)
            (squares_f32 if W.dtype == np.float32 else squares_f64)(W.reshape(-1), out)
            yield f"squares {name}", out
            yield f"stable rank {name}", stable_rank(W)
            out = np.zeros(384)
            (gram_f32 if W.dtype == np.float32 else gram_f64)(W, np.linspace(-1, 1, 384), out)
            yield f"gram {name}", out
    yield from brain_calls()
    yield from wide_calls()


def wide_calls():
    """Norms of matrices of 16 bits, and those that are mostly computed in single precision."""
    from htstats import stable_rank
    from htstats.spectral import estimate_stable_rank

    x = np.random.default_rng(3).standard_t(4, (2050, 2060)).astype(np.float32)
    for dtype in ("float16", "bfloat16", "float32"):
        W = x.astype(getattr(ml_dtypes, dtype, dtype))
        yield f"stable rank of wide {dtype}", stable_rank(W)
        yield f"estimated stable rank {dtype}", estimate_stable_rank(W, 1e-9)


def brain_calls():
    """bfloat16, which NumPy does not have."""
    from htstats.compression.partition.bounds import Bounds
    from htstats.compression.partition.split import count_rows, fill_rows, split_block

    x = samples()["float32"][:4992].reshape(13, 384)
    bits = np.ascontiguousarray((x.view(np.uint32) >> 16).astype(np.uint16))
    bounds = Bounds.of("bfloat16", "abs", 1.2, 0.0)
    yield "split bfloat16", split_block(bits, bounds, 1)
    yield "two passes bfloat16", fill_rows(bits, bounds, count_rows(bits, bounds, 1), 1)


def number_calls():
    """Random numbers, binomial tails, stable laws and the zeta function."""
    from htstats import binomial, stable
    from htstats._core import gaps, normal, rank, scan, stable_table, zeta
    from htstats._laws.zeta import ZetaLaw

    draws = np.empty(5000)
    normal.fill(3, 1, 2, 5, draws.reshape(50, 100))
    yield "normal", draws
    normal.quantile((np.arange(5000) + 0.5) / 5000, draws)
    yield "normal quantile", draws
    places = np.arange(5000, dtype=np.int64)
    normal.at(3, 1, places, places[::-1].copy(), draws)
    yield "normal at places", draws
    words = np.zeros(4, np.uint32)
    normal.philox4x32(np.arange(4, dtype=np.uint32), np.arange(2, dtype=np.uint32), words)
    yield "philox", words
    indptr, columns = np.array([0, 3, 9]), np.array([1, 5, 900, 0, 1, 2, 3, 40, 999])
    data = gaps.write(1000, indptr, columns, 5)
    again = np.zeros_like(indptr), np.zeros_like(columns)
    gaps.read(data, 5, 1000, indptr, again[1])
    yield "gaps", (data, again)
    number, work = np.zeros((2, 2 * rank.words(1000, 9)), np.uint64)
    rank.write(np.arange(5, 905, 100), 1000, work, number)
    rank.read(number, 1000, work, places[:9])
    yield "rank", (number, places)
    table = np.zeros(stable_table.doubles())
    stable_table.build(1.4, 0.2, table)
    values = np.zeros(5000)
    stable_table.evaluate(table, 1, False, 0.0, 1.0, np.linspace(-9, 9, 5000), values)
    yield "stable table", (stable_table.table_range(table), values)
    yield "sums", (scan.truncated_mean(0.3), zeta.log_zeta(2.5, 3.0))
    k, p = np.arange(300.0), np.linspace(0.01, 0.99, 300)
    for name in ("logsf", "logcdf", "logpmf", "sf", "cdf", "pmf", "kl", "chernoff_logsf"):
        function = getattr(binomial, name)
        yield f"binomial {name}", function(k, 300, p)
        yield f"binomial {name}, a number", function(70, 2000, 0.03)
    yield "binomial log_isf", binomial.log_isf(np.log(p), 3000, 0.01)
    yield "binomial limits", binomial.proportion_interval(k[1:60], 300)
    x = np.concatenate([-np.geomspace(1e-3, 1e3, 40), np.geomspace(1e-3, 1e3, 40)])
    for alpha, beta in ((0.6, 0.3), (1.0, -0.5), (1.3, 0.0), (1.9, 1.0)):
        for name in ("pdf", "logpdf", "cdf", "logsf"):
            yield f"stable {name} {alpha}", getattr(stable, name)(x, alpha, beta)
        yield f"stable ppf {alpha}", stable.ppf(p[::30], alpha, beta)
        yield f"stable number {alpha}", stable.pdf(0.4, alpha, beta)
        yield f"stable sample {alpha}", stable.sample(5000, alpha, beta, seed=1)
    yield "zeta", ZetaLaw(2.5, 3).logsf(np.arange(3.0, 20))


def certificate_calls():
    """The searches for a classifier and for a network, and the features of images."""
    from htstats._core import features
    from htstats.certificate import (
        Convolution,
        IntegerNetwork,
        Layer,
        Stage,
        anneal,
        anneal_network,
        extract_features,
    )

    rng = np.random.default_rng(3)
    y = rng.integers(0, 4, 700)
    y[:4] = range(4)
    x = np.clip(rng.integers(-60, 60, (4, 12))[y] + rng.normal(0, 45, (700, 12)), -127, 127)
    (found,) = anneal(x.astype(np.int8), y, stages=[Stage(4000, 5.5)])
    yield "anneal", (found.head.weights, found.head.offsets, found.errors)
    images = rng.integers(0, 256, (20, 28, 28)).astype(np.uint8)
    for name in ("gabor", "gaussian", "pixels", "raw", "strokes", "centred-strokes"):
        yield f"features {name}", extract_features(name, images)
    sums = rng.integers(-90_000, 90_000, (70, 24)).astype(np.float32)
    bias = rng.integers(-900, 900, 24).astype(np.float32)
    features.round_scaled(sums, bias, np.linspace(1e-4, 0.02, 24, dtype=np.float32), -1023, 1023)
    yield "rounded sums", sums
    codes = [rng.integers(-1, 2, shape).astype(np.int8) for shape in ((5, 12), (4, 5))]
    layers = [Layer(c, np.zeros(len(c), np.int16), 0, 0, 6 * (len(c) == 5)) for c in codes]
    start = IntegerNetwork(tuple(layers), 1, 0)
    (found,) = anneal_network(x.astype(np.int8), y, [start], stages=[Stage(3000, 2.0)])
    yield "network", [layer.codes for layer in found.network.layers]
    yield "network errors", found.network.count_errors(x.astype(np.int8), y)
    codes = rng.integers(-1, 2, (3, 1, 5, 5)).astype(np.int8)
    one = Convolution(codes, np.zeros(3, np.int16), pool=4, noise=4, shift=9)
    head = Layer(rng.integers(-1, 2, (4, 147)).astype(np.int8), np.zeros(4, np.int16))
    network = IntegerNetwork((head,), 1, 7, (one,), (28, 28))
    pixels = extract_features("raw", images)
    yield "convolution", (network.convolve(pixels), network.logits(pixels))


def main():
    known = watch_calls()
    results = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for calls in (fit_calls, matrix_calls, number_calls, certificate_calls):
            results |= {name: encode(value) for name, value in calls()}
    from htstats._common.processor import instructions

    missed = sorted(set(known) - CALLED)
    json.dump({"kind": instructions(), "missed": missed, "results": results}, sys.stdout)


if __name__ == "__main__":
    main()

"""The sketch against exact fractions, element by element."""

import pickle
import subprocess
import sys
import zlib
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest
from draws import draws
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.moments import exact_moments

from htstats import TailSketch

DTYPES = {
    "float32": np.dtype(np.float32),
    "float64": np.dtype(np.float64),
    "float16": np.dtype(np.float16),
    "bfloat16": np.dtype(ml_dtypes.bfloat16),
}
BITS = {2: np.uint16, 4: np.uint32, 8: np.uint64}
KEPT = {"float32": 12, "float64": 41, "float16": 0, "bfloat16": 0}  # dropped bits


def patterns(dtype):
    """Arrays of any bit patterns, with neighbours and repeats more likely than chance has them."""
    size = DTYPES[dtype].itemsize
    any_bits = st.integers(0, 2 ** (8 * size) - 1)
    near = st.builds(
        lambda base, step: base + step, st.just(0x3C << (8 * size - 8)), st.integers(0, 40)
    )
    return st.lists(any_bits | near, max_size=60).map(
        lambda bits: np.array(bits, BITS[size]).view(DTYPES[dtype])
    )


def weight_like(dtype, n=20_000, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(n) * 0.02
    x[::97] *= 30
    x[::101] = 0
    return x.astype(DTYPES[dtype])


def equal(a, b):
    assert a.to_bytes() == b.to_bytes()
    assert a == b
    assert (a.dtype, a.n, a.n_zero, a.n_nan, a.n_inf) == (b.dtype, b.n, b.n_zero, b.n_nan, b.n_inf)
    assert (a.total, a.total_of_squares) == (b.total, b.total_of_squares)
    assert repr((a.min, a.max)) == repr((b.min, b.max))
    for side in ("abs", "positive", "negative"):
        for mine, other in zip(
            vars(a.buckets(side)).values(), vars(b.buckets(side)).values(), strict=True
        ):
            np.testing.assert_array_equal(mine, other)


@draws(60, dtype=DTYPES)
def test_everything_against_fractions(dtype, data):
    x = data.draw(patterns(dtype))
    sketch = TailSketch(dtype).update(x)
    values = [float(v) for v in x]
    finite = [v for v in values if np.isfinite(v)]
    assert sketch.n == len(finite)
    assert sketch.n_nan == sum(v != v for v in values)
    assert sketch.n_inf == sum(abs(v) == np.inf for v in values)
    assert sketch.n_zero == sum(v == 0 for v in values)
    assert sketch.n_negative == sum(v < 0 for v in finite)
    assert sketch.n_positive == sum(v > 0 for v in finite)
    assert sketch.total == sum(map(Fraction, finite))
    assert sketch.total_of_squares == sum(Fraction(v) ** 2 for v in finite)
    if finite:
        assert (sketch.min, sketch.max) == (min(finite), max(finite))
        assert (sketch.mean, sketch.std) == exact_moments(finite)
    else:
        assert np.isnan([sketch.min, sketch.max, sketch.mean, sketch.std]).all()


@draws(40, dtype=DTYPES)
def test_buckets_against_a_dictionary(dtype, data):
    x = data.draw(patterns(dtype))
    sketch = TailSketch(dtype).update(x)
    for side, keep in [
        ("abs", lambda v: True),
        ("positive", lambda v: v > 0),
        ("negative", lambda v: v < 0),
    ]:
        found = {}
        for value in x:
            if np.isfinite(value) and value != 0 and keep(value):
                bits = int(np.abs(value).view(BITS[x.itemsize])) >> KEPT[dtype]
                found.setdefault(bits << KEPT[dtype], []).append(abs(float(value)))
        got = sketch.buckets(side)
        assert got.pattern.tolist() == sorted(found)
        assert got.count.tolist() == [len(found[p]) for p in sorted(found)]
        for lower, upper, total, bits in zip(
            got.lower, got.upper, got.total, got.pattern.tolist(), strict=True
        ):
            members = found[bits]
            assert lower <= min(members)
            assert max(members) < upper
            # exact up to three roundings: of two products and their sum
            exact = sum(map(Fraction, members))
            assert abs(Fraction(float(total)) - exact) <= 2 * exact * Fraction(2) ** -52


def check_merges(dtype, data, x):
    whole = TailSketch(dtype).update(x)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(x)), max_size=4)))
    parts = data.draw(st.permutations(np.split(x, cuts)))
    merged = TailSketch(dtype)
    for part in parts:
        merged.merge(TailSketch(dtype).update(part))
    equal(merged, whole)
    equal(TailSketch.from_bytes(whole.to_bytes()), whole)
    equal(pickle.loads(pickle.dumps(merged)), whole)


@draws(40, dtype=DTYPES)
def test_any_split_in_any_order_merges_to_the_same(dtype, data):
    x = data.draw(patterns(dtype))
    if dtype == "float64":  # few exponents: a table of all of them has 200 MB
        fraction, exponent = np.frexp(x)
        x = np.ldexp(fraction, exponent % 64)
    check_merges(dtype, data, x)


@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_splits_of_the_whole_range_of_float64_merge_to_the_same(data):
    check_merges("float64", data, data.draw(patterns("float64")))


@pytest.mark.parametrize("dtype", DTYPES)
def test_many_blocks_and_a_growing_range(dtype):
    x = weight_like(dtype)
    x[5000] = 2.0**-14
    x[9000] = np.float64(2.0**14)
    values = x.astype(np.float64)
    sketch = TailSketch(dtype).update(x)
    assert (sketch.mean, sketch.std) == exact_moments(values.tolist())
    assert (sketch.min, sketch.max) == (values.min(), values.max())
    assert sketch.n_zero == (values == 0).sum()
    assert sketch.buckets().count.sum() == (values != 0).sum()


def test_sums_beyond_64_bits():
    x = np.full(2**17, np.nextafter(1.0, 2) * np.nextafter(2.0, 0) / 2)
    x[:] = np.nextafter(1.0 + 2.0**-11, 0)  # all 41 low bits set
    sketch = TailSketch("float64")
    for _ in range(100):  # 2^41 x 2^17 x 100 > 2^64
        sketch.update(x)
    assert sketch.total == 100 * 2**17 * Fraction(float(x[0]))
    assert sketch.total_of_squares == 100 * 2**17 * Fraction(float(x[0])) ** 2
    assert sketch.std == 0
    twice = TailSketch("float64").merge(sketch).merge(sketch)
    assert twice.total == 2 * sketch.total
    assert twice.buckets().total[0] == float(twice.total)


def test_merging_with_itself_doubles():
    sketch = TailSketch("float64").update(weight_like("float64"))
    total, squares, n = sketch.total, sketch.total_of_squares, sketch.n
    sketch.merge(sketch)
    assert (sketch.total, sketch.total_of_squares, sketch.n) == (2 * total, 2 * squares, 2 * n)


def test_inputs_of_every_kind():
    torch = pytest.importorskip("torch")
    x = weight_like("float32")
    equal(TailSketch("float32").update(torch.from_numpy(x)), TailSketch("float32").update(x))
    square = x[:10_000].reshape(100, 100)
    equal(TailSketch("float32").update(square.T), TailSketch("float32").update(square))
    b = weight_like("bfloat16")
    equal(TailSketch("bfloat16").update(b.view(np.uint16)), TailSketch("bfloat16").update(b))
    assert TailSketch("float64").update([1, 2, 3]).mean == 2
    assert TailSketch("float64").update(np.empty((0, 3))).n == 0
    equal(pickle.loads(pickle.dumps(TailSketch().update(x))), TailSketch().update(x))


def test_other_dtypes_are_refused():
    with pytest.raises(TypeError, match="x must be float32 as the sketch is, got float64"):
        TailSketch("float32").update([1.0])
    with pytest.raises(TypeError, match="other must be a sketch of float32, got one of float64"):
        TailSketch("float32").merge(TailSketch("float64"))
    with pytest.raises(TypeError, match="other must be a TailSketch, got int"):
        TailSketch("float32").merge(3)
    with pytest.raises(ValueError, match=r"dtype must be one of .*, got 'int8'"):
        TailSketch("int8")


def test_merge_where_a_window_is_as_wide_as_a_table_of_halves():
    """16 exponents of float32 make 32,768 buckets, as 16-bit dtypes always have."""
    x = np.float32([2.0**-1, 2.0**11])
    narrow = TailSketch("float32").update(x)
    wide = TailSketch("float32").update(np.float32([2.0**-60, 2.0**60]))
    assert narrow._width == 32768
    both = TailSketch("float32").update(np.float32([2.0**-60, 2.0**60])).update(x)
    assert narrow.merge(wide).total_of_squares == both.total_of_squares


@pytest.mark.parametrize("dtype", DTYPES)
def test_threads_leave_no_trace(dtype):
    x = weight_like(dtype, 600_000)
    x[1000:1010] = np.nan
    one = TailSketch(dtype).update(x)
    for n_threads in (2, 3, 1000):
        equal(TailSketch(dtype).update(x, n_threads=n_threads), one)


def test_the_byte_form_is_what_the_documentation_says():
    data = (
        TailSketch("float32")
        .update(np.float32([1, -2.0000002, 0, -0.0, np.inf, np.nan]))
        .to_bytes()
    )
    assert data[:8] == b"HTSK\x01\0\x01\0"
    seen = np.frombuffer(data, "<i8", 8, 8).tolist()
    assert seen == [1, 1, 1, 0, 1, 0x3F800000, 0x3F800000, 0x40000001]
    total = int.from_bytes(data[72:120], "little", signed=True)
    assert Fraction(total, 2**149) == 1 + Fraction(float(np.float32(-2.0000002)))
    squares = int.from_bytes(data[120:200], "little", signed=True)
    assert Fraction(squares, 2**298) == 1 + Fraction(float(np.float32(-2.0000002))) ** 2
    assert np.frombuffer(data, "<u8", 2, 200).tolist() == [1, 1]
    assert np.frombuffer(data, "<u4", 2, 216).tolist() == [0x3F800, 0x40000]
    assert np.frombuffer(data, "<u8", 4, 224).tolist() == [1, 1, 0, 1]
    assert int.from_bytes(data[256:], "little") == zlib.crc32(data[:256])


@pytest.mark.parametrize("dtype", DTYPES)
def test_changed_bytes_are_refused(dtype):
    x = weight_like(dtype, 50)
    data = TailSketch(dtype).update(x).to_bytes()
    for size in [*range(0, len(data), 7), len(data) - 1]:
        with pytest.raises(ValueError, match="data must be a sketch"):
            TailSketch.from_bytes(data[:size])
    with pytest.raises(ValueError, match="data must be a sketch"):
        TailSketch.from_bytes(data + b"\0")
    for at in range(0, len(data), 3):
        for bit in (1, 128):
            changed = bytearray(data)
            changed[at] ^= bit
            with pytest.raises(ValueError, match="data must be a sketch"):
                TailSketch.from_bytes(bytes(changed))


@draws(200, dtype=DTYPES)
def test_forged_bytes_are_refused_or_harmless(dtype, data):
    good = bytearray(TailSketch(dtype).update(weight_like(dtype, 5)).to_bytes()[:-4])
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(good) - 1))
        good[at] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del good[data.draw(st.integers(0, len(good) - 1)) :]
    forged = bytes(good) + zlib.crc32(good).to_bytes(4, "little")
    try:
        sketch = TailSketch.from_bytes(forged)
    except ValueError as error:
        assert str(error).startswith("data must be a sketch")  # noqa: PT017
        return
    assert sketch.to_bytes() == forged
    repr(sketch)
    assert sketch.std >= 0 or sketch.n == 0
    sketch.buckets()


def test_sketches_are_not_hashable():
    with pytest.raises(TypeError, match="unhashable"):
        hash(TailSketch())
    assert TailSketch("float32") != TailSketch("float64")
    assert TailSketch("float32") != 3


def test_a_sketch_fits_although_nothing_imported_the_room_of_the_fit():
    code = (
        "import sys\nimport numpy as np\nfrom htstats.sketch import TailSketch\n"
        "sketch = TailSketch('float32').update(np.float32([1, 2, 4]))\n"
        "assert 'htstats.power_law' not in sys.modules\n"
        "print(sketch.fit(reread=np.float32([4, 2, 1])).n)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (answer.stdout, answer.stderr) == ("3\n", "")

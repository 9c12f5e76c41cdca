"""What is refused because other numbers than are meant would be read; masks; data that change."""

import collections
import copy
import datetime
import decimal
import fractions
import mmap
import pathlib
import pickle
import re

import numpy as np
import pytest
from scipy import sparse

import htstats.compat.powerlaw as powerlaw
from htstats import TailSketch, binomial, fit_power_law, partition, spectral_norm, stable_rank
from htstats._core import tail
from htstats.alternatives import compare, compare_all, fit_alternative, likelihood_ratio
from htstats.power_law import confidence_interval, goodness_of_fit
from htstats.spectral import fit_spectrum
from htstats.theory._symmetric_stable import symmetric_stable_sf
from htstats.theory.brackets import bracket_probability, stable_tail_constant
from htstats.theory.generalization.margins import margins

X = np.random.default_rng(0).pareto(1.5, 200) + 1


class Degrees:
    """A view of pairs as networkx has it: iterated pairs, indexed by node, callable."""

    def __init__(self, degrees):
        self._degrees = degrees

    def __iter__(self):
        return iter(self._degrees.items())

    def __getitem__(self, node):
        return self._degrees[node]

    def __len__(self):
        return len(self._degrees)

    def __call__(self):
        return self


class Frame:
    """A table of several columns, as pandas and polars have it."""

    columns = ("node", "degree")
    shape = (3, 2)

    def __array__(self, dtype=None, copy=None):
        return np.arange(6.0).reshape(3, 2)


DEGREES = {node: degree for node, degree in enumerate([1, 1, 2, 3, 2, 5, 9])}
Pair = collections.namedtuple("Pair", "node degree")

# In no function an array of numbers.
MISREAD = {
    "mapping": DEGREES,
    "ordered": collections.OrderedDict(DEGREES),
    "counter": collections.Counter(DEGREES.values()),
    "default": collections.defaultdict(int, DEGREES),
    "keys": DEGREES.keys(),
    "items": DEGREES.items(),
    "degree view": Degrees(DEGREES),
    "set of tuples": set(DEGREES.items()),
    "frozenset of tuples": frozenset(DEGREES.items()),
    "deque of tuples": collections.deque(DEGREES.items()),
    "values of tuples": {"a": (1, 2), "b": (3, 4)}.values(),
    "text": "1 2 3",
    "number as text": "3.5",
    "bytes": b"123",
    "bytearray": bytearray(b"123"),
    "view of bytes": memoryview(b"123"),
    "path": pathlib.Path("data.txt"),
    "list of texts": ["1", "2", "3"],
    "set of texts": {"1", "2"},
    "texts": np.array(["1", "2", "3"]),
    "byte strings": np.array([b"1", b"2"]),
    "structured": np.zeros(3, [("node", "i8"), ("degree", "f8")]),
    "record array": np.rec.fromarrays([[1, 2], [3.0, 4.0]], names="a,b"),
    "dates": np.array(["2020-01-01", "2021-01-01"], "M8[D]"),
    "durations": np.array([1, 2, 3], "m8[s]"),
    "date objects": [datetime.datetime(2020, 1, 1), datetime.datetime(2021, 1, 1)],
    "none": [1.0, None, 2.0],
    "complex": np.array([1 + 1j, 2.0, 3.0]),
    "csr": sparse.csr_array(np.eye(3)),
    "csr matrix": sparse.csr_matrix(np.eye(3)),
    "coo": sparse.coo_array(np.eye(3)),
}
# Matrices, but no samples.
RECORDS = {
    "list of pairs": list(DEGREES.items()),
    "tuple of pairs": tuple(DEGREES.items()),
    "list of triples": [(0, 1, 2.5), (1, 2, 3.5)],
    "list of named pairs": [Pair(0, 1), Pair(1, 3)],
    "table": Frame(),
}
# Not exactly numbers of a sample; evaluated where functions are.
OBJECTS = {
    "fractions": [fractions.Fraction(1, 3), fractions.Fraction(5, 2)],
    "decimals": [decimal.Decimal("1.5"), decimal.Decimal(3)],
    "beyond 64 bits": [2**70, 1, 5],
}

SAMPLES = {
    "fit": fit_power_law,
    "fit of integers": lambda x: fit_power_law(x, discrete=True),
    "fit with weights": lambda x: fit_power_law(x, weights=np.ones(7, int)),
    "test": lambda x: goodness_of_fit(x, 20),
    "interval": lambda x: confidence_interval(x),
    "compare": lambda x: compare(x, "power_law", "lognormal", xmin=1.0),
    "compare_all": lambda x: compare_all(x, xmin=1.0),
    "alternative": lambda x: fit_alternative(x, "exponential", xmin=1.0),
    "sketch": lambda x: TailSketch("float64").update(x),
    "reread": lambda x: TailSketch("float64").update(X).fit(reread=x),
    "drop-in": powerlaw.Fit,
    "drop-in of integers": lambda x: powerlaw.Fit(x, discrete=True),
    "drop-in law": lambda x: powerlaw.Power_Law(xmin=1.0, data=x),
    "drop-in cdf": powerlaw.cdf,
    "drop-in pdf": powerlaw.pdf,
}
MATRICES = {
    "partition": lambda W: partition(W, 1.0),
    "stable rank": stable_rank,
    "spectral norm": spectral_norm,
    "spectrum": fit_spectrum,
    "margins": lambda W: margins(W, [0, 1, 0]),
}
POINTS = {
    "weights": lambda x: fit_power_law(X[:3], weights=x),
    "labels": lambda x: margins(np.eye(3), x),
    "logpdf": fit_power_law(X).logpdf,
    "logsf": fit_power_law(X).logsf,
    "ppf": fit_power_law(X).ppf,
    "zeta logpmf": fit_power_law(np.floor(4 * X), discrete=True).logpdf,
    "alternative logsf": fit_alternative(X, "lognormal", xmin=1.0).logsf,
    "likelihood ratio": lambda x: likelihood_ratio(x, np.ones(3)),
    "stable": lambda x: symmetric_stable_sf(x, 1.5),
    "constant": stable_tail_constant,
    "brackets": lambda x: bracket_probability(x, 1.5),
    "binomial k": lambda x: binomial.logsf(x, 10, 0.5),
    "binomial n": lambda x: binomial.logsf(3, x, 0.5),
    "binomial p": lambda x: binomial.sf(3, 10, x),
    "binomial level": lambda x: binomial.log_isf(x, 10, 0.5),
    "binomial limit": lambda x: binomial.upper_limit(x, 10, -3.0),
}


@pytest.mark.parametrize("given", MISREAD)
@pytest.mark.parametrize("function", [*SAMPLES, *MATRICES, *POINTS])
def test_what_would_be_misread_is_a_type_error(function, given):
    call = {**SAMPLES, **MATRICES, **POINTS}[function]
    with pytest.raises(TypeError, match=r"must be (real numbers|integers)|unsupported"):
        call(MISREAD[given])


@pytest.mark.parametrize("given", RECORDS)
@pytest.mark.parametrize("function", SAMPLES)
def test_records_are_no_sample(function, given):
    with pytest.raises(TypeError, match=r"must be real numbers, got a (list|tuple|table) of"):
        SAMPLES[function](RECORDS[given])


def test_records_are_a_matrix():
    assert stable_rank([(3.0, 0.0), (0.0, 3.0)]) == pytest.approx(2, rel=1e-9)


@pytest.mark.parametrize(
    ("given", "advice"),
    [
        ("counter", r"list\(x\.values\(\)\).*weights=list\(x\.values\(\)\)"),
        ("mapping", r"list\(x\.values\(\)\)"),
        ("degree view", r"\[row\[-1\] for row in x\]"),
        ("csr", r"x\.data.*x\.toarray\(\)"),
        ("text", "read the file first"),
        ("bytes", r"np\.frombuffer"),
        ("structured", r"x\['node'\]"),
        ("complex", r"abs\(x\)"),
    ],
)
def test_the_error_says_what_to_give(given, advice):
    with pytest.raises(TypeError, match=advice) as caught:
        fit_power_law(MISREAD[given])
    assert "\n" not in str(caught.value)


def test_what_the_errors_advise_works():
    counts = collections.Counter(DEGREES.values())
    fit = fit_power_law(list(DEGREES.values()))
    assert fit_power_law(DEGREES.values()) == fit
    assert fit_power_law([row[-1] for row in Degrees(DEGREES)]) == fit
    assert fit_power_law(list(counts), weights=list(counts.values())) == fit
    assert fit_power_law(collections.deque(DEGREES.values())) == fit
    assert fit_power_law([float(v) for v in OBJECTS["fractions"] + [9]]).n == 3


@pytest.mark.parametrize("given", OBJECTS)
def test_objects_are_evaluated_but_are_no_sample(given):
    with pytest.raises(TypeError, match="got dtype object: convert"):
        fit_power_law(OBJECTS[given])
    exact = [float(v) for v in OBJECTS[given]]
    assert fit_power_law(X).logsf(OBJECTS[given]).tolist() == fit_power_law(X).logsf(exact).tolist()


def test_memory_maps_of_bytes_are_refused_and_of_numbers_taken(tmp_path):
    X.tofile(tmp_path / "x")
    with open(tmp_path / "x", "rb") as file:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
            with pytest.raises(TypeError, match="frombuffer"):
                fit_power_law(mapped)
    assert fit_power_law(np.memmap(tmp_path / "x", np.float64, "r")) == fit_power_law(X)


def test_graphs_of_networkx():
    nx = pytest.importorskip("networkx", reason="pip install networkx")
    G = nx.barabasi_albert_graph(300, 2, seed=1)
    D = nx.DiGraph(G)
    views = [G.degree, G.degree(), D.in_degree, G.nodes, G.edges, G.adj, G.nodes(data="w")]
    for view in [*views, G.edges(data="w"), dict(G.degree), list(G.degree), nx.degree(G)]:
        for call in (fit_power_law, lambda x: goodness_of_fit(x, 20), powerlaw.Fit):
            with pytest.raises(TypeError, match="must be real numbers, got"):
                call(view)
    assert fit_power_law(dict(G.degree).values()) == fit_power_law([d for _, d in G.degree])


def test_tables_and_columns_of_pandas():
    pd = pytest.importorskip("pandas", reason="pip install pandas")
    with pytest.raises(TypeError, match=r"2 columns: give one, such as x\['id'\]"):
        fit_power_law(pd.DataFrame({"id": [1, 2, 3], "degree": [2, 3, 9]}))
    assert fit_power_law(pd.DataFrame({"x": X})) == fit_power_law(X)
    assert fit_power_law(pd.Series(X, index=np.arange(200) * 7)) == fit_power_law(X)
    with_na = pd.Series([*X, None], dtype="Float64")
    fit = fit_power_law(with_na)
    assert fit.excluded == {"masked": 1}
    assert fit.alpha == fit_power_law(X).alpha
    with pytest.raises(ValueError, match="masked or missing"):
        binomial.logsf(with_na, 10, 0.5)
    with pytest.raises(ValueError, match="finite"):
        fit_power_law(pd.Series([*X, None]))


def test_tensors_that_hold_no_plain_numbers():
    torch = pytest.importorskip("torch")
    eye = torch.eye(3)
    for bad in (eye.to_sparse(), torch.empty(3, 3, device="meta")):
        for call in (fit_power_law, stable_rank, powerlaw.Fit, binomial.sf.__get__(bad)):
            with pytest.raises(TypeError, match="must be real numbers, got a"):
                call(bad) if call.__class__.__name__ != "method" else call(10, 0.5)
    assert fit_power_law(torch.tensor(X, requires_grad=True)) == fit_power_law(X)
    assert fit_power_law(torch.tensor(X).reshape(2, 100).T) == fit_power_law(X)
    assert fit_power_law(torch.complex(eye, 3 + eye)[0].conj().imag.neg()).n == 3  # lazy bits


# ---- other layouts of memory ---------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
@pytest.mark.parametrize("dtype", ["<f2", ">f2", "<f4", ">f4", "<f8", ">f8"])
@pytest.mark.parametrize("layout", ["plain", "strided", "reversed", "read-only", "matrix"])
def test_any_layout_has_the_same_fit(dtype, layout):
    plain = X.astype(dtype[1:])
    x = plain.astype(dtype)
    if layout == "strided":
        x = np.repeat(x, 3)[::3]
    elif layout == "reversed":
        x = x[::-1].copy()[::-1]
    elif layout == "read-only":
        x.flags.writeable = False
    elif layout == "matrix":
        x = np.asmatrix(x.reshape(20, 10)).T
    assert fit_power_law(x) == fit_power_law(plain)
    assert TailSketch("float16").update(X.astype(">f2")).max == float(X.astype("f2").max())


@pytest.mark.parametrize("kind", [list, np.uint64, np.int64])
def test_integers_that_a_float_would_round_are_no_discrete_sample(kind):
    values = [2, 3, 5, 2**53 + 1]
    x = values if kind is list else np.array(values, kind)
    for weights in (None, [1, 1, 1, 1]):
        with pytest.raises(ValueError, match=r"at most 2\*\*53 .* got 9007199254740993$"):
            fit_power_law(x, discrete=True, weights=weights)
    assert fit_power_law(x).n == 4  # rounded
    values[-1] -= 1
    assert fit_power_law(values, discrete=True).n == 4


# ---- masks ---------------------------------------------------------------------------------------

MASKED = np.ma.masked_greater(X, 20)
LEFT = np.asarray(MASKED.compressed())


@pytest.mark.parametrize(
    "given",
    [MASKED, MASKED.reshape(20, 10), MASKED.astype("f4"), MASKED.astype("f2"), [MASKED, MASKED]],
    ids=["1-D", "2-D", "float32", "float16", "blocks"],
)
def test_fits_leave_masked_elements_out_and_count_them(given):
    plain = [LEFT, LEFT] if isinstance(given, list) else LEFT.astype(given.dtype)
    n_masked = 2 if isinstance(given, list) else 1
    expected = fit_power_law(plain)
    for rule in ({}, {"xmin": (1, 5)}, {"ks": "two-sided"}, {"xmax": 15.0}):
        fit, expected = fit_power_law(given, **rule), fit_power_law(plain, **rule)
        assert fit.excluded == {"masked": n_masked, **expected.excluded}
        assert (fit.alpha, fit.xmin, fit.n) == (expected.alpha, expected.xmin, expected.n)
    fit, expected = fit_power_law(given), fit_power_law(plain)
    assert fit.usable().tolist() == expected.usable().tolist()
    assert fit.goodness_of_fit(20) == expected.goodness_of_fit(20)


def test_integers_and_many_elements_are_left_out_too():
    whole = np.ma.array(np.floor(4 * X), mask=X > 20).astype(int)
    fit = fit_power_law(whole, discrete=True)
    assert fit.excluded == {"masked": int((X > 20).sum())}
    assert fit.alpha == fit_power_law(whole.compressed(), discrete=True).alpha
    many = np.random.default_rng(1).standard_t(3, 400_000)
    masked = np.ma.array(many, mask=many > 5)
    fit, expected = (fit_power_law(x, side="abs") for x in (masked, masked.compressed()))
    assert fit.excluded == {"masked": int((many > 5).sum())}
    assert (fit.alpha, fit.n) == (expected.alpha, expected.n)


def test_tests_and_the_drop_in_leave_masked_elements_out():
    assert goodness_of_fit(MASKED, 20) == goodness_of_fit(LEFT, 20)
    assert confidence_interval(MASKED) == confidence_interval(LEFT)
    one, two = (compare(x, "power_law", "lognormal", xmin=1.0) for x in (MASKED, LEFT))
    assert one.R == two.R
    assert powerlaw.Fit(MASKED).alpha == powerlaw.Fit(LEFT).alpha
    assert powerlaw.cdf(MASKED)[0].size == LEFT.size


@pytest.mark.parametrize("function", ["sketch", *MATRICES, *POINTS])
def test_masks_are_refused_where_nothing_can_be_left_out(function):
    call = {**SAMPLES, **MATRICES, **POINTS}[function]
    square = np.ma.array(np.eye(3) + 1, mask=np.eye(3) > 0)
    given = square if function in MATRICES else np.ma.array([1.0, 2, 3], mask=[0, 1, 0])
    with pytest.raises(ValueError, match=r"masked|mask of x"):
        call(given)
    if function in MATRICES:
        with pytest.raises(ValueError, match="masked"):
            call([np.ma.array([1.0, 2, 3], mask=[0, 1, 0])] * 3)


def test_an_empty_mask_is_none():
    assert fit_power_law(np.ma.array(X, mask=np.zeros(200, bool))) == fit_power_law(X)
    assert stable_rank(np.ma.array(np.eye(3))) == stable_rank(np.eye(3))


def test_weights_and_masks():
    times = np.arange(200) % 4
    expected = fit_power_law(LEFT, weights=times[~MASKED.mask])
    for weights in (times, np.ma.array(times, mask=MASKED.mask)):
        fit = fit_power_law(MASKED, weights=weights)
        assert (fit.alpha, fit.n) == (expected.alpha, expected.n)
        assert fit.excluded == {"masked": 1}
    for x, mask in ((X, MASKED.mask), (MASKED, X < 1.1)):
        with pytest.raises(ValueError, match="weights must have the mask of x"):
            fit_power_law(x, weights=np.ma.array(times, mask=mask))


# ---- data that change after a fit ----------------------------------------------------------------


def change_all(x):
    x *= 2


def change_one(x):
    x.flat[3] = np.nextafter(x.flat[3], x.dtype.type(np.inf), dtype=x.dtype)


def change_two_against_each_other(x):
    x.flat[0], x.flat[1] = 2, 6
    x.flat[2], x.flat[3] = 4, 4


def change_signs(x):
    x *= -1


def replace_by_others(x):
    x[...] = np.random.default_rng(5).pareto(2.5, x.shape) + 1


READERS = {
    "goodness": lambda fit: fit.goodness_of_fit(20),
    "interval": lambda fit: fit.confidence_interval(method="bootstrap", n_resamples=20),
    "compare": lambda fit: fit.compare("lognormal"),
    "compare_all": lambda fit: fit.compare_all(),
    "usable": lambda fit: fit.usable(),
}


@pytest.mark.parametrize(
    "change",
    [change_all, change_one, change_two_against_each_other, change_signs, replace_by_others],
)
@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_changed_data_are_detected(change, dtype):
    x = X.astype(dtype)
    fits = [fit_power_law(x), fit_power_law(x, xmin=(1, 9)), fit_power_law([x[:50], x[50:]])]
    fits += [fit_power_law(x.reshape(10, 20)), fit_power_law(x, weights=np.ones(200, int))]
    fits += [pickle.loads(pickle.dumps(fits[0])), copy.copy(fits[0])]
    for fit in fits:
        fit.usable()
    change(x)
    for fit in [*fits[:5], fits[6]]:
        for read in READERS.values():
            with pytest.raises(ValueError, match="changed after the fit"):
                read(fit)
        assert fit.stderr > 0
        assert fit.confidence_interval().alpha
    fits[5].usable()  # it has its own data


def test_two_elements_that_change_against_each_other_are_seen():
    """Sums of the bit patterns, and their exclusive or, would be the same."""
    for dtype, checksum in ((np.float32, tail.checksum_f32), (np.float64, tail.checksum_f64)):
        one, two = np.array([4, 5, 6, 7], dtype), np.array([5, 5, 6, 6], dtype)
        assert checksum(one) != checksum(two)
        sums = {checksum(np.array([a, b], dtype)) for a in range(1, 99) for b in range(a, 99)}
        assert len(sums) == 98 * 99 // 2
    sums = {tail.checksum_u16(np.array([a, b], np.uint16)) for a in range(99) for b in range(a, 99)}
    assert len(sums) == 99 * 100 // 2


def test_the_checksum_is_that_of_its_definition():
    rng, mask = np.random.default_rng(3), 2**32 - 1
    for dtype, name in (("u8", "f64"), ("u4", "f32"), ("u2", "u16")):
        width = 8 * int(dtype[1])
        words = rng.integers(0, 2**width, 1003, dtype=dtype)
        expected = 0
        for word in words.tolist():
            w = word << 64 - width
            mixed = (((w ^ w >> 32 ^ w >> 47) & mask) * 0x9E3779B1) ^ w
            expected += (mixed & mask) * (mixed >> 32) + w
        x = words if name == "u16" else words.view(dtype.replace("u", "f"))
        assert getattr(tail, f"checksum_{name}")(x) == expected % 2**64


def test_an_order_is_no_change_but_where_weights_have_places():
    x, k = X.copy(), np.floor(4 * X).astype(int)
    times = np.arange(200) % 3 + 1
    fit, whole = fit_power_law(x), fit_power_law(k, discrete=True)
    weighted = fit_power_law(x, weights=times)
    before = fit.goodness_of_fit(20)
    x.sort()
    k.sort()
    assert fit.goodness_of_fit(20) == before
    assert whole.usable().tolist() == k.tolist()
    with pytest.raises(ValueError, match="changed after the fit"):
        weighted.usable()
    y = X.copy()
    weighted = fit_power_law(y, weights=times)
    weighted.usable()
    times[5] += 1
    with pytest.raises(ValueError, match="changed after the fit"):
        weighted.usable()


def test_lists_integers_and_many_elements_that_change_are_detected():
    kinds = {
        "list": (X.tolist(), {}),
        "integers": (np.floor(9 * X).astype(np.int32), {"discrete": True}),
        "masked": (np.ma.array(X.copy(), mask=X > 20), {}),
        "many": (np.random.default_rng(1).standard_t(3, 400_000), {"side": "abs"}),
        "threads": (
            np.random.default_rng(1).standard_t(3, 400_000),
            {"side": "abs", "n_threads": 2},
        ),
    }
    for x, rule in kinds.values():
        fit = fit_power_law(x, **rule)
        fit.usable()
        x[7] += 1
        with pytest.raises(ValueError, match="changed after the fit"):
            fit.usable()


# ---- results that are values of the data ---------------------------------------------------------


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 3.7, 1e3])
def test_xmin_and_its_interval_are_values_of_the_data(dtype, scale):
    x = (X * scale).astype(dtype)
    values = set(x.astype(float).tolist())
    for rule in ({}, {"xmin": (scale, 3 * scale)}, {"ks": "two-sided"}, {"xmax": 15 * scale}):
        fit = fit_power_law(x, **rule)
        interval = fit.confidence_interval(method="bootstrap", n_resamples=30)
        assert {fit.xmin, *interval.xmin} <= values
        assert fit.goodness_of_fit(20).xmin == fit.xmin
    assert goodness_of_fit(x, 20).xmin in values
    assert set(confidence_interval(x, method="bootstrap", n_resamples=30).xmin) <= values


def test_an_xmin_that_every_resample_finds_is_its_interval():
    for xmin in (9.0, 7.0, 0.1, 1e300, 5e-324 * 2**60):
        x = np.repeat(xmin * np.array([1, 2, 4, 8]), [800, 200, 50, 13])
        for rule in ({}, {"xmin": (xmin / 2, xmin * 1.5)}):
            interval = fit_power_law(x, **rule).confidence_interval(
                method="bootstrap", n_resamples=30
            )
            assert interval.xmin[0] == xmin
            assert interval.xmin[1] in x


def test_intervals_of_whole_numbers_are_whole():
    k = np.floor(9 * X)
    for rule in ({"discrete": True, "xmin": (1, 40)}, {}):
        fit = fit_power_law(k, **rule)
        interval = fit.confidence_interval(method="bootstrap", n_resamples=30)
        assert all(float(end).is_integer() and end in k for end in interval.xmin)


# ---- numbers of the binomial functions -----------------------------------------------------------

REFUSED = [
    (2**53 + 1, "9007199254740993"),
    (2**60, "1152921504606846976"),
    (10**30, str(10**30)),
    (-(10**30), str(-(10**30))),
    (2.0**60, "1.152921504606847e+18"),
    (10.5, "10.5"),
    (np.uint64(2**63 + 5), "9223372036854775813"),
    (np.array([4, 5, 2**53 + 2], np.uint64), "9007199254740994 at index 2"),
    ([4, 10**30], f"{10**30} at index 1"),
    ([[4.0], [0.5]], "0.5 at index (1, 0)"),
]


@pytest.mark.parametrize(("n", "named"), REFUSED)
@pytest.mark.parametrize("name", ["logsf", "cdf", "kl", "log_isf", "upper_limit", "lower_limit"])
def test_the_n_that_is_refused_is_the_one_given(name, n, named):
    first, last = (-3.0, 0.5) if name == "log_isf" else (3, -3.0 if "limit" in name else 0.5)
    with pytest.raises(ValueError, match=re.escape(f"in [0, 2^53], got {named}") + "$"):
        getattr(binomial, name)(first, n, last)


def test_no_binomial_function_returns_minus_zero_or_nan():
    k, n = np.meshgrid([-1, -0.0, 0, 1, 2, 5, 9, 10, 11, 1e300], [0, 1, 2, 10, 1000, 2**53])
    p = np.array([0, -0.0, 5e-324, 1e-300, 1e-17, 0.1, 0.3, 0.5, 0.9, 1 - 2**-53, 1])[:, None, None]
    names = ("logsf", "logcdf", "logpmf", "sf", "cdf", "pmf", "chernoff_logsf")
    found = [getattr(binomial, name)(k, n, p) for name in names]
    found.append(binomial.kl(np.clip(k, -0.0, n), n, p))
    level = np.array([-np.inf, -1e300, -1e7, -745, -30, -0.7, -0.5, -1e-17, -5e-324, -0.0, 1.0])
    found.append(binomial.log_isf(level[:, None, None, None], n, p))
    for limit in (binomial.upper_limit, binomial.lower_limit):
        answer = limit(np.clip(k, 0, n), n, np.minimum(level, 0.0)[:, None, None])
        found += [answer.p, answer.log_p, answer.log1m_p]
    for values in found:
        assert not np.isnan(values).any()
        assert not np.signbit(values[values == 0]).any()
    assert not np.signbit(binomial.log_isf(-30.0, 10, 1e-300))  # one number
    assert not np.signbit(binomial.kl(-0.0, 1, 0.0))

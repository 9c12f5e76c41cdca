"""What is refused because other numbers than are meant would be read; masks; data that change."""

import collections
import datetime
import decimal
import fractions
import mmap
import pathlib
import re

import numpy as np
import pytest
from functions_of_data import MATRICES, POINTS, SAMPLES, X
from scipy import sparse

import htstats.compat.powerlaw as powerlaw
from htstats import TailSketch, binomial, fit_power_law, stable_rank
from htstats.power_law import goodness_of_fit


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

"""Every public function leaves its inputs alone, takes any layout of an array, and returns results
that pickle."""

import copy
import functools
import inspect
import pickle

import numpy as np
import pytest
from fingerprints import fingerprint, parts_of
from public_calls import CALLS, LEFT_OUT, call, function_of, public_names
from public_calls_world import World

from htstats.alternatives import integrals

# Results that stand for something outside of Python, or that a caller has to fill.
NOT_PICKLED = {
    "streaming.read_blocks": "an iterator",
    "report.pictures.picture_folder": "a context manager",
    "sketch.exact_sums.SumsOfSplit": "addresses of one thread of a split",
    "spectral.open_matrix": "a view of a matrix that the caller has",
    "spectral.open_rows": "a view of a matrix that the caller has",
    "compression.container.ContainerWriter": "a file that is being written",
    "torch.load_module": "a module of torch, which refuses",
}
NOT_COPIED = {**NOT_PICKLED, "torch.to_sparse_csr": "a sparse tensor of torch, which refuses"}

# These functions change what they are given, as their names or documentation say.
CHANGE_INPUTS = {
    "report.tables.finish": "completes a row",
    "torch.compress_": "in place",
    "torch.replace_linear_": "in place",
    "compression.partition.plan.split_rows": "adds to the sums that it is given",
    "streaming.compress_rows": "writes to the writer",
    "compression.container.MatrixSink": "writes to the writer",
}

RANDOM = {
    "torch.training.fully_connected": "draws from torch's generator",
    "compression.container.write_shards": "new names of files",
    "compression.container.write_dense": "new names of files",
    "compression.container.ContainerWriter": "new names of files",
    "report.pictures.picture_folder": "new names of files",
}

# warnings about the data are no concern here; those about read-only memory are
pytestmark = pytest.mark.filterwarnings("ignore", "error:.*not writable")


@pytest.fixture(scope="module")
def world():
    return World()


@pytest.fixture(scope="module")
def expected(world):
    """The fingerprint of the result of each call."""
    return functools.cache(lambda name: fingerprint(call(name, world)))


def arrays_in(value, depth=6):
    """Every array in an argument: in lists, dataclasses, tensors and modules too."""
    if isinstance(value, np.ndarray):
        return [value]
    if type(value).__module__.partition(".")[0] == "torch" and hasattr(value, "numpy"):
        return [value.detach().numpy()]
    if depth == 0 or isinstance(value, str | bytes | type) or inspect.isroutine(value):
        return []
    if type(value).__module__ in ("_io", "weakref", "_thread"):
        return []
    return [array for part in parts_of(value) for array in arrays_in(part, depth - 1)]


def test_every_public_name_has_an_entry():
    names = public_names()
    functions = {name for name, value in names.items() if not inspect.isclass(value)}
    known = CALLS.keys() | LEFT_OUT.keys()
    assert sorted(functions - known) == [], "tests/public_calls.py has no call of these"
    assert sorted(known - names.keys()) == [], "tests/public_calls.py names what is not public"
    assert len(CALLS) > 200
    assert not CALLS.keys() & LEFT_OUT.keys()


def kinds_in(value, found, depth=6):
    """The classes of a result and of its parts."""
    found.add(type(value))
    if depth and type(value).__module__.startswith("htstats"):
        for part in parts_of(value):
            kinds_in(part, found, depth - 1)
    elif depth and isinstance(value, list | tuple | dict):
        for part in value.values() if isinstance(value, dict) else value:
            kinds_in(part, found, depth - 1)
    return found


def test_every_public_class_comes_with_a_result(world):
    """So the tests of results below hold for all classes."""
    seen = set()
    for name in CALLS:
        kinds_in(call(name, world), seen)
        kinds_in(arguments_of(CALLS[name](world)), seen)
    for found in further_results(world):
        kinds_in(found, seen)
    seen |= {base for kind in seen for base in kind.__mro__}
    classes = {name: kind for name, kind in public_names().items() if inspect.isclass(kind)}
    missed = {n for n, kind in classes.items() if kind not in seen and n not in LEFT_OUT}
    assert sorted(missed) == []


def further_results(world):
    """Results of methods, and records that functions take."""
    fit = function_of("stable.fit_stable")(world.signed, "ecf")
    records = [fit.goodness_of_fit("ks", n_resamples=10), fit.confidence_interval()]
    records += [fit.compare("normal"), world.sketch.buckets("abs"), world.half_format]
    records += [world.options, world.split_sums, world.stage, world.unread, integrals.CUTOFF]
    records += [*world.container.matrices.values(), *world.container.tensors.values()]
    return records


@pytest.mark.parametrize("number", range(12))
def test_further_results_pickle_and_copy(number, world):
    found = further_results(world)[number]
    expected = fingerprint(found)
    assert fingerprint(pickle.loads(pickle.dumps(found))) == expected
    assert fingerprint(copy.deepcopy(found)) == expected


def test_there_are_so_many_further_results(world):
    assert len(further_results(world)) == 12


@pytest.mark.parametrize("name", sorted(CALLS))
def test_inputs_are_read_only_and_stay_as_they_are(name, world, expected):
    if name in CHANGE_INPUTS:
        return
    given = CALLS[name](world)
    inputs = [*given.args, *given.named.values()]
    arrays = arrays_in(inputs)
    before = [(array.tobytes(), array.strides, array.dtype) for array in arrays]
    if not name.startswith("torch."):  # tensors of torch have no such flag
        for array in arrays:
            array.flags.writeable = False
    found = function_of(name)(*given.args, **given.named)
    assert [(array.tobytes(), array.strides, array.dtype) for array in arrays] == before
    if name not in RANDOM:
        assert fingerprint(found) == expected(name)


@pytest.mark.parametrize("name", sorted(CALLS))
def test_results_pickle_and_copy(name, world):
    if name in NOT_PICKLED:
        return
    found = call(name, world)
    expected = fingerprint(found)
    for protocol in (2, pickle.HIGHEST_PROTOCOL):
        assert fingerprint(pickle.loads(pickle.dumps(found, protocol))) == expected
    if name not in NOT_COPIED:
        assert fingerprint(copy.deepcopy(found)) == expected
        assert fingerprint(copy.copy(found)) == expected
    assert fingerprint(found) == expected, "pickling changed the result"


def swapped(x):
    return x.astype(x.dtype.newbyteorder())


def on_disk(x):
    import tempfile

    file = tempfile.TemporaryFile()
    file.write(np.ascontiguousarray(x).tobytes())
    file.flush()
    return np.memmap(file, x.dtype, "r", shape=x.shape)


LAYOUTS = {
    "spread": lambda x: np.repeat(x, 3, axis=-1)[..., ::3],
    "reversed": lambda x: np.ascontiguousarray(x[::-1])[::-1],
    "Fortran": np.asfortranarray,
    "in a column": lambda x: np.stack([x, x], axis=-1)[..., 0],
    "swapped bytes": swapped,
    "memory map": on_disk,
    "unaligned": lambda x: np.frombuffer(b"\0" + x.tobytes(), np.uint8)[1:].view(x.dtype)
                             .reshape(x.shape),
}  # fmt: skip

# Parts of the engine and of splits take what the face above them has made contiguous.
ENGINE = {
    "compression.partition.plan.split_rows",
    "compression.partition.split.count_rows",
    "compression.partition.split.fill_rows",
    "compression.partition.split.split_block",
    "sketch.exact_sums.sum_half",
    "spectral.fit_eigenvalues",
    "spectral.trust",
}


def arguments_of(given):
    return [*given.args, *given.named.values()]


@pytest.mark.parametrize("name", sorted(CALLS.keys() - ENGINE - RANDOM.keys()))
def test_the_layout_of_an_array_changes_no_bit(name, world, expected):
    given = CALLS[name](world)
    if not any(isinstance(x, np.ndarray) and x.ndim for x in arguments_of(given)):
        return
    for layout, change in LAYOUTS.items():
        given = CALLS[name](world)
        args = [change(x) if isinstance(x, np.ndarray) and x.ndim else x for x in given.args]
        named = {k: change(x) if isinstance(x, np.ndarray) and x.ndim else x
                 for k, x in given.named.items()}  # fmt: skip
        assert fingerprint(function_of(name)(*args, **named)) == expected(name), layout


DTYPES = {
    "fit_power_law": lambda x: function_of("fit_power_law")(x),
    "TailSketch": lambda x: function_of("TailSketch")(x.dtype.name).update(x),
    "partition": lambda x: function_of("partition")(x.reshape(20, 10), 1.5),
    "stable_rank": lambda x: function_of("stable_rank")(x.reshape(20, 10)),
    "spectrum": lambda x: function_of("spectral.fit_spectrum")(x.reshape(20, 10)),
    "fit_stable": lambda x: function_of("stable.fit_stable")(x, "quantile"),
    "compare_all": lambda x: function_of("alternatives.compare_all")(x, xmin=1.0),
    "goodness_of_fit": lambda x: function_of("power_law.goodness_of_fit")(x, 10),
    "drop-in": lambda x: function_of("compat.powerlaw.Fit")(x, xmin=1.0, verbose=False),
}


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("name", DTYPES)
def test_every_float_dtype_is_read_only_in_every_layout(name, dtype, world):
    x = world.sample.astype(dtype)
    expected = fingerprint(DTYPES[name](x.copy()))
    for layout, change in LAYOUTS.items():
        given = change(x)
        given.flags.writeable = False
        before = given.tobytes()
        assert fingerprint(DTYPES[name](given)) == expected, layout
        assert given.tobytes() == before, layout

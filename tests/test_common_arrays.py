"""The dtype policy and the named constraints."""

import ml_dtypes
import numpy as np
import pytest

from htstats import TailSketch, fit_power_law, open_weights, partition, stable_rank
from htstats._common.arrays import as_elements, as_float64
from htstats._common.checks import count, finite, nonnegative, one_of, positive, probability


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_native_floats_are_not_copied(dtype):
    x = np.arange(6, dtype=dtype).reshape(2, 3)
    data, name = as_elements(x)
    assert name == dtype
    assert np.shares_memory(data, x)
    assert as_elements(x.T).data.flags.c_contiguous


def test_halves_stay_bits():
    x = np.array([1.5, -2.0], dtype=np.float16)
    data, name = as_elements(x)
    assert (name, data.dtype) == ("float16", np.uint16)
    b = x.astype(ml_dtypes.bfloat16)
    assert as_elements(b).dtype == "bfloat16"
    assert as_elements(b.view(np.uint16), dtype="bfloat16").dtype == "bfloat16"
    assert as_float64(b).tolist() == as_float64(x).tolist() == [1.5, -2.0]


def test_torch_tensors_pass_without_a_copy():
    torch = pytest.importorskip("torch")
    x = torch.arange(4.0, requires_grad=True)
    assert np.shares_memory(as_elements(x).data, x.detach().numpy())
    assert as_float64(x.to(torch.bfloat16)).tolist() == [0, 1, 2, 3]


def test_integers_widen_and_others_are_refused():
    assert as_elements([1, 2, 3]).dtype == "float64"
    assert as_elements(np.float64([1, 2]).astype(">f8")).data.dtype.isnative
    for bad in (["a"], [1j], [None], np.array(["2020"], dtype="M8[Y]")):
        with pytest.raises(TypeError, match="weights must be real numbers"):
            as_elements(bad, "weights")
    with pytest.raises(TypeError, match="dtype"):
        as_elements([1.0], dtype="bfloat16")


def test_constraints_name_the_argument_and_the_value():
    assert positive("a", 2) == 2
    assert probability("p", 1) == 1
    assert nonnegative("t", 0) == 0
    assert count("n", np.int64(3)) == 3
    assert one_of("keep", "abs", ("abs", "upper")) == "abs"
    for check, value in [
        (positive, 0),
        (positive, float("inf")),
        (nonnegative, -1e-300),
        (probability, 1.5),
        (probability, float("nan")),
        (finite, float("nan")),
    ]:
        with pytest.raises(ValueError, match=r"arg must .*got"):
            check("arg", value)
    with pytest.raises(ValueError, match="n must be at least 1, got 0"):
        count("n", 0, at_least=1)
    with pytest.raises(ValueError, match="n must be below 4, got 4"):
        count("n", 4, below=4)
    with pytest.raises(TypeError, match="n must be an integer"):
        count("n", 2.5)
    with pytest.raises(TypeError, match="a must be a real number"):
        positive("a", "two")
    with pytest.raises(ValueError, match="keep must be one of 'abs', got 'low'"):
        one_of("keep", "low", ("abs",))


@pytest.mark.parametrize("name", ["float16", "float32", "float64", "int16", "uint32", "int64"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_numbers_of_either_byte_order_are_the_numbers(name, order):
    """Arrays in the other byte order, such as files of other machines, keep their values."""
    x = np.array([[1.5, 2.5, 3.0], [40.0, 5.0, 6.25], [7.0, 8.0, 300.0]]).astype(name)
    other = x.astype(x.dtype.newbyteorder(order))
    kind = name if name.startswith("float") else "float64"
    assert TailSketch(kind).update(other) == TailSketch(kind).update(x)
    assert fit_power_law(other).alpha == fit_power_law(x).alpha
    assert stable_rank(other) == stable_rank(x)
    if name.startswith("float"):
        assert np.array_equal(partition(other).toarray(), partition(x).toarray())
        assert np.array_equal(open_weights({"w": other})["w"].toarray(), x)

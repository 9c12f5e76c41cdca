"""The bundled data: every sample once, no statistic of the training set in it."""

import numpy as np
import pytest

load_digits = pytest.importorskip("sklearn.datasets").load_digits

from htstats.datasets import digits  # noqa: E402


def test_the_split_is_a_partition_of_the_bundle():
    data = digits(held_out=100, seed=3)
    assert data.x_train.dtype == np.float32
    pixels = np.concatenate([data.x_test, data.x_train]) * 8 + 8
    rows = np.column_stack([pixels, np.concatenate([data.y_test, data.y_train])]).astype(int)
    bundle = load_digits()
    source = np.column_stack([bundle.data, bundle.target]).astype(int)
    assert sorted(map(tuple, rows)) == sorted(map(tuple, source))
    assert len(data.y_test) == 100


def test_preprocessing_is_blind_to_the_split():
    few, many = digits(held_out=10), digits(held_out=900)
    assert np.array_equal(few.x_test, many.x_test[:10])
    assert not np.array_equal(digits(seed=1).x_test, digits(seed=2).x_test)


@pytest.mark.parametrize("held_out", [0, 1797])
def test_both_parts_have_samples(held_out):
    with pytest.raises(ValueError, match="held_out"):
        digits(held_out=held_out)

"""Property tests that draw their inputs for each of several cases."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


def draws(n, **cases):
    """Run a test on n examples of `data` for each value of an argument: `draws(60, dtype=DTYPES)`.

    Hypothesis fills `data`, whose `draw` returns a value of a strategy.
    """
    ((name, values),) = cases.items()

    def decorate(test):
        drawn = given(data=st.data())(settings(max_examples=n, deadline=None)(test))
        return pytest.mark.parametrize(name, values)(drawn)

    return decorate

"""Bindings of htst_stable_table: the table of one alpha-stable law, for many points."""

from libc.stdint cimport int64_t

from htstats._core.htst_stable_table cimport (
    htst_stable_table_build,
    htst_stable_table_map,
    htst_stable_table_size,
    htst_stable_table_t,
)
from htstats._core.status cimport check


def doubles():
    """The size of a table, in doubles."""
    return (htst_stable_table_size() + 7) // 8


def build(double alpha, double beta, double[::1] table):
    """Fill the table of a law."""
    cdef int status
    if table.shape[0] < doubles():
        raise ValueError(f"a table needs {doubles()} doubles, got {table.shape[0]}")
    with nogil:
        status = htst_stable_table_build(alpha, beta, <htst_stable_table_t *> &table[0])
    check(status)


def table_range(const double[::1] table):
    """(low, high, width, is_x1) of a table; is_x1 is True if t is x_S1."""
    cdef const htst_stable_table_t *given
    if table.shape[0] < doubles():
        raise ValueError(f"a table needs {doubles()} doubles, got {table.shape[0]}")
    given = <const htst_stable_table_t *> &table[0]
    return given.low, given.high, given.width, given.is_x1 != 0


def evaluate(
    const double[::1] table, int function, bint is_s1, double loc, double scale,
    const double[::1] x, double[::1] out
):
    """out[i] = function(x[i])."""
    cdef int64_t count = out.shape[0]
    cdef int status
    if table.shape[0] < doubles():
        raise ValueError(f"a table needs {doubles()} doubles, got {table.shape[0]}")
    if x.shape[0] != count:
        raise ValueError(f"x has {x.shape[0]} elements, the output {count}")
    if count == 0:
        return
    with nogil:
        status = htst_stable_table_map(
            <const htst_stable_table_t *> &table[0], function, is_s1, loc, scale, count, &x[0],
            &out[0])
    check(status)

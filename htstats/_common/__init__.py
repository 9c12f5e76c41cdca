"""What every room may use, and what knows nothing of statistics.

Each module is of use to several rooms:

    lazy       names of a package that are loaded when they are first asked for
    checks     arguments: each check returns its value or names the argument that broke its rule
    arrays     the dtype policy: what an input becomes before a kernel sees it
    rows       a matrix that is read in blocks of rows
    threads    ranges of an array, or a list of items, on threads
    broadcast  elementwise kernels on arguments that broadcast, `out=`, `n_threads=`
    files      files that appear whole or not at all
    tables     plain-text tables
"""

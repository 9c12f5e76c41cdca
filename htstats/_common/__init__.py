"""What every room may use, and what knows nothing of statistics.

Each module is of use to several rooms:

    lazy         names of a package that are loaded when they are first asked for
    checks       arguments: each check returns its value or names the argument that broke its rule
    data_checks  what is no sample: mappings, pairs, texts, masked elements, NaN
    arrays       the dtype policy: what an input becomes before a kernel sees it; `widen`
    float8       the formats of 8-bit floats
    rows         a matrix that is read in blocks of rows
    threads      items or ranges of an array, on threads
    broadcast    elementwise kernels on arguments that broadcast, `out=`, `n_threads=`
    files        files that appear whole or not at all
    messages     text from elsewhere on one line of an error message
    tables       plain-text tables
    documents    sections of docstrings that several functions share
"""

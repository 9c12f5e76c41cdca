"""Tools that every subpackage may use. They do not depend on statistics.

Several subpackages use each of these modules:

    processor    the instructions that the kernels use on this processor
    lazy         load the names of a package when they are first used
    extras       say which extra of htstats brings an optional package that is missing
    checks       check arguments; an error names the invalid argument
    data_checks  refuse invalid samples: mappings, pairs, texts, masked elements, NaN
    arrays       the dtype policy: convert each kind of input for the kernels
    float8       convert 8-bit floats to float16 and back
    rows         read a matrix in blocks of rows
    threads      process items, or ranges of an array, on threads
    broadcast    run elementwise kernels on arguments that broadcast, with `out=` and `n_threads=`
    files        write files so that they appear either complete or not at all
    messages     convert text from files and other libraries to one line of an error message
    tables       format plain-text tables
    documents    add shared sections to the docstrings of several functions
"""

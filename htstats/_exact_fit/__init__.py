"""The engine of the exact power-law fit. It returns numbers; `htstats.power_law` is its face.

A sample passes through these modules in this order:

    options          the arguments of a fit, checked once
    source           the numbers as given: an array, or blocks that can be read again
    dispatch         decides: sort all values, prune first, count integers, or use a sketch
    sample           the usable values, ascending and distinct, with their counts
    discrete_sample  the same for integers: small ones are counted, the others sorted
    histogram        counts by buckets of bit patterns, for pruning
    bucket_bounds    lower bounds of the distance of every candidate, from the buckets alone
    prune            scans the values that the bounds cannot rule out
    candidates       estimate and distance of every candidate xmin
    discrete_scan    the same for the zeta distribution
    solve            the best candidate of a sample
    fitted_tail      the result: numbers, and the law that they describe
    out_of_core/     the same scan for more values than fit in memory
"""

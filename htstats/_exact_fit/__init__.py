"""The engine of the exact power-law fit. It returns numbers; `htstats.power_law` is its face.

A sample passes through these modules in this order:

    options          what is asked for, checked once
    source           the numbers as given: an array, or blocks that can be read again
    dispatch         chooses the way: sort all, prune first, count integers, use a sketch
    sample           the usable values, ascending and distinct, with their counts
    discrete_sample  the same for integers: small ones are counted, the others sorted
    histogram        counts by buckets of bit patterns, for the way that prunes
    bucket_bounds    bounds from below for the distance of every candidate, from buckets alone
    prune            gathers what the bounds leave, scans it, and goes lower if it must
    candidates       the scan: estimate and distance of every candidate xmin
    discrete_scan    the same for the zeta distribution
    solve            the best candidate of a sample
    fitted_tail      what was found, and the law that it is
    out_of_core/     the same scan for more values than the memory holds
"""

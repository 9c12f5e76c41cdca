"""The engine of the exact power-law fit; `htstats.power_law` is the public interface to it.

A sample passes through these modules in this order:

    options          check the arguments of a fit
    source           the numbers given by the caller: an array, or blocks that can be read again
    dispatch         decide whether to sort all values, prune, count integers, or use a sketch
    sample           take the usable values, ascending and distinct, with their counts
    discrete_sample  the same for integers: count small integers, sort the others
    histogram        count the values in buckets of bit patterns, for pruning
    largest_values   copy the largest values of an array while they are counted
    bucket_bounds    compute lower bounds of the distances, using only the bucket counts
    sorted_tail      gather and sort the values above a bucket, on threads
    spread_tail      the same for float32 values, without a sort and in half of the memory
    threaded_scan    find the best of many candidates on threads
    prune            scan the values that the bounds cannot rule out
    candidates       compute the estimate and the distance of every candidate xmin
    discrete_scan    the same for the zeta distribution
    solve            find the best candidate of a sample
    fitted_tail      the result: the numbers of the fit, and the law that they describe
    out_of_core/     the same scan for more values than fit in memory
"""

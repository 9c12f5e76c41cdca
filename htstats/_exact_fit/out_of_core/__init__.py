"""The scan of more values than the memory holds, to the bit the one in memory.

Values pass from the first of these modules to the second:

    ranges  the values of a source in ranges, the largest first, each of which the memory holds
    scan    carries what is known of each candidate from range to range
"""

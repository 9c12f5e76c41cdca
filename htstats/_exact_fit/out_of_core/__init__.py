"""The scan of more values than fit in memory; its result is bit-identical to the one in memory.

budget  divides the memory budget among the parts of the fit
ranges  reads the values of a source range by range, the largest values first
scan    carries what is known of each candidate from range to range
"""

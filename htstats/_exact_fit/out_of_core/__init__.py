"""Scan more values than fit in memory; the result is bit-identical to that of a scan in memory.

budget  divide the memory budget among the parts of the fit
ranges  read the values of a source range by range, from the largest values down
scan    scan range by range, and keep lower bounds for the candidates between ranges
"""

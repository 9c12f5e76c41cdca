"""The continuous and the discrete power law of a tail.

These modules do not depend on the code for fits, candidates or tests:

    pareto  the continuous power law on [xmin, xmax], in t = log(x / xmin); xmax may be infinite
    zeta    the power law on the integers
"""

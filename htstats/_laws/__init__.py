"""The two laws of a tail: numbers in, numbers out.

They know nothing of samples, candidates or tests:

    pareto  the continuous power law on [xmin, xmax], or without an end, in t = log(x / xmin)
    zeta    the power law on the integers
"""

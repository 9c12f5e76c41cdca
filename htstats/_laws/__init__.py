"""The two laws of a tail, as functions of numbers.

They know nothing of samples, candidates or tests:

    pareto  the continuous power law on [xmin, xmax], or without an end, in t = log(x / xmin)
    zeta    the power law on the integers
"""

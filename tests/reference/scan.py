"""The xmin scan as its definition says it: every candidate against every value."""

import numpy as np


def candidates(x):
    """(distinct values, alpha, D+, D-) of all candidates but the largest."""
    x = np.sort(np.asarray(x, dtype=np.longdouble))
    values, first = np.unique(x, return_index=True)
    rows = []
    for k, i in enumerate(first[:-1]):
        n = x.size - i
        alpha = 1 + n / np.sum(np.log1p((x[i:] - values[k]) / values[k]))
        model = 1 - (values[k:] / values[k]) ** (1 - alpha)
        seen = (first[k:] - i) / np.longdouble(n)
        rows.append((alpha, np.max(model - seen), -np.min(model - seen)))
    return values, *np.array(rows, dtype=np.longdouble).T

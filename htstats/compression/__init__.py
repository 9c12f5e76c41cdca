"""The split of the paper, W = A + B, and the file that holds it.

A matrix passes through these in this order:

    thresholds/  from a rule such as "quantile:0.99" to a threshold
    partition/   from a matrix and a threshold to B and the moments of the noise
    matrix       CompressedMatrix: B, and the Gaussian noise that is replayed from a seed
    container/   the file `.htz`, and dense checkpoints made from it
"""

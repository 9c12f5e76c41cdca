"""Split a matrix as in the paper, W = A + B, and store the split in a file.

A matrix passes through these modules in this order:

    thresholds/  from a rule such as "quantile:0.99" to a threshold
    partition/   from a matrix and a threshold to B and the moments of the noise
    matrix       CompressedMatrix: B, and Gaussian noise that is generated from a seed
    container/   the file `.htz`, and dense checkpoints made from it
"""

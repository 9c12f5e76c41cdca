"""The faults that mutate.py puts into csrc, and the Python tests that watch each module."""

import fit_faults
import matrix_faults
import number_faults
import stable_faults

# in the order in which they run, after tests/c/test_MODULE.c
TESTS = {
    "binomial": ("test_binomial.py", "test_binomial_arrays.py", "test_binomial_accuracy.py"),
    "binomial_bulk": ("test_binomial_accuracy.py", "test_binomial.py"),
    "binomial_far": ("test_binomial_accuracy.py", "test_binomial.py"),
    "binomial_invert": ("test_binomial_accuracy.py", "test_binomial.py"),
    "counts": ("test_exact_fit_out_of_core.py",),
    "discrete": ("test_exact_fit_discrete.py",),
    "distance": ("test_exact_fit_scan.py",),
    "estimate": ("test_exact_fit_scan.py", "test_exact_fit_threaded_scan.py"),
    "fit": ("test_power_law.py::test_a_small_fit_in_one_call_is_that_of_its_steps",),
    "gaps": (
        "test_compression_coding.py::test_gaps_are_the_twins_and_come_back",
        "test_compression_coding.py::test_gaps_beyond_32_bits",
    ),
    "isa": ("test_common_processor.py",),
    "moments": ("test_sketch_exact_sums.py",),
    "moments_many": ("test_sketch_exact_sums.py",),
    "normal": ("test_core_normal.py",),
    "pair": ("test_binomial_accuracy.py",),
    "partition": ("test_compression_partition.py",),
    "products": ("test_spectral_products.py", "test_spectral.py"),
    "philox": ("test_core_normal.py",),
    "prune": ("test_exact_fit_prune.py",),
    "rank": ("test_certificate_rank.py",),
    "refits": ("test_power_law_refits.py", "test_power_law_goodness.py"),
    "scan": ("test_exact_fit_scan.py", "test_exact_fit_threaded_scan.py"),
    "single": ("test_spectral_products.py", "test_spectral_spectrum.py"),
    "sketch": ("test_sketch.py",),
    "sort": ("test_core_sort.py",),
    "split": ("test_compression_partition.py", "test_compression_partition_sums.py"),
    "stable": (
        "test_stable_quantiles.py",
        "test_stable_smooth.py",
        "test_stable_extremes.py",
        "test_stable_small_alpha.py",
        "test_stable.py",
        "test_stable_distribution.py",
        "test_stable_accuracy.py",
    ),
    "stable_sample": ("test_stable_sample.py",),
    "tail": ("test_exact_fit_prune.py",),
    "tally": ("test_exact_fit_discrete.py::test_what_is_tallied_is_what_is_usable",),
    "tridiagonal": ("test_spectral_products.py", "test_spectral.py"),
    "truncated": ("test_power_law.py::test_truncated",),
    "zeta": ("test_laws_zeta.py",),
}

FAULTS = (
    *number_faults.FAULTS,
    *stable_faults.FAULTS,
    *matrix_faults.FAULTS,
    *fit_faults.FAULTS,
)

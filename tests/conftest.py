"""Property tests draw the same cases in every run; `make fuzz` draws new ones.

A failure can then be repeated, and no change is blamed for a case that would have failed before
it. `tests/fuzz/properties.py` runs the same tests with the profile "explore", which draws anew.
"""

from hypothesis import HealthCheck, settings

# No time limit for a case or for drawing it: machines may be slow or busy.
PATIENT = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("repeatable", derandomize=True, **PATIENT)
settings.register_profile("explore", derandomize=False, print_blob=True, **PATIENT)
settings.load_profile("repeatable")

# Files whose tests measure memory, kill processes or start clusters: they run by themselves.
ALONE = {
    "test_commands_kills",
    "test_compression_container",
    "test_compression_error_rows",
    "test_compression_partition",
    "test_distributed",
    "test_distributed_workers",
    "test_exact_fit_out_of_core",
    "test_streaming",
}


def pytest_collection_modifyitems(items):
    """Mark the tests of these files: `make test` runs the others side by side."""
    for item in items:
        if item.path.stem in ALONE:
            item.add_marker("alone")

"""Property tests draw the same cases on every run; new ones are sought by `make fuzz`.

A run that fails must fail again for whoever looks into it, and a change must not be blamed for a
case that an earlier one would have met. `tests/fuzz_properties.py` runs the same tests with the
profile "explore", which draws anew and more often.
"""

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("explore", derandomize=False, deadline=None, print_blob=True)
settings.load_profile("repeatable")

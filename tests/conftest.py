"""Property tests draw the same cases on every run; new ones are sought by `make fuzz`.

A run that fails must fail again for whoever looks into it, and a change must not be blamed for a
case that an earlier one would have met. `tests/fuzz/properties.py` runs the same tests with the
profile "explore", which draws anew and more often.
"""

from hypothesis import HealthCheck, settings

# A case may take as long as it takes, and so may drawing it: machines are slow, or busy.
PATIENT = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("repeatable", derandomize=True, **PATIENT)
settings.register_profile("explore", derandomize=False, print_blob=True, **PATIENT)
settings.load_profile("repeatable")

"""Hypothesis profiles: short by default, `HYPOTHESIS_PROFILE=soak` for the nightly run."""

import os

from hypothesis import HealthCheck, settings
from hypothesis.database import DirectoryBasedExampleDatabase

_DATABASE = None if os.environ.get("CI") else DirectoryBasedExampleDatabase(".hypothesis/examples")
_SLOW = (HealthCheck.too_slow,)  # the first example pays for the imports

settings.register_profile("short", max_examples=60, deadline=None, database=_DATABASE, suppress_health_check=_SLOW)
settings.register_profile("soak", max_examples=5_000, deadline=None, database=_DATABASE, suppress_health_check=_SLOW)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "short"))

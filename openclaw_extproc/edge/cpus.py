"""The number of processors that this process may use: those it is bound to, and no more than its container's share of
time.

Source: `sched_getaffinity(2)`; `cpu.max` of the kernel's cgroup v2 ("max 100000", or microseconds of each period).
"""

import math
import os
from pathlib import Path
from typing import Final

CGROUP: Final = Path("/sys/fs/cgroup")
_USUAL_THREADS: Final = 2


def available_cpus(cgroup: Path = CGROUP) -> int:
    """Returns the number of processors, at least 1. `cgroup`: where the container's own group is mounted."""
    bound = len(os.sched_getaffinity(0))
    share = _share(cgroup / "cpu.max")
    return bound if share is None else max(1, min(bound, math.ceil(share)))


def _share(file: Path) -> float | None:
    """Processors that a group may use at a time; `None`: there is no limit, or none that can be read."""
    try:
        quota, period = file.read_text().split()
        return None if quota == "max" else int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return None


def envoy_threads(cpus: int, workers: int) -> int:
    """Envoy's worker threads where nobody says how many: no more than there are processors, and of those as many as
    it takes to feed the workers, which need three times what Envoy does."""
    return min(cpus, max(_USUAL_THREADS, math.ceil(workers / 2)))

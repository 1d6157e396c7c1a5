"""The largest memory this process has held.

Not ru_maxrss where /proc tells better: Linux hands the parent's figure on to what it starts.
"""

from __future__ import annotations

import resource
from pathlib import Path

STATUS = Path("/proc/self/status")


def megabytes() -> float:
    """Peak resident memory of this process."""
    if STATUS.is_file():
        for line in STATUS.read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

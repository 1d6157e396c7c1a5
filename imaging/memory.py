"""Give large blocks of memory back to the system as soon as they are free.

The networks' passing blocks are tens of megabytes. glibc learns to keep such blocks, and then the
peaks of several networks add up (447 instead of 349 MB for three pictures, measured). Smaller ones
are kept: taking them anew for each layer costs a third of a CPU second a picture and saves nothing
at the peak.
"""

from __future__ import annotations

import contextlib
import ctypes
from functools import lru_cache

# mallopt(3): parameters and their numbers in malloc.h
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
LARGE_BYTES = 8_000_000
KEPT_BYTES = 64_000_000


@lru_cache(maxsize=1)
def give_back_large_blocks() -> None:
    """Once a process; does nothing where the C library is not glibc."""
    with contextlib.suppress(AttributeError, OSError):
        library = ctypes.CDLL(None)
        library.mallopt(MMAP_THRESHOLD, LARGE_BYTES)
        library.mallopt(TRIM_THRESHOLD, KEPT_BYTES)

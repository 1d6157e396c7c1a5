"""Give large blocks of memory back to the system as soon as they are free.

The networks' passing blocks are tens of megabytes. glibc learns to keep such blocks, and then the
peaks of several networks add up: 428 MB for 27 pictures where blocks up to 8 MB are kept, 385 for
106 with 4 MB and the rest given back between two networks (measured). Smaller ones are kept: taking
them anew for each layer costs time.
"""

from __future__ import annotations

import contextlib
import ctypes
from functools import lru_cache

# mallopt(3): parameters and their numbers in malloc.h
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
LARGE_BYTES = 4_000_000
KEPT_BYTES = 16_000_000


@lru_cache(maxsize=1)
def give_back_large_blocks() -> None:
    """Once a process; does nothing where the C library is not glibc."""
    with contextlib.suppress(AttributeError, OSError):
        library = ctypes.CDLL(None)
        library.mallopt(MMAP_THRESHOLD, LARGE_BYTES)
        library.mallopt(TRIM_THRESHOLD, KEPT_BYTES)


def give_back_now() -> None:
    """What is free goes back to the system, small blocks too: between two networks, so that the
    passing blocks of one do not lie beside those of the next."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)

"""Operating-system ends of the processes: dying with the parent, and knowing the dead.

No Django, no settings.
"""

import ctypes
import hashlib
import os
import signal
import socket
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(parent_pid: int, signum: int = signal.SIGKILL) -> None:
    """Ask the kernel to send `signum` to this process when its parent dies.

    `parent_pid` is the parent as it was before the fork: when it has died already, the signal
    is sent at once, so that there is no gap. Without effect outside Linux.
    """
    if _libc is None:
        return
    _libc.prctl(_PR_SET_PDEATHSIG, signum, 0, 0, 0)
    if os.getppid() != parent_pid:
        os.kill(os.getpid(), signum)


def machine() -> str:
    """Ten letters for this machine, since it started, and this view of its process numbers.

    Two containers of one machine are two; they see other processes under the same numbers.
    """
    parts = [socket.gethostname()]
    for read in (
        lambda: Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii"),
        lambda: os.readlink("/proc/self/ns/pid"),
    ):
        try:
            parts.append(read())
        except OSError:
            return ""  # another system: nothing can be said of the dead
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:10]


def is_gone(pid: int) -> bool:
    """Whether no process of this machine has the number any more."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False

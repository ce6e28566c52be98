"""How much memory this process took."""

from __future__ import annotations

import re
import resource
import sys
from pathlib import Path

_STATUS = Path("/proc/self/status")
_PEAK = re.compile(r"^VmHWM:\s+(\d+) kB", re.MULTILINE)


def peak_bytes() -> int:
    """Return the most that was resident since this program began, in bytes.

    Linux counts to `ru_maxrss` of a new program what the process that started it had taken, so that a small program
    started by a large one seems large, and its growth is hidden (exec_mmap in fs/exec.c); VmHWM begins anew.
    """
    if _STATUS.exists() and (found := _PEAK.search(_STATUS.read_text())):
        return int(found[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit

"""Who holds a lease or a run: host, process id and start, and whether that process is still alive."""

from __future__ import annotations

import os
import socket
from functools import cache

import psutil

_SAME_START_S = 0.05  # two clock ticks and the rounding of the text


def this_holder() -> str:
    """Return the text that names this process: `host:pid namespace/pid/seconds from boot to its start`."""
    return _holder_of(os.getpid())


def is_gone(holder: str) -> bool:
    """Tell whether `holder` was a process of this host that has ended. Of other hosts nothing is known: False."""
    host, pid, start_s = holder.rsplit("/", 2)
    if host != _host():
        return False
    try:
        found = psutil.Process(int(pid))
        if found.status() == psutil.STATUS_ZOMBIE:
            return True  # killed, and its parent has not asked yet
        return abs(_start_s(found) - float(start_s)) > _SAME_START_S
    except psutil.NoSuchProcess:
        return True
    except psutil.Error:
        return False


@cache
def _holder_of(pid: int) -> str:
    return f"{_host()}/{pid}/{_start_s(psutil.Process(pid)):.2f}"


def _start_s(process: psutil.Process) -> float:
    """Count from boot, not from 1970: setting the wall clock must not make a living holder look gone."""
    start_s: float = process.create_time() - psutil.boot_time()
    return start_s


@cache
def _host() -> str:
    """Containers may share a host name but not their process ids: the namespace tells them apart."""
    try:
        namespace = os.readlink("/proc/self/ns/pid").strip("pid:[]")
    except OSError:
        namespace = ""
    return f"{socket.gethostname()}:{namespace}".replace("/", "_")

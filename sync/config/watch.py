"""Notices that config files have changed, by asking for their marks a few times a second.

Asking is chosen over being told by the kernel: it sees every way in which a file comes to be another one (renamed over,
a link swapped in the folder above, a mounted folder), works on every file system, and a thousand files cost 3 ms.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from sync.config.files import included_paths, included_patterns

Mark = tuple[tuple[str, int, int, int], ...]

SETTLED_S = 0.3
"""A file counts as written when it has stayed the same for so long."""
LIST_S = 0.5  # how often the folders are read for new files
_GONE = (0, 0, 0)


class Watch:
    """Watches the files of one config. Not shared between threads."""

    def __init__(self, path: Path, *, seconds: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._seconds = seconds
        self._patterns: tuple[str, ...] = ()
        self._main = _GONE
        self._list()
        self._seen = self._told = self._mark()
        self._since = seconds()

    def has_changed(self) -> bool:
        """Tell, once for each change, that files have become others and stayed so for a moment."""
        now = self._seconds()
        if now - self._listed_at > LIST_S or _mark_of(self._path) != self._main:
            self._list()
        mark = self._mark()
        if mark != self._seen:
            self._seen, self._since = mark, now
        if self._seen == self._told or now - self._since < SETTLED_S:
            return False
        self._told = self._seen
        return True

    def quiet_s(self) -> float:
        """Return for how long the files have stayed the same."""
        return self._seconds() - self._since

    def _list(self) -> None:
        """Find the files; what a main file that is half written would include is what it included before."""
        main = _mark_of(self._path)
        if main != self._main:
            found = included_patterns(self._path)
            self._patterns = self._patterns if found is None else found
            self._main = main
        self._included = included_paths(self._path, self._patterns)
        self._listed_at = self._seconds()

    def _mark(self) -> Mark:
        return tuple((str(path), *_mark_of(path)) for path in (self._path, *self._included))


def _mark_of(path: Path) -> tuple[int, int, int]:
    """Tell a file from the one before it: by what it is, when it was written, and its size."""
    try:
        found = path.stat()
    except OSError:
        return _GONE
    return found.st_ino, found.st_mtime_ns, found.st_size

"""Finds the line of every key, table and array element of a TOML text that tomllib has already accepted.

No TOML reader at hand tells positions, and a problem without its line costs people minutes.
"""

from __future__ import annotations

import re
import tomllib
from bisect import bisect_right

Path = tuple[str | int, ...]
"""Where a value sits: table and key names, and indexes of arrays."""

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BARE_VALUE = re.compile(r"[^,\]}\n#]+")
_STRINGS = {  # by opening quotes; a long string may end in two more quotes that belong to it
    '"""': re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}', re.DOTALL),
    "'''": re.compile(r"'''.*?'{3,5}", re.DOTALL),
    '"': re.compile(r'"(?:[^"\\\n]|\\.)*"'),
    "'": re.compile(r"'[^'\n]*'"),
}


def find_lines(text: str) -> dict[Path, int]:
    """Return the line, counted from 1, at which each path of a valid TOML text first appears."""
    return _Scanner(text).scan()


class _Scanner:
    """Walks the text once. It trusts the grammar, and checks nothing that tomllib has checked."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.ends = [match.start() for match in re.finditer("\n", text)]
        self.lines: dict[Path, int] = {}
        self.last_index: dict[Path, int] = {}  # of each array of tables

    def scan(self) -> dict[Path, int]:
        table: Path = ()
        while self._skip(_BLANK) < len(self.text):
            if self._take("[["):
                table = self._array_of_tables()
            elif self._take("["):
                line = self._line()
                table = self._note(self._resolve((), self._keys()), line)
                self._expect("]")
            else:
                self._pair(table)
        return self.lines

    def _array_of_tables(self) -> Path:
        line = self._line()
        *parents, name = self._keys()
        self._expect("]]")
        array = (*self._resolve((), parents), name)
        self.last_index[array] = self.last_index.get(array, -1) + 1
        return self._note((*array, self.last_index[array]), line)

    def _pair(self, table: Path) -> None:
        line = self._line()
        path = self._note(self._resolve(table, self._keys()), line)
        self._expect("=")
        self._value(path)

    def _value(self, path: Path) -> None:
        self._skip(_SPACE)
        if self._take("["):
            self._array(path)
        elif self._take("{"):
            self._inline_table(path)
        elif (pattern := self._string_here()) is not None:
            self._skip(pattern)
        else:
            self._skip(_BARE_VALUE)

    def _array(self, path: Path) -> None:
        n = 0
        while self._skip(_BLANK) and not self._take("]"):
            self._value(self._note((*path, n), self._line()))
            self._skip(_BLANK)
            self._take(",")
            n += 1

    def _inline_table(self, path: Path) -> None:
        while self._skip(_BLANK) and not self._take("}"):
            self._pair(path)
            self._skip(_BLANK)
            self._take(",")

    def _keys(self) -> list[str]:
        """Read a key with its dots, each part bare or in quotes."""
        keys = []
        while True:
            self._skip(_SPACE)
            start, pattern = self.at, self._string_here() or _BARE_KEY
            written = self.text[start : self._skip(pattern)]
            keys.append(written if pattern is _BARE_KEY else str(tomllib.loads(f"key = {written}")["key"]))
            self._skip(_SPACE)
            if not self._take("."):
                return keys

    def _resolve(self, path: Path, keys: list[str]) -> Path:
        """Walk down by names; a name that is an array of tables means its last table."""
        for key in keys:
            path = (*path, key)
            if path in self.last_index:
                path = (*path, self.last_index[path])
        return path

    def _note(self, path: Path, line: int) -> Path:
        """Remember where a path, and each one above it, appears first."""
        for n in range(1, len(path) + 1):
            self.lines.setdefault(path[:n], line)
        return path

    def _line(self) -> int:
        return bisect_right(self.ends, self.at - 1) + 1

    def _string_here(self) -> re.Pattern[str] | None:
        return next((p for quotes, p in _STRINGS.items() if self.text.startswith(quotes, self.at)), None)

    def _skip(self, pattern: re.Pattern[str]) -> int:
        """Step over what the pattern matches, if it does, and return the new position."""
        if match := pattern.match(self.text, self.at):
            self.at = match.end()
        return self.at

    def _take(self, mark: str) -> bool:
        found = self.text.startswith(mark, self.at)
        self.at += len(mark) if found else 0
        return found

    def _expect(self, mark: str) -> None:
        self._skip(_SPACE)
        if not self._take(mark):
            raise ValueError(f"line {self._line()}: {mark} expected")

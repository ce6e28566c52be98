"""A1 notation: columns, rectangles, quoting of titles."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_COLUMNS = 18_278  # column ZZZ
CELL = re.compile(r"\$?([A-Za-z]{1,3})?\$?([1-9][0-9]*)?\Z")
NUMBERED = re.compile(r"[Rr]([1-9]\d*)[Cc]([1-9]\d*)(?::[Rr]([1-9]\d*)[Cc]([1-9]\d*))?\Z")
PLAIN_TITLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*\Z")
LOOKS_LIKE_CELL = re.compile(r"[A-Za-z]{1,3}[0-9]+\Z|[Rr][0-9]*[Cc][0-9]*\Z")


@dataclass(frozen=True, slots=True)
class Rect:
    """A half-open rectangle of cells. An end of None is open."""

    top: int
    bottom: int | None
    left: int
    right: int | None


@dataclass(frozen=True, slots=True)
class Box:
    """A half-open rectangle whose four sides are known."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def empty(self) -> bool:
        """Tell whether no cell lies inside."""
        return self.bottom <= self.top or self.right <= self.left

    def overlaps(self, other: Box) -> bool:
        """Tell whether both share a cell."""
        return (
            max(self.top, other.top) < min(self.bottom, other.bottom)
            and max(self.left, other.left) < min(self.right, other.right)
        )  # fmt: skip

    def contains(self, other: Box) -> bool:
        """Tell whether the other lies wholly inside this one."""
        inside_rows = self.top <= other.top and other.bottom <= self.bottom
        return inside_rows and self.left <= other.left and other.right <= self.right


def column_name(index: int) -> str:
    """Write a 0-based column index as letters."""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(65 + rest) + name
    return name


def column_index(letters: str) -> int:
    """Read column letters as a 0-based index."""
    index = 0
    for letter in letters.upper():
        index = index * 26 + ord(letter) - 64
    return index - 1


def quote_title(title: str) -> str:
    """Quote a tab title when a range needs it."""
    if PLAIN_TITLE.match(title) and not LOOKS_LIKE_CELL.match(title):
        return title
    return "'" + title.replace("'", "''") + "'"


def split_title(text: str) -> tuple[str | None, str]:
    """Split `Title!A1:B2` into title and cells; a text without `!` is all cells."""
    if text.startswith("'"):
        end = 1
        while (end := text.find("'", end)) != -1 and text[end : end + 2] == "''":
            end += 2
        rest = text[end + 1 :] if end != -1 else "?"
        if not rest or rest.startswith("!"):
            return text[1:end].replace("''", "'"), rest[1:]
    title, mark, cells = text.rpartition("!")
    return (title, cells) if mark else (None, text)


def parse_cells(text: str) -> Rect | None:
    """Read `A1`, `A1:B2`, `A:B`, `3:7`, `A2:B` or `R1C1:R2C2`; None when it is no range."""
    numbered = NUMBERED.match(text)
    if numbered:
        top, left, bottom, right = (int(part or 0) for part in numbered.groups())
        rows, columns = _span(top - 1, (bottom or top) - 1), _span(left - 1, (right or left) - 1)
        return Rect(rows[0], rows[1], columns[0], columns[1])
    first, colon, second = text.partition(":")
    start, end = _corner(first), _corner(second if colon else first)
    if start is None or end is None or (not colon and None in start):
        return None
    rows, columns = _span(start[0], end[0]), _span(start[1], end[1])
    if (start[0] is None and start[1] is None) or (end[0] is None and end[1] is None):
        return None
    return Rect(rows[0], rows[1], columns[0], columns[1])


def _corner(text: str) -> tuple[int | None, int | None] | None:
    found = CELL.match(text) if text else None
    if not found:
        return None
    letters, digits = found.groups()
    return (int(digits) - 1 if digits else None, column_index(letters) if letters else None)


def _span(start: int | None, end: int | None) -> tuple[int, int | None]:
    if start is None:
        return (0, None) if end is None else (end, None)
    if end is None:
        return start, None
    return min(start, end), max(start, end) + 1


def cells_text(box: Box) -> str:
    """Write a rectangle without its title; a single cell is written once."""
    first = f"{column_name(box.left)}{box.top + 1}"
    last = f"{column_name(box.right - 1)}{box.bottom}"
    return first if first == last else f"{first}:{last}"


def range_text(title: str, box: Box) -> str:
    """Write a rectangle as Google does in answers."""
    return f"{quote_title(title)}!{cells_text(box)}"


def open_range_text(title: str, rect: Rect) -> str:
    """Write a rectangle with open ends, as refusals name it: `T!A1001:B`."""
    last_column = "" if rect.right is None else column_name(rect.right - 1)
    last_row = "" if rect.bottom is None else str(rect.bottom)
    first = f"{column_name(rect.left)}{rect.top + 1}"
    last = last_column + last_row
    return f"{quote_title(title)}!{first}" + (f":{last}" if last and last != first else "")

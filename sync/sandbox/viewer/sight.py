"""One spreadsheet at one moment, as the page asks for it; what is worked out is kept until the spreadsheet changes."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any, TypeVar

from sync.sandbox.google.a1 import Box
from sync.sandbox.google.book import Book, Sheet
from sync.sandbox.google.conditional import Rules
from sync.sandbox.google.hiding import hidden_rows
from sync.sandbox.viewer.block import show_block
from sync.sandbox.viewer.charts import show_charts
from sync.sandbox.viewer.layout import tab_frame, tab_line
from sync.sandbox.viewer.paint import Bands

Kept = TypeVar("Kept")


def stamp_of(book: Book) -> str:
    """Return a text that differs whenever anything that the page shows differs.

    Names its serial too, as a spreadsheet that was made again under the same id counts from zero.
    """
    return f"{book.serial:x}.{book.revision}.{zlib.crc32(book.title.encode()):x}"


class Sight:
    """Answers for one spreadsheet. Use under the world's lock, and only as long as `is_of` holds."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._stamp = stamp_of(book)
        self._kept: dict[Any, Any] = {}

    def is_of(self, book: Book) -> bool:
        """Tell whether this is still what the spreadsheet looks like."""
        return self._book is book and self._stamp == stamp_of(book)

    def whole(self) -> dict[str, Any]:
        """Return the spreadsheet and the list of its tabs."""
        book = self._book
        return {
            "id": book.id,
            "title": book.title,
            "stamp": self._stamp,
            "timezone": book.timezone,
            "n_cells": book.n_cells,
            "tabs": [tab_line(sheet) for sheet in book.sheets],
        }

    def frame(self, tab_id: int) -> dict[str, Any] | None:
        """Return one tab without its cells; None when there is no such tab."""
        sheet = self._book.find_id(tab_id)
        if sheet is None:
            return None
        frame = self._once(("frame", tab_id), lambda: tab_frame(self._book, sheet))
        return {**frame, "stamp": self._stamp}

    def block(self, tab_id: int, box: Box) -> dict[str, Any] | None:
        """Return the cells of a rectangle; None when there is no such tab."""
        sheet = self._book.find_id(tab_id)
        if sheet is None:
            return None
        rules, bands = self._rules(sheet), self._once(("bands", tab_id), lambda: Bands(sheet))
        return {"stamp": self._stamp, **show_block(self._book, sheet, box, rules=rules, bands=bands)}

    def charts(self, tab_id: int) -> list[dict[str, Any]] | None:
        """Return the charts of a tab with the data that they draw; None when there is no such tab."""
        sheet = self._book.find_id(tab_id)
        if sheet is None:
            return None
        return self._once(("charts", tab_id), lambda: show_charts(self._book, sheet, hidden=self._hidden))

    def _rules(self, sheet: Sheet) -> Rules:
        return self._once(("rules", sheet.sheet_id), lambda: Rules(self._book, sheet))

    def _hidden(self, sheet: Sheet) -> set[int]:
        return self._once(("hidden", sheet.sheet_id), lambda: hidden_rows(self._book, sheet))

    def _once(self, key: tuple[str, int], make: Callable[[], Kept]) -> Kept:
        if key not in self._kept:
            self._kept[key] = make()
        found: Kept = self._kept[key]
        return found

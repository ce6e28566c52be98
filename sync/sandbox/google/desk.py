"""What a batch request works on: the spreadsheet, who asks, and fresh ids."""

from __future__ import annotations

import random
from dataclasses import dataclass

from sync.sandbox.google.access import Caller
from sync.sandbox.google.book import Book


@dataclass(frozen=True, slots=True)
class Desk:
    """One caller at one spreadsheet."""

    book: Book
    caller: Caller

    def new_id(self) -> int:
        """Return an id for something that is added without one."""
        return random.randint(1, 2**31 - 1)

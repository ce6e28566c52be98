"""Cuts long sequences for statements that take a limited number of values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

VALUES_IN_A_STATEMENT = 900  # SQLite as shipped with old systems takes 999


def in_pieces(values: Iterable[T], size: int = VALUES_IN_A_STATEMENT) -> Iterator[list[T]]:
    """Yield `values` in lists of at most `size`; nothing for none."""
    remaining = iter(values)
    while piece := list(islice(remaining, size)):
        yield piece

"""Rows and columns that do not show: those that people hid, and those that the basic filter leaves out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sync.sandbox.google.book import Book, Sheet, range_box
from sync.sandbox.google.compute import cell_value
from sync.sandbox.google.conditions import Subject, make_test
from sync.sandbox.google.formula_looks import look_of

Runs = list[list[int]]
"""Half-open stretches [start, end], sorted and apart."""


def to_runs(indexes: Iterable[int]) -> Runs:
    """Join sorted indexes to stretches."""
    runs: Runs = []
    for index in indexes:
        if runs and runs[-1][1] == index:
            runs[-1][1] = index + 1
        else:
            runs.append([index, index + 1])
    return runs


def hidden_lines(sizes: Mapping[int, Mapping[str, Any]]) -> set[int]:
    """Return the rows or columns that are hidden, whoever did it."""
    return {index for index, size in sizes.items() if size.get("hiddenByUser") or size.get("hiddenByFilter")}


def hidden_rows(book: Book, sheet: Sheet) -> set[int]:
    """Return every row that does not show."""
    return hidden_lines(sheet.row_sizes) | filtered_rows(book, sheet)


def filter_criteria(basic_filter: Mapping[str, Any] | None) -> dict[int, Mapping[str, Any]]:
    """Return the criteria of a filter by column, in whichever of the two forms they were sent."""
    if not basic_filter:
        return {}
    found = {int(column): criteria for column, criteria in (basic_filter.get("criteria") or {}).items()}
    for spec in basic_filter.get("filterSpecs") or ():
        if "columnIndex" in spec or "filterCriteria" in spec:
            found[spec.get("columnIndex", 0)] = spec.get("filterCriteria") or {}
    return {
        column: criteria
        for column, criteria in found.items()
        if criteria.get("hiddenValues") or "condition" in criteria
    }


def filtered_rows(book: Book, sheet: Sheet) -> set[int]:
    """Return the rows that fail the basic filter; its first row is the header and stays."""
    basic_filter = sheet.objects.get("basicFilter")
    criteria = filter_criteria(basic_filter)
    if not criteria or not basic_filter:
        return set()
    box = range_box(sheet, basic_filter["range"])
    passes = [
        (column, _passes(book, sheet, wanted, anchor=(box.top + 1, column)))
        for column, wanted in criteria.items()
        if box.left <= column < box.right
    ]
    grid = sheet.grid
    return {
        row
        for row in range(box.top + 1, min(box.bottom, grid.n_rows))
        for column, test in passes
        if not test(
            Subject(row, column, cell_value(book, sheet, row, column), look_of(book, sheet, row, column), book.locale)
        )
    }


def _passes(
    book: Book, sheet: Sheet, criteria: Mapping[str, Any], *, anchor: tuple[int, int]
) -> Callable[[Subject], bool]:
    hidden = set(criteria.get("hiddenValues") or ())
    condition = criteria.get("condition")
    test = make_test(book, sheet, condition, anchor=anchor) if condition else None
    return lambda cell: cell.text not in hidden and (test is None or test(cell))

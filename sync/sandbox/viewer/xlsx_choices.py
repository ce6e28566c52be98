"""What may be typed into cells, as data validation of an XLSX file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson
from xlsxwriter.worksheet import Worksheet

from sync.sandbox.google.book import Book, Sheet
from sync.sandbox.google.grid import Looks
from sync.sandbox.viewer.xlsx_rules import COMPARED, LAST_COLUMN, LAST_ROW, RANGES, excel_formula, operand

MAX_LIST_CHARACTERS = 255  # of all choices together; Excel refuses a file with more
MAX_MESSAGE = 255
Validation = Mapping[str, Any]
Area = list[int]
"""[first row, first column, last row, last column]"""


def add_validations(book: Book, sheet: Sheet, page: Worksheet, *, names: Mapping[int, str]) -> None:
    """Give a page the validations of a tab that Excel has too."""
    for validation, areas in _areas(sheet):
        options = _options(book, validation, names)
        if options is not None:
            page.data_validation(*areas[0], options | {"other_cells": areas})


def _areas(sheet: Sheet) -> Iterator[tuple[Validation, list[Area]]]:
    """Yield each different validation with the stretches of columns that have it."""
    known: dict[int, dict[int, bytes]] = {}
    rules: dict[bytes, tuple[Validation, list[Area]]] = {}
    growing: dict[int, tuple[bytes, Area]] = {}
    for row, looks in enumerate(sheet.grid.looks[: LAST_ROW + 1]):
        keys: dict[int, bytes] = {}
        if looks is not None:
            if id(looks) not in known:
                known[id(looks)] = _read(looks, rules)
            keys = known[id(looks)]
        for column in [column for column, (key, _) in growing.items() if keys.get(column) != key]:
            del growing[column]
        for column, key in keys.items():
            if column not in growing:
                growing[column] = (key, [row, column, row, column])
                rules[key][1].append(growing[column][1])
            growing[column][1][2] = row
    yield from rules.values()


def _read(looks: Looks, rules: dict[bytes, tuple[Validation, list[Area]]]) -> dict[int, bytes]:
    """Return the validation of each column that has one, by a key of its content."""
    found = {}
    for column, look in enumerate(looks[: LAST_COLUMN + 1]):
        if look is not None and look.validation:
            found[column] = key = orjson.dumps(look.validation, option=orjson.OPT_SORT_KEYS)
            rules.setdefault(key, (look.validation, []))
    return found


def _options(book: Book, validation: Validation, names: Mapping[int, str]) -> dict[str, Any] | None:
    condition = validation.get("condition") or {}
    found = _condition(book, str(condition.get("type", "")), condition.get("values") or [], names)
    if found is None:
        return None
    found["error_type"] = "stop" if validation.get("strict") else "information"
    if message := str(validation.get("inputMessage") or ""):
        found["input_message"] = message[:MAX_MESSAGE]
    return found


def _condition(book: Book, kind: str, values: list[Any], names: Mapping[int, str]) -> dict[str, Any] | None:
    given = [value for value in values if "userEnteredValue" in value]
    entered = [str(value["userEnteredValue"]) for value in given]
    if not entered or kind.startswith("TEXT"):
        return None
    if kind == "ONE_OF_LIST":
        is_small = len(",".join(entered)) <= MAX_LIST_CHARACTERS and not any("," in text for text in entered)
        return {"validate": "list", "source": entered} if is_small else None
    if kind == "ONE_OF_RANGE":
        return {"validate": "list", "source": excel_formula(book, "=" + entered[0].removeprefix("="), names)}
    if kind == "CUSTOM_FORMULA":
        return {"validate": "custom", "value": excel_formula(book, entered[0], names)}
    return _limit(kind, [operand(value, book, names) for value in given])


def _limit(kind: str, operands: list[str | float]) -> dict[str, Any] | None:
    if any(isinstance(one, str) and not one.startswith("=") for one in operands):
        return None
    if kind in COMPARED:
        return {"validate": "decimal", "criteria": COMPARED[kind], "value": operands[0]}
    if kind in RANGES and len(operands) > 1:
        return {"validate": "decimal", "criteria": RANGES[kind], "minimum": operands[0], "maximum": operands[1]}
    return None

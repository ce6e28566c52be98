"""Checks of the conditions in requests: how many values they have, and whether these can be what they are for."""

from __future__ import annotations

import re

from sync.sandbox.google.book import Book, Sheet
from sync.sandbox.google.errors import GoogleError, Json, invalid
from sync.sandbox.google.formulas import REFERENCE, title_of
from sync.sandbox.google.parse import read_typed
from sync.sandbox.google.targets import find_a1

N_VALUES = {
    "NUMBER_BETWEEN": (2, 2),
    "NUMBER_NOT_BETWEEN": (2, 2),
    "DATE_BETWEEN": (2, 2),
    "DATE_NOT_BETWEEN": (2, 2),
    "TEXT_IS_EMAIL": (0, 0),
    "TEXT_IS_URL": (0, 0),
    "DATE_IS_VALID": (0, 0),
    "BLANK": (0, 0),
    "NOT_BLANK": (0, 0),
    "ONE_OF_LIST": (1, 10_000),
    "BOOLEAN": (0, 2),
}
"""How many values a condition has; one, when it is not named here."""
WITH_RELATIVE_DATES = {"DATE_EQ", "DATE_BEFORE", "DATE_AFTER", "DATE_ON_OR_BEFORE", "DATE_ON_OR_AFTER"}


QUOTED = re.compile(r'"(?:[^"]|"")*"')
OPEN_ENDS = ("+", "-", "*", "/", "^", "&", "<", ">", "(", ",", ";")


def check_condition(condition: Json, book: Book, owner: Sheet | None = None) -> None:
    """Refuse a condition that cannot be: of a validation, or of a conditional format on the tab `owner`."""
    kind, values = condition.get("type", ""), condition.get("values", [])
    if kind in {"", "CONDITION_TYPE_UNSPECIFIED"}:
        raise invalid("A condition must have a type.")
    few, many = N_VALUES.get(kind, (1, 1))
    if not few <= len(values) <= many:
        wanted = "at least one" if many > few else {0: "exactly zero", 1: "exactly one"}.get(few, "exactly two")
        count = f"{wanted} ConditionValue{'' if few == 1 else 's'}, but {len(values)} values were supplied."
        raise invalid(f"ConditionType '{kind}' requires {count}")
    for value in values:
        if "relativeDate" in value:
            if owner is None or kind not in WITH_RELATIVE_DATES:
                raise invalid(f"ConditionValue.relativeDate is not supported for ConditionType: {kind} here.")
        elif not _fits(kind, str(value.get("userEnteredValue", "")), book, owner):
            text = value.get("userEnteredValue", "")
            raise invalid(f"Invalid ConditionValue.userEnteredValue: {text} for ConditionType: {kind}")


def _fits(kind: str, text: str, book: Book, owner: Sheet | None) -> bool:
    if kind == "ONE_OF_RANGE":
        return text.startswith("=") and _is_range(text[1:], book)
    if text.startswith("=") and len(text) > 1:
        return _is_formula(text, book, owner)
    if kind == "CUSTOM_FORMULA":
        return False
    if kind.startswith(("NUMBER_", "DATE_")):
        entered = read_typed(text, locale=book.locale, plain_text=False).value
        return isinstance(entered, int | float) and not isinstance(entered, bool)
    return True


def _is_range(text: str, book: Book) -> bool:
    try:
        return find_a1(book, text.replace("$", "")) is not None
    except GoogleError:
        return False


def _is_formula(text: str, book: Book, owner: Sheet | None) -> bool:
    """Tell whether a text is a formula; those of conditional formats may not name other tabs."""
    bare = QUOTED.sub("", text)
    if bare.count("(") != bare.count(")") or bare.rstrip().endswith(OPEN_ENDS) or '"' in bare:
        return False
    titles = (found.group("title") for found in REFERENCE.finditer(text) if found.group("cells"))
    named = [book.find_title(title_of(title)) for title in titles if title]
    return owner is None or all(sheet is owner for sheet in named)

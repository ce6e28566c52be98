"""Numbers of people made unreadable but for their end, wherever they stand in a row. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sync.later import Later

if TYPE_CHECKING:
    import polars as pl
else:
    pl = Later("polars")

LAST_4 = "last 4"
_KEPT = 4
_HIDDEN = 4  # at least so many digits are hidden, whatever is kept
_TELLING = 7  # digits by which a number is known again in a text: without country and area
_MARK = "…"
_UNKNOWN = ("anonymous", "blocked", "private", "restricted", "unavailable", "unknown", "withheld")
"""What stands in place of a number and tells nothing of anybody."""
_LONG, _SPACED = re.compile(r"\+?(?<!\d)\d{10,15}(?!\d)"), re.compile(r"\+\d(?:[\s().\-/]{0,3}\d){6,14}")


def masked(text: pl.Expr) -> pl.Expr:
    """Return a column of text with only the last four digits of each number, or fewer of a short one.

    Of what holds letters the last four characters are shown in their place.
    """
    digits = text.str.replace_all("[^0-9]", "")
    shown = pl.when(text.str.contains(r"\p{L}")).then(_end(text)).otherwise(_end(digits))
    return pl.when(text.str.to_lowercase().is_in(_UNKNOWN)).then(text).otherwise(pl.lit(_MARK) + shown)


def _end(text: pl.Expr) -> pl.Expr:
    n = text.str.len_chars().cast(pl.Int64)
    kept = (n - _HIDDEN).clip(0, _KEPT)
    return text.str.slice(n - kept)


def mask_texts(texts: Sequence[str | None]) -> list[str | None]:
    """Mask each of some texts."""
    frame = pl.DataFrame({"text": texts}, schema={"text": pl.String})
    return frame.select(masked(pl.col("text")))["text"].to_list()


def mask_text(text: str) -> str:
    """Mask one text."""
    return mask_texts([text])[0] or ""


def telling(numbers: pl.Series) -> pl.DataFrame:
    """Return what tells the number of each row: its text, its digits, and the ends by which it is looked for."""
    text = numbers.cast(pl.String).alias("number")
    frame = pl.DataFrame({"number": text, "digits": text.str.replace_all("[^0-9]", "")})
    n = pl.col("digits").str.len_chars().cast(pl.Int64)
    end, last = (pl.col("digits").str.slice((n - kept).clip(0)) for kept in (_TELLING, 1))
    known = pl.when(n >= _TELLING)
    return frame.with_columns(end=known.then(end), last=known.then(last)).with_row_index("at")


def blot_out(cells: list[Any], column: pl.Series, numbers: pl.DataFrame) -> None:
    """Mask in the cells of one column, in place, what they repeat of the number that stands in the same row.

    Args:
        cells: what is about to be shown, text or whole numbers.
        column: the same cells as a column.
        numbers: what `telling` returned of the numbers.

    """
    text = pl.col("text")
    # A glance tells most cells: too short, or without the last digit
    may_repeat = (text.str.len_bytes() >= _TELLING) & text.str.contains(pl.col("last"), literal=True)
    some = numbers.with_columns(column.cast(pl.String).alias("text")).filter(may_repeat | (text == pl.col("number")))
    told = text.str.replace_all("[^0-9]", "")
    found = some.filter((text == pl.col("number")) | told.str.contains(pl.col("end"), literal=True))
    for at, number, digits, shown in found.select("at", "number", "digits", "text").iter_rows():
        blotted = mask_text(shown) if shown == number else without_number(shown, digits)
        cells[at] = blotted if blotted != shown else cells[at]


def without_number(text: str, digits: str) -> str:
    """Return a text without a number, however it is written there: +1 (415) 555-1234 as well as 555.1234."""
    if len(digits) < _TELLING:
        return text
    pattern = ""
    for digit in digits[:-_TELLING]:
        pattern = rf"(?:{pattern}{digit}\D{{0,3}})?"
    pattern += r"\D{0,3}".join(digits[-_TELLING:])
    return re.sub(rf"[+(]*{pattern}", _MARK + digits[-_KEPT:], text)


def tails_of(numbers: Iterable[Any]) -> dict[str, str]:
    """Return the digits of each number by those by which it is known again."""
    found = (re.sub("[^0-9]", "", str(number)) for number in numbers if number is not None)
    return {digits[-_TELLING:]: digits for digits in found if len(digits) >= _TELLING}


def without_numbers(text: str, tails: Mapping[str, str]) -> str:
    """Return a text without any of the numbers that `tails_of` returned."""
    told = re.sub("[^0-9]", "", text)
    for at in range(len(told) - _TELLING + 1):
        digits = tails.get(told[at : at + _TELLING])
        text = without_number(text, digits) if digits else text
    return text


def hide_numbers(text: str) -> str:
    """Return a message without anything that looks like the phone number of somebody."""
    for pattern in (_LONG, _SPACED):
        text = pattern.sub(lambda found: mask_text(found[0]), text)
    return text


def hide_values(text: str, values: Collection[str]) -> str:
    """Return a text with the values of a condition on a masked field masked."""
    for value in values:
        text = text.replace(value, mask_text(value)) if value else text
    return text

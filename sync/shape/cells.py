"""Values to cells and number formats, and cells read back to keys: the only place that knows cell types. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import orjson

from sync.later import Later
from sync.records import Cell, Column, FieldType, StreamSpec, Table
from sync.shape.formats import dress, title_without_unit
from sync.shape.masking import blot_out, masked, telling
from sync.store.mirror_table import key_text

if TYPE_CHECKING:
    import polars as pl
else:
    pl = Later("polars")

MAX_CELL_UNITS = 50_000
"""UTF-16 code units that Sheets takes in one cell."""
CUT_MARK = " […cut]"
KEY_COLUMN = "_key"
"""The column in which a frame carries the key text of each row."""

_EPOCH = date(1899, 12, 30)  # serial number 0 in Sheets
_UNIX_DAY = (date(1970, 1, 1) - _EPOCH).days
_DAY_MS = 86_400_000
EXACT_INT = 2**53  # a Sheets number is a double: beyond this, neighbours become the same number
_SAME_REL = 1e-13  # a double keeps 15 digits; on a serial of our century this is under half a millisecond
_TELLS_NUMBERS = (FieldType.TEXT, FieldType.INTEGER, FieldType.LIST, FieldType.OBJECT)
_UNSAYABLE = re.compile("[\x00\ud800-\udfff]")
_WHOLE = re.compile(r"\s*[+-]?[0-9]+\s*", re.ASCII)

NUMBER_FORMATS: Mapping[FieldType, str] = {
    FieldType.INTEGER: "0",  # long ids would turn into 1.23E+15 under the automatic format
    FieldType.INSTANT: "yyyy-mm-dd hh:mm:ss",
    FieldType.DATE: "yyyy-mm-dd",
}


@dataclass(frozen=True, slots=True)
class ChosenColumn:
    """A field that a tab shows, and how; `title` None means the declared one."""

    name: str
    title: str | None = None
    format: str = ""
    width: int = 0
    mask: str = ""


def make_columns(
    spec: StreamSpec, chosen: Sequence[ChosenColumn], schema: Mapping[str, pl.DataType] | None = None
) -> tuple[Column, ...]:
    """Type and title the chosen columns.

    Args:
        spec: the stream that declares the fields.
        chosen: what the tab shows, in order.
        schema: of the frame at hand; gives unknown fields their type. Without it they are text.

    """
    secret = tuple(one.name for one in chosen if one.mask)
    columns = (_column(spec, one, (schema or {}).get(one.name)) for one in chosen)
    return tuple(
        c if c.name in (*secret, *spec.key) or c.type not in _TELLS_NUMBERS else replace(c, hides=secret)
        for c in columns
    )


def _column(spec: StreamSpec, chosen: ChosenColumn, dtype: pl.DataType | None) -> Column:
    declared = spec.field_named(chosen.name)
    kind = declared.type if declared else _type_of(dtype)
    title = chosen.title or title_without_unit(declared.title if declared else chosen.name, chosen.format)
    if chosen.mask:
        plain = Column(name=chosen.name, title=title, type=FieldType.TEXT, mask=chosen.mask)
    else:
        plain = Column(name=chosen.name, title=title, type=kind, number_format=NUMBER_FORMATS.get(kind, ""))
    return dress(plain, format_=chosen.format, width=chosen.width)


def _type_of(dtype: pl.DataType | None) -> FieldType:
    if dtype is None:
        return FieldType.TEXT
    if dtype.is_integer():
        return FieldType.INTEGER
    if dtype.is_numeric():
        return FieldType.NUMBER
    known: dict[Any, FieldType] = {
        pl.Boolean: FieldType.BOOLEAN,
        pl.Datetime: FieldType.INSTANT,
        pl.Date: FieldType.DATE,
        pl.List: FieldType.LIST,
        pl.Struct: FieldType.OBJECT,
    }
    return known.get(dtype.base_type(), FieldType.TEXT)


def to_table(df: pl.DataFrame, columns: Sequence[Column], zone: ZoneInfo, key_fields: Sequence[str] = ()) -> Table:
    """Shape a frame into the table of one tab, rows in the frame's order.

    Args:
        df: the rows; its `_key` column gives the keys, else they are made of `key_fields`.
        columns: what to show; a column that the frame lacks is empty.
        zone: whose wall clock instants show.
        key_fields: the stream's key, used when there is no `_key` column.

    """
    rows, n_cut = to_rows(df, columns, zone)
    if KEY_COLUMN in df.columns:
        keys = df[KEY_COLUMN].to_list()
    else:
        keys = [key_text(values) for values in df.select(key_fields).iter_rows()]
    return Table(columns=tuple(columns), keys=keys, rows=rows, n_cut_cells=n_cut)


def to_rows(df: pl.DataFrame, columns: Sequence[Column], zone: ZoneInfo) -> tuple[list[tuple[Cell, ...]], int]:
    """Turn a frame, or a piece of one, into rows of cells.

    Returns:
        The rows, and how many cells do not show their whole text: cut, or with a character replaced
        that neither JSON nor Sheets can take.

    """
    lists, n_cut = to_cell_lists(df, columns, zone)
    return list(zip(*lists, strict=True)), n_cut


def to_cell_lists(df: pl.DataFrame, columns: Sequence[Column], zone: ZoneInfo) -> tuple[list[list[Any]], int]:
    """Turn a frame into the cells of each column, one kind of number a column; counts as `to_rows` does."""
    cells = df.select(_cell_expr(df, column, zone).alias(str(n)) for n, column in enumerate(columns))
    hidden = {name for column in columns for name in column.hides if name in df.columns}
    numbers = {name: telling(df[name]) for name in hidden if not df.schema[name].is_nested()}
    lists, n_cut = [], 0
    for column, series in zip(columns, cells.get_columns(), strict=True):
        one, n = _to_list(series, is_object=column.type is FieldType.OBJECT)
        for name in column.hides if _tells_numbers(series) else ():
            if name in numbers:
                blot_out(one, series, numbers[name])
        lists.append(one if column.divisor == 1 else _divided(one, column.divisor))
        n_cut += n
    return lists, n_cut


def _cell_expr(df: pl.DataFrame, column: Column, zone: ZoneInfo) -> pl.Expr:
    """Return the expression that makes plain cells of a column; the frame's type decides, as it is what we hold."""
    dtype = df.schema.get(column.name)
    if dtype is None:
        return pl.repeat(None, df.height, dtype=pl.String)
    value = pl.col(column.name)
    if isinstance(dtype, pl.Datetime) and not column.mask:
        return wall_clock(value, zone)
    if dtype == pl.Date and not column.mask:
        return value.cast(pl.Int32) + _UNIX_DAY
    return _masked(value, dtype) if column.mask else _timeless(value, dtype, column)


def _timeless(value: pl.Expr, dtype: pl.DataType, column: Column) -> pl.Expr:
    if dtype.is_float() or dtype.is_decimal():
        number = value.cast(pl.Float64)
        finite = pl.when(number.is_finite()).then(number)
        return _number_text(finite) if column.as_text else finite
    if dtype.is_integer() or dtype == pl.Boolean:
        return value.cast(pl.String) if column.as_text else value
    text = as_text(value, dtype)
    return pl.when(text != "").then(text)


def _number_text(number: pl.Expr) -> pl.Expr:
    is_whole = (number == number.round()) & (number.abs() <= EXACT_INT)
    return pl.when(is_whole).then(number.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(number.cast(pl.String))


def _masked(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Mask a value, and each item of a list."""
    if isinstance(dtype, pl.List) and not dtype.inner.is_nested():
        each = value.cast(pl.List(pl.String)).list.eval(masked(pl.element()))
        text = each.list.join(", ", ignore_nulls=True)
    else:
        text = masked(_number_text(value.cast(pl.Float64)) if dtype.is_float() else as_text(value, dtype))
    return pl.when(as_text(value, dtype) != "").then(text)


def _tells_numbers(series: pl.Series) -> bool:
    return series.dtype == pl.String or series.dtype.is_integer()


def _divided(cells: list[Any], divisor: int) -> list[Any]:
    """Divide as Python does, exactly rounded: in polars the last digit may differ, and fingerprints would move."""
    return [cell / divisor if type(cell) is int or type(cell) is float else cell for cell in cells]


def as_text(value: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Return a column as text: lists joined with a comma, objects as compact JSON."""
    if isinstance(dtype, pl.List):
        if dtype.inner.is_nested():
            return value.map_elements(lambda items: orjson.dumps(items.to_list()).decode(), return_dtype=pl.String)
        return value.cast(pl.List(pl.String)).list.join(", ", ignore_nulls=True)
    if isinstance(dtype, pl.Struct):
        return pl.when(value.is_not_null()).then(value.struct.json_encode())
    return value.cast(pl.String)


def wall_clock(instant: pl.Expr, zone: ZoneInfo) -> pl.Expr:
    """Return what a clock on the wall showed in `zone`, without a zone."""
    return instant.cast(pl.Datetime("us", "UTC")).dt.convert_time_zone(zone.key).dt.replace_time_zone(None)


def serial_of(instant: datetime, zone: ZoneInfo) -> float:
    """Return the serial number of the wall-clock time of an aware `instant` in `zone`, to the millisecond."""
    if instant.tzinfo is None:
        raise ValueError(f"An instant needs a zone, but {instant.isoformat()} has none.")
    since = instant.astimezone(zone).replace(tzinfo=None) - datetime.combine(_EPOCH, datetime.min.time())
    return ((since // timedelta(microseconds=1) + 500) // 1000) / _DAY_MS


def serial_of_date(day: date) -> int:
    """Return the serial number of a date."""
    return (day - _EPOCH).days


def _to_list(series: pl.Series, *, is_object: bool) -> tuple[list[Any], int]:
    if series.dtype.is_integer():
        return _exact_integers(series), 0
    if series.dtype == pl.Datetime:
        return _serials(series), 0
    cells = series.to_list()
    if series.dtype != pl.String:
        return cells, 0
    if is_object:
        cells = [cell and _compact(cell) for cell in cells]
    n_cut = 0
    for at in _suspects(series):
        cells[at], changed = fit_text(cells[at])
        n_cut += changed
    return cells, n_cut


def _serials(wall_clock: pl.Series) -> list[float | None]:
    """Return the numbers that `serial_of` returns. Polars divides by a constant inexactly: fingerprints would move."""
    millis = (wall_clock.dt.timestamp("us") + 500) // 1000 + _UNIX_DAY * _DAY_MS
    return [None if since is None else since / _DAY_MS for since in millis.to_list()]


def _exact_integers(series: pl.Series) -> list[Any]:
    cells = series.to_list()
    low, high = series.min(), series.max()
    if low is None or (int(low) >= -EXACT_INT and int(high) <= EXACT_INT):  # type: ignore[arg-type]
        return cells
    return [str(cell) if cell is not None and abs(cell) > EXACT_INT else cell for cell in cells]


def _suspects(series: pl.Series) -> list[int]:
    """Return where a closer look is due. Text never has more UTF-16 units than UTF-8 bytes."""
    doubtful = (series.str.len_bytes() > MAX_CELL_UNITS) | series.str.contains("\0", literal=True)
    return doubtful.fill_null(value=False).arg_true().to_list()


def _compact(text: str) -> str:
    if not (", " in text or ": " in text or "\n" in text):
        return text
    try:
        return orjson.dumps(orjson.loads(text)).decode()
    except orjson.JSONDecodeError:
        return text


def fit_text(text: str) -> tuple[str, bool]:
    """Make a text fit a cell, and tell whether that changed it.

    A NUL or half of a surrogate pair becomes U+FFFD; what is over 50,000 UTF-16 units is cut and marked,
    never inside a surrogate pair.
    """
    fitted = text
    if _UNSAYABLE.search(text):
        whole = text.replace("\0", "\ufffd").encode("utf-16-le", "surrogatepass")
        fitted = whole.decode("utf-16-le", "replace")
    units = fitted.encode("utf-16-le")
    if len(units) > 2 * MAX_CELL_UNITS:
        kept = units[: 2 * (MAX_CELL_UNITS - len(CUT_MARK))]
        fitted = kept.decode("utf-16-le", "ignore") + CUT_MARK
    return fitted, fitted != text


def fingerprint(row: Sequence[Cell]) -> int:
    """Return a signed 64-bit number that stands for the content of a row; 42 and 42.0 are the same content."""
    plain = [int(c) if type(c) is float and c.is_integer() and abs(c) <= EXACT_INT else c for c in row]
    return int.from_bytes(blake2b(orjson.dumps(plain), digest_size=8).digest(), "big", signed=True)


def cell_key_text(cells: Sequence[Cell], key_types: Sequence[FieldType]) -> str | None:
    """Return the key text of a row from its key cells as read back unformatted; None when one of them is blank.

    Args:
        cells: the key cells, in the order of the stream's key.
        key_types: the declared types of the key fields. An instant cannot be a key: its cell lost the zone.

    """
    if any(cell is None or cell == "" for cell in cells):
        return None
    return key_text([_key_value(cell, kind) for cell, kind in zip(cells, key_types, strict=True)])


def _key_value(cell: Cell, kind: FieldType) -> Cell | date:
    """Undo what a cell does to a key value: numbers come back as doubles, long ones as text, dates as serials."""
    if kind is FieldType.INSTANT:
        raise ValueError("An instant cannot be part of a key that is read back from cells.")
    if isinstance(cell, bool):
        return cell if kind is FieldType.BOOLEAN else str(cell).upper()
    if isinstance(cell, str):
        return int(cell) if kind is FieldType.INTEGER and _WHOLE.fullmatch(cell) else cell
    number = int(cell) if isinstance(cell, float) and cell.is_integer() else cell
    if kind is FieldType.DATE and isinstance(number, int):
        return _EPOCH + timedelta(days=number)
    if kind is FieldType.NUMBER and number is not None:
        return float(number)
    return str(number) if kind is FieldType.TEXT else number


def same_cell(wanted: Cell, read: Cell) -> bool:
    """Tell whether a cell read back (unformatted, dates as serials) shows what we want there.

    Missing, None and "" are the same; whole numbers must be equal, others agree to half a millisecond of a serial.
    """
    if wanted is None or wanted == "":
        return read is None or read == ""
    if isinstance(wanted, bool) or isinstance(read, bool):
        return wanted is read
    if isinstance(wanted, (int, float)) and isinstance(read, (int, float)):
        is_whole = float(wanted).is_integer() and float(read).is_integer()
        return wanted == read if is_whole else math.isclose(wanted, read, rel_tol=_SAME_REL)
    return wanted == read

"""Rows encoded straight from columns are those that are made cell by cell."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.records import Column, FieldType
from sync.shape.cells import KEY_COLUMN, fingerprint, to_rows
from sync.shape.encoded import encode_rows

ZONE = ZoneInfo("America/New_York")
DTYPES: dict[FieldType, Any] = {
    FieldType.TEXT: pl.String,
    FieldType.INTEGER: pl.Int64,
    FieldType.NUMBER: pl.Float64,
    FieldType.BOOLEAN: pl.Boolean,
    FieldType.INSTANT: pl.Datetime("us", "UTC"),
    FieldType.LIST: pl.List(pl.String),
}
COLUMNS = tuple(Column(name=kind.value, title=kind.value, type=kind) for kind in DTYPES)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(["=1+1", "0042", "\0", "x" * 50_001])
INSTANTS = st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))
DRESSED = (
    Column(name="text", title="text", type=FieldType.TEXT, mask="last 4"),
    Column(name="integer", title="integer", type=FieldType.INTEGER, divisor=86_400),
    Column(name="number", title="number", type=FieldType.NUMBER, divisor=100),
    Column(name="integer", title="written", type=FieldType.INTEGER, as_text=True, hides=("text",)),
    Column(name="list", title="list", type=FieldType.LIST, hides=("text",)),
)
ROWS = st.tuples(
    st.none() | TEXTS,
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.floats() | st.integers(-(2**55), 2**55).map(float),
    st.none() | st.booleans(),
    st.none() | INSTANTS | INSTANTS.map(lambda at: at.replace(hour=5, minute=0, second=0, microsecond=0)),
    st.none() | st.lists(TEXTS, max_size=3),
)


def _frame(rows: list[tuple[Any, ...]]) -> pl.DataFrame:
    series = [
        pl.Series(kind.value, [row[n] for row in rows], dtype=dtype) for n, (kind, dtype) in enumerate(DTYPES.items())
    ]
    return pl.DataFrame([*series, pl.Series(KEY_COLUMN, [f"k{n}" for n in range(len(rows))], dtype=pl.String)])


@settings(deadline=None)
@given(st.lists(ROWS, max_size=12), st.sampled_from([COLUMNS, DRESSED]))
def test_encoded_rows_hold_the_same_cells_with_the_same_fingerprints(
    rows: list[tuple[Any, ...]], columns: tuple[Column, ...]
) -> None:
    df = _frame(rows)
    cells, n_cut = to_rows(df, columns, ZONE)
    encoded = encode_rows(df, columns, ZONE)
    assert [orjson.loads(row) for row in encoded.rows] == [list(row) for row in cells]
    assert list(encoded.fingerprints) == [fingerprint(row) for row in cells]
    assert encoded.n_cut_cells == n_cut
    assert list(encoded.keys) == [f"k{n}" for n in range(len(rows))]

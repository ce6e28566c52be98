"""The fixed tables of the store, as queries see them. Their making is in `migrations/`; a test compares the two.

The tables of mirrored records are not here: they are made from stream specs, see `mirror_table.py`.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, MetaData, String, Table, Text, UniqueConstraint

metadata = MetaData()

KEY_TEXT = String().with_variant(String(collation="C"), "postgresql")
"""Sorts by bytes in both databases, so that the order of equal cursor values does not depend on the server."""

_NUMBER = BigInteger().with_variant(Integer, "sqlite")  # only INTEGER counts up by itself in SQLite


def _mirror_id(*, primary_key: bool = True) -> Column[str]:
    return Column("mirror_id", String, ForeignKey("mirrors.id", ondelete="CASCADE"), primary_key=primary_key)


mirrors = Table(
    "mirrors",
    metadata,
    Column("id", String, primary_key=True),
    Column("connection", String, nullable=False),
    Column("stream", String, nullable=False),
    Column("params", Text, nullable=False),
    Column("table_name", String, nullable=False, unique=True),
    Column("columns", Text, nullable=False),
    Column("version", BigInteger, nullable=False),
)

mirror_extras = Table("mirror_extras", metadata, _mirror_id(), Column("name", KEY_TEXT, primary_key=True))

coverage = Table(
    "coverage",
    metadata,
    _mirror_id(),
    Column("start_us", BigInteger, primary_key=True, autoincrement=False),
    Column("end_us", BigInteger, nullable=False),
    Column("read_at_us", BigInteger, nullable=False),
)

refresh_marks = Table(
    "refresh_marks",
    metadata,
    _mirror_id(),
    Column("kind", String, primary_key=True),
    Column("at_us", BigInteger, nullable=False),
)

tabs = Table(
    "tabs",
    metadata,
    Column("number", _NUMBER, primary_key=True),
    Column("spreadsheet_id", String, nullable=False),
    Column("uid", String, nullable=False),
    Column("sheet_id", BigInteger, nullable=False),
    Column("title", Text, nullable=False),
    Column("mirror_id", String, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("window_start_us", BigInteger, nullable=False),
    Column("window_end_us", BigInteger, nullable=False),
    Column("shape", Text, nullable=False),
    Column("n_rows", BigInteger, nullable=False),
    Column("header_row", BigInteger, nullable=False),
    Column("columns", Text, nullable=False),
    Column("published_at_us", BigInteger, nullable=False),
    Column("suspect_until_us", BigInteger),
    Column("n_keys", BigInteger, nullable=False, server_default="0"),
    Column("verified_at_us", BigInteger),
    UniqueConstraint("spreadsheet_id", "uid", name="uq_tabs_spreadsheet_uid"),
)

published_rows = Table(
    "published_rows",
    metadata,
    Column("tab", _NUMBER, ForeignKey("tabs.number", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("key", KEY_TEXT, primary_key=True),
    Column("row", BigInteger, nullable=False),
    Column("fingerprint", BigInteger, nullable=False),
    Index("ix_published_rows_tab_row", "tab", "row"),  # the first and last row of a tab, at any size
    sqlite_with_rowid=False,  # narrow rows looked up by key only: one tree instead of two
)

intents = Table(
    "intents",
    metadata,
    Column("id", String, primary_key=True),
    Column("spreadsheet_id", String, nullable=False, index=True),
    Column("uids", Text, nullable=False),
    Column("run_id", String, nullable=False),
    Column("noted_at_us", BigInteger, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("name", String, primary_key=True),
    Column("holder", String, nullable=False),
    Column("token", String, nullable=False),
    Column("expires_at_us", BigInteger, nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("number", _NUMBER, primary_key=True),
    Column("id", String, nullable=False, unique=True),
    Column("sheet", String, nullable=False),
    Column("spreadsheet", String, nullable=False),
    Column("trigger", String, nullable=False),
    Column("holder", String, nullable=False),
    Column("started_at_us", BigInteger, nullable=False),
    Column("finished_at_us", BigInteger),
    Column("outcome", String),
    Column("report", Text),
    Index("ix_runs_started", "started_at_us"),
    Index("ix_runs_sheet_started", "sheet", "started_at_us"),
)

budget_buckets = Table(
    "budget_buckets",
    metadata,
    Column("bucket", String, primary_key=True),
    Column("held_until_us", BigInteger, nullable=False),
    Column("longest_window_us", BigInteger, nullable=False),
)

reservations = Table(
    "reservations",
    metadata,
    Column("number", _NUMBER, primary_key=True),
    Column("bucket", String, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("token", String, nullable=False),
    Column("lane", Integer, nullable=False),
    Column("since_us", BigInteger, nullable=False),
    Index("ix_reservations_bucket_at", "bucket", "at_us"),
    Index("ix_reservations_token", "token"),
)

source_notes = Table(
    "source_notes",
    metadata,
    Column("connection", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("text", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
)

incidents = Table(
    "incidents",
    metadata,
    Column("number", _NUMBER, primary_key=True),
    Column("key", Text, nullable=False),
    Column("kind", String, nullable=False),
    Column("sheets", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("hint", Text, nullable=False),
    Column("opened_at_us", BigInteger, nullable=False),
    Column("closed_at_us", BigInteger),
    Column("told_at_us", BigInteger),
    Column("recovery_told_at_us", BigInteger),
    Index("ix_incidents_closed", "closed_at_us"),
)

status_lines = Table(
    "status_lines",
    metadata,
    Column("spreadsheet_id", String, primary_key=True),
    Column("uid", String, primary_key=True),
    Column("cell", String, nullable=False),
    Column("state", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("refusal", Text, nullable=False),
    Column("written_at_us", BigInteger, nullable=False),
)

forget_salt = Table("forget_salt", metadata, Column("salt", String, primary_key=True))

forgotten = Table(
    "forgotten",
    metadata,
    Column("digest", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("at_us", BigInteger, nullable=False),
)

schedules = Table(
    "schedules",
    metadata,
    Column("sheet", String, primary_key=True),
    Column("entered_until_us", BigInteger, nullable=False),
    Column("words", Text, nullable=False),
)

due_runs = Table(
    "due_runs",
    metadata,
    Column("number", _NUMBER, primary_key=True),
    Column("sheet", String, nullable=False),
    Column("lane", Integer, nullable=False),
    Column("first_due_at_us", BigInteger, nullable=False),
    Column("due_at_us", BigInteger, nullable=False),
    Column("n_times", BigInteger, nullable=False),
    Column("request", Text),
    Column("state", String, nullable=False),
    Column("holder", String),
    Column("run_id", String),
    Column("n_tries", Integer, nullable=False),
    Column("ended_at_us", BigInteger),
    Column("reason", Text),
    Index("ix_due_runs_state", "state"),
    Index("ix_due_runs_sheet_due", "sheet", "due_at_us"),
)

good_configs = Table(
    "good_configs",
    metadata,
    Column("kind", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("file", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("saved_at_us", BigInteger, nullable=False),
    Column("broken_since_us", BigInteger),
    Column("problems", Text),
)

forgotten_rows = Table(
    "forgotten_rows",
    metadata,
    Column("mirror_id", String, primary_key=True),
    Column("key", KEY_TEXT, primary_key=True),
)

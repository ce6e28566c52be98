"""The first schema: mirrors, what tabs show, leases and runs, request budgets."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY_TEXT = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Make every table that is not made from a stream spec."""
    _make_mirror_tables()
    _make_published_tables()
    _make_run_tables()
    _make_budget_tables()


def _make_mirror_tables() -> None:
    op.create_table(
        "mirrors",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("connection", sa.String(), nullable=False),
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("params", sa.Text(), nullable=False),
        sa.Column("table_name", sa.String(), nullable=False),
        sa.Column("columns", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("table_name"),
    )
    op.create_table(
        "mirror_extras",
        sa.Column("mirror_id", sa.String(), nullable=False),
        sa.Column("name", KEY_TEXT, nullable=False),
        sa.ForeignKeyConstraint(["mirror_id"], ["mirrors.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("mirror_id", "name"),
    )
    op.create_table(
        "coverage",
        sa.Column("mirror_id", sa.String(), nullable=False),
        sa.Column("start_us", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("end_us", sa.BigInteger(), nullable=False),
        sa.Column("read_at_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["mirror_id"], ["mirrors.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("mirror_id", "start_us"),
    )
    op.create_table(
        "refresh_marks",
        sa.Column("mirror_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["mirror_id"], ["mirrors.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("mirror_id", "kind"),
    )


def _make_published_tables() -> None:
    op.create_table(
        "tabs",
        sa.Column("number", NUMBER, primary_key=True),
        sa.Column("spreadsheet_id", sa.String(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("sheet_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("mirror_id", sa.String(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("window_start_us", sa.BigInteger(), nullable=False),
        sa.Column("window_end_us", sa.BigInteger(), nullable=False),
        sa.Column("shape", sa.Text(), nullable=False),
        sa.Column("n_rows", sa.BigInteger(), nullable=False),
        sa.Column("header_row", sa.BigInteger(), nullable=False),
        sa.Column("columns", sa.Text(), nullable=False),
        sa.Column("published_at_us", sa.BigInteger(), nullable=False),
        sa.Column("suspect_until_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("spreadsheet_id", "uid", name="uq_tabs_spreadsheet_uid"),
    )
    op.create_table(
        "published_rows",
        sa.Column("tab", NUMBER, autoincrement=False, nullable=False),
        sa.Column("key", KEY_TEXT, nullable=False),
        sa.Column("row", sa.BigInteger(), nullable=False),
        sa.Column("fingerprint", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["tab"], ["tabs.number"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("tab", "key"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "intents",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("spreadsheet_id", sa.String(), nullable=False),
        sa.Column("uids", sa.Text(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("noted_at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_intents_spreadsheet_id", "intents", ["spreadsheet_id"])


def _make_run_tables() -> None:
    op.create_table(
        "leases",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("expires_at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "runs",
        sa.Column("number", NUMBER, primary_key=True),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("sheet", sa.String(), nullable=False),
        sa.Column("spreadsheet", sa.String(), nullable=False),
        sa.Column("trigger", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("started_at_us", sa.BigInteger(), nullable=False),
        sa.Column("finished_at_us", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("report", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("id"),
    )
    op.create_index("ix_runs_sheet_started", "runs", ["sheet", "started_at_us"])
    op.create_index("ix_runs_started", "runs", ["started_at_us"])


def _make_budget_tables() -> None:
    op.create_table(
        "budget_buckets",
        sa.Column("bucket", sa.String(), nullable=False),
        sa.Column("held_until_us", sa.BigInteger(), nullable=False),
        sa.Column("longest_window_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("bucket"),
    )
    op.create_table(
        "reservations",
        sa.Column("number", NUMBER, primary_key=True),
        sa.Column("bucket", sa.String(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("ix_reservations_bucket_at", "reservations", ["bucket", "at_us"])
